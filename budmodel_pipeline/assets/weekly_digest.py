"""What the newest week brought, for people to read: the asset `weekly_digest`."""

from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from budmodel_pipeline.assets.markdown import inert, table
from budmodel_pipeline.assets.marts import GROUP
from budmodel_pipeline.assets.upkeep import FRESHNESS, OWNERS
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.workflows.digest import Digest, Event, Move

# Of each list; how many more there are stands below it.
SHOWN = 20
KINDS = ("new", "removed", "renamed", "rescored", "redefined", "new best")
NOTHING = "No publisher has changed anything yet since it was first read."


@dg.asset(
    key="weekly_digest",
    deps=["ranking", dg.AssetKey(["marts", "leaderboard_changes"])],
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
    freshness_policy=FRESHNESS,
    description="What publishers changed in the newest week in which any did, and which places in the rankings moved: "
    "entries that are new or gone, scores that left their interval, what was redefined, new bests.",
)
def weekly_digest(postgres: PostgresResource) -> dg.MaterializeResult[None]:
    # SciPy takes longer to import than the definitions may.
    from budmodel_pipeline.workflows.week_in_review import digest_of

    digest = digest_of(postgres.engine)
    if digest is None:
        return dg.MaterializeResult(metadata={"digest": dg.MetadataValue.md(NOTHING), "dagster/row_count": 0})
    return dg.MaterializeResult(
        metadata={
            "digest": dg.MetadataValue.md(markdown_of(digest)),
            "week": digest.week.isoformat(),
            "dagster/row_count": len(digest.events),
            "places_moved": len(digest.moves),
        }
    )


def markdown_of(digest: Digest) -> str:
    """The digest as Markdown, in which names of strangers do nothing; the same for the same digest."""
    return "\n\n".join(_parts(digest)) + "\n"


def _parts(digest: Digest) -> Iterator[str]:
    yield f"# Week of {digest.week:%Y-%m-%d}"
    sources = sorted({event["source"] for event in digest.events})
    counts = [[source, *(_count(digest.events, source, kind) for kind in KINDS)] for source in sources]
    yield table(["source", *(f":{kind}" for kind in KINDS)], counts)
    if samples := sorted({event["source"] for event in digest.events if event["origin"] == "sample"}):
        yield f"Of bundled samples, and of nothing that happened: {', '.join(map(inert, samples))}."
    if digest.new_sources:
        yield f"First read in this week: {', '.join(map(inert, digest.new_sources))}. What they say moves places as well."
    yield from _section(digest, "new best", "New bests", ["metric", "best now", "before", ":score", ":before"], _best)
    yield from _section(digest, "new", "New", ["source", "name"], _named)
    yield from _section(digest, "removed", "Removed", ["source", "name"], _named)
    yield from _section(digest, "renamed", "Renamed", ["source", "before", "now"], _renamed)
    yield from _rescored(digest)
    yield from _section(digest, "redefined", "Redefined", ["metric", ":scores that follow from it"], _redefined)
    for scope in dict.fromkeys(move.scope for move in digest.moves):
        moves = [move for move in digest.moves if move.scope == scope]
        yield f"## Places that moved: {inert(scope)}"
        yield _listed(["model", ":before", ":now", "beyond its interval"], [_moved(move) for move in moves])


def _section(
    digest: Digest, kind: str, title: str, heads: Sequence[str], cells: Callable[[Event], Sequence[object]]
) -> Iterator[str]:
    if events := [event for event in digest.events if event["kind"] == kind]:
        yield f"## {title}"
        yield _listed(heads, [cells(event) for event in events])


def _rescored(digest: Digest) -> Iterator[str]:
    """Those beyond their interval, then those that had none; how many stayed within it."""
    events = [event for event in digest.events if event["kind"] == "rescored"]
    beyond, within, without = (sum(event["is_beyond_interval"] is met for event in events) for met in (True, False, None))
    if events:
        yield "## Measured again"
        yield f"{beyond:,} are beyond the interval that they had, {within:,} within it, {without:,} had none."
    if told := [event for event in events if event["is_beyond_interval"] is not False]:
        heads = ["metric", "name", ":before", ":now", "unit", "beyond its interval"]
        yield _listed(heads, [_changed(event) for event in sorted(told, key=lambda one: not one["is_beyond_interval"])])


def _listed(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    more = f"\n\n{len(rows) - SHOWN:,} more." if len(rows) > SHOWN else ""
    return table(heads, rows[:SHOWN]) + more


def _count(events: Sequence[Event], source: str, kind: str) -> int:
    return sum(event["source"] == source and event["kind"] == kind for event in events)


def _named(event: Event) -> Sequence[object]:
    return event["source"], event["published_name"]


def _renamed(event: Event) -> Sequence[object]:
    return event["source"], event["name_before"], event["published_name"]


def _best(event: Event) -> Sequence[object]:
    scores = _number(event["score"]), _number(event["score_before"])
    return event["metric_id"], event["published_name"], event["name_before"], *scores


def _redefined(event: Event) -> Sequence[object]:
    return event["metric_id"], event["scores"]


def _changed(event: Event) -> Sequence[object]:
    beyond = "yes" if event["is_beyond_interval"] else "it had none"
    scores = _number(event["score_before"]), _number(event["score"])
    return event["metric_id"], event["published_name"], *scores, event["unit"], beyond


def _moved(move: Move) -> Sequence[object]:
    beyond = {True: "yes", False: "no", None: "it had no score" if move.now else "it has no score"}[move.is_beyond_interval]
    return move.group_id, *(place or "none" for place in (move.before, move.now)), beyond


def _number(value: object) -> str:
    return f"{float(str(value)):g}"
