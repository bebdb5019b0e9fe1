"""Backups: our tables, Dagster's database, and a list of the objects that they speak of. Marts follow from the tables."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, text

from budmodel_pipeline.services.database_copies import dump, restored
from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.warehouse.migrate import current_revision, knows, newest_revision
from budmodel_pipeline.warehouse.roles import OWNER
from budmodel_pipeline.warehouse.tables import SCHEMA, metadata

TABLES, DAGSTER, OBJECTS, MANIFEST = "budmodel.dump", "dagster.dump", "objects.txt", "manifest.json"
_FULL = text("select exists (select from budmodel.snapshots) or exists (select from budmodel.extraction_targets)")
# The marts are not part of a backup, so that the next run has to build them.
_MARTS_ARE_BEHIND = f"update {SCHEMA}.sources set marts_snapshot_id = null; delete from {SCHEMA}.marts_inputs;"


class BackupError(Exception):
    """A backup was not made, or not put back; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: when it was saved, and the keys of the objects that the store lacks."""

    made_at: str
    missing: Sequence[str]


def back_up(folder: Path, data: URL, dagster: URL, engine: Engine, store: ObjectStore) -> int:
    """Writes a backup into `folder`, which must be new or empty; how many objects it lists. Raises BackupError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder} is not empty: a backup goes into a folder of its own")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with engine.connect() as connection:
        revision = current_revision(connection)
    # The tables first: objects are written before the rows that name them.
    dump(data, folder / TABLES, schema=SCHEMA)
    dump(dagster, folder / DAGSTER)
    keys = list(store.list())
    (folder / OBJECTS).write_text("".join(f"{key}\n" for key in keys))
    # Last: a folder without it is no backup.
    manifest = {"made_at": datetime.now(UTC).isoformat(), "revision": revision, "objects": len(keys), "store": store.place}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
    return len(keys)


def restore(folder: Path, data: URL, dagster: URL, engine: Engine, store: ObjectStore) -> Restored:
    """Puts a backup into databases that hold nothing yet. Raises BackupError and others; both are as before then."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        reason = f"{MANIFEST} is missing" if isinstance(error, FileNotFoundError) else error
        raise BackupError(f"{folder} holds no whole backup: {reason}") from error
    if not knows(manifest["revision"]):
        raise BackupError(
            f"the backup is of revision {manifest['revision']} and this code knows none later than {newest_revision()}: "
            "restore it with the code that made it, or a later one"
        )
    listed = (folder / OBJECTS).read_text().splitlines()
    held = frozenset(store.list())
    with engine.connect() as connection:
        if connection.execute(_FULL).scalar():
            raise BackupError(
                "the database holds data already: a backup goes into an empty one (POSTGRES_DB, BUDMODEL_HOME)"
            )
        role = _owner(connection)
    names = [*(f"{SCHEMA}.{table.name}" for table in metadata.sorted_tables), f"{SCHEMA}.alembic_version"]
    first = f"{f'set local role {role};' if role else ''} drop table if exists {', '.join(names)} cascade;"
    # Two databases have no transaction in common: ours waits with its commit for the other.
    with (
        restored(data, folder / TABLES, role=role, without=[SCHEMA], first=first, last=_MARTS_ARE_BEHIND),
        restored(dagster, folder / DAGSTER, clean=True),
    ):
        pass
    return Restored(manifest["made_at"], [key for key in listed if key not in held])


def _owner(connection: Connection) -> str | None:
    """The role that owns our tables, None for the one that is logged in."""
    owned = text("select true from pg_namespace where nspname = :schema and pg_get_userbyid(nspowner) = :owner")
    return OWNER if connection.execute(owned, {"schema": SCHEMA, "owner": OWNER}).scalar() else None
