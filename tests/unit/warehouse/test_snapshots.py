"""What a fetch amounts to: the same snapshot seen again, or a new one with an id that every machine computes alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from budmodel_pipeline.warehouse.snapshots import (
    Snapshot,
    SnapshotFile,
    content_digest,
    fetched_snapshot,
    snapshot_id_for,
)

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def file(endpoint: str, content: bytes, fetched_at: datetime = NOW) -> SnapshotFile:
    digest = sha256(content).hexdigest()
    return SnapshotFile(endpoint, f"https://example.org/{endpoint}", digest, len(content), digest, '"1"', None, fetched_at)


def fetched(content: bytes, current: Snapshot | None, *, version: int = 1, origin: str = "live") -> Snapshot:
    return fetched_snapshot("board", version, origin, current, [file("table", content)], NOW)


def test_digest_covers_every_file_whatever_the_order() -> None:
    first, second = ("a", "1" * 64), ("b", "2" * 64)
    assert content_digest([first, second]) == content_digest([second, first])
    swapped = [("a", "2" * 64), ("b", "1" * 64)]
    assert len({content_digest(files) for files in ([first], [second], [first, second], swapped)}) == 4


def test_id_is_the_same_on_every_machine() -> None:
    """A literal: tables, manifests and links of other deployments hold such ids."""
    assert snapshot_id_for("board", "a" * 64, 1, "live", None) == "board-7ff8e8692d8b9d1c"


def test_same_bytes_are_the_current_snapshot_itself() -> None:
    current = fetched(b"A", None)
    again = fetched_snapshot("board", 1, "live", current, [file("table", b"A", NOW + timedelta(days=7))], NOW)
    assert again is current


@pytest.mark.parametrize(
    ("content", "version", "origin"),
    [
        pytest.param(b"B", 1, "live", id="other bytes"),
        pytest.param(b"A", 2, "live", id="another parser"),
        pytest.param(b"A", 1, "mirror", id="another origin"),
    ],
)
def test_anything_else_is_a_new_snapshot(content: bytes, version: int, origin: str) -> None:
    current = replace(fetched(b"A", None), status="published")
    new = fetched(content, current, version=version, origin=origin)
    assert new.snapshot_id != current.snapshot_id
    assert (new.previous_snapshot_id, new.status) == (current.snapshot_id, "fetched")


def test_content_that_comes_back_is_a_snapshot_of_its_own() -> None:
    first = fetched(b"A", None)
    second = fetched(b"B", first)
    third = fetched(b"A", second)
    fourth = fetched(b"B", third)
    assert len({snapshot.snapshot_id for snapshot in (first, second, third, fourth)}) == 4
    assert third.content_sha256 == first.content_sha256
    assert third.previous_snapshot_id == second.snapshot_id
