"""What changed in a week: what publishers changed, and which places in the rankings moved by it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Engine, text

from budmodel_pipeline.ranking.rank import Ranked
from budmodel_pipeline.warehouse.ranking_records import kept_rankings, scores_before
from budmodel_pipeline.workflows.digest import Digest, Move
from budmodel_pipeline.workflows.model_ranking import rankings_of

_EVENTS = text("""
    select source, kind, metric_id, entry_key, published_name, name_before, score_before, score, difference, unit,
           is_beyond_interval, scores, origin
    from marts.leaderboard_changes where week = :week
    order by source, kind, metric_id, published_name collate "C", entry_key collate "C", seen_at, snapshot_id
""")
# Of those that had no snapshot before: what they say moves places as well.
_FIRST_SEEN = text("""
    select source from budmodel.snapshots where status = 'published'
    group by source
    having date_trunc('week', min(fetched_at) at time zone 'UTC')::date = :week and bool_and(origin <> 'backfill')
    order by source
""")


def newest_week(connection: Connection) -> date | None:
    """The Monday of the newest week in which a publisher changed something; None before the first change."""
    found: date | None = connection.execute(text("select max(week) from marts.leaderboard_changes")).scalar()
    return found


def digest_of(engine: Engine) -> Digest | None:
    """What the newest week with changes brought; None where nobody changed anything yet."""
    with engine.connect() as connection:
        week = newest_week(connection)
        if week is None:
            return None
        events = [dict(row) for row in connection.execute(_EVENTS, {"week": week}).mappings()]
        new_sources: list[str] = list(connection.execute(_FIRST_SEEN, {"week": week}).scalars())
        former = scores_before(connection, datetime(week.year, week.month, week.day, tzinfo=UTC))
        now = kept_rankings(connection)
    # Places follow from the fit alone; how sure they were then is not asked.
    before = {scope: ranking.ranked for scope, ranking in rankings_of(former, draws=1).items()}
    return Digest(week, events, rank_moves(before, now), new_sources)


def rank_moves(before: Mapping[str, Sequence[Ranked]], now: Mapping[str, Sequence[Ranked]]) -> list[Move]:
    """The groups whose place differs, of each ranking those with the best place now first; who left comes last.

    A ranking that was not there before has no moves.
    """
    moves = []
    for scope in sorted(before.keys() & now.keys(), key=lambda name: (name != "overall", name)):
        former, latter = ({one.group_id: one for one in rankings[scope]} for rankings in (before, now))
        if not any(one.rank for one in former.values()):
            continue
        moved = [
            _move(scope, group, former.get(group), latter.get(group)) for group in sorted(former.keys() | latter.keys())
        ]
        order = [one for one in moved if one.before != one.now]
        moves += sorted(order, key=lambda one: (one.now is None, one.now or one.before or 0, one.group_id))
    return moves


def _move(scope: str, group: str, former: Ranked | None, latter: Ranked | None) -> Move:
    beyond = None if former is None or latter is None else not latter.lower <= former.score <= latter.upper
    return Move(scope, group, former.rank if former else None, latter.rank if latter else None, beyond)
