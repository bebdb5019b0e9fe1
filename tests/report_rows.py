"""Rows as the marts have them, for a report of models that nobody made."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from budmodel_pipeline.report.compact import models_and_places, table
from budmodel_pipeline.report.page import page
from budmodel_pipeline.workflows import report_content as shown

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SOURCE, METRIC, BENCHMARK = "arena", "arena.accuracy", "exam"


def choice(number: int, **known: Any) -> dict[str, Any]:
    """A row of marts.model_choice; the first models are the best. What is not `known` is unknown."""
    row: dict[str, Any] = {
        "scope": "overall",
        "group_id": f"maker/model-{number}",
        "display_name": f"Model {number}",
        "maker": "Maker",
        "rank": number,
        "tier": 1 + number // 10,
        "score": 90 - number / 50,
        "lower": 88 - number / 50,
        "upper": 92 - number / 50,
        "benchmarks": 5,
        "self_reported": 0,
        "sources": [SOURCE],
        "parameters_basis": "unknown",
        "license_basis": "unknown",
        "license_conflicts": 0,
        "commercial_use": "UNKNOWN",
        "verdict": "unscanned",
        "priced_providers": 0,
        "free_providers": 0,
        "contradicted_providers": 0,
    }
    unknown = (
        "target", "open_weights", "parameters", "context_length", "weight_bytes", "serving_bytes_8k", "serving_bytes_32k",
        "license_id", "license_type", "license_suitability", "input_usd_per_million_tokens",
        "output_usd_per_million_tokens", "blended_usd_per_million_tokens", "cheapest_provider", "price_catalog",
        "prices_fetched_at", "dearest_blended_usd_per_million_tokens",
    )  # fmt: skip
    return row | dict.fromkeys(unknown) | known


def priced(usd: float) -> dict[str, Any]:
    """What is known of a model that somebody offers."""
    return {
        "input_usd_per_million_tokens": usd,
        "output_usd_per_million_tokens": usd,
        "blended_usd_per_million_tokens": usd,
        "dearest_blended_usd_per_million_tokens": 2 * usd,
        "cheapest_provider": "provider",
        "price_catalog": "models.dev",
        "prices_fetched_at": NOW,
        "priced_providers": 2,
    }


def evidence(group: str, **own: Any) -> dict[str, Any]:
    """A row of marts.ranking_evidence."""
    row = {
        "scope": "overall",
        "group_id": group,
        "benchmark_id": BENCHMARK,
        "seen": 0.75,
        "predicted": 0.5,
        "metric_id": METRIC,
        "source": SOURCE,
        "published_name": group,
        "variant": None,
        "standing": "verified",
        "run_by": "publisher",
    }
    return row | own


def report(choices: Sequence[Mapping[str, Any]], **details: Any) -> bytes:
    """The page about these models; `details` are rows by the name of their table, and what is not given is empty."""
    models, places = models_and_places(choices)
    ranking = {
        "made_at": NOW,
        "origins": ["sample"],
        "models": models,
        "places": places,
        "left_out": 0,
        "kept_out": [],
        "not_for_money": [],
        "commercial": False,
    }
    columns: Mapping[str, Sequence[str]] = {
        "evidence": shown.EVIDENCE,
        "benchmarks": shown.BENCHMARKS,
        "history": (*shown.HISTORY, "more"),
        "cards": (*shown.CARDS, "document_id"),
        "answers": ("document_id", "question", "value", "explanation", "quote", "method", "text_sha256"),
        "conflicts": shown.CONFLICTS,
        "findings": (*shown.FINDINGS, "more"),
        "changes": (*shown.CHANGES, "more"),
        "changes_counted": ("source", "kind", "events"),
        "sources": (*shown.SOURCES, "publisher", "homepage", "files"),
        "terms": shown.TERMS,
    }
    tables = {title: table(names, details.get(title, [])) for title, names in columns.items()}
    return page(ranking, {**tables, "questions": {"commercial-use": "May I earn money with it?"}})


def benchmark(**own: Any) -> dict[str, Any]:
    """A row of marts.ranking_benchmarks."""
    row = {
        "scope": "overall",
        "benchmark_id": BENCHMARK,
        "benchmark_title": "Exam",
        "groups": 100,
        "is_used": True,
        "is_saturated": False,
        "is_thin": False,
        "reason": None,
    }
    return row | own


def source(**own: Any) -> dict[str, Any]:
    """A source as the report tells of it."""
    row = {
        "source": SOURCE,
        "title": "Arena",
        "status": "ok",
        "origin": "sample",
        "as_of": date(2026, 1, 1),
        "as_of_basis": "stated",
        "last_extracted_at": NOW,
        "changed_at": NOW,
        "scores": 100,
        "models": 50,
        "rows_read": 60,
        "rows_rejected": 10,
        "last_error": None,
        "current_snapshot_id": "snapshot",
        "publisher": "Testers",
        "homepage": "https://arena.example/",
        "files": [["table", "https://arena.example/table.csv", "ab" * 32, NOW]],
    }
    return row | own


def card(group: str, **own: Any) -> dict[str, Any]:
    """A row of marts.model_cards, as the report tells of it."""
    row: dict[str, Any] = dict.fromkeys(shown.CARDS) | {
        "target": f"hf:{group}",
        "group_id": group,
        "origin": "sample",
        "extracted_at": NOW,
        "facts": {"context_length": {"value": 32_768, "method": "stated", "evidence": "config.json", "reason": None}},
        "license_id": "mit",
        "license_type": "Permissive",
        "license_suitability": "MOST",
        "license_evidence": "text",
        "security_verdict": "safe",
        "scanned_at": NOW,
        "document_id": "text",
    }
    return row | own
