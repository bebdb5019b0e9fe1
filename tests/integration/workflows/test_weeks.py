"""Damaging second weeks of real leaderboards, over HTTP: each is refused with the rows named, or published on purpose."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.fetching.endpoints import SAMPLES, FetchEndpoint, open_leaderboards
from budmodel_pipeline.fetching.http import HttpPolicy
from budmodel_pipeline.fetching.mirror import mirror_path, serve_directory
from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.warehouse.publish import register_sources
from budmodel_pipeline.workflows.backfill import BackfillError, backfill
from budmodel_pipeline.workflows.extraction import (
    NOTHING_ACCEPTED,
    Accepted,
    ExtractionError,
    Published,
    publish_scores,
    take_snapshot,
)
from budmodel_pipeline.workflows.replay import rebuild

Row = dict[str, Any]
Change = Callable[[list[Row]], list[Row]]


@dataclass(frozen=True)
class Week:
    """A mirror whose files can be changed, and all that is extracted from it."""

    root: Path
    engine: Engine
    store: ObjectStore
    fetch: FetchEndpoint

    def file(self, slug: str, endpoint: int = 0) -> Path:
        return self.root / mirror_path(catalog()[slug].endpoints[endpoint].url)

    def extract(self, slug: str, accepted: Accepted = NOTHING_ACCEPTED) -> Published:
        source = catalog()[slug]
        take_snapshot(source, engine=self.engine, store=self.store, fetch=self.fetch, origin=Origin.MIRROR)
        return publish_scores(source, engine=self.engine, store=self.store, accepted=accepted)

    def rows(self, statement: str, **values: object) -> list[Row]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(statement), values).mappings()]

    def change(self, slug: str, change: Change) -> None:
        """Changes the rows of the source's first file."""
        path = self.file(slug)
        path.write_bytes(WRITERS[slug](change(READERS[slug](path.read_bytes())), path.read_bytes()))


@pytest.fixture
def week(engine: Engine, store: ObjectStore, tmp_path: Path) -> Iterator[Week]:
    with engine.begin() as connection:
        register_sources(connection, catalog())
    root = tmp_path / "mirror"
    shutil.copytree(SAMPLES, root)
    policy = HttpPolicy(attempts=1)
    with serve_directory(root) as base, open_leaderboards(Origin.MIRROR, base, policy) as fetch:
        yield Week(root, engine, store, fetch)


def read_csv(content: bytes) -> list[Row]:
    return list(csv.DictReader(StringIO(content.decode(), newline="")))


def write_csv(rows: list[Row], _: bytes) -> bytes:
    out = StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def read_results(content: bytes) -> list[Row]:
    return [{"key": key, **row} for key, row in json.loads(content)["results"].items()]


def write_results(rows: list[Row], before: bytes) -> bytes:
    results = {row["key"]: {name: value for name, value in row.items() if name != "key"} for row in rows}
    return json.dumps({**json.loads(before), "results": results}).encode()


def write_parquet(rows: list[Row], _: bytes) -> bytes:
    out = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


READERS: dict[str, Callable[[bytes], list[Row]]] = {
    "alpacaeval": read_csv,
    "bfcl": read_csv,
    "ugi": read_csv,
    "openvlm": read_results,
    "llm_stats": json.loads,
    "lmarena_text": lambda content: pq.read_table(BytesIO(content)).to_pylist(),
    "mteb": lambda content: json.loads(content)["rows"],
}
WRITERS: dict[str, Callable[[list[Row], bytes], bytes]] = {
    "alpacaeval": write_csv,
    "bfcl": write_csv,
    "ugi": write_csv,
    "openvlm": write_results,
    "llm_stats": lambda rows, _: json.dumps(rows).encode(),
    "lmarena_text": write_parquet,
    "mteb": lambda rows, before: json.dumps({**json.loads(before), "rows": rows}).encode(),
}


def each(column: str, change: Callable[[float], object]) -> Change:
    """Every row with one number changed."""

    def changed(rows: list[Row]) -> list[Row]:
        return [row if row[column] in ("", None) else {**row, column: change(float(row[column]))} for row in rows]

    return changed


def each_rating(change: Callable[[Row], Row]) -> Change:
    return lambda rows: [{**row, **change(row)} for row in rows]


def smaller_ocr(rows: list[Row]) -> list[Row]:
    return [
        {**row, "OCRBench": {"Final Score": row["OCRBench"]["Final Score"] / 10}} if "OCRBench" in row else row
        for row in rows
    ]


