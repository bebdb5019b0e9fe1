"""The zip of the Epoch Benchmarking Hub, a table for each benchmark: two sources read it, for own runs and for copies."""

import csv
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from io import BytesIO, StringIO

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Endpoint,
    Entry,
    IntervalBasis,
    Metric,
    RejectionKind,
    Score,
    SourceError,
    Unit,
)
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import csv_rows, day, decode, fact, number, published_name, text

HUB = Endpoint("hub", "https://epoch.ai/data/benchmark_data.zip", "zip")
MOST_TABLES = 1000
MOST_BYTES = 256 * 1024 * 1024
NORMAL_QUANTILE = 1.96
DAY = partial(day, formats=("%Y-%m-%d",))
# What newer zips say of their tables: the column that is the score, and what it is multiplied by to be a share.
STATED = "benchmark_metadata"
SCALES = {Unit.FRACTION: 1.0, Unit.PERCENT: 0.01}
# Columns that stand in one table or another and are no scores here.
FACTS = {
    "Name": "name",
    "Shots": "shots",
    "Source": "source",
    "Source link": "source_link",
    "Agent": "agent",
    "Scaffold": "scaffold",
    "Tools": "tools",
    "Edit format": "edit_format",
    "Training compute (FLOP)": "training_compute_flop",
    "Started at": "started_at",
    "Run date": "run_date",
    "Evaluation date": "evaluation_date",
}
IDS = ("id", "ID", "UUID")
# The tables of the publisher's own runs.
OWN_TABLES = frozenset(
    {
        *("chess_puzzles", "frontiermath", "frontiermath_tier_4", "gpqa_diamond", "math_level_5"),
        *("otis_mock_aime_2024_2025", "simpleqa_verified", "swe_bench_verified"),
    }
)
# Tables that hold no scores of models on benchmarks.
NO_BENCHMARKS = frozenset(
    {
        *(STATED, "model_metadata", "processed_data_for_eci", "edi_scores", "eci_scores", "epoch_capabilities_index"),
        *("eci_benchmark_difficulties_and_slopes", "eci_scaling"),
    }
)


@dataclass(frozen=True, slots=True)
class Board:
    """A table of the zip: its benchmark, the column with the score, its unit, and the columns of its 95% interval or error.

    `agent` is the column that names what works around the model; agents that are called as `plain` ones, or not at all, add
    nothing of their own.
    """

    table: str
    benchmark: Benchmark
    column: str
    unit: Unit = Unit.FRACTION
    model: str = "Model version"
    maximum: float | None = None
    low: str = ""
    high: str = ""
    error: str = ""
    votes: str = ""
    agent: str = ""
    plain: tuple[str, ...] = ()

    def metric(self, *, own: bool, headline: bool = False) -> Metric:
        shares = self.unit in SCALES
        return Metric(
            slug=self.benchmark.slug,
            benchmark=self.benchmark.slug,
            title=f"{self.benchmark.title} {'score' if shares else 'figure'}",
            unit=self.unit,
            higher_is_better=True,
            minimum=0,
            maximum=self.maximum or (1 / SCALES[self.unit] if shares else None),
            description="As Epoch AI measured it." if own else "As Epoch AI copied it from its publisher or a paper.",
            headline=headline,
            run_by="publisher" if own else "other",
        )


# What the library raises for damaged archives, for encrypted ones and for methods that it does not know.
UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, EOFError, OSError, ValueError)


