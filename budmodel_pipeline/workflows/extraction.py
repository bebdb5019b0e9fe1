"""One source's refresh as plain functions: take a snapshot of its bytes, then publish its scores.

Assets, commands, benchmarks and tests all call these two. Either the whole new snapshot becomes current or the old one
stays; a failure leaves its reason in `sources.last_error` and moves nothing else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from budmodel_pipeline.fetching.http import FetchError, Response, Validators
from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.contract import Endpoint, Parsed, Source, SourceError
from budmodel_pipeline.sources.quality import ACCEPTABLE, Outcome, assess, outcomes_of, outcomes_unchanged
from budmodel_pipeline.sources.set_aside import digest, entries_named, without
from budmodel_pipeline.warehouse.changes import last_good
from budmodel_pipeline.warehouse.decisions import Decision, entries_aside, record_decisions
from budmodel_pipeline.warehouse.publish import PublishConflictError, lock_source, publish
from budmodel_pipeline.warehouse.snapshots import (
    Snapshot,
    SnapshotFile,
    current_snapshot,
    fetched_snapshot,
    latest_snapshot,
    record_failure,
    record_fetched,
    record_unchanged,
)
from budmodel_pipeline.workflows.manifests import parse_snapshot, write_manifest

Fetch = Callable[[Endpoint, Validators | None], Response]


class ExtractionError(Exception):
    """A source could not be extracted; says what failed, what was kept and what to do. Nothing was overwritten."""

    def __init__(self, message: str, *, outcomes: Sequence[Outcome] = (), transient: bool = False) -> None:
        super().__init__(message)
        self.outcomes = tuple(outcomes)
        self.transient = transient


@dataclass(frozen=True, slots=True)
class Taken:
    """A snapshot as fetched. `unchanged`: it is the one that is already published."""

    snapshot: Snapshot
    unchanged: bool


@dataclass(frozen=True, slots=True)
class Published:
    """A source after publishing. `unchanged`: its snapshot had been published before."""

    snapshot: Snapshot
    unchanged: bool
    outcomes: tuple[Outcome, ...]


def may_replace(new: Origin, published: str | None) -> bool:
    """Whether data of origin `new` may follow what is published: samples never replace real data."""
    return new is not Origin.SAMPLE or published in (None, Origin.SAMPLE)


def take_snapshot(source: Source, *, engine: Engine, store: ObjectStore, fetch: Fetch, origin: Origin) -> Taken:
    """Fetches every endpoint of `source`, stores the exact bytes and notes the snapshot.

    Raises ExtractionError when an endpoint cannot be fetched or sends something that is not data.
    """
    with engine.connect() as connection:
        current = current_snapshot(connection, source.slug)
    if not may_replace(origin, current.origin if current else None):
        raise ExtractionError(
            f"{source.slug}: real data are published here, and samples never replace them. "
            "Set BUDMODEL_ORIGIN=live (or mirror with BUDMODEL_MIRROR_URL), or use another database for samples."
        )
    with _failures_noted(engine, source):
        try:
            known = {file.endpoint: file for file in current.files} if current and current.origin == origin.value else {}
            files = _fetch_files(source.endpoints, known, store, fetch)
            if source.listed:
                contents = {file.endpoint: store.get_content(file.sha256) for file in files}
                files += _fetch_files(source.listed(contents), known, store, fetch)
        except FetchError as error:
            raise _failed(engine, source, current, str(error), transient=not error.permanent) from error
        except SourceError as error:
            raise _failed(engine, source, current, str(error), outcomes=outcomes_of(error)) from error
        now = datetime.now(UTC)
        snapshot = fetched_snapshot(source.slug, source.parser_version, origin.value, current, files, now)
        with engine.begin() as connection:
            if lock_source(connection, source.slug) != (current and current.snapshot_id):
                raise PublishConflictError("another run published it meanwhile; nothing was changed, extract again")
            if snapshot is current:
                record_unchanged(connection, snapshot, now)
            else:
                record_fetched(connection, snapshot)
    return Taken(snapshot, unchanged=snapshot is current)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a person who looked at the source says of its snapshot.

    `story` is why it may say something else of the same entries, None where it may not; `shrinkage` that rows are really
    gone. `aside` are the published names or keys of entries to leave out.
    """

    story: str | None = None
    shrinkage: bool = False
    aside: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        return self.story or "no reason given"


