"""Stored snapshots: the rows of their bytes, and the note of each from which a database can be rebuilt."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from sqlalchemy import Engine

from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.contract import AsOfBasis, Parsed, Source, Unread
from budmodel_pipeline.sources.reading import parse_files
from budmodel_pipeline.warehouse.decisions import decisions_about
from budmodel_pipeline.warehouse.snapshots import BACKFILL, Snapshot, moment_fetched

MANIFESTS = "snapshots"
_DATE = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?!\d)")

_TIME_ZONES = timedelta(days=1)


def parse_snapshot(source: Source, snapshot: Snapshot, store: ObjectStore) -> Parsed:
    """The rows of a stored snapshot. Raises SourceError where the bytes are not what the source publishes."""
    return dated(parse_files(source, {file.endpoint: store.get_content(file.sha256) for file in snapshot.files}), snapshot)


def dated(parsed: Parsed, snapshot: Snapshot) -> Parsed:
    """The rows of a snapshot with the date that they are of.

    Where they hold none, or one that is yet to come, they are as new as the publisher's file, or else as the newest date
    that a name bears.
    """
    fetched_on = snapshot.fetched_at.date()
    if parsed.as_of is not None and parsed.as_of <= fetched_on + _TIME_ZONES:
        return parsed
    if parsed.as_of is not None:
        later = Unread("all", "the date", "no data are newer than their fetch", 1, str(parsed.as_of))
        parsed = replace(parsed, as_of=None, as_of_basis=AsOfBasis.UNKNOWN, unread=(*parsed.unread, later))
    # A copy's files are as old as the copy.
    of_files = [_file_date(file.last_modified) for file in snapshot.files] if snapshot.origin == Origin.LIVE else []
    if newest := max(filter(None, of_files), default=None):
        return replace(parsed, as_of=newest, as_of_basis=AsOfBasis.FILE_DATE)
    of_names = [day for entry in parsed.entries for day in _dates_in(f"{entry.published_name} {entry.settings}")]
    newest = max((day for day in of_names if day <= fetched_on), default=None)
    return replace(parsed, as_of=newest, as_of_basis=AsOfBasis.NEWEST_ROW) if newest else parsed


def _dates_in(words: str) -> Iterator[date]:
    """The dates of releases in a name or in the link to its answers: 20250514, 2024-07-18."""
    for year, month, day in _DATE.findall(words):
        with suppress(ValueError):
            yield date(int(year), int(month), int(day))


def _file_date(last_modified: str | None) -> date | None:
    try:
        return parsedate_to_datetime(last_modified).astimezone(UTC).date() if last_modified else None
    except ValueError:
        return None


def write_manifest(engine: Engine, store: ObjectStore, snapshot: Snapshot) -> None:
    """Notes a published snapshot in the object store, once, with what people decided about it and what it followed.

    It is written after publishing. A run killed in between leaves it out; the next refresh of the source puts it there.
    """
    with engine.connect() as connection:
        made = decisions_about(connection, snapshot.snapshot_id)
        followed = moment_fetched(connection, snapshot.previous_snapshot_id)
    manifest = {
        "origin": snapshot.origin,
        "fetched_at": snapshot.fetched_at.isoformat(),
        # Its moment, since another version of the parser gives another id to the same bytes.
        "follows": followed.isoformat() if followed else None,
        "files": [asdict(file) | {"fetched_at": file.fetched_at.isoformat()} for file in snapshot.files],
        "decisions": [asdict(decision) for decision in made],
        "as_of": snapshot.as_of.isoformat() if snapshot.origin == BACKFILL and snapshot.as_of else None,
    }
    key = f"{MANIFESTS}/{snapshot.source}/{snapshot.fetched_at:%Y%m%dT%H%M%S.%fZ}-{snapshot.snapshot_id}.json"
    store.put(key, json.dumps(manifest, indent=1, sort_keys=True).encode())


def in_order(manifests: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The manifests of one source as they became current: each after the one that it followed, whatever the clock said.

    What followed nothing that is noted (the first, those of another database, those from before this was noted) comes in
    the order of fetching.
    """
    waiting = sorted(manifests, key=_fetched_at)
    while waiting:
        moments = {manifest["fetched_at"] for manifest in waiting}
        # A store that was tampered with may hold a ring.
        following = next((one for one in waiting if one.get("follows") not in moments), waiting[0])
        waiting.remove(following)
        yield following


def _fetched_at(manifest: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(manifest["fetched_at"])
