"""Reads models and keeps what was found: one model's trouble is its own, and every success is kept at once.

Assets, commands, benchmarks and tests call these functions with the names of targets.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine

from budmodel_pipeline.model_info.prose import prompt_sha256
from budmodel_pipeline.targets.inspection import Inspection, facts_json, inspect_model
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.warehouse.model_records import ModelRecord, prose_of, store_model
from budmodel_pipeline.warehouse.model_states import TargetState, record_extracted, states_of
from budmodel_pipeline.workflows.model_loop import READ, Failure, Outcome, Say, for_each_model
from budmodel_pipeline.workflows.open_models import OpenModels

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
class Read:
    """What was read of a model: at which `revision`, how many `facts` are known, and some of them as `highlights`."""

    revision: str
    facts: int
    highlights: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelReading:
    """How models are read: where from, at how many a time, and which language model writes about them, if any."""

    engine: Engine
    providers: Providers
    origin: str
    llm: "Llm | None" = None
    threads: int = 8
    models: OpenModels = field(default_factory=OpenModels)


@contextmanager
def one_batch(reading: ModelReading) -> Iterator[ModelReading]:
    """The same, for several steps on the same models: each is opened once and stays open to the end of the block."""
    with ExitStack() as until:
        yield replace(reading, models=OpenModels(until))


def extract_models(targets: Collection[str], reading: ModelReading, say: Say = lambda _: None) -> Iterator[Outcome[Read]]:
    """Reads each target and stores what was found or why it failed; yields outcomes as they come."""
    with reading.engine.connect() as connection:
        states = states_of(connection, targets)
    for target in sorted({*targets} - {state.target for state in states}):
        reason = "it is not in budmodel.extraction_targets; `budmodel request` adds it"
        yield Outcome(target, failure=Failure("not_found", reason))

    def work(state: TargetState) -> ModelRecord:
        return _read(state, reading)

    yield from for_each_model(states, work, _stored, engine=reading.engine, what=READ, threads=reading.threads, say=say)


def states_as_read(targets: Collection[str], reading: ModelReading) -> list[TargetState]:
    """The states of those of `targets` that were read, in alphabetical order."""
    with reading.engine.connect() as connection:
        states = [state for state in states_of(connection, targets) if state.revision is not None]
    failed_before = reading.models.attempts
    return [replace(state, attempts=failed_before.get(state.target, state.attempts)) for state in states]


def _read(state: TargetState, reading: ModelReading) -> ModelRecord:
    with reading.models.newest(state, reading.providers) as opened:
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
        variants=found.variants,
        prose=_prose(state, found, reading),
        warnings=found.warnings,
        problems=found.problems,
    )


def _stored(connection: Connection, _state: TargetState, record: ModelRecord) -> Read:
    with connection.begin():
        store_model(connection, record)
        record_extracted(connection, record.target, record.revision, record.extracted_at)
    known = sum(fact["value"] is not None for fact in record.facts.values())
    highlights = {name: record.facts[name]["value"] for name in HIGHLIGHTS if name in record.facts}
    return Read(record.revision, known, {name: value for name, value in highlights.items() if value is not None})


def _prose(state: TargetState, found: Inspection, reading: ModelReading) -> Mapping[str, Any] | None:
    """Prose from the card. What was written before stands while the card and the question are the same, also where there is
    no language model any more."""
    if not found.card.strip():
        return None
    with reading.engine.connect() as connection:
        before = prose_of(connection, state.target)
    if before and before.get("state") == "written" and before.get("prompt_sha256") == prompt_sha256(found.card):
        return before
    if reading.llm is None:
        return None
    from budmodel_pipeline.services.llm import write_prose

    written = write_prose(found.card, reading.llm)
    return _prose_json(written) if written else None


def _prose_json(written: "ProseOutcome") -> dict[str, Any]:
    told = asdict(written)
    cost = told["cost_usd"]
    return {**told, "cost_usd": str(cost) if cost is not None else None}
