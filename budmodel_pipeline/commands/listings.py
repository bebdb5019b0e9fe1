"""Lists that people ask the marts for: a leaderboard, metrics, models, and models side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from budmodel_pipeline.commands.lookups import UnknownNameError, metric_id, model_id
from budmodel_pipeline.warehouse.built_marts import expect_built

Row = dict[str, Any]


def leaderboard_rows(connection: Connection, metric: str, limit: int) -> list[Row]:
    """The top of one metric, which is named by its id. Raises UnknownNameError."""
    rows = connection.execute(
        text("""
            select rank, published_name as model, variant, score, unit, lower, upper, votes, organization, as_of, origin
            from marts.leaderboard where metric_id = :metric
            order by rank nulls last, score desc, published_name limit :limit
        """),
        {"metric": metric, "limit": limit},
    )
    found = [dict(row) for row in rows.mappings()]
    if not found:
        raise UnknownNameError(f"{metric} has no scores now; `budmodel metrics` lists those that have.")
    return found


def about_leaderboard(metric: str, rows: Sequence[Row]) -> str:
    """What stands above its table."""
    return f"The top of {metric}, in {rows[0]['unit']}, as of {rows[0]['as_of']} ({rows[0]['origin']})"


def metric_rows(connection: Connection, domain: str | None, source: str | None, *, headlines: bool) -> list[Row]:
    """The metrics that have scores, of a domain or a source where one is named: headlines first. Raises UnknownNameError."""
    expect_built(connection, "benchmarks")
    rows = connection.execute(
        text("""
            select metric_id as metric, domain, unit, is_headline as headline, models, best_model_id as best_model,
                   best_score, as_of, source, metric_title as title, higher_is_better, origin
            from marts.benchmarks where status = 'current' and (is_headline or not :headlines)
              and domain = coalesce(:domain, domain) and source = coalesce(:source, source)
            order by is_headline desc, metric_id
        """),
        {"domain": domain, "source": source, "headlines": headlines},
    )
    return [dict(row) for row in rows.mappings()]


def comparison_rows(
    connection: Connection, models: Sequence[str], metrics: Sequence[str], *, headlines: bool
) -> tuple[list[Row], int]:
    """One row per metric that one of `models` has, those that all of them have first, and how many metrics were left out.

    Of a row, each model's id holds its score; `rank` and `percentile` hold its place among the `of` models that the metric
    ranks. Metrics are those named, else the headlines or all. Raises UnknownNameError.
    """
    expect_built(connection, "model_comparison")
    ids = list(dict.fromkeys(model_id(connection, model) for model in models))
    named = [metric_id(connection, metric) for metric in metrics]
    rows = connection.execute(
        text("""
            select metric_id, unit, model_id, score, rank, percentile, ranked_models, is_headline
            from marts.model_comparison where model_id = any(:ids) order by metric_id
        """),
        {"ids": ids},
    )
    table: dict[str, Row] = {}
    left_out = set()
    for row in rows:
        if row.metric_id not in named if named else headlines and not row.is_headline:
            left_out.add(row.metric_id)
            continue
        line = table.setdefault(
            row.metric_id,
            {
                "metric": row.metric_id,
                "unit": row.unit,
                **dict.fromkeys(ids),
                "rank": dict.fromkeys(ids),
                "percentile": dict.fromkeys(ids),
                "of": None,
            },
        )
        line[row.model_id] = row.score
        line["rank"][row.model_id], line["percentile"][row.model_id] = row.rank, row.percentile
        line["of"] = line["of"] or row.ranked_models
    ordered = sorted(table.values(), key=lambda line: (sum(line[model] is None for model in ids), line["metric"]))
    return ordered, len(left_out)


def choice_rows(connection: Connection, scope: str, context: int) -> list[Row]:
    """The models of a ranking with all that a choice asks for, the best first.

    `serving_bytes` is the memory to serve `context` tokens. Raises UnknownNameError.
    """
    expect_built(connection, "model_choice")
    rows = connection.execute(
        text("""
            select *, marts.serving_bytes_at(
                weight_bytes, kv_cache_bytes_per_token, kv_cache_bytes_per_token_beyond_window, kv_cache_window, :context
            ) as serving_bytes
            from marts.model_choice where scope = :scope order by rank nulls last, score desc, group_id
        """),
        {"scope": scope, "context": context},
    )
    return [dict(row) for row in rows.mappings()]


def gap_rows(connection: Connection, missing: str | None) -> list[Row]:
    """What is not known about ranked models, or of it what is called `missing`, the gap most worth closing first.

    Raises UnknownNameError.
    """
    expect_built(connection, "gaps")
    rows = connection.execute(
        text("""
            select place, display_name as model, missing, reason, next_step, scope, rank, likely_place, ranked_models,
                   round(worth::numeric, 3) as worth, group_id
            from marts.gaps where missing = coalesce(:missing, missing) order by place
        """),
        {"missing": missing},
    )
    return [dict(row) for row in rows.mappings()]


def change_rows(connection: Connection, week: date | None, source: str | None, kind: str | None) -> list[Row]:
    """What publishers changed in the week that begins on the day `week` or holds it, else in the newest that has changes.

    Raises UnknownNameError.
    """
    expect_built(connection, "leaderboard_changes")
    rows = connection.execute(
        text("""
            select week, source, kind, metric_id, published_name as name, name_before, score_before, score, difference, unit,
                   is_beyond_interval, scores, model_id, group_id, seen_at, as_of, origin
            from marts.leaderboard_changes
            where week = coalesce(
                    date_trunc('week', cast(:week as timestamp))::date, (select max(week) from marts.leaderboard_changes)
                  )
              and source = coalesce(:source, source) and kind = coalesce(:kind, kind)
            order by source, kind, metric_id, published_name collate "C", entry_key collate "C", seen_at, snapshot_id
        """),
        {"week": week, "source": source, "kind": kind},
    )
    return [dict(row) for row in rows.mappings()]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which models are asked for; what is None is not asked. Memory is that to serve one request of 8,192 tokens."""

    domain: str | None = None
    license_id: str | None = None
    max_parameters: int | None = None
    max_memory: int | None = None
    is_open: bool = False
    verdict: str | None = None

    def conditions(self) -> list[Callable[[Row], bool | None]]:
        """Whether a model meets each, and None where that is not known."""
        asked: list[Callable[[Row], bool | None]] = []
        if self.license_id is not None:
            asked.append(lambda row: None if row["license"] is None else row["license"] == self.license_id)
        if self.is_open:
            asked.append(lambda row: row["open"])
        if self.verdict is not None:
            asked.append(lambda row: row["verdict"] == self.verdict)
        for field, most in (("parameters", self.max_parameters), ("memory_8k", self.max_memory)):
            if most is not None:
                asked.append(_at_most(field, most))
        return asked


