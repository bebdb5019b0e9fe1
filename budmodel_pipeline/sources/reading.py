"""Reading published files: cells, rows and the account of every row."""

import csv
import gc
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from io import StringIO
from typing import Any

import orjson

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Entry,
    Metric,
    Parsed,
    Rejection,
    Score,
    Source,
    SourceError,
)

MISSING = frozenset({"", "-", "n/a", "na", "nan", "none", "null", "unknown"})
MAX_NAME_LENGTH = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class RowError(ValueError):
    """One row cannot be read; the message is the reason that is counted."""


def parse_files(source: Source, files: Mapping[str, bytes]) -> Parsed:
    """What `source` reads from the bytes of its endpoints. Raises SourceError."""
    # All that a parse makes lives until its end and goes without the garbage collector, which would look through it again
    # and again: half of the time for a file of 400,000 scores.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return source.parse(files)
    finally:
        if was_enabled:
            gc.enable()


def text(cell: object) -> str | None:
    """A cell's text, stripped, or None where the cell is a missing marker or, in JSON, no text at all.

    Control characters are left out: they say nothing, and PostgreSQL takes no NUL.
    """
    if not cell or not isinstance(cell, str):
        return None
    stripped = _CONTROL.sub("", cell).strip()
    return None if stripped.lower() in MISSING else stripped


def fact(cell: object) -> str | int | float | bool | None:
    """A published value that is no score, for an entry's settings; None where it is missing, not finite or a structure."""
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    return cell if isinstance(cell, int) else text(cell)


def number(cell: object, column: str) -> float | None:
    """A cell as a finite float, or None where it is missing (a literal NaN counts as missing).

    Raises RowError for anything else, infinities included.
    """
    # Most cells of a wide table are empty, and asking float() about those takes longer than about all others.
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
        raise RowError(f"{column} is not a number")
    try:
        value = float(cell)
        # float() also reads 1_000 and digits of other scripts, which no publisher means.
        if isinstance(cell, str) and ("_" in cell or not cell.isascii()):
            raise ValueError
    except ValueError:
        if isinstance(cell, str) and cell.strip().lower() in MISSING:
            return None
        raise RowError(f"{column} is not a number") from None
    except OverflowError:
        raise RowError(f"{column} is not finite") from None
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return None
    raise RowError(f"{column} is not finite")


def percent(cell: str | None, column: str) -> float | None:
    """A cell such as `77.47%` as 77.47, or None where it is missing. Raises RowError without the sign."""
    if not cell:
        return None
    stripped = cell.strip()
    if stripped[-1:] == "%":
        return number(stripped[:-1], column)
    if stripped.lower() in MISSING:
        return None
    raise RowError(f"{column} has no percent sign")


def day(cell: object, column: str, *formats: str) -> date | None:
    """A cell as a date in the first of `formats` that fits, or None where it is missing. Raises RowError otherwise."""
    stripped = text(cell)
    if stripped is None:
        return None
    found = _date(stripped, formats)
    if found is None:
        raise RowError(f"{column} is not a date")
    return found


@lru_cache(maxsize=4096)
def _date(written: str, formats: tuple[str, ...]) -> date | None:
    # Remembered, because reading a date takes as long as reading twenty numbers and models share their dates.
    for fmt in formats:
        try:
            return datetime.strptime(written, fmt).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def published_name(cell: object) -> str:
    """A published name as it stands, stripped. Raises RowError where it is empty, overlong or holds control characters."""
    if not isinstance(cell, str) or not cell.strip():
        raise RowError("the name is empty")
    name = cell.strip()
    if len(name) > MAX_NAME_LENGTH:
        raise RowError(f"the name is longer than {MAX_NAME_LENGTH} characters")
    if _CONTROL.search(name):
        raise RowError("the name holds control characters")
    return name


def slug(title: str) -> str:
    """A column or category title as a slug: lower case, words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")


def decode(content: bytes, endpoint: str) -> str:
    """UTF-8 text with or without a byte order mark. Raises SourceError for other encodings."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(endpoint, "UTF-8 text", f"a byte that is not UTF-8 at offset {error.start}") from error