NOTHING_ACCEPTED = Accepted()


def publish_scores(
    source: Source, *, engine: Engine, store: ObjectStore, accepted: Accepted = NOTHING_ACCEPTED
) -> Published:
    """Parses the latest snapshot of `source`, checks it and makes it current; an already published one is left alone.

    What a person accepts is kept with its reason. Raises ExtractionError when there is no snapshot or when a blocking check
    fails.
    """
    with engine.connect() as connection:
        snapshot = latest_snapshot(connection, source.slug)
    if snapshot is None:
        raise ExtractionError(f"{source.slug}: nothing was fetched yet. Materialize snapshots/{source.slug} first.")
    with _failures_noted(engine, source):
        if snapshot.status == "published":
            write_manifest(engine, store, snapshot)
            return Published(snapshot, True, tuple(outcomes_unchanged(snapshot.unknown_columns)))
        with engine.connect() as connection:
            current = current_snapshot(connection, source.slug)
            good = last_good(connection, source.slug, snapshot.origin)
            earlier = entries_aside(connection, source.slug)
        outcomes: list[Outcome] = []
        made: list[Decision] = []
        try:
            read = parse_snapshot(source, snapshot, store)
            made = _set_aside(source, read, accepted, earlier)
            parsed = without(read, {decision.entry_key or "": decision.reason for decision in made})
            outcomes = assess(
                source,
                parsed,
                good,
                accept_shrinkage=accepted.shrinkage,
                accept_story=accepted.story is not None,
            )
            made += _accepted(outcomes, accepted)
            refusals = [outcome for outcome in outcomes if outcome.refuses]
            reason = "; ".join(f"{outcome.check.name}: {outcome.found}" for outcome in refusals)
        except SourceError as error:
            outcomes = outcomes_of(error)
            reason = str(error)
        if any(outcome.refuses for outcome in outcomes):
            urls = ", ".join(file.url for file in snapshot.files)
            raise _failed(engine, source, current, f"{reason} (from {urls})", refused=snapshot, outcomes=outcomes)
        if current is not None:
            # Its own run may have been killed before it wrote this; afterwards nothing would.
            write_manifest(engine, store, current)
        with engine.begin() as connection:
            now = datetime.now(UTC)
            snapshot = publish(connection, source, snapshot, parsed, now)
            record_decisions(connection, source.slug, snapshot.snapshot_id, made, now)
        write_manifest(engine, store, snapshot)
    return Published(snapshot, False, tuple(outcomes))


def _set_aside(source: Source, parsed: Parsed, accepted: Accepted, earlier: Sequence[Decision]) -> list[Decision]:
    """The entries to leave out: those that the person names, and those that were left out with the same scores before."""
    named, unknown = entries_named(parsed, accepted.aside)
    if unknown:
        raise SourceError(source.slug, "entries to set aside by their published names", f"none called {', '.join(unknown)}")
    reasons = {entry.key: accepted.reason for entry in named}
    before = {(decision.entry_key, decision.digest): decision.reason for decision in earlier}
    decided = []
    for entry in parsed.entries:
        scores = digest(entry)
        reason = reasons.get(entry.key) or before.get((entry.key, scores))
        if reason is not None:
            found = ", ".join(f"{slug} {score.value:g}" for slug, score in list(entry.scores.items())[:8])
            decided.append(Decision("set_aside", found, reason, entry.key, scores))
    return decided


def _accepted(outcomes: Sequence[Outcome], accepted: Accepted) -> list[Decision]:
    """What of the person's word was needed."""
    needed = [outcome for outcome in outcomes if outcome.accepted]
    story = [f"{outcome.check.name}: {outcome.found}" for outcome in needed if outcome.check.name != "not_shrunk"]
    shrunk = [outcome.found for outcome in needed if outcome.check.name == "not_shrunk"]
    made = [Decision("story", "; ".join(story), accepted.reason)] if story else []
    return made + [Decision("shrinkage", found, accepted.reason) for found in shrunk]


