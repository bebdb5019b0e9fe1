"""What people decided about snapshots: to publish one although a check refuses it, or to leave an entry out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Decision:
    """`found` is what the person saw; `digest` stands for the scores of an entry that was set aside."""

    kind: Literal["story", "shrinkage", "set_aside"]
    found: str
    reason: str
    entry_key: str | None = None
    digest: str | None = None


_DECISIONS = f"select {', '.join(Decision.__dataclass_fields__)} from budmodel.decisions"


def record_decisions(connection: Connection, source: str, snapshot_id: str, made: Sequence[Decision], now: datetime) -> None:
    """Keeps what was decided about a snapshot, in the caller's transaction."""
    rows = [{"source": source, "snapshot_id": snapshot_id, "now": now, **asdict(decision)} for decision in made]
    if rows:
        connection.execute(
            text("""
                insert into budmodel.decisions (source, snapshot_id, kind, entry_key, digest, found, reason, decided_at)
                values (:source, :snapshot_id, :kind, :entry_key, :digest, :found, :reason, :now)
            """),
            rows,
        )


def decisions_about(connection: Connection, snapshot_id: str) -> list[Decision]:
    """What was decided about a snapshot, oldest first."""
    statement = text(f"{_DECISIONS} where snapshot_id = :snapshot_id order by decision_id")
    return [Decision(**row) for row in connection.execute(statement, {"snapshot_id": snapshot_id}).mappings()]


def entries_aside(connection: Connection, source: str) -> list[Decision]:
    """The entries of `source` that were ever set aside, each as long as it has the scores that it had then."""
    statement = text(f"{_DECISIONS} where source = :source and kind = 'set_aside' order by decision_id")
    return [Decision(**row) for row in connection.execute(statement, {"source": source}).mappings()]
