"""Reading published files: cells, rows and whole files. What is made of each is accounted for in a ledger."""

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from io import StringIO
from itertools import takewhile
from typing import Any

from budmodel_pipeline.sources.collector import collector_paused
from budmodel_pipeline.sources.contract import Columns, Parsed, Source, SourceError
from budmodel_pipeline.sources.ledger import CONTROL, CellError, Ledger

MISSING = frozenset({"", "-", "n/a", "na", "nan", "none", "null", "unknown"})
MAX_NAME_LENGTH = 300
# Tables are flat; libyaml crashes on what is nested a thousand times.
DEEPEST_YAML = 20


@collector_paused()
def parse_files(source: Source, files: Mapping[str, bytes]) -> Parsed:
    """What `source` reads from the bytes of its endpoints. Raises SourceError."""
    return source.parse(files)


def text(cell: object) -> str | None:
    """A cell's text, stripped, or None where the cell is a missing marker or, in JSON, no text at all.

    Control characters are left out: they say nothing, and PostgreSQL takes no NUL.
    """
    if not cell or not isinstance(cell, str):
        return None
    stripped = CONTROL.sub("", cell).strip()
    return None if stripped.lower() in MISSING else stripped


def fact(cell: object) -> str | int | float | bool | None:
    """A published value that is no score, for an entry's settings; None where it is missing, not finite or a structure."""
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    return cell if isinstance(cell, int) else text(cell)


def number(cell: object, column: str) -> float | None:
    """A cell as a finite float, or None where it is missing (a literal NaN counts as missing).

    Raises CellError for anything else, infinities included.
    """
    # Most cells of a wide table are empty or, in JSON, floats: asking float() about those takes longest.
    if cell is None or cell == "":
        return None
    if type(cell) is float and math.isfinite(cell):
        return cell
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
        raise CellError(f"{column} is not a number")
    try:
        value = float(cell)
        # float() also reads 1_000 and digits of other scripts, which no publisher means.
        if isinstance(cell, str) and ("_" in cell or not cell.isascii()):
            raise ValueError
    except ValueError:
        if isinstance(cell, str) and cell.strip().lower() in MISSING:
            return None
        raise CellError(f"{column} is not a number") from None
    except OverflowError:
        raise CellError(f"{column} is not finite") from None
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return None
    raise CellError(f"{column} is not finite")


def percent(cell: str | None, column: str) -> float | None:
    """A cell such as `77.47%` as 77.47, or None where it is missing. Raises CellError without the sign."""
    if not cell:
        return None
    stripped = cell.strip()
    if stripped[-1:] == "%":
        return number(stripped[:-1], column)
    if stripped.lower() in MISSING:
        return None
    raise CellError(f"{column} has no percent sign")


def day(cell: object, column: str, formats: tuple[str, ...]) -> date | None:
    """A cell as a date in the first of `formats` that fits, or None where it is missing. Raises CellError otherwise."""
    stripped = text(cell)
    if stripped is None:
        return None
    found = _date(stripped, formats)
    if found is None:
        raise CellError(f"{column} is not a date")
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


def flag(cell: object, column: str, *, yes: str, no: str) -> bool | None:
    """Whether a cell says `yes` or `no`, in any case, or None where it is missing. Raises CellError otherwise."""
    found = text(cell)
    if found is None:
        return None
    if found.casefold() not in (yes.casefold(), no.casefold()):
        raise CellError(f"{column} is neither {yes} nor {no}")
    return found.casefold() == yes.casefold()


def published_name(cell: object) -> str:
    """A published name as it stands, stripped. Raises CellError where it is empty, overlong or holds control characters."""
    if not isinstance(cell, str) or not cell.strip():
        raise CellError("the name is empty")
    name = cell.strip()
    if len(name) > MAX_NAME_LENGTH:
        raise CellError(f"the name is longer than {MAX_NAME_LENGTH} characters")
    if CONTROL.search(name):
        raise CellError("the name holds control characters")
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


