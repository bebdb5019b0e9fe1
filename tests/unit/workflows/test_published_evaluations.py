"""Scores as records that others collect: valid by the schema, whoever evaluated, whatever is not known."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from budmodel_pipeline.workflows.published_evaluations import SCHEMA_VERSION, records

SCHEMA = json.loads((Path(__file__).parents[2] / "data" / "evaluation_schema.json").read_text("utf-8"))
SCORE: dict[str, Any] = {
    "source": "arena",
    "entry_key": "Alpha (high)",
    "model_id": "maker/alpha",
    "group_id": "maker/alpha",
    "maker": "Maker",
    "hub_repository": None,
    "variant": "effort=high",
    "published_name": "Alpha (high)",
    "metric_id": "arena.rating",
    "metric_title": "Rating",
    "benchmark_title": "Arena",
    "score": Decimal("1400.5"),
    "unit": "elo",
    "higher_is_better": True,
    "minimum": None,
    "maximum": 3000.0,
    "lower": None,
    "upper": None,
    "interval_basis": None,
    "votes": None,
    "standing": "verified",
    "run_by": "publisher",
    "tasks": None,
    "tasks_total": None,
    "rank": 1,
    "as_of": date(2026, 11, 1),
    "origin": "sample",
    "source_url": "https://arena.example/table.csv",
    "snapshot_id": "arena-1",
    "fetched_at": datetime(2026, 11, 2, tzinfo=UTC),
    "source_title": "Arena",
    "publisher": "Arena Lab",
    "homepage": "https://arena.example/",
    "attribution": None,
}


def made(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    found = list(records([SCORE | change for change in changes]))
    for record in found:
        jsonschema.validate(record, SCHEMA, cls=jsonschema.Draft7Validator)
    return found


def test_the_schema_is_of_the_version_that_records_name() -> None:
    assert SCHEMA["version"] == SCHEMA_VERSION
    (broken,) = made({})
    del broken["source_metadata"]["evaluator_relationship"]
    with pytest.raises(jsonschema.ValidationError, match="evaluator_relationship"):
        jsonschema.validate(broken, SCHEMA)


def test_a_score_is_told_as_it_was_published() -> None:
    (record,) = made({})
    assert record["evaluation_id"] == "arena/maker/alpha/1793577600/Alpha (high)"
    assert record["retrieved_timestamp"] == "1793577600"
    assert record["model_info"]["id"] == "maker/alpha"
    assert record["model_info"]["additional_details"]["variant"] == "effort=high"
    (result,) = record["evaluation_results"]
    assert result["score_details"] == {"score": 1400.5, "details": {"standing": "verified", "rank": "1"}}
    assert (result["metric_config"]["min_score"], result["metric_config"]["max_score"]) == (None, 3000.0)
    assert not result["metric_config"]["lower_is_better"]


def test_an_interval_is_told_where_both_ends_are_published() -> None:
    both, one = made(
        {"lower": Decimal(1390), "upper": Decimal(1410), "interval_basis": "published"},
        {"entry_key": "Beta", "lower": Decimal(1390)},
    )
    interval = {"lower": 1390.0, "upper": 1410.0, "method": "published"}
    assert both["evaluation_results"][0]["score_details"]["uncertainty"] == {"confidence_interval": interval}
    assert "uncertainty" not in one["evaluation_results"][0]["score_details"]


@pytest.mark.parametrize(
    ("run_by", "standing", "evaluator"),
    [
        ("publisher", "verified", "third_party"),
        ("maker", "verified", "first_party"),
        ("publisher", "self_reported", "first_party"),
        ("submitter", "community", "other"),
        ("other", "unknown", "other"),
    ],
)
def test_who_evaluated_is_told_as_seen_from_the_maker(run_by: str, standing: str, evaluator: str) -> None:
    (record,) = made({"run_by": run_by, "standing": standing})
    assert record["source_metadata"]["evaluator_relationship"] == evaluator


def test_scores_of_an_entry_are_together_unless_others_evaluated() -> None:
    found = made(
        {},
        {"metric_id": "arena.style"},
        {"metric_id": "arena.claimed", "run_by": "maker"},
        {"entry_key": "Beta", "metric_id": "arena.rating"},
    )
    told = [
        (one["evaluation_id"], [result["evaluation_result_id"] for result in one["evaluation_results"]]) for one in found
    ]
    assert told == [
        ("arena/maker/alpha/1793577600/Alpha (high)/first_party", ["arena.claimed"]),
        ("arena/maker/alpha/1793577600/Alpha (high)", ["arena.rating", "arena.style"]),
        ("arena/maker/alpha/1793577600/Beta", ["arena.rating"]),
    ]


def test_a_metric_without_a_direction_has_no_place() -> None:
    assert made({"higher_is_better": None}) == []