def error_rates(rows: list[Row]) -> list[Row]:
    return [
        {name: f"{100 - float(cell[:-1]):.2f}%" if cell.endswith("%") else cell for name, cell in row.items()}
        for row in rows
    ]


def names_shifted(column: str, within: str | None = None) -> Change:
    """The names of all rows, or of those that are alike in `within`, moved by one row."""

    def changed(rows: list[Row]) -> list[Row]:
        groups: dict[object, list[Row]] = {}
        for row in rows:
            groups.setdefault(within and row[within], []).append(row)
        return [
            {**row, column: named[column]}
            for group in groups.values()
            for row, named in zip(group, [*group[1:], group[0]], strict=True)
        ]

    return changed


def columns_exchanged(rows: list[Row]) -> list[Row]:
    return [
        {**row, "win_rate": row["length_controlled_winrate"], "length_controlled_winrate": row["win_rate"]} for row in rows
    ]


def one_gpqa_in_percent(rows: list[Row]) -> list[Row]:
    return [{**row, "gpqa_score": 87.5} if row["model_id"] == "gpt-5-2025-08-07" else row for row in rows]


def scores_by_task(change: Callable[[float], float]) -> Change:
    def changed(rows: list[Row]) -> list[Row]:
        return [
            {**row, "scoresByTask": {task: value and change(value) for task, value in row["scoresByTask"].items()}}
            for row in rows
        ]

    return changed


WEEKS = {
    "OCRBench out of 100": ("openvlm", smaller_ocr, r"ocrbench: a ratio of 0\.1 .*, row \d+ has [\d.]+ where it had \d+"),
    "UGI by a tenth": ("ugi", each("UGI 🏆", lambda value: value / 10), r"ugi: a ratio of 0\.1 .* row 1 has 5\.446"),
    "W/10 by a tenth": ("ugi", each("W/10 👍", lambda value: value / 10), r"w_10: a ratio of 0\.1 .* row 1 has 0\.42"),
    "error rates": ("bfcl", error_rates, r"overall_accuracy: the direction flipped: 100 - 1 times .* row \d+ has"),
    "arena names by a row": ("lmarena_text", names_shifted("model_name", "category"), "names shifted against scores"),
    "alpaca names by a row": ("alpacaeval", names_shifted("name"), "length_controlled_win_rate: another order"),
    "display names by a row": ("llm_stats", names_shifted("name"), "entries have the published name of others"),
    "ratings of 1000": (
        "lmarena_text",
        each_rating(lambda _: {"rating": 1000.0, "rating_lower": 990.0, "rating_upper": 1010.0}),
        r"rating_overall: no spread, all are 1000 .* row \d+ has 1000 where it had",
    ),
    "win rates of 0": ("alpacaeval", each("win_rate", lambda _: 0), "win_rate: no spread, all are 0"),
    "win rates halved": ("alpacaeval", each("win_rate", lambda value: value / 2), r"win_rate: a constant ratio of 0\.5"),
    "intervals swapped": (
        "lmarena_text",
        each_rating(lambda row: {"rating_lower": row["rating_upper"], "rating_upper": row["rating_lower"]}),
        r"intervals: rating_\w+ [\d.]+ elo: .*, row 1: [\d.]+ to [\d.]+ has its ends swapped",
    ),
    "intervals as distances": (
        "lmarena_text",
        each_rating(lambda _: {"rating_lower": 4.0, "rating_upper": 5.0}),
        "does not hold the value",
    ),
    "a file of 2024": (
        "lmarena_text",
        each_rating(lambda _: {"leaderboard_publish_date": "2024-05-20"}),
        r"the data are of 2024-05-20 \(stated\), older than those published, of 2025-12-11",
    ),
    "columns exchanged": ("alpacaeval", columns_exchanged, "the former values of win_rate"),
    "tasks rescaled": ("mteb", scores_by_task(lambda value: value / 10), r"task_\w+: a ratio of 0\.1"),
    "prices by a hundredth": (
        "llm_stats",
        each("output_price", lambda value: value / 100),
        r"output_price: a ratio of 0\.01",
    ),
    "a half of the win rates halved": (
        "alpacaeval",
        lambda rows: [{**row, "win_rate": float(row["win_rate"]) / (1 + n % 2)} for n, row in enumerate(rows)],
        r"win_rate: a constant ratio of 0\.5 \(10 of 20 entries\): .*, row \d+ has",
    ),
    "links by a row": ("alpacaeval", names_shifted("link"), r"\d+ entries have the link of others: .* where it had 'http"),
    "names without case": (
        "bfcl",
        lambda rows: [{**row, "Model": row["Model"].lower()} for row in rows],
        r"overall_accuracy lost \d+ of \d+ scores, and others came; gone are",
    ),
    "ratings upside down": (
        "lmarena_text",
        each_rating(
            lambda row: {
                "rating": 2600 - row["rating"],
                "rating_lower": 2600 - row["rating_upper"],
                "rating_upper": 2600 - row["rating_lower"],
            }
        ),
        "rating_overall: the direction flipped",
    ),
}


