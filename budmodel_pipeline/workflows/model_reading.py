"""Reads models and keeps what was found: one model's trouble is its own, and every success is kept at once.

Assets, commands, benchmarks and tests call these functions with the names of targets.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine

from budmodel_pipeline.fetching.http import FetchError
from budmodel_pipeline.model_info.catalogs import CatalogError
from budmodel_pipeline.model_info.prose import prompt_sha256
from budmodel_pipeline.model_info.repository import RepositoryError
from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.targets.inspection import Inspection, facts_json, inspect_model
from budmodel_pipeline.targets.opening import Providers, open_model
from budmodel_pipeline.targets.provider import FileUnavailableError, ProviderError
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.warehouse.model_records import (
    FileRecord,
    ModelRecord,
    prose_of,
    published_by_this_alone,
    store_files,
    store_model,
)
from budmodel_pipeline.warehouse.model_states import TargetState, record_extracted, record_target_failure, states_of
from budmodel_pipeline.warehouse.scan_records import LastScan, last_scan
from budmodel_pipeline.workflows.attempts import next_attempt
from budmodel_pipeline.workflows.file_copies import Bandwidth, CopyLimits, Policy, Progress, copy_files

if TYPE_CHECKING:
    from budmodel_pipeline.services.llm import Llm, ProseOutcome


# What a person wants to see of a model first.
HIGHLIGHTS = (
    "uri",
    "parameters_unique",
    "parameters_stated",
    "context_length",
    "tasks",
    "license",
    "weight_bytes",
    "quantization",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one model. Without `problem` it was extracted at `revision`; `highlights` are some of its facts.

    `state` is that of the failure, `retried_at` when it is tried again (None: never by itself). `defect` marks a failure of
    this program rather than of the model.
    """

    target: str
    revision: str | None = None
    state: str | None = None
    problem: str | None = None
    retried_at: datetime | None = None
    defect: bool = False
    facts: int = 0
    highlights: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelReading:
    """How models are read: where from, at how many a time, and which language model writes about them, if any."""

    engine: Engine
    providers: Providers
    origin: str
    llm: "Llm | None" = None
    threads: int = 8


@dataclass(frozen=True, slots=True)
class FileCopying:
    """What is copied into the object store, and what that may take. `work` keeps what a killed run has collected."""

    store: ObjectStore
    work: Path
    policy: Policy = "none"
    limits: CopyLimits = field(default_factory=CopyLimits)
    bandwidth: Bandwidth = field(default_factory=Bandwidth)


def _quarantined(record: FileRecord, scan: LastScan) -> FileRecord:
    if record.outcome == "failed":
        return record
    return replace(record, outcome="quarantined", reason=f"the scan found malware in {', '.join(scan.malicious)}")


def extract_models(targets: Sequence[str], reading: ModelReading) -> Iterator[Outcome]:
    """Reads each target and stores what was found or why it failed; yields outcomes as they come.

    Threads read, this one writes: a model is stored as soon as it is read, whatever becomes of the next.
    """
    with reading.engine.connect() as connection:
        states = states_of(connection, targets)
    missing = sorted(set(targets) - {state.target for state in states})
    for target in missing:
        yield Outcome(
            target, state="not_found", problem="it is not in budmodel.extraction_targets; `budmodel request` adds it"
        )
    with (
        # One connection for all that is written: taking it from the pool would ask the server each time whether it is there.
        reading.engine.connect() as connection,
        ThreadPoolExecutor(reading.threads, thread_name_prefix="model") as pool,
    ):
        tasks = {pool.submit(_read, state, reading): state for state in states}
        try:
            for task in as_completed(tasks):
                state, error = tasks[task], task.exception()
                if error is None:
                    yield _stored(connection, task.result())
                else:
                    yield _failed(connection, state, error)
        finally:
            pool.shutdown(cancel_futures=True)


def _read(state: TargetState, reading: ModelReading) -> ModelRecord:
    with open_model(parse_target(state.target), reading.providers) as opened:
        found = inspect_model(opened)
    return ModelRecord(
        target=state.target,
        revision=found.revision,
        name=found.name,
        origin=reading.origin,
        extracted_at=datetime.now(UTC),
        facts=facts_json(found.facts),
        base_models=found.base_models,
        evaluations=found.evaluations,
        prose=_prose(state, found, reading),
        warnings=found.warnings,
        problems=found.problems,
    )


