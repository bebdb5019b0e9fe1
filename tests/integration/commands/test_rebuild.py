"""A mirror that changes, breaks and heals over three runs, and what the object store remembers of it afterwards."""

import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from budmodel_pipeline.fetching.endpoints import SAMPLES
from budmodel_pipeline.fetching.mirror import mirror_path, serve_directory
from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.sources.catalog import catalog
from tests.cli import Finished, Install, Installation, fails_clearly

ALPACAEVAL = "alpacaeval.length_controlled_win_rate"
# When a source was last looked at is not part of what it said.
LAST_SEEN = frozenset({"last_seen_at"})


@dataclass(frozen=True, slots=True)
class History:
    """An installation after three runs from one mirror: all was well, three sources broke, all was well again."""

    at: Installation
    url: str
    first: Finished
    broken: Finished
    healed: Finished
    after_first: dict[str, list[tuple[object, ...]]]
    after_broken: dict[str, list[tuple[object, ...]]]


def scores(at: Installation) -> dict[str, list[tuple[object, ...]]]:
    """What the marts show, by source."""
    return {
        source: at.query(f"""
            select entry_key, metric_id, score, snapshot_id from marts.leaderboard where source = '{source}' order by 1, 2
        """)
        for source in catalog()
    }


@pytest.fixture(scope="module")
def history(install: Install, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    at = install()
    mirror = tmp_path_factory.mktemp("mirror") / "files"
    shutil.copytree(SAMPLES, mirror)
    file = {slug: mirror / mirror_path(source.endpoints[0].url) for slug, source in catalog().items()}
    good = {slug: path.read_bytes() for slug, path in file.items()}

    def write(source: str, *changes: tuple[str, str]) -> None:
        content = good[source]
        for before, now in changes:
            assert content.count(before.encode()) == 1
            content = content.replace(before.encode(), now.encode())
        file[source].write_bytes(content)

    with serve_directory(mirror) as url:

        def run(*sources: str) -> Finished:
            only = [argument for source in sources for argument in ("--source", source)]
            return at.run("run", "--force", *only, BUDMODEL_MIRROR_URL=url)

        first = run()
        after_first = scores(at)

        write("alpacaeval", ("40.5095080124761", "41.5"), ("GPT-4o Mini (07/18)", "GPT-4o Tiny (07/18)"))
        write("openvlm", ('"time": "20250917132916"', '"time": "20250924132916"'))
        file["bfcl"].unlink()
        file["ugi"].write_text("<!DOCTYPE html><html><body>Down for maintenance</body></html>")
        file["llm_stats"].write_bytes(good["llm_stats"][:5000])
        broken = run("alpacaeval", "openvlm", "bfcl", "ugi", "llm_stats")
        after_broken = scores(at)

        write("alpacaeval", ("40.5095080124761", "42.5"))
        write("bfcl", ("77.47%", "78.47%"))
        write("ugi", ("claude-3-5-sonnet-20240620,,", "claude-3-5-sonnet-20240620-v2,,"))
        write("llm_stats")
        healed = run("alpacaeval", "bfcl", "ugi", "llm_stats")
        yield History(at, url, first, broken, healed, after_first, after_broken)


@pytest.fixture(scope="module")
def rebuilt(history: History) -> tuple[Installation, Finished]:
    """New databases, filled from the objects of the installation alone."""
    name = uuid.uuid4().hex
    at = replace(history.at, database=f"data_{name}", dagster_database=f"dagster_{name}")
    assert at.server is not None
    for database in (at.database, at.dagster_database):
        embedded_postgres.ensure_database(at.server, database)
    return at, at.run("rebuild")


def test_three_broken_sources_do_not_keep_the_others_back(history: History) -> None:
    assert (history.first.code, history.broken.code) == (0, 1)
    now = history.after_broken
    for source in ("bfcl", "ugi", "llm_stats"):
        assert now[source] == history.after_first[source] != []
    for source in ("alpacaeval", "openvlm"):
        assert {row[3] for row in now[source]}.isdisjoint(row[3] for row in history.after_first[source])


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("bfcl", "data_overall.csv: expected .*; found .*404"),
        ("ugi", "ugi-leaderboard-data.csv: expected .*; found .*(HTML|web page)"),
        ("llm_stats", "models: expected .*JSON.*; found "),
    ],
)
def test_the_summary_names_the_problem_and_what_was_kept(history: History, source: str, problem: str) -> None:
    out = history.broken.out
    kept = history.at.query(f"select count(*) from budmodel.scores where metric_id like '{source}.%'")
    assert kept != [(0,)]
    assert re.search(rf"^{source} .* failed, kept the last good .* mirror$", out, re.MULTILINE)
    (line,) = re.findall(rf"^{source}: .*$", out, re.MULTILINE)
    assert re.search(problem, line)
    assert re.search(r"Kept: the snapshot of \d{4}-\d\d-\d\d with \d+ rows", line)
    assert not re.search(r"Traceback|\n  File ", out + history.broken.err)


def test_the_summary_tells_what_changed(history: History) -> None:
    summary = history.broken.out
    assert re.search(
        r"^alpacaeval .* 3 scores added, 3 scores removed, 1 scores? changed, 1 names? new, 1 names? gone ",
        summary,
        re.MULTILINE,
    )
    assert re.search(r"^openvlm .* no score changed .* 2025-09-24 ", summary, re.MULTILINE)


