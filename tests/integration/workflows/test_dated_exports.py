"""Releases in the object store: whole or not there, once a week, and never another under the same name."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.warehouse.built_marts import documented
from budmodel_pipeline.workflows.dated_exports import newest_release, release

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
ADD_TERMS = (
    "insert into marts.data_terms (source, allowed, commercial, attribution) values (:id, 'permitted', 'permitted', :id)"
)


@pytest.fixture
def marts(engine: Engine) -> Engine:
    """A database with every mart, all of them empty but one."""
    with engine.begin() as connection:
        connection.execute(text("create schema if not exists marts"))
        for mart, told in documented().items():
            if mart.startswith("marts."):
                columns = ", ".join(f"{column['name']} {column['data_type']}" for column in told["columns"])
                connection.execute(text(f"create table {mart} ({columns})"))
                connection.execute(text(f"comment on table {mart} is 'A mart.'"))
        connection.execute(text(ADD_TERMS), {"id": "arena"})
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
        connection.execute(text(ADD_TERMS), {"id": "bench"})
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