def _stored(connection: Connection, record: ModelRecord) -> Outcome:
    with connection.begin():
        store_model(connection, record)
        record_extracted(connection, record.target, record.revision, record.extracted_at)
    known = sum(fact["value"] is not None for fact in record.facts.values())
    highlights = {name: record.facts[name]["value"] for name in HIGHLIGHTS if name in record.facts}
    shown = {name: value for name, value in highlights.items() if value is not None}
    return Outcome(record.target, record.revision, facts=known, highlights=shown)


def _failed(connection: Connection, state: TargetState, error: BaseException) -> Outcome:
    if not isinstance(error, Exception):
        raise error
    failure, permanent, retry_after, defect = _cause(error)
    attempts = state.attempts + 1
    following = next_attempt(attempts, datetime.now(UTC), permanent=permanent, retry_after=retry_after)
    kept = f" Kept: what was read at {state.revision[:12]}." if state.revision else ""
    reason = f"{error if not defect else f'{type(error).__name__}: {error}'}.{kept} {following.reason}".strip()
    with connection.begin():
        record_target_failure(connection, state.target, failure, reason, attempts, following.at)
    return Outcome(state.target, None, failure, reason, following.at, defect)


def _cause(error: Exception) -> tuple[str, bool, float | None, bool]:
    """The state of a failure, whether it is permanent, the seconds that a server asks to wait, whether it is a defect."""
    match error:
        case ProviderError():
            return error.state, error.permanent, error.retry_after, False
        case FileUnavailableError():
            return error.failure.state, error.failure.permanent, error.failure.retry_after, False
        case RepositoryError():
            return "unavailable", not error.transient, None, False
        case FetchError():
            return "unavailable", error.permanent, None, False
        case CatalogError():
            return "invalid", False, None, False
        case _:
            return "defect", False, None, True


def _prose(state: TargetState, found: Inspection, reading: ModelReading) -> Mapping[str, Any] | None:
    """Prose from the card; that of an earlier revision stands while the card and the question are the same."""
    if reading.llm is None or not found.card.strip():
        return None
    from budmodel_pipeline.services.llm import write_prose

    with reading.engine.connect() as connection:
        before = prose_of(connection, state.target)
    if before and before.get("state") == "written" and before.get("prompt_sha256") == prompt_sha256(found.card):
        return before
    written = write_prose(found.card, reading.llm)
    return _prose_json(written) if written else None


def _prose_json(written: "ProseOutcome") -> dict[str, Any]:
    told = asdict(written)
    cost = told["cost_usd"]
    return {**told, "cost_usd": str(cost) if cost is not None else None}


def copy_model_files(
    target: str, reading: ModelReading, copying: FileCopying, on_progress: Callable[[Progress], None] = lambda _: None
) -> list[FileRecord]:
    """Copies the files of the revision that was extracted last, as the policy says, and stores what became of each.

    A closed model has none. Of a model that a scan found to be malicious nothing is published: what is copied goes into the
    quarantine of the store, and what lay there before is taken away unless others have it too. Raises ProviderError where
    the model cannot be opened, ObjectStoreError, OSError.
    """
    with reading.engine.connect() as connection:
        state = next(iter(states_of(connection, [target])), None)
        scan = last_scan(connection, target)
    if state is None or state.revision is None:
        hint = f"extract it first: budmodel request {target}"
        raise ProviderError(target, "not_found", "nothing was extracted of it yet", hint=hint, permanent=True)
    malicious = scan is not None and scan.verdict == "malicious"
    store = copying.store.quarantine if malicious else copying.store
    place = parse_target(target)
    pinned = state.revision if place.provider == "hugging_face" else None
    with open_model(place, reading.providers, pinned) as opened:
        if opened.repository is None:
            return []
        if opened.revision != state.revision:
            hint = "extract it again"
            raise ProviderError(target, "changed", f"it is now at {opened.revision[:12]}", hint=hint, permanent=False)
        copied = copy_files(
            opened.repository,
            store,
            copying.work,
            origin=f"{target}@{state.revision}",
            policy=copying.policy,
            limits=copying.limits,
            bandwidth=copying.bandwidth,
            on_progress=on_progress,
        )
    records = [FileRecord(file.path, file.size, file.sha256, file.outcome, file.key, file.reason or None) for file in copied]
    if scan is not None and malicious:
        records = [_quarantined(record, scan) for record in records]
        with reading.engine.connect() as connection:
            published = published_by_this_alone(connection, target)
        for sha256 in published:
            copying.store.remove(sha256)
    with closing(reading.engine.connect()) as connection, connection.begin():
        store_files(connection, target, state.revision, records, datetime.now(UTC))
    return records
