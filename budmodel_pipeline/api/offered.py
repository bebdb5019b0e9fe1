"""What /v1 offers: one line for each collection, from which its routes, parameters, SQL and documentation follow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from budmodel_pipeline.api.columns import Column, Relation, relations


@dataclass(frozen=True, slots=True)
class Offer:
    """A collection at /v1/<path>.

    `order` is its order where nobody asks for another, - for descending, and tells rows apart: pages neither repeat nor miss
    one. `filters` are columns that can be asked for. Where there is a `key`, one row is found at /v1/<path>/<its value>,
    with `parts`: the rows of other collections that bear the same value in the column of that name. `only` are the columns
    that are shown, all without it. `example` is a part of a row.
    """

    path: str
    table: str
    order: tuple[str, ...]
    filters: tuple[str, ...]
    example: Mapping[str, Any]
    key: str | None = None
    parts: tuple[str, ...] = ()
    only: tuple[str, ...] = field(default=())

    @property
    def relation(self) -> Relation:
        return relations()[self.table]

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns that are shown."""
        every = self.relation.columns
        return {name: every[name] for name in self.only or every}


_MODEL = {"model_id": "openai/gpt-4o-2024-08-06", "display_name": "gpt-4o-2024-08-06", "maker": "openai"}
_TARGET = {"target": "hf:microsoft/phi-4"}
_METRIC = {"source": "lmarena_text", "metric_id": "lmarena_text.rating_overall"}
_WHO = ("model_id", "group_id", "maker", "hub_repository")

OFFERS = (
    Offer(
        "sources",
        "source_health",
        ("source",),
        ("source", "status", "origin"),
        {"source": "bfcl", "status": "ok"},
        "source",
        ("metrics",),
    ),
    Offer(
        "metrics",
        "benchmarks",
        ("metric_id",),
        ("metric_id", "benchmark_id", "source", "domain", "is_headline", "status", "unit"),
        {**_METRIC, "domain": "human_preference", "is_headline": True},
        "metric_id",
    ),
    Offer("models", "stg_models", ("model_id",), _WHO, _MODEL, "model_id", ("comparison", "cards")),
    Offer(
        "groups",
        "model_groups",
        ("group_id",),
        ("group_id", "maker", "model_ids", "sources", "sources_count"),
        {"group_id": "openai/gpt-4o", "sources_count": 4},
        "group_id",
        ("models",),
    ),
    Offer(
        "scores",
        "leaderboard",
        ("metric_id", "rank", "entry_key"),
        (
            "source",
            "metric_id",
            "benchmark_id",
            "domain",
            *_WHO,
            "variant",
            "published_name",
            "standing",
            "rank",
            "score",
            "as_of",
            "origin",
        ),
        {**_METRIC, **_MODEL, "score": 1335.5, "unit": "elo", "rank": 42},
    ),
    Offer(
        "rankings",
        "model_ranking",
        ("scope", "rank", "group_id"),
        ("scope", "group_id", "maker", "sources", "rank", "tier", "benchmarks"),
        {"scope": "overall", "group_id": "openai/gpt-4o", "rank": 12},
    ),
    Offer(
        "history",
        "leaderboard_history",
        ("metric_id", "entry_key", "valid_from"),
        ("source", "metric_id", *_WHO, "published_name", "valid_from", "valid_to"),
        {**_METRIC, "score": 1335.5},
    ),
    Offer(
        "comparison",
        "model_comparison",
        ("model_id", "metric_id"),
        (*_WHO, "metric_id", "benchmark_id", "domain", "source", "is_headline", "standing", "rank"),
        {**_MODEL, **_METRIC, "score": 1335.5, "rank": 42, "percentile": 0.8},
    ),
    Offer(
        "changes",
        "leaderboard_changes",
        ("-seen_at", "source", "kind", "metric_id", "entry_key"),
        ("source", "week", "kind", "metric_id", *_WHO, "seen_at"),
        {"source": "bfcl", "week": "2026-11-23", "kind": "new"},
    ),
    Offer(
        "cards",
        "model_cards",
        ("target",),
        (
            "target",
            *_WHO,
            "provider",
            "kind",
            "tasks",
            "license_id",
            "license_suitability",
            "security_verdict",
            "open_weights",
            "parameters_unique",
            "context_length",
            "serving_bytes_32k",
            "released_on",
        ),
        {
            **_TARGET,
            "parameters_unique": 14659507200,
            "context_length": 16384,
            "license_id": "mit",
            "security_verdict": "safe",
        },
        "target",
        ("variants", "findings"),
    ),
    Offer(
        "variants",
        "model_variants",
        ("target", "part", "name", "format"),
        ("target", *_WHO, "format", "precision", "size_bytes", "is_default"),
        {**_TARGET, "format": "safetensors"},
    ),
    Offer(
        "prices",
        "model_prices",
        ("catalog", "provider", "published_id", "mode", "context_above"),
        ("catalog", "provider", *_WHO, "mode", "status", "is_usual", "input_usd_per_million_tokens"),
        {**_MODEL, "provider": "openai", "mode": "standard", "input_usd_per_million_tokens": 2.5},
    ),
    Offer(
        "licenses",
        "licenses",
        ("license_id",),
        ("license_id", "license_type", "suitability"),
        {"license_id": "mit", "license_type": "permissive", "suitability": "MOST"},
        "license_id",
        ("answers",),
    ),
    Offer(
        "answers",
        "license_faq",
        ("document_id", "question"),
        ("document_id", "license_id", "question", "value", "impact"),
        {"license_id": "mit", "question": "MODIFY", "value": "YES"},
    ),
    Offer(
        "verdicts",
        "model_cards",
        ("target",),
        ("target", "security_verdict", "scanned_at"),
        {**_TARGET, "security_verdict": "safe"},
        "target",
        ("findings",),
        ("target", "model_id", "revision", "security_verdict", "scanned_revision", "scanned_at", "scan_versions"),
    ),
    Offer(
        "findings",
        "security_findings",
        ("target", "path", "engine", "rule", "place"),
        ("target", "file_verdict", "engine", "rule", "severity", "sha256"),
        {**_TARGET, "file_verdict": "suspicious", "rule": "pickle.unknown"},
    ),
)

BY_PATH: Mapping[str, Offer] = MappingProxyType({offer.path: offer for offer in OFFERS})
