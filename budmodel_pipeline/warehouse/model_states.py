"""The state of per-model work: which places we know, which are due, and what became of each attempt."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import orjson
from sqlalchemy import Connection, text

# A run that is killed leaves models that were read and then not searched for a license, scanned or listed. Where that was
# tried and failed, the failure says when it is tried again. (One row each is looked up by its key: for `exists` the planner
# may read the whole table.)
LEFT_UNFINISHED = """
    known.last_error is null and ((
        select 1 from budmodel.model_licenses held
        where held.target = known.target and held.revision = known.revision limit 1
    ) is null or known.provider <> 'cloud_model' and :scanned and (
        select 1 from budmodel.model_scans scan where scan.target = known.target and scan.revision = known.revision limit 1
    ) is null or (
        select 1 from budmodel.model_scans scan
        where scan.target = known.target and scan.revision = known.revision and scan.files > 0 and (
            select 1 from budmodel.model_files file
            where file.target = known.target and file.revision = known.revision limit 1
        ) is null limit 1
    ) is not null)
"""

_WITHDRAWN = """exists (
    select from budmodel.withdrawals gone where lower(gone.target) = lower({target}) and gone.lifted_at is null
)"""

# No attempt is put off for longer; only a clock that was wrong says a later time.
LATEST_ATTEMPT = "cast(:now as timestamptz) + interval '2 days'"
# Of a request: its time has come.
ASKED_NOW = f"(coalesce(next_attempt_at, :now) <= :now or next_attempt_at > {LATEST_ATTEMPT})"

# Postgres takes any number of rows as one JSON value; a page keeps a statement and its memory small.
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class KnownTarget:
    """A place that a model can be read from. `discovered_by` is a source, or who asked for it."""

    target: str
    provider: str
    uri: str
    model_id: str | None
    discovered_by: str


@dataclass(frozen=True, slots=True)
class TargetState:
    """How far we are with a target. `revision` is the one that was read last, `batch_id` that of the run at work."""

    target: str
    provider: str
    uri: str
    status: str
    attempts: int
    revision: str | None
    last_error: str | None
    failure_state: str | None
    next_attempt_at: datetime | None
    batch_id: str | None = None


def add_targets(connection: Connection, found: Sequence[KnownTarget], now: datetime) -> list[str]:
    """Adds the targets that are new, in the order given, and returns their names.

    Known ones are left alone, and withdrawn ones stay away: see `lift_withdrawal`.
    """
    statement = text(f"""
        insert into budmodel.extraction_targets
            (target, provider, uri, model_id, discovered_by, first_seen_at, next_attempt_at)
        select target, provider, uri, model_id, discovered_by, :now, :now
        from json_populate_recordset(null::budmodel.extraction_targets, cast(:rows as json)) as found
        where not {_WITHDRAWN.format(target="found.target")}
        on conflict do nothing returning target
    """)
    added: list[str] = []
    for start in range(0, len(found), PAGE):
        rows = orjson.dumps(found[start : start + PAGE]).decode()
        fresh: set[str] = set(connection.execute(statement, {"rows": rows, "now": now}).scalars())
        added += [target.target for target in found[start : start + PAGE] if target.target in fresh]
    return added


def unknown_links(connection: Connection, limit: int) -> list[tuple[str, str]]:
    """Links of published names that are models on the hub and no target yet, as (`org/name`, source), in that order."""
    rows = connection.execute(
        text(f"""
            select min(hub_repository) as uri, min(source) as source from budmodel.model_aliases aliases
            where hub_repository is not null and not exists (
                select from budmodel.extraction_targets known
                -- The hub does not tell names apart by case.
                where known.provider = 'hugging_face' and lower(known.uri) = lower(aliases.hub_repository)
            ) and not {_WITHDRAWN.format(target="'hf:' || aliases.hub_repository")}
            group by lower(hub_repository) order by 1 limit :limit
        """),
        {"limit": limit},
    )
    return [(row.uri, row.source) for row in rows]


def unknown_closed_models(connection: Connection, catalogued: Collection[str], limit: int) -> list[tuple[str, str]]:
    """Models of the leaderboards that a catalog knows, that no link to the hub leads to, and that are no target yet."""
    rows = connection.execute(
        text(f"""
            select model_id, min(source) as source from budmodel.model_aliases aliases
            where model_id = any(:catalogued) and not exists (
                select from budmodel.extraction_targets known
                where known.model_id = aliases.model_id or known.target = 'cloud:' || aliases.model_id
            ) and not exists (
                select from budmodel.model_aliases linked
                where linked.model_id = aliases.model_id and linked.hub_repository is not null
            ) and not {_WITHDRAWN.format(target="'cloud:' || aliases.model_id")}
            group by model_id order by model_id limit :limit
        """),
        {"catalogued": sorted(catalogued), "limit": limit},
    )
    return [(row.model_id, row.source) for row in rows]


def holds_real_data(connection: Connection) -> bool:
    """Whether a leaderboard or a model of another origin than the samples is current."""
    statement = text("""
        select exists (
            select from budmodel.sources join budmodel.snapshots on snapshot_id = current_snapshot_id
            where origin <> 'sample'
        ) or exists (select from budmodel.model_info where origin <> 'sample')
    """)
    return bool(connection.execute(statement).scalar_one())


def due_targets(connection: Connection, now: datetime, limit: int) -> int:
    """How many targets wait for an attempt whose time has come, counted up to `limit`."""
    statement = text("""
        select count(*) from (
            select from budmodel.extraction_targets where status = 'waiting' and next_attempt_at <= :now limit :limit
        ) due
    """)
    return int(connection.execute(statement, {"now": now, "limit": limit}).scalar_one())


def expire_targets(connection: Connection, before: datetime, now: datetime, limit: int) -> int:
    """Makes due again what was extracted before `before`, the longest ago first; how many.

    Moments that lie in the future by more than anybody sets them are of a clock that went wrong: nobody knows how old that
    is, and what waits for them waits no longer.
    """
    hurried = text(f"""
        update budmodel.extraction_targets set next_attempt_at = :now
        where status = 'waiting' and batch_id is null and next_attempt_at > {LATEST_ATTEMPT}
    """)
    expired = text("""
        update budmodel.extraction_targets set status = 'waiting', next_attempt_at = :now
        where target in (
            (select target from budmodel.extraction_targets
             where status = 'extracted' and batch_id is null and extracted_at < :before order by extracted_at limit :limit)
            union all
            (select target from budmodel.extraction_targets where status = 'extracted' and batch_id is null
             and extracted_at > cast(:now as timestamptz) + interval '1 day' limit :limit)
        )
    """)
    values = {"before": before, "now": now, "limit": limit}
    return connection.execute(hurried, {"now": now}).rowcount + connection.execute(expired, values).rowcount


def sweep_targets(
    connection: Connection, origin: str, scan_versions: Mapping[str, str] | None, now: datetime, limit: int
) -> int:
    """Looks at the next `limit` targets by name, and makes due again which of them are of another origin than `origin`, were
    scanned by other rules or signatures than `scan_versions`, or were left unfinished an hour ago; how many.

    However many there are, this costs the same: after the last of them the next call begins anew. Without `scan_versions`
    models are not scanned.
    """
    # Whoever sweeps at the same time goes on where this one ends.
    begun = text("insert into budmodel.sweeps (sweep, after) values ('targets', '') on conflict do nothing")
    connection.execute(begun)
    place = text("select after from budmodel.sweeps where sweep = 'targets' for update")
    after: str = connection.execute(place).scalar_one()
    page = text("""
        select max(target) as last, count(*) as looked from (
            select target from budmodel.extraction_targets where target > :after order by target limit :limit
        ) page
    """)
    last, looked = connection.execute(page, {"after": after, "limit": limit}).one()
    reached = text("update budmodel.sweeps set after = :last where sweep = 'targets'")
    connection.execute(reached, {"last": last if looked == limit else ""})
    expired = text(f"""
        update budmodel.extraction_targets known set status = 'waiting', next_attempt_at = :now
        where target > :after and target <= :last
          -- What a batch holds is being worked on.
          and status = 'extracted' and batch_id is null and ((
            select 1 from budmodel.model_info info
            where info.target = known.target and info.revision = known.revision and info.origin = :origin limit 1
        ) is null or (
            select 1 from budmodel.model_scans scan
            where scan.target = known.target and scan.versions <> cast(:versions as jsonb) limit 1
        ) is not null or extracted_at < cast(:now as timestamptz) - interval '1 hour' and {LEFT_UNFINISHED})
    """)
    versions = None if scan_versions is None else orjson.dumps(dict(scan_versions)).decode()
    values = {"after": after, "last": last, "now": now, "origin": origin, "versions": versions}
    return connection.execute(expired, {**values, "scanned": scan_versions is not None}).rowcount


def models_waiting(connection: Connection, now: datetime) -> bool:
    """Whether a model is due or a request is open."""
    statement = text(f"""
        select exists (
            select from budmodel.extraction_targets where status = 'waiting' and next_attempt_at <= :now
        ) or exists (
            select from budmodel.extraction_targets where status = 'waiting' and next_attempt_at > {LATEST_ATTEMPT}
        ) or exists (
            select from budmodel.extraction_requests where status = 'running' or (status = 'queued' and {ASKED_NOW})
        )
    """)
    return bool(connection.execute(statement, {"now": now}).scalar_one())


def states_of(connection: Connection, targets: Iterable[str]) -> list[TargetState]:
    """The states of these targets that are known, in alphabetical order."""
    rows = connection.execute(
        text("""
            select target, provider, uri, status, attempts, revision, last_error, failure_state, next_attempt_at, batch_id
            from budmodel.extraction_targets where target = any(:targets) order by target
        """),
        {"targets": list(targets)},
    )
    return [TargetState(**row) for row in rows.mappings()]


def unchecked_targets(connection: Connection, before: datetime, limit: int) -> list[TargetState]:
    """Extracted models of the hub whose revision was last compared before `before`, the longest ago first."""
    rows = connection.execute(
        text("""
            select target, provider, uri, status, attempts, revision, last_error, failure_state, next_attempt_at, batch_id
            from budmodel.extraction_targets
            where provider = 'hugging_face' and status = 'extracted' and checked_at < :before
            order by checked_at, target limit :limit
        """),
        {"before": before, "limit": limit},
    )
    return [TargetState(**row) for row in rows.mappings()]


def record_checks(connection: Connection, same: Collection[str], moved: Collection[str], now: datetime) -> None:
    """Notes that the revisions of `same` still stand and that those of `moved` do not: these are due again."""
    connection.execute(
        text("""
            update budmodel.extraction_targets set checked_at = :now,
                status = case when target = any(:moved) then 'waiting' else status end,
                next_attempt_at = case when target = any(:moved) then :now else next_attempt_at end
            where target = any(:same) or target = any(:moved)
        """),
        {"same": list(same), "moved": list(moved), "now": now},
    )


def record_extracted(connection: Connection, target: str, revision: str, now: datetime) -> None:
    """Notes a success."""
    connection.execute(
        text("""
            update budmodel.extraction_targets set status = 'extracted', revision = :revision, extracted_at = :now,
                checked_at = :now, attempts = 0, next_attempt_at = null, last_error = null, failure_state = null
            where target = :target
        """),
        {"target": target, "revision": revision, "now": now},
    )


def record_target_failure(
    connection: Connection,
    target: str,
    state: str,
    reason: str,
    attempts: int,
    next_attempt_at: datetime | None,
    *,
    given_up: Literal["failed", "extracted"] = "failed",
) -> None:
    """Notes a failure; without `next_attempt_at` it is final and leaves the status `given_up`. What is known stays."""
    connection.execute(
        text("""
            update budmodel.extraction_targets
            set status = case when cast(:next as timestamptz) is null then :given_up else 'waiting' end,
                failure_state = :state, last_error = :reason, attempts = :attempts, next_attempt_at = :next, batch_id = null
            where target = :target
        """),
        {
            "target": target,
            "state": state,
            "reason": reason,
            "attempts": attempts,
            "next": next_attempt_at,
            "given_up": given_up,
        },
    )