@contextmanager
def _failures_noted(engine: Engine, source: Source) -> Iterator[None]:
    """Leaves a reason in `sources.last_error` for failures that nobody foresaw as well, and passes them on."""
    try:
        yield
    except ExtractionError:
        raise
    except Exception as error:  # Whatever it is: it is recorded and passed on.
        reason = f"{source.slug}: {type(error).__name__}: {error}"
        with engine.begin() as connection:
            record_failure(connection, source.slug, reason, datetime.now(UTC))
        raise


def _fetch_files(
    endpoints: Sequence[Endpoint], known: Mapping[str, SnapshotFile], store: ObjectStore, fetch: Fetch
) -> list[SnapshotFile]:
    found = (_fetch_file(endpoint, known.get(endpoint.name), store, fetch) for endpoint in endpoints)
    return [file for file in found if file is not None]


def _fetch_file(endpoint: Endpoint, known: SnapshotFile | None, store: ObjectStore, fetch: Fetch) -> SnapshotFile | None:
    """What an endpoint has now; None for a supplement that it does not have."""
    have = known is not None and known.url == endpoint.url and store.exists(known.object_key)
    try:
        response = fetch(endpoint, Validators(known.etag, known.last_modified) if known and have else None)
    except FetchError as error:
        if endpoint.supplement and error.permanent:
            return None
        raise
    if response.content is None and known is not None:
        sha256, size, key = known.sha256, known.size_bytes, known.object_key
    else:
        stored = store.put_content(response.content or b"")
        sha256, size, key = stored.sha256, stored.size, stored.key
    return SnapshotFile(
        endpoint=endpoint.name,
        url=endpoint.url,
        sha256=sha256,
        size_bytes=size,
        object_key=key,
        etag=response.etag,
        last_modified=response.last_modified,
        fetched_at=response.fetched_at,
    )


def _failed(
    engine: Engine,
    source: Source,
    current: Snapshot | None,
    reason: str,
    *,
    refused: Snapshot | None = None,
    outcomes: Sequence[Outcome] = (),
    transient: bool = False,
) -> ExtractionError:
    if current is None:
        kept = "Nothing had been published before."
    else:
        kept = f"Kept: the snapshot of {current.fetched_at:%Y-%m-%d} with {current.rows_kept} rows."
    refusals = {outcome.check.name for outcome in outcomes if outcome.refuses}
    if refusals == {"not_shrunk"}:
        advice = f"If the rows are really gone: budmodel run --force --source {source.slug} --accept-shrinkage."
    elif refusals and refusals <= ACCEPTABLE:
        advice = (
            f"Look at {source.homepage}; if the publisher means it: budmodel run --source {source.slug} --accept 'WHY'. "
            f"Without single entries: --set-aside 'NAME'."
        )
    elif refusals and refusals <= ACCEPTABLE | {"not_shrunk"}:
        advice = (
            f"Look at {source.homepage}; if the publisher means it: "
            f"budmodel run --source {source.slug} --accept 'WHY' --accept-shrinkage."
        )
    elif refusals and refusals <= ACCEPTABLE | {"value_range"}:
        advice = (
            f"Look at {source.homepage}; to publish without these entries: "
            f"budmodel run --source {source.slug} --set-aside 'NAME'."
        )
    elif refused is not None:
        advice = f"Look at {source.homepage}; if its layout changed, sources/{source.slug}.py must follow."
    else:
        advice = f"It is tried again at the next tick; by hand: budmodel run --force --source {source.slug}."
    message = f"{source.slug}: {reason}. {kept} {advice}"
    with engine.begin() as connection:
        record_failure(connection, source.slug, message, datetime.now(UTC), refused=refused)
    return ExtractionError(message, outcomes=outcomes, transient=transient)
