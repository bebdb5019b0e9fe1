"""Releases: exports that stay in the object store, each in a folder named after its day and its content."""

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.workflows.exports import MANIFEST, export

FOLDER = "releases/"
# One in a week is enough: the marts are rebuilt more often, and a release is for good.
CADENCE = timedelta(days=7)
_MANIFEST = re.compile(rf"{FOLDER}(\d{{4}}-\d\d-\d\d)-[0-9a-f]{{12}}/{re.escape(MANIFEST)}")


@dataclass(frozen=True, slots=True)
class Release:
    """A release in the store: the key of its manifest, which names and hashes all its files; `is_new` if it was made now."""

    manifest: str
    files: int
    size: int
    rows: int
    left_out: int
    is_new: bool


def newest_release(store: ObjectStore) -> tuple[date, str] | None:
    """Day and key of the manifest of the newest whole release."""
    found = [(date.fromisoformat(match[1]), key) for key in store.list(FOLDER) if (match := _MANIFEST.fullmatch(key))]
    return max(found, default=None)


def release(engine: Engine, store: ObjectStore, now: datetime) -> Release:
    """The release of this week, which is made where there is none younger than CADENCE.

    It holds all marts as Parquet, for every use: what may not be used for money is left out. The manifest is written last,
    so a release without one was never made whole and is made again. Raises ExportError, MartsError and ObjectStoreError.
    """
    newest = newest_release(store)
    if newest and now.date() - newest[0] < CADENCE:
        return _described(newest[1], store.get(newest[1]), is_new=False)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "release"
        export(engine, folder, "parquet", noncommercial=False)
        content = (folder / MANIFEST).read_bytes()
        place = f"{FOLDER}{now:%Y-%m-%d}-{sha256(content).hexdigest()[:12]}/"
        for file in sorted(folder.iterdir()):
            if file.name != MANIFEST:
                store.put(place + file.name, file.read_bytes())
        store.put(place + MANIFEST, content)
    return _described(place + MANIFEST, content, is_new=True)


def _described(manifest: str, content: bytes, *, is_new: bool) -> Release:
    told = json.loads(content)
    return Release(
        manifest,
        files=len(told["files"]) + 1,
        size=sum(file["bytes"] for file in told["files"]) + len(content),
        rows=sum(table["rows"] for table in told["tables"]),
        left_out=sum(table["left_out"] for table in told["tables"]),
        is_new=is_new,
    )
