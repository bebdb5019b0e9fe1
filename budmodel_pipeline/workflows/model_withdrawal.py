"""Withdraws a model: its rows in one transaction with the note about it, then the objects that nothing else needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from budmodel_pipeline.services.object_store import QUARANTINE, ObjectStore
from budmodel_pipeline.targets.target import Target
from budmodel_pipeline.warehouse.withdrawals import (
    Withdrawn,
    at_work,
    documents_of,
    note_objects_removed,
    note_withdrawal,
    objects_left,
    objects_of,
    remove_rows,
    rows_about,
    scanned_content,
    spelled,
)
from budmodel_scanner.cache import cache_key

# Of the versions of a scan the one that no result under a name depends on.
_LARGEST = "largest file"


class WithdrawalError(Exception):
    """A model cannot be withdrawn now; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What goes, or went: rows by table, and keys of objects."""

    target: str
    rows: Mapping[str, int]
    objects: Sequence[str]


def look_at(engine: Engine, target: Target) -> Withdrawal:
    """What would go; nothing is changed."""
    with engine.connect() as connection:
        what = _all_of(connection, target)
        return Withdrawal(what.target, rows_about(connection, what), what.objects)


def withdraw(engine: Engine, store: ObjectStore, target: Target, by: str, reason: str, now: datetime) -> Withdrawal:
    """Removes what is known of a model and its files. Killed after the rows are gone, the next call removes the objects.

    Raises WithdrawalError where a run works on it, ObjectStoreError.
    """
    with engine.begin() as connection:
        what = _all_of(connection, target)
        if at_work(connection, what.target):
            raise WithdrawalError(f"A run works on {what.target}: withdraw it when that has ended. Nothing was removed.")
        rows = remove_rows(connection, what)
        note_withdrawal(connection, what.target, by, reason, sum(rows.values()), what.objects, now)
    remove_objects_left(engine, store)
    return Withdrawal(what.target, rows, what.objects)


def remove_objects_left(engine: Engine, store: ObjectStore) -> int:
    """Removes the objects of withdrawn models that are still there; how many notes were closed. Raises ObjectStoreError."""
    with engine.connect() as connection:
        left = objects_left(connection)
    for withdrawal_id, keys in left.items():
        for key in keys:
            area = store.quarantine if key.startswith(QUARANTINE) else store
            area.remove(key.rpartition("/")[2])
        with engine.begin() as connection:
            note_objects_removed(connection, withdrawal_id)
    return len(left)


def _all_of(connection: Connection, target: Target) -> Withdrawn:
    known = spelled(connection, target.key)
    uri = known[-len(target.uri) :]
    documents = documents_of(connection, known)
    results = [
        cache_key(one.sha256, one.path, {name: version for name, version in one.versions.items() if name != _LARGEST})
        for one in scanned_content(connection, known)
    ]
    return Withdrawn(known, target.provider, uri, documents, objects_of(connection, known, documents), results)
