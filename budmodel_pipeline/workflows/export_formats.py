"""The formats that a table is exported to. Of equal rows each makes equal bytes, wherever they are exported."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 10_000
# What a spreadsheet takes for a formula, and what stands before such a text.
FORMULA, INERT = ("=", "+", "-", "@", "\t", "\r", "'"), "'"

# What a sheet can hold: rows with the heading, characters of a cell, whole numbers, and dates from the year 1900.
_MOST_ROWS, _MOST_CHARACTERS, _EXACT, _FIRST_YEAR = 1_048_576, 32_767, 10**15, 1900

_NO_MOMENT = datetime(1980, 1, 1, tzinfo=UTC)


class TooLongError(Exception):
    """A table does not fit into a file of this format; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of Postgres in the other worlds: Arrow, the Table Schema of Frictionless Data, SQLite."""

    arrow: Any
    field: str
    sqlite: str = "text"


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "text": Kind(pa.string(), "string"),
        "boolean": Kind(pa.bool_(), "boolean", "integer"),
        "integer": Kind(pa.int64(), "integer", "integer"),
        "bigint": Kind(pa.int64(), "integer", "integer"),
        "double precision": Kind(pa.float64(), "number", "real"),
        "numeric": Kind(pa.float64(), "number", "real"),
        "date": Kind(pa.date32(), "date"),
        "timestamp with time zone": Kind(pa.timestamp("us", "UTC"), "datetime"),
        "text[]": Kind(pa.list_(pa.string()), "array"),
        "jsonb": Kind(pa.string(), "object"),
    }
)


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of a table with its type of Postgres and its description."""

    name: str
    type: str
    description: str

    @property
    def kind(self) -> Kind:
        return KINDS[self.type]


Rows = Iterable[Sequence[Any]]
# Writes a table into a folder; the file that holds it, and how many rows it has there.
Write = Callable[[Path, str, Sequence[ExportColumn], Rows], tuple[Path, int]]


def write_parquet(folder: Path, table: str, columns: Sequence[ExportColumn], rows: Rows) -> tuple[Path, int]:
    """A file for each table. JSON is text, lists are lists."""
    place, count = folder / f"{table}.parquet", 0
    schema = pa.schema([pa.field(c.name, c.kind.arrow, metadata={"description": c.description}) for c in columns])
    with pq.ParquetWriter(place, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            values = zip(*batch, strict=True)
            arrays = [pa.array(_numbers(c, column), c.kind.arrow) for c, column in zip(columns, values, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(batch)
    return place, count


def write_csv(folder: Path, table: str, columns: Sequence[ExportColumn], rows: Rows) -> tuple[Path, int]:
    """A file for each table. Lists and objects are JSON, and no text is a formula."""
    place, count = folder / f"{table}.csv", 0
    with place.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        for row in rows:
            writer.writerow([inert(plain(cell)) for cell in row])
            count += 1
    return place, count


def write_sqlite(folder: Path, table: str, columns: Sequence[ExportColumn], rows: Rows) -> tuple[Path, int]:
    """One file for all tables. Lists and objects are JSON, times are text."""
    place, count = folder / "marts.sqlite", 0
    declared = ", ".join(f'"{column.name}" {column.kind.sqlite}' for column in columns)
    insert = f'insert into "{table}" values ({", ".join("?" * len(columns))})'
    with closing(sqlite3.connect(place)) as database, database:
        database.execute(f'create table "{table}" ({declared})')
        for batch in _batches(rows):
            database.executemany(insert, [[_stored(cell) for cell in row] for row in batch])
            count += len(batch)
    return place, count


def write_xlsx(folder: Path, table: str, columns: Sequence[ExportColumn], rows: Rows) -> tuple[Path, int]:
    """A workbook for each table, with a second sheet that describes its columns. Texts stay texts, so none is a formula.

    What a cell cannot hold is said in it: longer texts are cut there, and a table longer than a sheet is an error.
    """
    # It would take longer to import than most commands need it.
    from xlsxwriter import Workbook

    place, count = folder / f"{table}.xlsx", 0
    with Workbook(str(place), {"constant_memory": True}) as book:
        # The moment of writing would make equal rows unequal files.
        book.set_properties({"created": _NO_MOMENT})
        bold = book.add_format({"bold": True})
        shown = {
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "datetime": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        sheet = book.add_worksheet(table[:31])
        sheet.freeze_panes(1, 0)
        for number, column in enumerate(columns):
            sheet.write_string(0, number, column.name, bold)
        for row in rows:
            count += 1
            if count >= _MOST_ROWS:
                raise TooLongError(f"{table} has more than the {_MOST_ROWS - 1:,} rows of a sheet: choose another format")
            for number, (column, cell) in enumerate(zip(columns, row, strict=True)):
                match cell:
                    case None:
                        continue
                    case bool():
                        sheet.write_boolean(count, number, cell)
                    case datetime() if cell.year >= _FIRST_YEAR:
                        # A sheet knows no zones; all moments are UTC.
                        sheet.write_datetime(count, number, cell.replace(tzinfo=None), shown["datetime"])
                    case date() if cell.year >= _FIRST_YEAR:
                        sheet.write_datetime(count, number, cell, shown["date"])
                    case int() | float() | Decimal() if column.kind.field == "number" or -_EXACT < cell < _EXACT:
                        sheet.write_number(count, number, float(cell))
                    case _:
                        sheet.write_string(count, number, _cut(str(plain(cell))))
        about = book.add_worksheet("columns")
        for line, words in enumerate((("column", "type", "meaning"), *((c.name, c.type, c.description) for c in columns))):
            for number, word in enumerate(words):
                about.write_string(line, number, word, None if line else bold)
    return place, count


FORMATS: Mapping[str, Write] = MappingProxyType(
    {"parquet": write_parquet, "csv": write_csv, "sqlite": write_sqlite, "xlsx": write_xlsx}
)


def _cut(cell: str) -> str:
    """A text as a cell of a sheet can hold it, which says where it was cut."""
    said = f"… ({len(cell):,} characters; another format has them all)"
    return cell if len(cell) <= _MOST_CHARACTERS else cell[: _MOST_CHARACTERS - len(said)] + said


def inert(cell: Any) -> Any:
    """`cell`, after an apostrophe where a spreadsheet would run it, or where one is there already: nothing is lost."""
    return f"{INERT}{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def plain(cell: Any) -> Any:
    """`cell` as a single value of text files."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, list) else cell


def _stored(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return float(cell)
    return cell if isinstance(cell, int | float) else plain(cell)


def _numbers(column: ExportColumn, values: Iterable[Any]) -> list[Any]:
    return [None if value is None else float(value) for value in values] if column.kind.field == "number" else list(values)


def _batches(rows: Rows) -> Iterator[Sequence[Sequence[Any]]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        yield batch
