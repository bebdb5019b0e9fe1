"""Models that go: every row that is about one, and the note that stays and keeps it from being discovered again.

What leaderboards publish is not ours to withdraw: their scores stay, with the names and links that they gave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from budmodel_pipeline.warehouse.tables import marts_inputs

# The rows about a target by table, children first. `:place` is in the origins of its files; `:results` are keys of a cache.
_ROWS = {
    "scan_findings": "target = :target",
    "scans": "target = :target",
    "model_scans": "target = :target",
    "model_files": "target = :target",
    "license_conflicts": "target = :target or lower(other) = lower(:uri)",
    "model_licenses": "target = :target",
    "license_answers": "document_id = any(:documents)",
    "license_documents": "document_id = any(:documents)",
    "model_info": "target = :target",
    "extraction_targets": "target = :target",
    "extraction_requests": "target = :target or provider = :provider and uri = :uri",
    "file_digests": "strpos(lower(origin), lower(:place)) > 0",
    "scan_results": "cache_key = any(:results)",
    # The walk begins anew.
    "sweeps": "after = :target",
}


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A target with all that goes with it: license documents and objects that no other model has, and what scans remember.

    `target` is spelled as the tables do. `results` are keys of remembered results.
    """

    target: str
    provider: str
    uri: str
    documents: Sequence[str]
    objects: Sequence[str]
    results: Sequence[str]


@dataclass(frozen=True, slots=True)
class ScannedContent:
    """A file of a scan, with the versions that its verdict depends on."""

    sha256: str
    path: str
    versions: Mapping[str, str]


def spelled(connection: Connection, target: str) -> str:
    """A target as we know it: the hub does not tell names apart by case."""
    statement = text("""
        select target from budmodel.extraction_targets
        where target = :target or provider = 'hugging_face' and lower(target) = lower(:target)
        order by target <> :target limit 1
    """)
    found: str | None = connection.execute(statement, {"target": target}).scalar()
    return found or target


def at_work(connection: Connection, target: str) -> bool:
    """Whether a run holds the target."""
    statement = text("select batch_id is not null from budmodel.extraction_targets where target = :target for update")
    return bool(connection.execute(statement, {"target": target}).scalar())


def documents_of(connection: Connection, target: str) -> list[str]:
    """The license texts that no other model is under."""
    rows = connection.execute(
        text("""
            select document_id from budmodel.model_licenses mine where target = :target and not exists (
                select from budmodel.model_licenses others
                where others.document_id = mine.document_id and others.target <> :target
            )
        """),
        {"target": target},
    )
    return sorted(rows.scalars())


def objects_of(connection: Connection, target: str, documents: Sequence[str]) -> list[str]:
    """The keys of objects that are of this target, and of nothing else that we hold."""
    rows = connection.execute(
        text("""
            with mine as (
                select object_key from budmodel.model_files where target = :target and object_key is not null
                union
                select object_key from budmodel.license_documents
                where document_id = any(:documents) and object_key is not null
            )
            select object_key from mine where not exists (
                select from budmodel.model_files others where others.object_key = mine.object_key and target <> :target
            ) and not exists (
                select from budmodel.license_documents others
                where others.object_key = mine.object_key and document_id <> all(:documents)
            ) and not exists (select from budmodel.snapshot_files where snapshot_files.object_key = mine.object_key)
              and not exists (select from budmodel.catalog_files where catalog_files.object_key = mine.object_key)
        """),
        {"target": target, "documents": list(documents)},
    )
    return sorted(rows.scalars())


def scanned_content(connection: Connection, target: str) -> list[ScannedContent]:
    """What was scanned of this target, and under this name in no other."""
    rows = connection.execute(
        text("""
            select sha256, path, versions from budmodel.scans join budmodel.model_scans using (target)
            where target = :target and sha256 is not null and not exists (
                select from budmodel.scans others
                where others.sha256 = scans.sha256 and others.path = scans.path and others.target <> :target
            )
        """),
        {"target": target},
    )
    return [ScannedContent(row.sha256, row.path, row.versions) for row in rows]


