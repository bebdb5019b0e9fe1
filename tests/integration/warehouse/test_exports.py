"""The marts as files for others: whole, the same twice, and without what publishers forbid to pass on."""

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from budmodel_pipeline.workflows.export_formats import FORMATS
from budmodel_pipeline.workflows.exports import Exported, ExportError, export
from tests.integration.warehouse.built_database import MARTS, Built


def test_terms_name_the_source_or_the_one_benchmark_that_they_are_about(built: Built) -> None:
    rows = built.rows(
        "select source, benchmark_id, title, allowed, commercial from marts.data_terms order by 1, 2 nulls first"
    )
    told = [tuple(row.values()) for row in rows if row["source"] in ("arena", "models.dev")]
    assert told == [
        ("arena", None, "Arena", "unclear", "unclear"),
        ("models.dev", None, "models.dev", "permitted", "permitted"),
    ]
    assert len(rows) == 8


def exported(built: Built, folder: Path, file_format: str, *, noncommercial: bool = False) -> dict[str, Exported]:
    return {one.mart: one for one in export(built.engine, folder, file_format, noncommercial=noncommercial)}


@contextmanager
def terms_of(built: Built, source: str, allowed: str, commercial: str) -> Iterator[None]:
    change = text("update budmodel.data_terms set allowed = :allowed, commercial = :commercial where source = :source")
    for values in ((allowed, commercial), ("unclear", "unclear")):
        with built.engine.begin() as connection:
            connection.execute(change, {"source": source, "allowed": values[0], "commercial": values[1]})
        if values != ("unclear", "unclear"):
            yield


@pytest.mark.parametrize("file_format", list(FORMATS))
def test_an_export_holds_every_row_of_every_mart_and_is_the_same_twice(
    built: Built, tmp_path: Path, file_format: str
) -> None:
    written = exported(built, tmp_path / "once", file_format)
    exported(built, tmp_path / "again", file_format)
    assert set(written) == MARTS
    for mart, one in written.items():
        assert (one.rows, one.left_out) == (built.row(f"select count(*) as rows from marts.{mart}")["rows"], 0), mart
    manifest = json.loads((tmp_path / "once" / "manifest.json").read_text())
    assert {file["path"] for file in manifest["files"]} == {p.name for p in (tmp_path / "once").iterdir()} - {
        "manifest.json"
    }
    changing = {"source_health", "marts"}
    for file in manifest["files"]:
        content = (tmp_path / "once" / file["path"]).read_bytes()
        assert sha256(content).hexdigest() == file["sha256"]
        if file["path"].split(".")[0] not in changing:
            assert (tmp_path / "again" / file["path"]).read_bytes() == content, file["path"]
    package = json.loads((tmp_path / "once" / "datapackage.json").read_text())
    assert {resource["name"] for resource in package["resources"]} == MARTS
    assert all(field["description"] for resource in package["resources"] for field in resource["schema"]["fields"])


def test_exported_values_are_those_of_the_marts(built: Built, tmp_path: Path) -> None:
    expected = built.row("select avg(score) as score, count(*) as rows, count(rank) as ranked from marts.leaderboard")
    exported(built, tmp_path / "parquet", "parquet")
    table = pq.read_table(tmp_path / "parquet" / "leaderboard.parquet").to_pylist()
    exported(built, tmp_path / "sqlite", "sqlite")
    with closing(sqlite3.connect(tmp_path / "sqlite" / "marts.sqlite")) as database:
        stored = database.execute("select avg(score), count(*), count(rank) from leaderboard").fetchone()
    assert stored == (pytest.approx(float(expected["score"])), expected["rows"], expected["ranked"])
    assert sum(row["score"] for row in table) / len(table) == pytest.approx(float(expected["score"]))


@pytest.mark.parametrize(
    ("terms", "noncommercial", "withheld"),
    [
        (("forbidden", "forbidden"), True, True),
        (("permitted", "forbidden"), False, True),
        (("permitted", "forbidden"), True, False),
        (("permitted", "permitted"), False, False),
    ],
)
def test_what_may_not_be_passed_on_is_left_out_and_counted(
    built: Built, tmp_path: Path, terms: tuple[str, str], noncommercial: bool, withheld: bool
) -> None:
    with terms_of(built, "arena", *terms):
        written = exported(built, tmp_path / "out", "csv", noncommercial=noncommercial)
    for mart in (
        "leaderboard",
        "leaderboard_history",
        "leaderboard_changes",
        "benchmarks",
        "model_comparison",
        "model_ranking",
        "model_choice",
        "gaps",
    ):
        assert (written[mart].left_out > 0) is withheld, mart
    with (tmp_path / "out" / "leaderboard.csv").open(newline="") as file:
        sources = {row["source"] for row in csv.DictReader(file)}
    assert ("arena" in sources) is not withheld
    assert "lapsed" in sources
    assert ("Left out" in (tmp_path / "out" / "ATTRIBUTIONS.md").read_text()) is withheld


def test_an_export_overwrites_nothing_and_goes_on_after_a_kill(built: Built, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="is not empty"):
        exported(built, folder, "csv")
    assert [place.name for place in tmp_path.rglob("*")] == ["out", "mine.txt"]
    (tmp_path / ".new.unfinished").mkdir()
    (tmp_path / ".new.unfinished" / "half.csv").write_text("half")
    exported(built, tmp_path / "new", "csv")
    assert not (tmp_path / "new" / "half.csv").exists()
    assert not (tmp_path / ".new.unfinished").exists()


def test_what_an_older_version_left_behind_is_not_exported(built: Built, tmp_path: Path) -> None:
    for statement in ("create table marts.left_behind (score numeric)", "drop table marts.left_behind"):
        with built.engine.begin() as connection:
            connection.execute(text(statement))
        if statement.startswith("create"):
            assert set(exported(built, tmp_path / "out", "csv")) == MARTS