def csv_rows(content: bytes, endpoint: str, columns: Columns, ledger: Ledger) -> Iterator[dict[str, str]]:
    """The rows of a CSV file by column name; order and surrounding blanks of the header do not matter.

    Ragged and repeated rows are rejected in `ledger`. Raises SourceError for a missing column, for a file without rows and
    for one that was cut off.
    """
    decoded = decode(content, endpoint)
    reader = csv.reader(StringIO(decoded, newline=""), strict=True)
    ledger.start(endpoint)
    try:
        header = [name.strip() for name in next(reader, [])]
        require_columns(header, endpoint, columns, ledger)
        complete = decoded.endswith(("\n", "\r"))
        seen: dict[tuple[str, ...], int] = {}
        previous: list[str] | None = None
        for cells in reader:
            if previous is not None:
                yield from _csv_row(header, previous, seen, ledger)
            previous = cells
        if previous is None:
            raise SourceError(endpoint, "rows", "a header alone")
        if not complete and len(previous) != len(header):
            raise SourceError(endpoint, "a complete last row", f"{len(previous)} of {len(header)} cells: cut off")
        yield from _csv_row(header, previous, seen, ledger)
    except csv.Error as error:
        raise SourceError(endpoint, "well-formed CSV", f"{error} near line {reader.line_num}") from error


def _csv_row(
    header: list[str], cells: list[str], seen: dict[tuple[str, ...], int], ledger: Ledger
) -> Iterator[dict[str, str]]:
    if not cells:
        return
    ledger.read()
    first = seen.setdefault(tuple(cells), ledger.row)
    if len(cells) != len(header):
        ledger.reject(f"{len(cells)} cells under {len(header)} columns", cells)
    elif first != ledger.row:
        ledger.reject_duplicate(first, cells[:3])
    else:
        yield dict(zip(header, cells, strict=True))


def markdown_rows(content: bytes, endpoint: str, columns: Columns, ledger: Ledger) -> Iterator[dict[str, str]]:
    """The rows of the first table of a Markdown page that has the required columns, by column name.

    Ragged and repeated rows are rejected in `ledger`. Raises SourceError where no table has them, and for one without rows.
    """
    ledger.start(endpoint)
    lines = iter(decode(content, endpoint).splitlines())
    header = next((cells for line in lines if columns.required <= set(cells := _markdown_cells(line))), None)
    if header is None:
        raise SourceError(endpoint, f"a table with the columns {_listed(columns.required)}", "none", "columns")
    require_columns(header, endpoint, columns, ledger)
    seen: dict[tuple[str, ...], int] = {}
    rows = list(takewhile(bool, map(_markdown_cells, lines)))
    if not rows or any(cell.strip("-: ") for cell in rows[0]):
        raise SourceError(endpoint, "a line of dashes under the header of the table", str(rows[:1])[:300])
    if len(rows) == 1:
        raise SourceError(endpoint, "rows", "a header alone")
    for cells in rows[1:]:
        yield from _csv_row(header, cells, seen, ledger)


def _markdown_cells(line: str) -> list[str]:
    """The cells of a line of a table; none where it is no such line."""
    stripped = line.strip()
    return [cell.strip() for cell in stripped.strip("|").split("|")] if stripped.startswith("|") else []


def load_json(content: bytes, endpoint: str, ledger: Ledger) -> Any:
    """JSON as published; the literals NaN and Infinity, which some publishers write, are let through as floats.

    A key that stands twice in one object with the same value is noted in `ledger`. Raises SourceError for two values, of
    which every other reader would silently take the last.
    """
    ledger.start(endpoint)
    try:
        return json.loads(decode(content, endpoint), object_pairs_hook=partial(_object, ledger))
    except (json.JSONDecodeError, RecursionError) as error:
        raise SourceError(endpoint, "well-formed JSON", str(error)) from error


