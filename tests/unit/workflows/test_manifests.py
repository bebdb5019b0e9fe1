"""How new the rows of a snapshot are: by what they say, by the publisher's file, by the dates in names, or unknown."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from budmodel_pipeline.sources.contract import AsOfBasis, Entry, Parsed
from budmodel_pipeline.warehouse.snapshots import Snapshot, SnapshotFile
from budmodel_pipeline.workflows.manifests import dated

FETCHED = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
FILE = SnapshotFile("table", "https://example.org/table", "a" * 64, 1, "a", None, "Sun, 01 Mar 2026 08:00:00 GMT", FETCHED)
SNAPSHOT = Snapshot("board-1", "board", None, "a" * 64, 1, "live", "fetched", FETCHED, FETCHED, (FILE,))
MIRRORED = replace(SNAPSHOT, origin="mirror")
UNDATED = replace(SNAPSHOT, files=(replace(FILE, last_modified=None), replace(FILE, last_modified="some day")))


@pytest.mark.parametrize(
    ("snapshot", "stated", "names", "as_of", "basis"),
    [
        pytest.param(SNAPSHOT, date(2026, 2, 1), (), date(2026, 2, 1), AsOfBasis.STATED, id="as the publisher says"),
        pytest.param(SNAPSHOT, date(2026, 3, 2), (), date(2026, 3, 2), AsOfBasis.STATED, id="of today"),
        pytest.param(SNAPSHOT, date(2026, 3, 3), (), date(2026, 3, 3), AsOfBasis.STATED, id="where it is tomorrow already"),
        pytest.param(SNAPSHOT, date(2026, 3, 4), (), date(2026, 3, 1), AsOfBasis.FILE_DATE, id="nowhere yet"),
        pytest.param(SNAPSHOT, None, ("a-20260202",), date(2026, 3, 1), AsOfBasis.FILE_DATE, id="as the file"),
        pytest.param(MIRRORED, None, ("a-20260202",), date(2026, 2, 2), AsOfBasis.NEWEST_ROW, id="no file of the publisher"),
        pytest.param(
            UNDATED,
            None,
            ("a-20260202", "b-2026-03-02", "c-20260303"),
            date(2026, 3, 2),
            AsOfBasis.NEWEST_ROW,
            id="by names",
        ),
        pytest.param(UNDATED, None, ("a-20261399", "b-120260101"), None, AsOfBasis.UNKNOWN, id="by nothing"),
    ],
)
def test_how_new_rows_are(
    snapshot: Snapshot, stated: date | None, names: tuple[str, ...], as_of: date | None, basis: AsOfBasis
) -> None:
    of_rows = AsOfBasis.STATED if stated else AsOfBasis.UNKNOWN
    parsed = Parsed([Entry(name, name) for name in names], [], len(names), len(names), as_of=stated, as_of_basis=of_rows)
    found = dated(parsed, snapshot)
    assert (found.as_of, found.as_of_basis) == (as_of, basis)
    assert [unread.example for unread in found.unread] == ([str(stated)] if stated and stated != as_of else [])
