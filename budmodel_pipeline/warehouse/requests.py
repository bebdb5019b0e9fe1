"""What people asked for, and what came of it. They insert rows; everything else is written here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from budmodel_pipeline.warehouse.model_states import ASKED_NOW

# More than this many runs' worth of requests at once are looked at in turn, the oldest first.
FOLLOWED = 10_000


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is not finished. `target`, `batch_id` and `run_id` are None until it was picked up."""

    request_id: int
    provider: str
    uri: str
    requested_by: str
    status: str
    target: str | None
    run_id: str | None
    attempts: int
    priority: int = 0
    batch_id: str | None = None


def add_request(connection: Connection, provider: str, uri: str, requested_by: str, priority: int = 0) -> int:
    """Asks for a model; the number of the request."""
    statement = text("""
        insert into budmodel.extraction_requests (provider, uri, requested_by, priority)
        values (:provider, :uri, :requested_by, :priority) returning request_id
    """)
    values = {"provider": provider, "uri": uri, "requested_by": requested_by, "priority": priority}
    return int(connection.execute(statement, values).scalar_one())


def request_state(connection: Connection, request_id: int) -> RowMapping | None:
    """Everything that the row of a request says, None where there is none."""
    statement = text("select * from budmodel.extraction_requests where request_id = :request_id")
    return connection.execute(statement, {"request_id": request_id}).mappings().one_or_none()


def withdraw_requests(connection: Connection, provider: str, uri: str, reason: str, now: datetime) -> list[int]:
    """Ends the requests for a place that nobody has begun to serve; their numbers."""
    statement = text("""
        update budmodel.extraction_requests set status = 'failed', error = :reason, finished_at = :now
        where provider = :provider and uri = :uri and status = 'queued' returning request_id
    """)
    values = {"provider": provider, "uri": uri, "reason": reason, "now": now}
    return sorted(connection.execute(statement, values).scalars())


def open_requests(connection: Connection, now: datetime, limit: int) -> list[Request]:
    """Running requests, then at most `limit` queued ones whose time has come: the most urgent and then the oldest first.

    However many are running, they take no queued one's place.
    """
    columns = "request_id, provider, uri, requested_by, status, target, run_id, attempts, priority, batch_id"
    rows = connection.execute(
        text(f"""
            (select {columns} from budmodel.extraction_requests where status = 'running' order by request_id limit :followed)
            union all
            (select {columns} from budmodel.extraction_requests
             where status = 'queued' and {ASKED_NOW}
             order by priority desc, request_id limit :limit)
        """),
        {"now": now, "limit": limit, "followed": FOLLOWED},
    )
    return [Request(**row) for row in rows.mappings()]


def running_batch(connection: Connection, target: str) -> str | None:
    """The batch in which `target` is read already because somebody else asked for it."""
    statement = text("""
        select batch_id from budmodel.extraction_requests join budmodel.extraction_targets using (target, batch_id)
        where target = :target and extraction_requests.status = 'running' limit 1
    """)
    found: str | None = connection.execute(statement, {"target": target}).scalar()
    return found


def start_request(connection: Connection, request_id: int, target: str, attempts: int, batch_id: str) -> None:
    """Notes that `target` is in the batch `batch_id`, for attempt number `attempts`."""
    connection.execute(
        text("""
            update budmodel.extraction_requests set status = 'running', target = :target, attempts = :attempts,
                batch_id = :batch_id, run_id = null, next_attempt_at = null
            where request_id = :request_id
        """),
        {"request_id": request_id, "target": target, "attempts": attempts, "batch_id": batch_id},
    )


def note_run(connection: Connection, request_id: int, run_id: str) -> None:
    """Notes the Dagster run that works on the request."""
    connection.execute(
        text("update budmodel.extraction_requests set run_id = :run_id where request_id = :request_id"),
        {"request_id": request_id, "run_id": run_id},
    )


def postpone_request(connection: Connection, request_id: int, error: str, next_attempt_at: datetime) -> None:
    """Puts the request back into the queue after a failure that may pass."""
    connection.execute(
        text("""
            update budmodel.extraction_requests set status = 'queued', error = :error, next_attempt_at = :next
            where request_id = :request_id
        """),
        {"request_id": request_id, "error": error, "next": next_attempt_at},
    )


def finish_request(connection: Connection, request_id: int, error: str | None, now: datetime) -> None:
    """Ends the request: succeeded without `error`, failed with one."""
    connection.execute(
        text("""
            update budmodel.extraction_requests
            set status = case when cast(:error as text) is null then 'succeeded' else 'failed' end,
                error = :error, finished_at = :now
            where request_id = :request_id
        """),
        {"request_id": request_id, "error": error, "now": now},
    )
