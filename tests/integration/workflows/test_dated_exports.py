"""Releases in the object store: whole or not there, once a week, and never another under the same name."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.workflows.dated_exports import newest_release, release

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
COLUMNS = {
    "data_terms": "source text, benchmark_id text, allowed text, commercial text, attribution text",
    "benchmarks": "metric_id text, benchmark_title text",
    "leaderboard": "source text, metric_id text, benchmark_id text, score numeric, fetched_at timestamptz, entry_key text, "
    "higher_is_better boolean",
}


@pytest.fixture
def marts(engine: Engine) -> Engine:
    """A database with three marts, as far as an export looks at them."""
    with engine.begin() as connection:
        connection.execute(text("create schema if not exists marts"))
        for mart, columns in COLUMNS.items():
            connection.execute(text(f"create table marts.{mart} ({columns})"))
            connection.execute(text(f"comment on table marts.{mart} is 'A mart.'"))
        connection.execute(text("insert into marts.data_terms values ('arena', null, 'permitted', 'permitted', 'Arena')"))
    return engine


def test_a_release_is_a_folder_of_its_day_and_content(marts: Engine, store: ObjectStore) -> None:
    made = release(marts, store, NOW)
    content = store.get(made.manifest)
    folder = made.manifest.removesuffix("manifest.json")
    assert folder == f"releases/2026-11-27-{sha256(content).hexdigest()[:12]}/"
    told = {file["path"]: file["sha256"] for file in json.loads(content)["files"]}
    assert {"leaderboard.parquet", "ATTRIBUTIONS.md", "croissant.json", "datapackage.json", "every_eval_ever.jsonl"} <= set(
        told
    )
    assert {path: sha256(store.get(folder + path)).hexdigest() for path in told} == told
    assert (made.is_new, made.rows, made.files) == (True, 1, len(told) + 1)
    assert made.size == sum(len(store.get(key)) for key in store.list("releases/"))


def test_there_is_one_in_a_week(marts: Engine, store: ObjectStore) -> None:
    first = release(marts, store, NOW)
    again = release(marts, store, NOW + timedelta(days=6, hours=20))
    assert (again.manifest, again.is_new, again.size) == (first.manifest, False, first.size)
    with marts.begin() as connection:
        connection.execute(text("insert into marts.data_terms values ('bench', null, 'permitted', 'permitted', 'Bench')"))
    later = release(marts, store, NOW + timedelta(days=7))
    assert (later.is_new, later.rows) == (True, 2)
    assert later.manifest.startswith("releases/2026-12-04-")
    assert newest_release(store) == ((NOW + timedelta(days=7)).date(), later.manifest)


def test_one_that_was_never_finished_is_made_again(marts: Engine, store: ObjectStore) -> None:
    """Killed before its manifest was there."""
    made = release(marts, store, NOW)
    assert store.directory
    (store.directory / made.manifest).unlink()
    assert newest_release(store) is None
    again = release(marts, store, NOW)
    assert (again.manifest, again.is_new) == (made.manifest, True)
    assert store.exists(made.manifest)