@pytest.mark.parametrize(("slug", "change", "found"), WEEKS.values(), ids=WEEKS)
def test_a_damaging_week_is_refused_and_published_on_purpose_only(week: Week, slug: str, change: Change, found: str) -> None:
    first = week.extract(slug)
    before = week.rows("select * from budmodel.scores order by 1, 2, 3")
    week.change(slug, change)
    with pytest.raises(ExtractionError, match=found) as refused:
        week.extract(slug)
    assert f"budmodel run --source {slug} --accept 'WHY'" in str(refused.value)
    assert week.rows("select * from budmodel.scores order by 1, 2, 3") == before
    (state,) = week.rows("select * from budmodel.sources where source = :slug", slug=slug)
    assert (state["current_snapshot_id"], state["last_error"]) == (first.snapshot.snapshot_id, str(refused.value))

    accepted = week.extract(slug, Accepted(story="the publisher says so in its changelog", shrinkage=True))
    assert accepted.snapshot.snapshot_id != first.snapshot.snapshot_id
    decisions = week.rows("select * from budmodel.decisions where kind = 'story'")
    assert [row["reason"] for row in decisions] == ["the publisher says so in its changelog"]
    assert decisions[0]["snapshot_id"] == accepted.snapshot.snapshot_id
    assert decisions[0]["found"]
    # The next week is compared with what was accepted.
    assert week.extract(slug).unchanged


BAD_ROW = r"value_range: gpqa_score 87\.5 fraction: gpt-5-2025-08-07, row \d+ \(declared is 0 to 1\)"


def test_a_person_sets_one_bad_row_aside_and_publishes_the_others(week: Week) -> None:
    week.extract("llm_stats")
    week.change("llm_stats", one_gpqa_in_percent)
    with pytest.raises(ExtractionError, match=BAD_ROW) as refused:
        week.extract("llm_stats")
    assert "--set-aside 'NAME'" in str(refused.value)
    with pytest.raises(ExtractionError, match="none called GPT-7"):
        week.extract("llm_stats", Accepted(aside=("GPT-7",)))
    published = week.extract("llm_stats", Accepted(aside=("gpt-5-2025-08-07",)))
    assert (published.snapshot.rows_kept, published.snapshot.rows_rejected) == (13, 2)
    aside = week.rows("select * from budmodel.rejected_rows where kind = 'set_aside'")
    assert [(row["reason"], row["rows"]) for row in aside] == [("set aside by a person: no reason given", 1)]
    assert aside[0]["example"].startswith("gpt-5-2025-08-07, row ")

    # Next week the row is still bad, and another one is new: nobody has to say it again.
    week.change("llm_stats", lambda rows: [*rows, {**rows[0], "model_id": "gpt-7", "name": "GPT-7", "gpqa_score": 0.99}])
    published = week.extract("llm_stats")
    entries = {row["entry_key"] for row in current_entries(week)}
    assert "gpt-7" in entries
    assert "gpt-5-2025-08-07" not in entries
    assert week.rows("select count(*) as decided from budmodel.decisions where kind = 'set_aside'") == [{"decided": 2}]

    # The publisher corrects the row: it is back.
    week.change(
        "llm_stats", lambda rows: [{**row, "gpqa_score": 0.875} if row["gpqa_score"] == 87.5 else row for row in rows]
    )
    week.extract("llm_stats")
    assert "gpt-5-2025-08-07" in {row["entry_key"] for row in current_entries(week)}


def current_entries(week: Week) -> list[Row]:
    return week.rows(
        """select entry_key from budmodel.entries join budmodel.sources on snapshot_id = current_snapshot_id
        where sources.source = 'llm_stats'"""
    )