def csv_rows(content: bytes, endpoint: str, columns: Columns, ledger: "Ledger") -> Iterator[dict[str, str]]:
    """The rows of a CSV file by column name; order and surrounding blanks of the header do not matter.

    Ragged rows are rejected in `ledger`. Raises SourceError for a missing column and for a file that was cut off.
    """
    decoded = decode(content, endpoint)
    reader = csv.reader(StringIO(decoded, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        require_columns(header, endpoint, columns, ledger)
        complete = decoded.endswith(("\n", "\r"))
        previous: list[str] | None = None
        for cells in reader:
            if previous is not None:
                yield from _csv_row(header, previous, endpoint, ledger)
            previous = cells
        if previous is not None:
            if not complete and len(previous) != len(header):
                raise SourceError(endpoint, "a complete last row", f"{len(previous)} of {len(header)} cells: cut off")
            yield from _csv_row(header, previous, endpoint, ledger)
    except csv.Error as error:
        raise SourceError(endpoint, "well-formed CSV", f"{error} near line {reader.line_num}") from error


def _csv_row(header: list[str], cells: list[str], endpoint: str, ledger: "Ledger") -> Iterator[dict[str, str]]:
    if not cells:
        return
    ledger.read()
    if len(cells) != len(header):
        ledger.reject(endpoint, f"{len(cells)} cells under {len(header)} columns", cells)
    else:
        yield dict(zip(header, cells, strict=True))


def load_json(content: bytes, endpoint: str) -> Any:
    """JSON as published; the literals NaN and Infinity, which some publishers write, are let through as floats."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        try:
            return json.loads(decode(content, endpoint))
        except (json.JSONDecodeError, RecursionError) as error:
            raise SourceError(endpoint, "well-formed JSON", str(error)) from error


def json_rows(rows: object, endpoint: str, columns: Columns, ledger: "Ledger") -> Iterator[dict[str, Any]]:
    """The objects of a JSON list. Raises SourceError where it is no list or its first object lacks a required key."""
    if not isinstance(rows, list):
        raise SourceError(endpoint, "a list of row objects", type(rows).__name__)
    keys: dict[str, None] = {}
    for row in rows:
        if isinstance(row, dict):
            keys.update(dict.fromkeys(row))
    require_columns(list(keys), endpoint, columns, ledger)
    for row in rows:
        ledger.read()
        if not isinstance(row, dict):
            ledger.reject(endpoint, "the row is not an object", row)
        elif missing := columns.required.difference(row):
            ledger.reject(endpoint, f"the row lacks {', '.join(sorted(missing))}", row)
        else:
            yield row


def require_columns(found: list[str], endpoint: str, columns: Columns, ledger: "Ledger") -> None:
    """Checks a header; unknown columns go to the ledger.

    Raises SourceError for a missing or repeated column.
    """
    missing = columns.required.difference(found)
    if missing:
        raise SourceError(endpoint, f"the columns {_listed(missing)}", f"only {_listed(found)}", "columns")
    repeated = [name for name, count in Counter(found).items() if count > 1]
    if repeated:
        raise SourceError(endpoint, "distinct columns", f"{_listed(repeated)} more than once")
    known = columns.required | columns.optional | columns.ignored
    ledger.unknown_columns += [f"{endpoint}: {name}" for name in found if name not in known]


def _listed(names: object, limit: int = 12) -> str:
    shown = sorted(map(str, names), key=str)[: limit + 1] if isinstance(names, frozenset | set) else list(names)[: limit + 1]  # type: ignore[call-overload]
    return ", ".join(repr(name[:60]) for name in shown[:limit]) + (", …" if len(shown) > limit else "")


class Ledger:
    """Accounts for every row of one parse and gathers its entries.

    A row is `read` once and then either kept or rejected; rows that are neither show up as a broken balance.
    """

    def __init__(self) -> None:
        self.rows_read = 0
        self.rows_kept = 0
        self.entries: dict[str, Entry] = {}
        self.unknown_columns: list[str] = []
        self._rejections: dict[tuple[str, str, bool], tuple[int, str]] = {}

    def read(self, rows: int = 1) -> None:
        self.rows_read += rows

    def keep(self, rows: int = 1) -> None:
        self.rows_kept += rows

    def reject(self, endpoint: str, reason: str, example: object, *, rows: int = 1, by_rule: bool = False) -> None:
        """Counts rows without scores. `by_rule`: the publisher's own rules leave them out."""
        count, first = self._rejections.get((endpoint, reason, by_rule), (0, ""))
        excerpt = first or _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(example))[:300]
        self._rejections[endpoint, reason, by_rule] = (count + rows, excerpt)

    def entry(self, key: str, published_name: str) -> Entry:
        """The entry under `key`, made on first use."""
        found = self.entries.get(key)
        if found is None:
            found = self.entries[key] = Entry(key, published_name)
        return found

    def record(self, endpoint: str, entry: Entry, scores: Mapping[str, Score]) -> None:
        """Adds the scores of one row to its entry and keeps the row, or rejects a row that adds nothing.

        Raises SourceError where the entry already has another value for one of the metrics.
        """
        added = False
        for metric, score in scores.items():
            known = entry.scores.setdefault(metric, score)
            if known is score:
                added = True
            elif known != score:
                found = f"{known.value:g} and {score.value:g}: rows in conflict"
                raise SourceError(endpoint, f"one {metric} for {entry.key!r}", found, "unique")
        if added:
            self.keep()
        else:
            self.reject(endpoint, "the row repeats an earlier one" if scores else "the row has no score", entry.key)

    def parsed(
        self,
        *,
        as_of: date | None = None,
        window: tuple[date, date] | None = None,
        benchmarks: tuple[Benchmark, ...] = (),
        metrics: tuple[Metric, ...] = (),
    ) -> Parsed:
        """The result of the parse."""
        rejections = [Rejection(e, reason, n, example, rule) for (e, reason, rule), (n, example) in self._rejections.items()]
        return Parsed(
            entries=[entry for entry in self.entries.values() if entry.scores],
            rejections=rejections,
            rows_read=self.rows_read,
            rows_kept=self.rows_kept,
            as_of=as_of,
            window=window,
            unknown_columns=tuple(self.unknown_columns),
            benchmarks=benchmarks,
            metrics=metrics,
        )


def scores_of(row: Mapping[str, Any], metrics: Mapping[str, Metric]) -> dict[str, Score]:
    """The scores of a row whose plain number columns are the keys of `metrics`; missing cells give none.

    Raises RowError for a cell that is no number.
    """
    found = {}
    for column, metric in metrics.items():
        cell = row.get(column)
        # Asked here, because most cells of a wide table are empty and a call for each adds up.
        if cell is None or cell == "":
            continue
        value = number(cell, column)
        if value is not None:
            found[metric.slug] = Score(value)
    return found
