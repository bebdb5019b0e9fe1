"""Scores as records of Every Eval Ever (https://github.com/evaleval/every_eval_ever, schema 0.3)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any

SCHEMA_VERSION = "0.3.0"
# Who ran a benchmark, as seen from the maker of the model.
_RELATIONSHIPS: Mapping[str, str] = MappingProxyType(
    {"publisher": "third_party", "maker": "first_party", "submitter": "other", "other": "other"}
)


def relationship(row: Mapping[str, Any]) -> str:
    """Who evaluated, as the schema calls it: what a maker says of its own model is first party, whoever publishes it."""
    return "first_party" if row["standing"] == "self_reported" else _RELATIONSHIPS[row["run_by"]]


def records(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A record for each entry of a source and kind of evaluator, from rows that come sorted by source and `entry_key`.

    Rows are those of `marts.leaderboard` with what `benchmarks`, `metrics`, `sources` and `data_terms` say of them. Scores
    whose metric says neither that more nor that less is better have no place in the schema and are left out.
    """
    told = (row for row in rows if row["higher_is_better"] is not None)
    for _, entry in groupby(told, lambda row: (row["source"], row["entry_key"])):
        by_evaluator: dict[str, list[Mapping[str, Any]]] = {}
        for row in entry:
            by_evaluator.setdefault(relationship(row), []).append(row)
        for evaluator in sorted(by_evaluator):
            yield _record(by_evaluator[evaluator], evaluator)


def _record(rows: Sequence[Mapping[str, Any]], evaluator: str) -> dict[str, Any]:
    first = rows[0]
    retrieved = str(int(first["fetched_at"].timestamp()))
    # The entry tells apart what a source has several times of one model, such as efforts.
    name = f"{first['source']}/{first['model_id']}/{retrieved}/{first['entry_key']}"
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": name if evaluator == "third_party" else f"{name}/{evaluator}",
        "retrieved_timestamp": retrieved,
        "source_metadata": {
            "source_name": first["source_title"],
            "source_type": "documentation",
            "source_organization_name": first["publisher"],
            "source_organization_url": first["homepage"],
            "evaluator_relationship": evaluator,
            "additional_details": _details(first, "source", "snapshot_id", "origin", "as_of", "attribution"),
        },
        # No leaderboard says what it ran the benchmark with.
        "eval_library": {"name": "unknown", "version": "unknown"},
        "model_info": {
            "name": first["published_name"],
            "id": first["hub_repository"] or first["model_id"],
            **({"developer": first["maker"]} if first["maker"] else {}),
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": "open_weights" if first["hub_repository"] else "unknown",
                **_details(first, "model_id", "group_id", "variant"),
            },
        },
        "evaluation_results": [_result(row) for row in rows],
    }


def _result(row: Mapping[str, Any]) -> dict[str, Any]:
    interval = {
        "lower": _number(row["lower"]),
        "upper": _number(row["upper"]),
        "method": row["interval_basis"] or "unknown",
    }
    known = row["lower"] is not None and row["upper"] is not None
    return {
        "evaluation_result_id": row["metric_id"],
        "evaluation_name": row["benchmark_title"],
        "source_data": {"dataset_name": row["benchmark_title"], "source_type": "url", "url": [row["source_url"]]},
        "metric_config": {
            "metric_id": row["metric_id"],
            "metric_name": row["metric_title"],
            "metric_unit": row["unit"],
            "lower_is_better": not row["higher_is_better"],
            "score_type": "continuous",
            # The schema wants both, and null where nobody gives one.
            "min_score": row["minimum"],
            "max_score": row["maximum"],
        },
        "score_details": {
            "score": _number(row["score"]),
            "details": _details(row, "standing", "rank", "votes", "tasks", "tasks_total"),
            **({"uncertainty": {"confidence_interval": interval}} if known else {}),
        },
    }


def _details(row: Mapping[str, Any], *names: str) -> dict[str, str]:
    """What else is known, as texts."""
    return {name: str(row[name]) for name in names if row[name] is not None}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
