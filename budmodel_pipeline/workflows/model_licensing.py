"""Finds the license of models that were read: from their files, else from what their card links to or names."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from budmodel_pipeline.licensing.answers import identified_terms
from budmodel_pipeline.licensing.classification import license_type, suitability
from budmodel_pipeline.licensing.conflicts import Conflict, lineage_conflicts, tag_conflicts
from budmodel_pipeline.licensing.llm_answers import terms_of_answers
from budmodel_pipeline.licensing.model import Answer, Identification, Value
from budmodel_pipeline.licensing.registry import spdx_id_of
from budmodel_pipeline.licensing.terms import Topic, known_terms, terms_version
from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.targets.license_search import License, license_of_repository, license_of_tag
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.warehouse.license_records import (
    AnswerRecord,
    ConflictRecord,
    DocumentRecord,
    LicensedModel,
    LicenseRecord,
    ModelLicenseRecord,
    licensed_models,
    llm_reading,
    replace_catalog,
    replace_conflicts,
    stated_licenses,
    store_document,
    store_model_license,
)
from budmodel_pipeline.warehouse.model_states import TargetState
from budmodel_pipeline.workflows.model_loop import Outcome, Say, for_each_model, not_read
from budmodel_pipeline.workflows.model_reading import ModelReading, states_as_read

# What the hub calls it when nobody says anything about the license.
UNNAMED = "unknown"


@dataclass(frozen=True, slots=True)
class Licensed:
    """What was found for one model: which license, how sure it is that, and from what."""

    license_id: str | None
    state: str
    evidence: str


def license_models(
    targets: Collection[str], reading: ModelReading, store: ObjectStore, say: Say = lambda _: None
) -> Iterator[Outcome[Licensed]]:
    """Looks at each extracted target at the revision that was read, and stores what was found; yields as they come."""
    states = states_as_read(targets, reading)
    yield from not_read(targets, states)
    with reading.engine.connect() as connection:
        tags = stated_licenses(connection, [state.target for state in states])

    def work(state: TargetState) -> License:
        return _find(state, tags.get(state.target), reading)

    def stored(connection: Connection, state: TargetState, found: License) -> Licensed:
        return _stored(connection, state, tags.get(state.target), found, reading, store)

    what = "searched for its license"
    yield from for_each_model(states, work, stored, engine=reading.engine, what=what, threads=reading.threads, say=say)


def _find(state: TargetState, tag: str | None, reading: ModelReading) -> License:
    place = parse_target(state.target)
    if place.provider == "cloud_model":
        return license_of_tag(tag or UNNAMED, place.uri)
    with reading.models.as_read(state, reading.providers) as opened:
        if opened.repository is None:
            return license_of_tag(tag or UNNAMED, place.uri)
        found = license_of_repository(opened.repository, place.uri)
    if found.evidence == "none" and tag:
        # The hub knows it although the card does not say so.
        return license_of_tag(tag, place.uri)
    return found


def _stored(
    connection: Connection, state: TargetState, tag: str | None, found: License, reading: ModelReading, store: ObjectStore
) -> Licensed:
    now = datetime.now(UTC)
    identified = found.identification
    stored = store.put_content(found.text.encode()) if found.text is not None else None
    document_id = _document_id(found, stored.sha256 if stored else None)
    document, answers = _document(document_id, found, now, stored.sha256 if stored else None, stored.key if stored else None)
    if identified.state == "unknown" and found.text is not None:
        document, answers = _read_by_llm(document, answers, found.text, reading)
    nothing = identified.state == "not_a_license" or (found.evidence == "tag" and tag is None)
    evidence = "none" if nothing else found.evidence
    with connection.begin():
        store_document(connection, document, answers)
        record = ModelLicenseRecord(
            state.target, state.revision or "", document_id, evidence, found.source, tag, now, found.passed_over
        )
        store_model_license(connection, record)
    return Licensed(identified.license_id, identified.state, evidence)


def _document_id(found: License, sha256: str | None) -> str:
    """The same for all models whose license is known by the same text or name, or could not be read for the same reason."""
    if sha256 is not None:
        return f"sha256:{sha256}"
    identified = found.identification
    if found.evidence in ("text", "link") or (identified.state == "unknown" and found.evidence == "none"):
        return f"unread:{identified.reason}"[:200]
    return f"tag:{identified.license_id or found.source}"[:200]


def _document(
    document_id: str, found: License, now: datetime, sha256: str | None, key: str | None
) -> tuple[DocumentRecord, list[AnswerRecord]]:
    identified = found.identification
    terms = identified_terms(identified)
    document = DocumentRecord(
        document_id=document_id,
        text_sha256=sha256,
        object_key=key,
        state=identified.state,
        license_id=identified.license_id,
        spdx_id=identified.spdx_id,
        license_type=found.type,
        suitability=found.suitability,
        coverage=identified.coverage,
        remainder=[[span.start, span.end] for span in identified.remainder],
        near=[[name, score] for name, score in identified.near],
        candidates=identified.candidates,
        method=identified.method,
        reason=identified.reason,
        llm=None,
        terms_version=terms_version(),
        read_at=now,
        territory=terms[Topic.TERRITORY] if terms is not None else None,
        duties=terms[Topic.DUTIES] if terms is not None else None,
    )
    return document, _answer_records(document_id, found.answers)


def _read_by_llm(
    document: DocumentRecord, unanswered: list[AnswerRecord], text: str, reading: ModelReading
) -> tuple[DocumentRecord, list[AnswerRecord]]:
    """A text that nobody knows, read by the language model; once, whatever the number of models that are under it.

    What it read before stands, also where it cannot be asked any more.
    """
    with reading.engine.connect() as connection:
        before = llm_reading(connection, document.document_id)
    if before is not None and before[0].get("state") == "read":
        llm, answers = before
    elif reading.llm is None:
        return document, unanswered
    else:
        from budmodel_pipeline.services.license_llm import read_license

        told = read_license(text, reading.llm)
        llm = {name: value for name, value in asdict(told).items() if name != "answers"}
        llm["cost_usd"] = str(told.cost_usd) if told.cost_usd is not None else None
        if told.state != "read":
            return replace(document, llm=llm), unanswered
        answers = _answer_records(document.document_id, told.answers)
    values = {one.question: Value(one.value) for one in answers}
    kind = license_type(terms_of_answers(document.document_id, "", values))
    return replace(document, llm=llm, license_type=kind, suitability=suitability(kind) if kind else None), answers


def _answer_records(document_id: str, answers: Iterable[Answer]) -> list[AnswerRecord]:
    return [
        AnswerRecord(
            document_id, one.question, one.value, one.impact, one.explanation, one.quote, one.start, one.end, one.method
        )
        for one in answers
    ]


def refresh_catalog(connection: Connection) -> tuple[int, list[ConflictRecord]]:
    """Writes the known licenses, and everything that contradicts itself among the models; how many, and which."""
    known = [
        LicenseRecord(
            license_id,
            spdx_id_of(license_id),
            kind,
            suitability(kind) if kind else None,
            terms_version(),
            terms[Topic.TERRITORY],
            terms.notes.get(Topic.TERRITORY),
            terms[Topic.DUTIES],
            terms.notes.get(Topic.DUTIES),
        )
        for license_id, terms in sorted({terms.license_id: terms for terms in known_terms().values()}.items())
        for kind in [license_type(terms)]
    ]
    replace_catalog(connection, known)
    conflicts = find_conflicts(licensed_models(connection))
    replace_conflicts(connection, conflicts)
    return len(known), conflicts


def find_conflicts(models: Sequence[LicensedModel]) -> list[ConflictRecord]:
    """Tags against texts, and derivatives against their base models. Pure."""
    by_name = {model.name.casefold(): model for model in models}
    found: list[ConflictRecord] = []
    for model in models:
        contradicted = model.evidence == "tag" and model.state == "unknown" and model.candidates
        if model.state is not None and (model.evidence in ("text", "link") or contradicted):
            found += [_conflict(model.target, "text", one) for one in tag_conflicts(model.tag, _identification(model))]
        for base in dict.fromkeys(model.base_models):
            parent = by_name.get(base.casefold())
            if parent is not None and parent.state is not None and model.state is not None:
                compared = lineage_conflicts(model.license_id, [(base, parent.license_id)])
                found += [_conflict(model.target, base, one) for one in compared]
    unique = {(one.target, one.kind, one.other, one.dimension): one for one in found}
    return list(unique.values())


def _identification(model: LicensedModel) -> Identification:
    return Identification(
        license_id=model.license_id,
        spdx_id=None,
        state=model.state,  # type: ignore[arg-type]  # the database holds what an Identification said
        coverage=0.0,
        remainder=(),
        near=tuple((str(name), float(score)) for name, score in model.near),
        method="",
        candidates=tuple(model.candidates),
    )


def _conflict(target: str, other: str, found: Conflict) -> ConflictRecord:
    return ConflictRecord(
        target, found.kind, other, found.dimension, found.severity, found.claimed, found.found, found.reason
    )