def tables_of(content: bytes) -> dict[str, bytes]:
    """The tables of the zip by name, without folder and ending. Raises SourceError where it is no whole zip."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if member.filename.endswith(".csv")]
            size = sum(member.file_size for member in members)
            if len(members) > MOST_TABLES or size > MOST_BYTES:
                raise SourceError(HUB.name, f"at most {MOST_TABLES} tables", f"{len(members):,} of {size:,} bytes")
            tables = {member.filename.rpartition("/")[2].removesuffix(".csv"): archive.read(member) for member in members}
    except UNREADABLE as error:
        raise SourceError(HUB.name, "a complete zip", f"{type(error).__name__}: {error}"[:300]) from error
    if len(tables) < len(members):
        raise SourceError(HUB.name, "a table of each name", "two of one name", "unique")
    return tables


def board_rows(
    tables: Mapping[str, bytes], boards: Iterable[Board], headline: str, ledger: Ledger
) -> Iterator[tuple[Board, dict[str, str]]]:
    """The rows of each board. A table that is gone or now scores by another column is left out and reported.

    Raises SourceError where that is the table of the headline or of every second board, for those are another zip.
    """
    boards = tuple(boards)
    stated = _stated(tables)
    lost = {board.table: reason for board in boards if (reason := _why_not(board, tables, stated))}
    if headline in lost or 2 * len(lost) > len(boards):
        raise SourceError(
            HUB.name, f"the tables of the benchmarks, {headline} among them", "; ".join(lost.values()), "columns"
        )
    ledger.missing_columns += [f"{HUB.name}: {reason}" for reason in lost.values()]
    for board in boards:
        if board.table not in lost:
            content = tables[board.table]
            # Beside the score stand a hundred columns of detail that come and go, and are not read.
            columns = Columns(frozenset({board.model, board.column}), ignored=frozenset(_header(content, board.table)))
            for row in csv_rows(content, place(board.table), columns, ledger):
                yield board, row


def place(table: str) -> str:
    """How a table of the zip is named in an account of its rows."""
    return f"{HUB.name}/{table}.csv"


def read_row(board: Board, row: Mapping[str, str], ledger: Ledger) -> tuple[Entry, Score] | None:
    """The entry of a row and its score; None for a row that is rejected: without a score, or tied to no model."""
    name = text(row[board.model])
    if name is None:
        ledger.reject("the publisher ties the row to no model", row.get("Name") or dict(row), RejectionKind.BY_RULE)
        return None
    unread = ledger.unread_cells
    value = ledger.cell({board.column: row[board.column].strip().removesuffix("%")}, board.column, number)
    if value is None:
        if ledger.unread_cells == unread:
            ledger.reject("the model is listed without a score", name, RejectionKind.BY_RULE)
        else:
            ledger.reject("the score cannot be read", name)
        return None
    try:
        name = published_name(name)
    except CellError as error:
        ledger.reject(str(error), name)
        return None
    told_apart = next((row[column] for column in IDS if row.get(column)), None) or row.get(board.agent, "")
    entry = Entry(
        key=" | ".join(filter(None, (name, board.table, told_apart.strip()))),
        published_name=name,
        organization=text(row.get("Organization")),
        released_on=ledger.cell(row, "Release date", DAY),
        settings={slug: said for column, slug in FACTS.items() if (said := fact(row.get(column))) is not None},
    )
    return entry, _score(board, row, value, ledger)


def newest_run(tables: Mapping[str, bytes]) -> date | None:
    """The day of the publisher's newest own run: the whole zip is at least as new."""
    days = set()
    for content in tables.values():
        header, _, _ = content.partition(b"\n")
        if b"Started at" in header:
            rows = csv.DictReader(StringIO(decode(content, HUB.name), newline=""))
            days |= {started[:10] for row in rows if (started := row.get("Started at"))}
    found = (_day(written) for written in days)
    return max(filter(None, found), default=None)


def undeclared(tables: Mapping[str, bytes], copied: Iterable[str]) -> list[str]:
    """The tables of benchmarks that are neither the publisher's own runs nor `copied`, for the account."""
    unknown = tables.keys() - set(copied) - OWN_TABLES - NO_BENCHMARKS
    return [f"{HUB.name}: the table {name}" for name in sorted(unknown)]


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _factor(scale: str) -> float | None:
    try:
        return float(scale)
    except ValueError:
        return None


def _score(board: Board, row: Mapping[str, str], value: float, ledger: Ledger) -> Score:
    low, high, error, votes = (
        ledger.cell(row, column, number) if column else None for column in (board.low, board.high, board.error, board.votes)
    )
    basis = IntervalBasis.PUBLISHED if low is not None or high is not None else None
    if error is not None:
        reach, basis = NORMAL_QUANTILE * error, IntervalBasis.STANDARD_ERROR
        low, high = max(0.0, value - reach), min(1.0, value + reach)
    return Score(value, low, high, basis, int(votes) if votes is not None else None)


def _stated(tables: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """What the zip says of each table; nothing in zips before the summer of 2026."""
    if STATED not in tables:
        return {}
    rows = csv.DictReader(StringIO(decode(tables[STATED], place(STATED)), newline=""))
    return {(row.get("source_file") or "").rpartition("/")[2].removesuffix(".csv"): row for row in rows}


def _header(content: bytes, table: str) -> list[str]:
    line, _, _ = content.partition(b"\n")
    return [name.strip() for name in next(csv.reader([decode(line, place(table))]), [])]


def _why_not(board: Board, tables: Mapping[str, bytes], stated: Mapping[str, Mapping[str, str]]) -> str | None:
    if board.table not in tables:
        return f"the table {board.table}"
    if not {board.model, board.column} <= set(_header(tables[board.table], board.table)):
        return f"the column {board.column!r} of the table {board.table}"
    said = stated.get(board.table, {})
    column, scale = said.get("score_column") or board.column, said.get("scale")
    if column != board.column:
        return f"the table {board.table}, which now scores by {column!r}"
    if scale and board.unit in SCALES and _factor(scale) != SCALES[board.unit]:
        return f"the table {board.table}, whose scale is now {scale}"
    return None
