"""What BudModel answered about leaderboards, from the marts: models by the names that its clients have, and their scores."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, text

from budmodel_pipeline.identity.hub_links import hub_repository
from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.identity.tokens import UnresolvableName

# A day beyond the cadence, and one more.
STALE_DAYS = 8
# Models of about the size of another have between half and twice its parameters.
HALF, TWICE = 0.5, 2.0

HEALTH = text("select source, status, last_extracted_at, next_due_at, age_days::float8, last_error from marts.source_health")
_KNOWN = text("""
    select distinct on (asked.uri) asked.uri, models.model_id
    from unnest(cast(:uris as text[]), cast(:names as text[]), cast(:meant as text[])) as asked (uri, name, meant)
    join staging.stg_models models on models.model_id in (asked.name, asked.meant) or lower(hub_repository) = asked.name
    order by asked.uri, models.model_id = asked.name desc, lower(hub_repository) = asked.name desc nulls last, 2
""")
# Old clients name a benchmark by its words alone: gpqa, lc_win_rate, MMLU-Pro.
_METRICS = text("""
    select asked.field, array_remove(array_agg(metric_id), null) as metric_ids
    from unnest(cast(:fields as text[]), cast(:plain as text[])) as asked (field, plain)
    left join marts.benchmarks on field in (metric_id, benchmark_id) or plain in (
        select regexp_replace(lower(name), '[^a-z0-9]|_score$', '', 'g')
        from unnest(array[metric_title, benchmark_title, benchmark_id, split_part(metric_id, '.', 2)]) as name
    )
    group by asked.field
""")
_BENCHMARKS = """
    coalesce(json_agg(json_build_object(
        'eval_name', metric_id, 'eval_label', metric_title, 'eval_score', score, 'unit', unit, 'rank', rank,
        'percentile', percentile, 'is_headline', is_headline, 'standing', standing, 'as_of', as_of, 'source_url', source_url
    ) order by is_headline desc, metric_id), '[]')::text
"""
_SCORES = text(f"""
    select model_id, {_BENCHMARKS} as benchmarks from marts.model_comparison
    where model_id = any(:ids) and (cast(:metric_ids as text[]) is null or metric_id = any(:metric_ids)) group by model_id
""")
_OF_ONE_SIZE = text(f"""
    with sizes as (
        select model_id, coalesce(max(parameters_unique), max(parameters_stated)) as parameters
        from marts.model_cards where model_id is not null group by model_id
    ), mine as (
        select metric_id from marts.model_comparison where model_id = :id
    ), own as (
        select parameters from sizes where model_id = :id
    ), near as (
        select sizes.* from sizes cross join own
        where sizes.model_id <> :id and sizes.parameters between own.parameters * :half and own.parameters * :twice
        union all select :id, (select parameters from own)
    )
    select near.model_id, parameters, avg(percentile) filter (where is_headline) as percentile, {_BENCHMARKS} as benchmarks
    from near join marts.model_comparison using (model_id) join mine using (metric_id)
    group by near.model_id, parameters
    order by near.model_id <> :id, percentile desc nulls last, near.model_id limit :k
""")


@dataclass(frozen=True, slots=True)
class Known:
    """A model, and what the client calls it."""

    uri: str
    model_id: str


@dataclass(frozen=True, slots=True)
class Scored:
    """A model with its scores as JSON. `percentile` is the mean of those on headline metrics, 1 for the best."""

    uri: str
    model_id: str
    benchmarks: orjson.Fragment
    parameters: int | None = None
    percentile: float | None = None


def known(connection: Connection, uris: Sequence[str]) -> tuple[list[Known], list[str]]:
    """The models that `uris` mean, in their order, and those that mean none."""
    names = [_name(uri) for uri in uris]
    rows = connection.execute(_KNOWN, {"uris": list(uris), "names": names, "meant": [_meant(name) for name in names]})
    found = {row.uri: row.model_id for row in rows}
    asked = list(dict.fromkeys(uris))
    return [Known(uri, found[uri]) for uri in asked if uri in found], [uri for uri in asked if uri not in found]


def metrics(connection: Connection, fields: Sequence[str]) -> tuple[list[str], list[str]]:
    """The metrics that `fields` mean, each a metric, a benchmark or the name of one; and the fields that mean none."""
    plain = [re.sub("[^a-z0-9]", "", field.lower()) for field in fields]
    rows = connection.execute(_METRICS, {"fields": list(fields), "plain": plain}).all()
    return [metric for row in rows for metric in row.metric_ids], [row.field for row in rows if not row.metric_ids]


def scores(connection: Connection, models: Sequence[Known], metric_ids: Sequence[str] | None = None) -> list[Scored]:
    """The scores of each model, of these metrics or of all."""
    ids = [model.model_id for model in models]
    rows = connection.execute(_SCORES, {"ids": ids, "metric_ids": metric_ids and list(metric_ids)})
    found = {row.model_id: row.benchmarks for row in rows}
    return [Scored(one.uri, one.model_id, orjson.Fragment(found.get(one.model_id, "[]"))) for one in models]


def of_one_size(connection: Connection, model: Known, limit: int) -> list[Scored]:
    """The model, and those of about its size that do best on the metrics that it has, by their mean percentile."""
    values: dict[str, Any] = {"id": model.model_id, "k": limit, "half": HALF, "twice": TWICE}
    return [
        Scored(
            model.uri if row.model_id == model.model_id else row.model_id,
            row.model_id,
            orjson.Fragment(row.benchmarks),
            row.parameters,
            row.percentile,
        )
        for row in connection.execute(_OF_ONE_SIZE, values)
    ]


def health(statuses: Sequence[str], *, is_stale: bool) -> str:
    """In BudModel's words: unhealthy, initializing, stale or healthy; the worst that is so."""
    if "failing" in statuses:
        return "unhealthy"
    if all(status == "never" for status in statuses):
        return "initializing"
    return "stale" if is_stale else "healthy"


def _name(uri: str) -> str:
    return (hub_repository(uri) or uri.removeprefix("hf:").removeprefix("cloud:")).lower()


def _meant(name: str) -> str:
    try:
        return resolve("", name).model_id
    except UnresolvableName:
        return ""
