"""The current scores that a ranking may stand on, and the rankings that were made of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from budmodel_pipeline.ranking.evidence import PublishedScore
from budmodel_pipeline.ranking.rank import Ranked, Ranking
from budmodel_pipeline.warehouse.rows import copy_rows
from budmodel_pipeline.warehouse.snapshots import STOOD
from budmodel_pipeline.warehouse.tables import ranking_benchmarks, ranking_evidence, rankings

_NOW = "select source, current_snapshot_id as snapshot_id from budmodel.sources"
# What stood last before a moment. Samples and real data have stories of their own.
_BEFORE = f"""
    select distinct on (sources.source) sources.source, past.snapshot_id
    from budmodel.sources
    join budmodel.snapshots as now on now.snapshot_id = sources.current_snapshot_id
    join ({STOOD}) as past on past.source = sources.source
    where (past.origin = 'sample') = (now.origin = 'sample') and past.since < :moment
    order by sources.source, past.since desc, past.published_no desc nulls last, past.snapshot_id desc
"""
# The metric that stands for its benchmark, means over all of their tasks, names that mean a model.
_SCORES = """
    select
        models.group_id, metrics.benchmark_id, benchmarks.domain, scores.metric_id, sources.source, metrics.unit,
        scores.canonical_value::double precision as value, scores.standing, metrics.run_by, entries.published_name,
        metrics.higher_is_better, metrics.minimum, metrics.maximum, benchmarks.part_of, aliases.variant, snapshots.as_of
    from ({standing}) as sources
    join budmodel.snapshots using (snapshot_id)
    join budmodel.entries using (snapshot_id)
    join budmodel.scores using (snapshot_id, entry_no)
    join budmodel.metrics using (metric_id)
    join budmodel.benchmarks using (benchmark_id)
    join budmodel.model_aliases as aliases
      on aliases.source = sources.source and aliases.published_name = entries.published_name
     and array[aliases.link, aliases.organization, aliases.published_id, aliases.released_on::text]
         = array[entries.link, entries.organization, entries.published_id, entries.released_on::text]
    join budmodel.models using (model_id)
    where metrics.stands_for_benchmark and scores.tasks is not distinct from scores.tasks_total
      and aliases.method <> 'rejected' and models.group_id is not null
"""


def current_scores(connection: Connection) -> list[PublishedScore]:
    """What the sources say now, of the groups and benchmarks that they say it of."""
    return [PublishedScore(**row) for row in connection.execute(text(_SCORES.format(standing=_NOW))).mappings()]


def scores_before(connection: Connection, moment: datetime) -> list[PublishedScore]:
    """What they said last before `moment`, of the groups that we know today."""
    rows = connection.execute(text(_SCORES.format(standing=_BEFORE)), {"moment": moment})
    return [PublishedScore(**row) for row in rows.mappings()]


def kept_rankings(connection: Connection) -> dict[str, list[Ranked]]:
    """The rankings that are kept, by scope, each from the best to the worst."""
    kept: dict[str, list[Ranked]] = {}
    rows = connection.execute(text("select * from budmodel.rankings order by scope, rank nulls last, group_id"))
    for row in rows.mappings():
        said: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
        kept.setdefault(said.pop("scope"), []).append(Ranked(**said))
    return kept


def replace_rankings(connection: Connection, made: Mapping[str, Ranking]) -> None:
    """The rankings are these from now on, by scope, and no others."""
    for table, rows in ((rankings, _ranked(made)), (ranking_evidence, _explained(made)), (ranking_benchmarks, _uses(made))):
        connection.execute(table.delete())
        copy_rows(connection, table.fullname, [column.name for column in table.columns], rows)


def _ranked(made: Mapping[str, Ranking]) -> Iterable[tuple[object, ...]]:
    for scope, ranking in made.items():
        for one in ranking.ranked:
            behind = (list(one.benchmark_ids), list(one.sources), one.self_reported)
            yield (scope, one.group_id, one.score, one.lower, one.upper, one.rank, one.tier, *behind)


def _explained(made: Mapping[str, Ranking]) -> Iterable[tuple[object, ...]]:
    for scope, ranking in made.items():
        for one in ranking.explained:
            score = one.evidence.score
            said = (score.metric_id, score.published_name, score.variant, score.standing)
            yield (scope, score.group_id, score.benchmark_id, *said, one.evidence.seen, one.predicted)


def _uses(made: Mapping[str, Ranking]) -> Iterable[tuple[object, ...]]:
    for scope, ranking in made.items():
        for use in ranking.benchmarks:
            yield (scope, use.benchmark_id, use.groups, use.is_used, use.is_saturated, use.is_thin, use.reason)
