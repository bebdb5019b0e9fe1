"""How commands show rows: tables on a terminal, JSON for programs."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Texts up to this many cells stay on one line: names of sources, dates with their time.
WRAPS_ABOVE = 16
_OUTPUT = sys.stdout
if isinstance(_OUTPUT, TextIOWrapper):
    # What the terminal or the pipe has no character for is written by its number, and ends no run.
    _OUTPUT.reconfigure(errors="backslashreplace")


@cache
def _console() -> "Console":
    """Of the command's own standard output: what libraries print meanwhile can be led elsewhere."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            nobody_reads()

    # Piped output keeps its columns whole.
    return Output(file=_OUTPUT, highlight=False, markup=False, emoji=False, width=None if _OUTPUT.isatty() else 160)


def nobody_reads() -> None:
    """Lets a command go on when whoever read its output has closed it, as `head` does: it has not failed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), _OUTPUT.fileno())


def say(line: str) -> None:
    """Prints a line of progress; the terminal wraps it, so that names and paths stay whole when copied."""
    _console().print("\n".join(map(plain, line.split("\n"))), soft_wrap=True)


def whisper(line: str) -> None:
    """Prints a line of progress beside JSON: where a person looks on, and nowhere else."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr)


def tell(answer: object) -> None:
    """Prints an object or a list as one document of JSON with ISO dates and plain numbers, indented where a person looks."""
    in_ascii = _OUTPUT.encoding.lower() not in ("utf-8", "utf8")
    put(json.dumps(answer, default=_plain, indent=1 if _OUTPUT.isatty() else None, ensure_ascii=in_ascii))


def put(line: str) -> None:
    """Prints a line as it is."""
    try:
        print(line, file=_OUTPUT, flush=True)
    except BrokenPipeError:
        nobody_reads()


def show(rows: Sequence[dict[str, Any]], *, as_json: bool, otherwise: str = "nothing to show") -> None:
    """Prints rows as a table, or as a list of JSON; without any what is to be said `otherwise`.

    Where the terminal is too narrow for a table, each row is a list.
    """
    if as_json:
        tell(list(rows))
        return
    if not rows:
        say(otherwise)
        return
    columns = [column for column in rows[0] if any(row[column] not in (None, "") for row in rows)]
    table = _table(rows, columns)
    if _OUTPUT.isatty() and table.__rich_measure__(_console(), _console().options).minimum > _console().width:
        for number, row in enumerate(rows):
            if number:
                _console().print()
            show_pairs((column, row[column]) for column in columns)
        return
    _console().print(table, crop=False)


def show_pairs(pairs: Iterable[tuple[str, Any]]) -> None:
    """Prints what is known of one thing, a line for each value."""
    from rich.table import Table

    lines = Table(show_header=False, box=None, pad_edge=False)
    lines.add_column(style="bold", no_wrap=True)
    lines.add_column(overflow="fold")
    for name, value in pairs:
        if value not in (None, ""):
            lines.add_row(name.replace("_", " "), cell(value))
    _console().print(lines)


def show_points(heading: str, points: Sequence[tuple[str, str]]) -> None:
    """Prints a heading and below it sentences, each after a word that says what it is; all wrap at blanks."""
    from rich.table import Table
    from rich.text import Text

    _console().print(Text(plain(heading), style="bold"))
    told = Table(show_header=False, box=None, pad_edge=False)
    told.add_column(no_wrap=True, style="dim")
    told.add_column(overflow="fold")
    for word, sentence in points:
        told.add_row(f"  {word}", plain(sentence))
    _console().print(told)


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> "Table":
    from rich.cells import cell_len
    from rich.table import Table

    table = Table(header_style="bold", box=None, pad_edge=False)
    for column in columns:
        numeric = all(isinstance(row[column], int | float | Decimal | None) for row in rows)
        widest = max(cell_len(cell(row[column])) for row in rows)
        # Long texts make room; numbers stay whole, even where the line then leaves the terminal: half of one is a wrong one.
        whole = widest if numeric or widest <= WRAPS_ABOVE else WRAPS_ABOVE
        table.add_column(column.replace("_", " "), justify="right" if numeric else "left", min_width=whole, overflow="fold")
    for row in rows:
        table.add_row(*(cell(row[column]) for column in columns))
    return table


def plain(text: str) -> str:
    """Without what a terminal would obey: names and contents are those of strangers."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def cell(value: object) -> str:
    """A value as people read it; times are UTC, and no name is an order to the terminal."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, bool | date):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{float(value):.6g}"
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
