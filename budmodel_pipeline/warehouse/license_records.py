"""Licenses as rows: documents with their answers, the license of each model, and what contradicts itself."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from budmodel_pipeline.warehouse.rows import replace_rows, upsert
from budmodel_pipeline.warehouse.tables import (
    license_answers,
    license_conflicts,
    license_documents,
    licenses,
    model_licenses,
)


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A license text (`document_id` is `sha256:...`), what only a name tells (`tag:...`), or why a license that is there
    could not be read (`unread:...`).

    `llm` says which language model read it and at what cost, where one did.
    """

    document_id: str
    text_sha256: str | None
    object_key: str | None
    state: str
    license_id: str | None
    spdx_id: str | None
    license_type: str | None
    suitability: str | None
    coverage: float
    remainder: Sequence[Sequence[int]]
    near: Sequence[Sequence[Any]]
    candidates: Sequence[str]
    method: str
    reason: str
    llm: Mapping[str, Any] | None
    terms_version: str
    read_at: datetime
    territory: str | None = None
    duties: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """`quote` is `text[quote_start:quote_end]` of the document's stored text, or all three are None."""

    document_id: str
    question: str
    value: str
    impact: str
    explanation: str
    quote: str | None
    quote_start: int | None
    quote_end: int | None
    method: str


@dataclass(frozen=True, slots=True)
class ModelLicenseRecord:
    """Which document a model at a revision is under, by which evidence, what its tag says, and what did not decide."""

    target: str
    revision: str
    document_id: str
    evidence: str
    source: str
    tag: str | None
    read_at: datetime
    passed_over: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ConflictRecord:
    """`other` is what the license was compared with: `text`, or the name of a base model."""

    target: str
    kind: str
    other: str
    dimension: str
    severity: str
    claimed: str
    found: str
    reason: str


@dataclass(frozen=True, slots=True)
class LicenseRecord:
    """A license that is known by its terms."""

    license_id: str
    spdx_id: str | None
    license_type: str | None
    suitability: str | None
    terms_version: str
    territory: str | None = None
    territory_note: str | None = None
    duties: str | None = None
    duties_note: str | None = None


@dataclass(frozen=True, slots=True)
class LicensedModel:
    """A model with what is known for comparing: its tag, the document that it is under, and the names of its base models."""

    target: str
    name: str
    tag: str | None
    state: str | None
    license_id: str | None
    candidates: Sequence[str]
    near: Sequence[Sequence[Any]]
    evidence: str | None
    base_models: Sequence[str]


def store_document(connection: Connection, document: DocumentRecord, answers: Sequence[AnswerRecord]) -> None:
    """Inserts a document with its answers, or renews them all."""
    upsert(connection, license_documents, [asdict(document)])
    of_document = {"document_id": document.document_id}
    replace_rows(connection, license_answers, of_document, [asdict(answer) for answer in answers])


def store_model_license(connection: Connection, record: ModelLicenseRecord) -> None:
    """Notes the license of a model; that of an earlier revision is replaced."""
    upsert(connection, model_licenses, [asdict(record)])


def replace_catalog(connection: Connection, known: Sequence[LicenseRecord]) -> None:
    """The known licenses are these and no others."""
    replace_rows(connection, licenses, {}, [asdict(record) for record in known])


def replace_conflicts(connection: Connection, conflicts: Sequence[ConflictRecord]) -> None:
    """What contradicts itself now is this and nothing else."""
    replace_rows(connection, license_conflicts, {}, [asdict(record) for record in conflicts])


def llm_reading(connection: Connection, document_id: str) -> tuple[Mapping[str, Any], list[AnswerRecord]] | None:
    """What a language model was asked about this document before, with the answers that came of it."""
    found = connection.execute(
        text("select llm from budmodel.license_documents where document_id = :id and llm is not null"), {"id": document_id}
    ).scalar()
    if found is None:
        return None
    rows = connection.execute(text("select * from budmodel.license_answers where document_id = :id"), {"id": document_id})
    return found, [AnswerRecord(**row) for row in rows.mappings()]


def stated_licenses(connection: Connection, targets: Sequence[str]) -> dict[str, str | None]:
    """What card, hub or catalog state as the license of each of these targets that was read."""
    rows = connection.execute(
        text("""
            select distinct on (target) target, facts -> 'license' ->> 'value' as tag
            from budmodel.model_info where target = any(:targets) order by target, extracted_at desc
        """),
        {"targets": list(targets)},
    )
    return {row.target: row.tag for row in rows}


def licensed_models(connection: Connection) -> list[LicensedModel]:
    """Every model that was read, with its license where one was looked for."""
    rows = connection.execute(
        text("""
            select distinct on (info.target) info.target, info.name, info.facts -> 'license' ->> 'value' as tag,
                   documents.state, documents.license_id, documents.candidates, documents.near, held.evidence,
                   array(select parent ->> 'base_model' from jsonb_array_elements(info.base_models) parent) as base_models
            from budmodel.model_info info
            left join budmodel.model_licenses held on held.target = info.target
            left join budmodel.license_documents documents on documents.document_id = held.document_id
            order by info.target, info.extracted_at desc
        """)
    )
    return [
        LicensedModel(**{**row, "candidates": row["candidates"] or (), "near": row["near"] or ()}) for row in rows.mappings()
    ]