def rows_about(connection: Connection, what: Withdrawn) -> dict[str, int]:
    """How many rows are about it, by table; those of `marts` are the analysts'."""
    return _each(connection, what, "select count(*) from {table} where {condition}")


def remove_rows(connection: Connection, what: Withdrawn) -> dict[str, int]:
    """Deletes them all; how many, by table. The marts are due to be built anew: what they count changes too."""
    delete = "with gone as (delete from {table} where {condition} returning 1) select count(*) from gone"
    removed = _each(connection, what, delete)
    connection.execute(
        text(f"""
            insert into {marts_inputs} (input, built_from) values ('model_info', 'before a withdrawal')
            on conflict (input) do update set built_from = excluded.built_from
        """)
    )
    return removed


def _each(connection: Connection, what: Withdrawn, statement: str) -> dict[str, int]:
    values = {
        "target": what.target,
        "provider": what.provider,
        "uri": what.uri,
        "documents": list(what.documents),
        "results": list(what.results),
        # On a hub it is a page of the model; anywhere else the place itself.
        "place": f"/{what.uri}/tree/" if what.provider == "hugging_face" else f"{what.uri}@",
    }
    conditions = {f"budmodel.{table}": condition for table, condition in _ROWS.items()}
    conditions |= dict.fromkeys(_marts_by_target(connection), "target = :target")
    counts: dict[str, int] = {
        table: connection.execute(text(statement.format(table=table, condition=condition)), values).scalar_one()
        for table, condition in conditions.items()
    }
    return {table: count for table, count in counts.items() if count}


def _marts_by_target(connection: Connection) -> list[str]:
    rows = connection.execute(
        text("""
            select quote_ident(table_schema) || '.' || quote_ident(table_name) from information_schema.columns
            join information_schema.tables using (table_schema, table_name)
            where table_schema = 'marts' and table_type = 'BASE TABLE' and column_name = 'target' order by 1
        """)
    )
    return list(rows.scalars())


def note_withdrawal(
    connection: Connection, target: str, by: str, reason: str, rows: int, objects: Sequence[str], now: datetime
) -> int:
    """The note that stays; `objects` are still to be removed from the store. Its number."""
    statement = text("""
        insert into budmodel.withdrawals
            (target, withdrawn_by, withdrawn_at, reason, removed_rows, removed_objects, objects_left)
        values (:target, :by, :now, :reason, :rows, :count, :objects) returning withdrawal_id
    """)
    values = {"target": target, "by": by, "now": now, "reason": reason, "rows": rows}
    return int(connection.execute(statement, values | {"count": len(objects), "objects": list(objects)}).scalar_one())


def objects_left(connection: Connection) -> dict[int, list[str]]:
    """Objects of withdrawn models that are still to be removed, by the number of the note: whoever did so was killed."""
    rows = connection.execute(
        text("select withdrawal_id, objects_left from budmodel.withdrawals where objects_left <> '{}' order by 1")
    )
    return {row.withdrawal_id: row.objects_left for row in rows}


def note_objects_removed(connection: Connection, withdrawal_id: int) -> None:
    """Nothing of this withdrawal is left."""
    statement = text("update budmodel.withdrawals set objects_left = '{}' where withdrawal_id = :withdrawal_id")
    connection.execute(statement, {"withdrawal_id": withdrawal_id})


def lift_withdrawal(connection: Connection, target: str, by: str, now: datetime) -> None:
    """Somebody asks for it: it may come back. The note says who."""
    connection.execute(
        text("""
            update budmodel.withdrawals set lifted_by = :by, lifted_at = :now
            where lower(target) = lower(:target) and lifted_at is null
        """),
        {"target": target, "by": by, "now": now},
    )