def test_a_healed_mirror_clears_the_problems(history: History) -> None:
    assert (history.healed.code, history.healed.err) == (0, "")
    assert {row["status"] for row in history.at.json("sources")} == {"ok"}
    assert history.at.query("select 1 from budmodel.sources where last_error is not null") == []
    shown = history.at.query("select source, origin from marts.source_health where status <> 'ok'")
    assert shown == []
    assert re.search(r"^bfcl .* 1 scores? changed ", history.healed.out, re.MULTILINE)
    assert re.search(r"^llm_stats .* unchanged ", history.healed.out, re.MULTILINE)


def test_history_keeps_every_value(history: History) -> None:
    rows = history.at.query(f"""
        select score::float8, valid_to is null from marts.leaderboard_history
        where metric_id = '{ALPACAEVAL}' and published_name = 'Claude 3 Opus (02/29)' order by valid_from
    """)
    assert rows == [(40.5095080124761, False), (41.5, False), (42.5, True)]


@pytest.mark.parametrize("mart", ["leaderboard", "leaderboard_history", "model_comparison", "benchmarks"])
def test_a_rebuilt_database_shows_the_same_rows(history: History, rebuilt: tuple[Installation, Finished], mart: str) -> None:
    at, finished = rebuilt
    assert (finished.code, finished.err) == (0, "")
    rows = at.rows(f"marts.{mart}")
    assert len(rows) > 20
    assert rows == history.at.rows(f"marts.{mart}")


@pytest.mark.parametrize(
    ("table", "without"),
    [
        ("entries", frozenset[str]()),
        ("scores", frozenset[str]()),
        ("rejected_rows", frozenset[str]()),
        ("benchmarks", frozenset[str]()),
        ("metrics", frozenset[str]()),
        ("models", frozenset[str]()),
        # What the objects do not remember: when a source was looked at, and in which order names were numbered.
        ("model_aliases", LAST_SEEN | {"alias_id"}),
        ("sources", frozenset({"last_attempt_at", "last_extracted_at", "last_failed_at"})),
    ],
)
def test_a_rebuilt_database_holds_the_same_rows(
    history: History, rebuilt: tuple[Installation, Finished], table: str, without: frozenset[str]
) -> None:
    at, _ = rebuilt
    assert at.rows(f"budmodel.{table}", without=without) == history.at.rows(f"budmodel.{table}", without=without)


def test_a_rebuilt_database_knows_every_published_snapshot(history: History, rebuilt: tuple[Installation, Finished]) -> None:
    at, finished = rebuilt
    snapshots = at.rows("budmodel.snapshots", without=LAST_SEEN)
    before = history.at.rows("budmodel.snapshots", without=LAST_SEEN)
    assert snapshots == [row for row in before if '"status": "published"' in row]
    counts = dict(at.query("select source, count(*) from budmodel.snapshots group by 1"))
    assert counts == dict.fromkeys(catalog(), 1) | {"alpacaeval": 3, "openvlm": 2, "bfcl": 2, "ugi": 2}
    for source, count in counts.items():
        assert re.search(rf"^{source} +{count}$", finished.out, re.MULTILINE)


def test_a_rebuilt_database_goes_on_where_the_old_one_was(history: History, rebuilt: tuple[Installation, Finished]) -> None:
    at, _ = rebuilt
    finished = at.run("run", BUDMODEL_MIRROR_URL=history.url)
    assert (finished.code, finished.err) == (0, "")
    assert "No source is due" in finished.out


@pytest.mark.parametrize("source", ["alpacaeval", "livecodebench"])
def test_replay_gives_the_published_values_again(history: History, source: str) -> None:
    rows = history.at.json("replay", source)
    stored = history.at.query(f"""
        select published_name, metric_id, score::float8 from marts.leaderboard where source = '{source}'
    """)
    assert len(rows) == len(stored) > 10
    assert {row["value"] == row["stored_value"] for row in rows} == {True}
    assert sorted((row["published_name"], row["metric"], row["value"]) for row in rows) == sorted(stored)


def test_replay_as_of_a_day_gives_what_was_current_then(rebuilt: tuple[Installation, Finished]) -> None:
    at, _ = rebuilt
    assert at.server is not None
    with at.server.connect(at.database) as connection:
        connection.execute(
            "update budmodel.snapshots set fetched_at = fetched_at - interval '7 days' where previous_snapshot_id is null"
        )
    now = datetime.now(UTC)
    for days, value in ((0, 42.5), (2, 40.5095080124761)):
        rows = at.json("replay", "alpacaeval", "--as-of", f"{now - timedelta(days=days):%Y-%m-%d}")
        found = [
            (row["value"], row["stored_value"])
            for row in rows
            if (row["published_name"], row["metric"]) == ("Claude 3 Opus (02/29)", ALPACAEVAL)
        ]
        assert found == [(value, value)]
    day = f"{now - timedelta(days=30):%Y-%m-%d}"
    assert f"alpacaeval: no snapshot was published by {day}." in fails_clearly(
        at.run("replay", "alpacaeval", "--as-of", day)
    )


def test_replay_says_which_object_is_corrupt(history: History) -> None:
    ((key,),) = history.at.query(
        "select object_key from budmodel.snapshot_files join budmodel.snapshots using (snapshot_id) where source = 'mteb'"
    )
    stored: Path = history.at.home / "objects" / key
    content = stored.read_bytes()
    stored.write_bytes(content[:-1] + b"?")
    try:
        message = fails_clearly(history.at.run("replay", "mteb"))
    finally:
        stored.write_bytes(content)
    assert f"{key} is corrupt" in message