def load_yaml(content: bytes, endpoint: str, ledger: Ledger) -> Any:
    """YAML as lists and mappings of texts, so that no date, version or word is taken for something else.

    Raises SourceError where it is none, or has what no table needs: aliases, which multiply, and nesting.
    """
    # Imported here because most sources do without, and the catalog imports every source.
    import yaml

    ledger.start(endpoint)
    decoded = decode(content, endpoint)
    depth = 0
    try:
        for event in yaml.parse(decoded, Loader=yaml.CBaseLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > DEEPEST_YAML:
                raise SourceError(endpoint, "a flat table in YAML", f"an alias or deep nesting: {event}"[:300])
        return yaml.load(decoded, Loader=yaml.CBaseLoader)  # noqa: S506 - it makes nothing but text, lists and mappings
    except (yaml.YAMLError, ValueError) as error:
        raise SourceError(endpoint, "well-formed YAML", str(error)[:300]) from error


def _object(ledger: Ledger, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, value in pairs:
            if value != found[key]:
                values = f"{str(value)[:60]} and {str(found[key])[:60]}"
                raise SourceError(ledger.endpoint, f"one value of the key {key[:60]!r} in an object", values, "unique")
        repeated = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        ledger.unread(repeated[:60], "the key stands twice in one object, with the same value", str(found)[:100])
    return found


def json_rows(rows: object, columns: Columns, ledger: Ledger) -> Iterator[dict[str, Any]]:
    """The objects of a JSON list. Raises SourceError where it is no list, an empty one, or lacks a required key."""
    if not isinstance(rows, list):
        raise SourceError(ledger.endpoint, "a list of row objects", type(rows).__name__)
    if not rows:
        raise SourceError(ledger.endpoint, "a list of row objects", "an empty list")
    keys: dict[str, None] = {}
    for row in rows:
        if isinstance(row, dict):
            keys.update(dict.fromkeys(row))
    require_columns(list(keys), ledger.endpoint, columns, ledger)
    seen: dict[str, int] = {}
    for row in rows:
        ledger.read()
        first = seen.setdefault(repr(row), ledger.row)
        if not isinstance(row, dict):
            ledger.reject("the row is not an object", row)
        elif missing := columns.required.difference(row):
            ledger.reject(f"the row lacks {', '.join(sorted(missing))}", row)
        elif first != ledger.row:
            ledger.reject_duplicate(first, row)
        else:
            yield row


def json_rows_by_name(
    content: bytes, endpoint: str, columns: Columns, ledger: Ledger, figures: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a JSON object whose keys are the published names. `figures` is the object of a row that has its scores.

    Raises SourceError where the file is none, or an empty one, or lacks a required key.
    """
    rows = load_json(content, endpoint, ledger)
    if not isinstance(rows, dict) or not rows:
        raise SourceError(endpoint, "an object with a row for every name", f"{type(rows).__name__} without rows")
    keys = dict.fromkeys(key for row in rows.values() if isinstance(row, dict) for key in row)
    require_columns(list(keys), endpoint, columns, ledger)
    for key, row in rows.items():
        ledger.read()
        try:
            name = published_name(key)
        except CellError as error:
            ledger.reject(str(error), key)
            continue
        if isinstance(row, dict) and isinstance(row.get(figures), dict):
            yield name, row
        else:
            ledger.reject(f"the row is no object with an object {figures!r}", name)


def require_columns(found: list[str], endpoint: str, columns: Columns, ledger: Ledger) -> None:
    """Checks a header; unknown columns and missing minor ones go to the ledger.

    Raises SourceError for a missing or repeated column, and for another table: one without most of the minor columns.
    """
    missing = columns.required.difference(found)
    lost = columns.minor.difference(found)
    if missing or 2 * len(lost) > len(columns.minor):
        raise SourceError(endpoint, f"the columns {_listed(missing | lost)}", f"only {_listed(found)}", "columns")
    repeated = [name for name, count in Counter(found).items() if count > 1]
    if repeated:
        raise SourceError(endpoint, "distinct columns", f"{_listed(repeated)} more than once")
    known = columns.required | columns.minor | columns.optional | columns.ignored
    ledger.missing_columns += [f"{endpoint}: {name}" for name in sorted(lost)]
    ledger.unknown_columns += [f"{endpoint}: {name}" for name in found if name not in known]


def _listed(names: object, limit: int = 12) -> str:
    shown = sorted(map(str, names), key=str)[: limit + 1] if isinstance(names, frozenset | set) else list(names)[: limit + 1]  # type: ignore[call-overload]
    return ", ".join(repr(name[:60]) for name in shown[:limit]) + (", …" if len(shown) > limit else "")