def test_a_rebuild_remembers_what_people_decided(week: Week) -> None:
    week.change("llm_stats", one_gpqa_in_percent)
    week.extract("llm_stats", Accepted(story="the unit of one row", aside=("gpt-5-2025-08-07",)))
    before = week.rows("select kind, entry_key, reason, found from budmodel.decisions")
    scores = week.rows("select * from budmodel.scores order by 1, 2, 3")
    with week.engine.begin() as connection:
        connection.execute(text("update budmodel.sources set current_snapshot_id = null"))
        connection.execute(text("truncate budmodel.snapshots, budmodel.scores cascade"))
    rebuild(week.engine, week.store, catalog())
    assert week.rows("select kind, entry_key, reason, found from budmodel.decisions") == before
    assert week.rows("select * from budmodel.scores order by 1, 2, 3") == scores


def test_a_minor_column_that_is_gone_does_not_freeze_the_board(week: Week) -> None:
    week.extract("bfcl")
    week.change("bfcl", lambda rows: [{n: c for n, c in row.items() if n != "Latency Mean (s)"} for row in rows])
    published = week.extract("bfcl")
    (warning,) = (outcome for outcome in published.outcomes if not outcome.passed)
    assert not warning.refuses
    assert warning.found == "missing: overall: Latency Mean (s); withdrawn: latency_mean (18 scores)"
    (snapshot,) = week.rows("select missing_columns from budmodel.snapshots where previous_snapshot_id is not null")
    assert snapshot["missing_columns"] == ["overall: Latency Mean (s)"]


def test_a_supplement_that_the_publisher_does_not_have_is_done_without(week: Week) -> None:
    assert [file.endpoint for file in week.extract("alpacaeval").snapshot.files] == ["leaderboard", "statistics"]
    week.file("alpacaeval", 1).unlink()
    published = week.extract("alpacaeval")
    assert [file.endpoint for file in published.snapshot.files] == ["leaderboard"]
    assert [outcome.found for outcome in published.outcomes if not outcome.passed] == ["missing: statistics: the whole file"]
    bases = "select interval_basis, count(*) as scores from budmodel.scores where snapshot_id = :now group by 1"
    assert [row["interval_basis"] for row in week.rows(bases, now=published.snapshot.snapshot_id)] == [None]


def test_a_day_that_is_yet_to_come_makes_no_data_newer(week: Week) -> None:
    """One mistyped year would make all later weeks older than what is published."""
    before = week.extract("ugi").snapshot
    week.change("ugi", lambda rows: [{**rows[0], "Test Date": "1/1/2099"}, *rows[1:]])
    published = week.extract("ugi")
    assert (published.snapshot.as_of or date.min) <= before.fetched_at.date()
    (warning,) = (outcome for outcome in published.outcomes if not outcome.passed)
    assert warning.found == "1 of the date: no data are newer than their fetch, such as 2099-01-01"


def test_an_older_file_is_loaded_as_history(week: Week) -> None:
    current = week.extract("alpacaeval").snapshot
    older = {"leaderboard": week.file("alpacaeval").read_bytes().replace(b"Claude 3 Opus", b"Claude 3 Grand Opus")}
    source = catalog()["alpacaeval"]
    snapshot, parsed = backfill(source, older, date(2024, 5, 29), engine=week.engine, store=week.store)
    assert len(parsed.entries) == 20
    (row,) = week.rows("select * from budmodel.snapshots where origin = 'backfill'")
    assert (row["snapshot_id"], row["status"], row["as_of"]) == (snapshot.snapshot_id, "published", date(2024, 5, 29))
    assert row["as_of_basis"] == "person"
    (state,) = week.rows("select * from budmodel.sources where source = 'alpacaeval'")
    assert state["current_snapshot_id"] == current.snapshot_id
    assert week.extract("alpacaeval").unchanged
    with pytest.raises(BackfillError, match="this file was loaded before"):
        backfill(source, older, date(2024, 5, 29), engine=week.engine, store=week.store)
    with pytest.raises(BackfillError, match="Nothing was loaded"):
        backfill(source, {"leaderboard": b"<html>"}, date(2024, 5, 29), engine=week.engine, store=week.store)


def test_a_file_that_says_another_day_is_not_loaded(week: Week) -> None:
    source = catalog()["lmarena_text"]
    content = {"latest": week.file("lmarena_text").read_bytes()}
    with pytest.raises(BackfillError, match="the file says that it is of 2025-12-11, not of 2024-05-29"):
        backfill(source, content, date(2024, 5, 29), engine=week.engine, store=week.store)
