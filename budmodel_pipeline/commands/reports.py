"""What people ask of the tables, as rows of plain values: the commands print them as tables or JSON."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from budmodel_pipeline.commands.lookups import UnknownNameError, model_id
from budmodel_pipeline.targets.target import is_written_as_target
from budmodel_pipeline.warehouse.built_marts import expect_built, is_built
from budmodel_pipeline.warehouse.changes import changes_between
from budmodel_pipeline.warehouse.states import SourceState
from budmodel_pipeline.workflows.cadence import next_due

Row = dict[str, Any]
# What the report of a model is read from.
REPORTED = ("model_cards", "model_comparison", "model_health", "model_lineage", "model_prices", "self_reported_evaluations")


def source_rows(states: Sequence[SourceState], now: datetime) -> list[Row]:
    """The state of every source: when it last succeeded, when it is due (None: at once), what went wrong."""
    return [
        {
            "source": state.source,
            "status": _status(state, now),
            "shape": state.shape,
            "last_success": state.last_extracted_at,
            "next_due": next_due(state, now),
            "origin": state.origin,
            "problem": state.last_error and state.last_error.removeprefix(f"{state.source}: "),
        }
        for state in states
    ]


def _status(state: SourceState, now: datetime) -> str:
    if state.last_error:
        return "failing"
    if state.last_extracted_at is None:
        return "left out by its terms" if state.forbidden else "never extracted"
    due_at = next_due(state, now)
    return "due" if due_at is None or due_at <= now else "ok"


def summary_rows(connection: Connection, started: datetime, attempted: Sequence[str]) -> list[Row]:
    """What a run that began at `started` did with the sources it attempted."""
    figures = connection.execute(
        text("""
            select sources.source, current_snapshot_id, previous_snapshot_id, fetched_at, origin, rows_read, rows_rejected,
                   as_of, last_extracted_at, last_error, missing_columns, unknown_columns,
                   (select string_agg(format('%s of %s rows: %s', rows, rows_read, reason), '; ' order by rows desc, reason)
                    from budmodel.rejected_rows bad
                    where bad.snapshot_id = current_snapshot_id and kind <> 'by_rule') as bad_rows,
                   (select string_agg(format('%s (%s)', reason, cells), '; ' order by cells desc, reason)
                    from budmodel.unread_cells unread
                    where unread.snapshot_id = current_snapshot_id) as bad_cells,
                   (select count(*) from budmodel.scores where snapshot_id = current_snapshot_id) as scores,
                   (select count(distinct model_id) from budmodel.entries
                    join budmodel.model_aliases aliases on aliases.source = sources.source
                     and aliases.published_name = entries.published_name
                     and coalesce(aliases.link, '') = coalesce(entries.link, '')
                     and coalesce(aliases.organization, '') = coalesce(entries.organization, '')
                    where snapshot_id = current_snapshot_id) as models
            from budmodel.sources left join budmodel.snapshots on snapshot_id = current_snapshot_id
            where sources.source = any(:attempted) order by sources.source
        """),
        {"attempted": list(attempted)},
    )
    rows = []
    for row in figures:
        if row.last_error:
            change = "failed, kept the last good" if row.current_snapshot_id else "failed"
        elif row.last_extracted_at is None or row.last_extracted_at < started:
            change = "not extracted"
        elif row.fetched_at < started:
            change = "unchanged"
        elif row.previous_snapshot_id is None:
            change = "first snapshot"
        else:
            change = changes_between(connection, row.previous_snapshot_id, row.current_snapshot_id).sentence()
        untouched = "nothing was extracted; the reason stands above, at ✗" if change == "not extracted" else None
        problems = [row.bad_rows] if row.bad_rows else []
        problems += [f"unread cells: {row.bad_cells}"] if row.bad_cells else []
        problems += [f"missing columns: {', '.join(row.missing_columns)}"] if row.missing_columns else []
        problems += [f"new columns: {', '.join(row.unknown_columns)}"] if row.unknown_columns else []
        rows.append(
            {
                "source": row.source,
                "rows_read": row.rows_read,
                "rejected": row.rows_rejected,
                "scores": row.scores,
                "models": row.models,
                "change": change,
                "as_of": row.as_of or ("unknown" if row.fetched_at else None),
                "origin": row.origin,
                "problem": "; ".join(problems),
                "failure": row.last_error.removeprefix(f"{row.source}: ") if row.last_error else untouched,
            }
        )
    return rows


def failing_models(connection: Connection) -> list[Row]:
    """The models that cannot be read, why, and when that is tried again."""
    rows = connection.execute(
        text("""
            select target, last_error as failure, next_attempt_at from budmodel.extraction_targets
            where last_error is not null order by target
        """)
    )
    return [dict(row) for row in rows.mappings()]


def showcase_metric(connection: Connection) -> str | None:
    """The headline metric to show first, one that people voted on where there is one; None before the first build."""
    if not is_built(connection, "leaderboard"):
        return None
    fullest = text("""
        select metric_id from marts.leaderboard join budmodel.metrics using (metric_id) where is_headline
        group by metric_id order by max(budmodel.metrics.unit) = 'elo' desc, count(*) desc, metric_id limit 1
    """)
    return connection.execute(fullest).scalar()


def ranking_rows(connection: Connection, scope: str) -> list[Row]:
    """The models of a ranking from the best on, those without a rank last. Raises UnknownNameError."""
    expect_built(connection, "model_ranking")
    rows = connection.execute(
        text("""
            select rank, tier, display_name as model, group_id, round(score::numeric, 1) as score,
                   round(lower::numeric, 1) as lower, round(upper::numeric, 1) as upper, benchmarks, self_reported,
                   benchmark_ids, sources
            from marts.model_ranking where scope = :scope order by rank nulls last, score desc, group_id
        """),
        {"scope": scope},
    )
    return [dict(row) for row in rows.mappings()]


def ranking_evidence_rows(connection: Connection, scope: str, group: str) -> list[Row]:
    """What the place of a model group stands on, the greatest surprise first. Raises UnknownNameError."""
    expect_built(connection, "ranking_evidence")
    rows = connection.execute(
        text("""
            select benchmark_id, round(seen::numeric, 3) as seen, round(predicted::numeric, 3) as predicted,
                   round(residual::numeric, 3) as residual, metric_id, published_name, variant, standing
            from marts.ranking_evidence where scope = :scope and group_id = :group
            order by abs(residual) desc, benchmark_id
        """),
        {"scope": scope, "group": group},
    )
    return [dict(row) for row in rows.mappings()]


def nothing_ranked(connection: Connection, scope: str, model: str | None) -> str:
    """Why a ranking has no rows, and where there are some."""
    scopes = "select scope from budmodel.rankings group by scope having count(rank) > 0 order by scope"
    known = ", ".join(connection.execute(text(scopes)).scalars())
    few = f"Too few scores connect models for a ranking of {scope}"
    what = f"{model!r} is not in the ranking of {scope}" if model else few
    return f"{what}. Ranked without conditions: {known or 'nothing yet; `budmodel run` does it'}."


def group_names(connection: Connection) -> dict[str, str]:
    """What every model group is called."""
    return {row.group_id: row.display_name for row in connection.execute(text("select * from budmodel.model_groups"))}


def card_rows(connection: Connection, limit: int) -> list[Row]:
    """The cards of a few models: those that are known best first, among them those that most leaderboards score."""
    if not is_built(connection, "model_cards"):
        return []
    rows = connection.execute(
        text("""
            select name as model, coalesce(parameters_unique, parameters_stated) as parameters, context_length as context,
                   kv_cache_bytes_per_token as cache_bytes_per_token, weight_bytes,
                   coalesce(license_id, 'unknown') || ' by ' || license_evidence as license,
                   license_suitability as suitability, security_verdict as security,
                   lowest_input_usd_per_million_tokens as usd_in, sources_count as boards
            from marts.model_cards order by parameters_unique is null, sources_count desc nulls last, target limit :limit
        """),
        {"limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


def conflict_rows(connection: Connection, limit: int) -> list[Row]:
    """Licenses that cannot be true, a few of them; notes are left out."""
    if not is_built(connection, "license_conflicts"):
        return []
    rows = connection.execute(
        text("select target, reason from marts.license_conflicts where severity = 'conflict' order by 1, 2 limit :limit"),
        {"limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


def variant_rows(connection: Connection, limit: int) -> list[Row]:
    """Quantizations and parts of repositories that hold several, a few of them."""
    if not is_built(connection, "model_variants"):
        return []
    rows = connection.execute(
        text("""
            select repository, concat_ws(' ', nullif(part, ''), name) as variant, format, precision, size_bytes,
                   serving_bytes_32k
            from marts.model_variants order by repository, size_bytes, name limit :limit
        """),
        {"limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


def target_named(connection: Connection, name: str) -> RowMapping | None:
    """`target` and `model_id` of a place by its name or that of its repository, in any case, or by the path to it."""
    named = text("""
        select target, model_id from budmodel.extraction_targets
        where lower(target) = lower(:name) or lower(uri) = lower(:name) or target = :path order by target limit 1
    """)
    return connection.execute(named, {"name": name, "path": str(Path(name).absolute())}).mappings().one_or_none()


def _model_named(connection: Connection, name: str) -> str:
    """The model that a name means, or one that is written as a place which nobody has read yet. Raises UnknownNameError."""
    if not is_written_as_target(name):
        return model_id(connection, name)
    try:
        return model_id(connection, name if "://" in name else name.partition(":")[2])
    except UnknownNameError as error:
        raise UnknownNameError(f"Nobody has read {name} yet: `budmodel request {name}` asks for it. {error}") from error


def model_report(connection: Connection, name: str) -> dict[str, Any]:
    """Everything that is known of a model: names, cards, lineage, scores, and what went wrong.

    A path may be given from where one stands. Raises UnknownNameError.
    """
    expect_built(connection, *REPORTED)
    asked = target_named(connection, name)
    meant = (asked["model_id"] or asked["target"]) if asked else _model_named(connection, name)
    targets = [asked["target"]] if asked else []
    values = {"id": meant, "targets": targets}

    def rows(statement: str) -> list[Row]:
        return [dict(row) for row in connection.execute(text(statement), values).mappings()]

    mine = "(model_id = :id or target = any(:targets))"
    return {
        "model_id": meant,
        "names": rows(
            """select source, published_name, variant, confidence from budmodel.model_aliases
            where model_id = :id order by source, published_name"""
        ),
        "cards": rows(f"select * from marts.model_cards where {mine} order by target"),
        "prices": rows(
            """select * from marts.model_prices where model_id = :id and variant is null
            order by provider, published_id, mode, context_above"""
        ),
        "lineage": rows(
            f"""select name as model, base_model, relation, method from marts.model_lineage
            where {mine} or base_model_id = :id order by name, base_model"""
        ),
        "scores": rows(
            """select metric_id as metric, score, unit, lower, upper, rank, ranked_models as of, percentile, is_headline,
                      source, as_of
            from marts.model_comparison where model_id = :id order by metric_id"""
        ),
        "self_reported": rows(f"select * from marts.self_reported_evaluations where {mine} order by benchmark, metric"),
        "trouble": rows(
            f"""select target, failure_state, last_error, next_attempt_at from marts.model_health
            where {mine} and last_error is not null order by target"""
        ),
    }
