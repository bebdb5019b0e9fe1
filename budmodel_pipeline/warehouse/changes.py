"""What is published now, and how it differs from what was published before."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from budmodel_pipeline.sources.contract import AsOfBasis, Standing
from budmodel_pipeline.sources.entry_facts import Facts
from budmodel_pipeline.sources.quality import LastGood
from budmodel_pipeline.warehouse.built_marts import expect_built

_SCORES = text("""
    select substr(metric_id, length(:source) + 2) as slug,
           array_agg(entry_key order by entry_no) as keys, array_agg(value::float8 order by entry_no) as values
    from budmodel.scores join budmodel.entries using (snapshot_id, entry_no)
    where snapshot_id = :snapshot_id group by metric_id order by metric_id
""")

_FACTS = text("""
    select entry_key, published_name, link, organization, license, released_on, min(standing) as standing
    from budmodel.entries join budmodel.scores using (snapshot_id, entry_no)
    where snapshot_id = :snapshot_id group by snapshot_id, entry_no order by entry_no
""")

_CHANGES = text("""
    with before as (
        select entry_key, published_name, metric_id, value
        from budmodel.scores join budmodel.entries using (snapshot_id, entry_no) where snapshot_id = :before
    ), now as (
        select entry_key, published_name, metric_id, value
        from budmodel.scores join budmodel.entries using (snapshot_id, entry_no) where snapshot_id = :now
    )
    select case when before.value is null then 'added' when now.value is null then 'removed' else 'changed' end as change,
           coalesce(now.published_name, before.published_name) as published_name, metric_id,
           before.value as value_before, now.value as value_now
    from before full join now using (entry_key, metric_id)
    where before.value is distinct from now.value
    order by change, published_name, metric_id
""")


@dataclass(frozen=True, slots=True)
class Change:
    """One score that was added, removed or changed; values are in the published unit."""

    change: str
    published_name: str
    metric_id: str
    value_before: float | None
    value_now: float | None


@dataclass(frozen=True, slots=True)
class Changes:
    """The scores that differ between two snapshots, and the names that came or went altogether."""

    scores: tuple[Change, ...]
    names_added: tuple[str, ...]
    names_removed: tuple[str, ...]

    def sentence(self) -> str:
        """The difference in a few words for a summary."""
        if not self.scores:
            return "no score changed"
        counts = {kind: sum(change.change == kind for change in self.scores) for kind in ("added", "removed", "changed")}
        parts = [f"{count} scores {kind}" for kind, count in counts.items() if count]
        parts += [f"{len(names)} names {kind}" for kind, names in self._names().items() if names]
        return ", ".join(parts)

    def _names(self) -> dict[str, tuple[str, ...]]:
        return {"new": self.names_added, "gone": self.names_removed}


def last_good(connection: Connection, source: str, origin: str) -> LastGood | None:
    """What the published snapshot said of `source`, None where there is none or it came from another origin."""
    current = connection.execute(
        text("""
            select snapshot_id, rows_kept, as_of, as_of_basis from budmodel.snapshots join budmodel.sources
            on snapshot_id = current_snapshot_id where sources.source = :source and origin = :origin
        """),
        {"source": source, "origin": origin},
    ).one_or_none()
    if current is None:
        return None
    rows = connection.execute(_SCORES, {"source": source, "snapshot_id": current.snapshot_id}).mappings()
    scores = {row["slug"]: dict(zip(row["keys"], row["values"], strict=True)) for row in rows}
    facts = {
        row.entry_key: Facts(
            row.published_name, row.link, row.organization, row.license, row.released_on, Standing(row.standing)
        )
        for row in connection.execute(_FACTS, {"snapshot_id": current.snapshot_id})
    }
    return LastGood(current.rows_kept, scores, facts, current.as_of, AsOfBasis(current.as_of_basis))


def changes_between(connection: Connection, before: str | None, now: str) -> Changes:
    """The difference between two published snapshots of one source; everything is new where `before` is None."""
    rows = connection.execute(_CHANGES, {"before": before, "now": now}).mappings()
    names = connection.execute(
        text("""
            select published_name, bool_or(snapshot_id = :now) as is_now, bool_or(snapshot_id = :before) as was_before
            from budmodel.entries where snapshot_id in (:before, :now) group by published_name order by published_name
        """),
        {"before": before, "now": now},
    ).all()
    return Changes(
        scores=tuple(Change(**row) for row in rows),
        names_added=tuple(row.published_name for row in names if not row.was_before),
        names_removed=tuple(row.published_name for row in names if not row.is_now),
    )


def changes_since(connection: Connection, since: datetime) -> dict[str, dict[str, int]]:
    """How often the marts show each kind of change since `since`, by source. Raises MartsError where they were
    never built, or by an older version."""
    expect_built(connection, "leaderboard_changes")
    rows = connection.execute(
        text("""
            select source, kind, count(*) as changes from marts.leaderboard_changes where seen_at >= :since
            group by source, kind order by source, kind
        """),
        {"since": since},
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.source, {})[row.kind] = row.changes
    return found


def stored_scores(connection: Connection, snapshot_id: str) -> dict[tuple[str, str], float]:
    """The published values of a snapshot by entry key and metric id."""
    rows = connection.execute(
        text("""
            select entry_key, metric_id, value::float8 as value
            from budmodel.scores join budmodel.entries using (snapshot_id, entry_no) where snapshot_id = :snapshot_id
        """),
        {"snapshot_id": snapshot_id},
    )
    return {(row.entry_key, row.metric_id): row.value for row in rows}
