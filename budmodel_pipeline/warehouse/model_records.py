"""What was read of a model, as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from budmodel_pipeline.warehouse.rows import replace_rows, upsert
from budmodel_pipeline.warehouse.tables import model_files, model_info


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model at one revision, as read. The mappings are plain JSON; `prose` is None where no language model was asked."""

    target: str
    revision: str
    name: str
    origin: str
    extracted_at: datetime
    facts: Mapping[str, Any]
    base_models: Sequence[Mapping[str, Any]]
    evaluations: Sequence[Mapping[str, Any]]
    variants: Sequence[Mapping[str, Any]]
    prose: Mapping[str, Any] | None
    warnings: Sequence[str]
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What became of a file of a model: see the outcomes of `workflows.file_copies`; `quarantined` ones may not be used."""

    path: str
    size_bytes: int | None
    sha256: str | None
    outcome: str
    object_key: str | None
    reason: str | None


def store_model(connection: Connection, record: ModelRecord) -> None:
    """Inserts the record, or renews that of the same revision."""
    upsert(connection, model_info, [{name: getattr(record, name) for name in ModelRecord.__slots__}])


def store_files(connection: Connection, target: str, revision: str, files: Sequence[FileRecord], now: datetime) -> None:
    """Replaces what is known of the files of this revision."""
    model = {"target": target, "revision": revision}
    rows = [{**model, "copied_at": now, **asdict(file)} for file in files]
    replace_rows(connection, model_files, model, rows)


def prose_of(connection: Connection, target: str) -> Mapping[str, Any] | None:
    """The prose of the revision that was read last, whatever it was."""
    newest = text("select prose from budmodel.model_info where target = :target order by extracted_at desc limit 1")
    found: Mapping[str, Any] | None = connection.execute(newest, {"target": target}).scalar()
    return found


def published_by_this_alone(connection: Connection, target: str) -> list[str]:
    """Digests of content that was copied for `target` and for no other model."""
    rows = connection.execute(
        text("""
            select distinct sha256 from budmodel.model_files mine
            where target = :target and outcome in ('stored', 'present') and sha256 is not null and not exists (
                select from budmodel.model_files others
                where others.sha256 = mine.sha256 and others.target <> mine.target
                    and others.outcome in ('stored', 'present')
            )
        """),
        {"target": target},
    )
    return list(rows.scalars())
