"""The account of every row and cell of one parse, and the entries that it gathers."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Entry,
    Metric,
    Parsed,
    Rejection,
    RejectionKind,
    Row,
    Score,
    SourceError,
    Unread,
)

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


Value = TypeVar("Value")


class CellError(ValueError):
    """One cell cannot be read; the message is the reason that is counted."""


class Ledger:
    """Accounts for every row of one parse and gathers its entries.

    A row is `read` once and then either kept or rejected; rows that are neither show up as a broken balance. A cell that
    cannot be read costs itself alone. `endpoint` is the file that is being read, `row` the number of the row in it.
    `offered` are the metrics that the files have a place for, with or without scores.
    """

    def __init__(self) -> None:
        self.endpoint = ""
        self.row = 0
        self.rows_read = 0
        self.rows_kept = 0
        self.entries: dict[str, Entry] = {}
        self.offered: set[str] = set()
        self.missing_columns: list[str] = []
        self.unknown_columns: list[str] = []
        self._rejections: dict[tuple[str, str, RejectionKind], tuple[int, str]] = {}
        self._looked_at: set[tuple[str, int]] = set()
        self._unread: dict[tuple[str, str, str], Unread] = {}

    def start(self, endpoint: str) -> None:
        """From here on the rows of `endpoint` are read."""
        self.endpoint, self.row = endpoint, 0

    def leave_out_of_account(self, rows: int) -> None:
        """Rows of a supplement are none of the leaderboard."""
        self.rows_read -= rows

    def read(self, rows: int = 1) -> None:
        self.rows_read += rows
        self.row += rows

    def keep(self, rows: int = 1) -> None:
        self.rows_kept += rows

    def reject(self, reason: str, example: object, kind: RejectionKind = RejectionKind.BAD) -> None:
        """Counts a row without scores."""
        count, first = self._rejections.get((self.endpoint, reason, kind), (0, ""))
        self._rejections[self.endpoint, reason, kind] = (count + 1, first or _shown(example))

    def reject_duplicate(self, first: int, example: object) -> None:
        self.reject(
            "an exact duplicate of an earlier row", f"row {self.row} of row {first}: {example}", RejectionKind.DUPLICATE
        )

    @property
    def unread_cells(self) -> int:
        return sum(unread.cells for unread in self._unread.values())

    def unread(self, column: str, reason: str, cell: object, *, is_score: bool = False) -> None:
        """Counts a cell that could not be read."""
        place = (self.endpoint, column, reason)
        known = self._unread.get(place) or Unread(*place, 0, _shown(f"row {self.row}: {cell!r}"), is_score)
        self._unread[place] = known._replace(cells=known.cells + 1)

    def cell(self, row: Mapping[str, Any], column: str, read: Callable[[Any, str], Value | None]) -> Value | None:
        """What `read` makes of a cell that is no score; None where it is missing, or cannot be read and is counted."""
        try:
            return read(row.get(column), column)
        except CellError as error:
            self.unread(column, str(error), row.get(column))
            return None

    def scores(
        self, row: Mapping[str, Any], metrics: Mapping[str, Metric], read: Callable[[Any, str], float | None]
    ) -> dict[str, Score]:
        """The scores of a row by metric, of the columns that are the keys of `metrics`.

        Missing cells give none; neither do cells that `read` does not read, which are counted.
        """
        # Which columns there are shows in the first row.
        if (place := (self.endpoint, id(metrics))) not in self._looked_at:
            self._looked_at.add(place)
            self.offered.update(metric.slug for column, metric in metrics.items() if column in row)
        found = {}
        for column, metric in metrics.items():
            cell = row.get(column)
            # Asked here, because most cells of a wide table are empty and a call for each adds up.
            if cell is None or cell == "":
                continue
            try:
                value = read(cell, column)
            except CellError as error:
                self.unread(column, str(error), cell, is_score=True)
                continue
            if value is not None:
                found[metric.slug] = Score(value)
        return found

    def entry(self, key: str, published_name: str) -> Entry:
        """The entry under `key`, made on first use."""
        found = self.entries.get(key)
        if found is None:
            found = self.entries[key] = Entry(key, published_name)
        return found

    def record(self, entry: Entry, scores: Mapping[str, Score]) -> None:
        """Adds the scores of the row to its entry and keeps the row, or rejects a row that adds nothing.

        Raises SourceError where the entry already has another value for one of the metrics.
        """
        added = False
        for metric, score in scores.items():
            known = entry.scores.setdefault(metric, score)
            if known is score:
                added = True
            elif known != score:
                found = f"{known.value:g} ({entry.place(metric)}) and {score.value:g} (row {self.row}): rows in conflict"
                raise SourceError(self.endpoint, f"one {metric} for {entry.key!r}", found, "unique")
        if added:
            entry.rows.append(Row(self.endpoint, self.row, scores.keys()))
            self.keep()
        elif scores:
            self.reject("the scores of an earlier row of the same name again", entry.key, RejectionKind.DUPLICATE)
        else:
            self.reject("the row has no score", entry.key)

    def parsed(
        self,
        *,
        as_of: date | None = None,
        as_of_basis: AsOfBasis = AsOfBasis.STATED,
        window: tuple[date, date] | None = None,
        benchmarks: tuple[Benchmark, ...] = (),
        metrics: tuple[Metric, ...] = (),
    ) -> Parsed:
        """The result of the parse; `as_of_basis` says where `as_of` comes from."""
        rejections = [Rejection(e, reason, n, example, kind) for (e, reason, kind), (n, example) in self._rejections.items()]
        return Parsed(
            entries=[entry for entry in self.entries.values() if entry.scores],
            rejections=rejections,
            rows_read=self.rows_read,
            rows_kept=self.rows_kept,
            as_of=as_of,
            as_of_basis=as_of_basis if as_of else AsOfBasis.UNKNOWN,
            window=window,
            unread=tuple(self._unread.values()),
            offered=frozenset(self.offered),
            missing_columns=tuple(self.missing_columns),
            unknown_columns=tuple(self.unknown_columns),
            benchmarks=benchmarks,
            metrics=metrics,
        )


def _shown(example: object) -> str:
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(example))[:300]