def _at_most(field: str, most: int) -> Callable[[Row], bool | None]:
    return lambda row: None if row[field] is None else row[field] <= most


def model_rows(connection: Connection, wanted: Wanted) -> tuple[list[Row], int]:
    """The models that meet every condition, and how many may: what decides about them is not known.

    A model has its best place among the headlines of the domain, else in another metric of it. Raises UnknownNameError.
    """
    expect_built(connection, "model_cards", "model_comparison")
    rows = connection.execute(
        text("""
            with placed as (
                select distinct on (model_id) model_id, maker, metric_id, rank, ranked_models, percentile, is_headline
                from marts.model_comparison
                where rank is not null and domain = coalesce(:domain, domain)
                order by model_id, is_headline desc, percentile desc, ranked_models desc, metric_id
            ), cards as (
                -- Of several places the one with files.
                select distinct on (coalesce(model_id, target)) *, coalesce(model_id, target) as known_as
                from marts.model_cards order by coalesce(model_id, target), provider = 'cloud_model', target
            )
            select coalesce(placed.model_id, known_as) as model, coalesce(cards.maker, placed.maker, author) as maker,
                   coalesce(parameters_unique, parameters_stated) as parameters, context_length as context,
                   license_id as license,
                   license_suitability as suitability,
                   case when provider = 'hugging_face' then true else open_weights end as open,
                   coalesce(security_verdict, 'unscanned') as verdict, serving_bytes_8k as memory_8k,
                   metric_id as best_metric, rank as best_rank, ranked_models as of, target, origin
            from cards full join placed on placed.model_id = known_as
            where cast(:domain as text) is null or placed.model_id is not null
            order by is_headline desc nulls last, percentile desc nulls last, ranked_models desc, model
        """),
        {"domain": wanted.domain},
    )
    found, unknown = [], 0
    for row in map(dict, rows.mappings()):
        answers = [meets(row) for meets in wanted.conditions()]
        if all(answers):
            found.append(row)
        elif None in answers and False not in answers:
            unknown += 1
    return found, unknown
