"""What /v1 offers: one line for each collection, from which its routes, parameters, SQL and documentation follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from budmodel_pipeline.api.columns import Column, Relation, relations


@dataclass(frozen=True, slots=True)
class Offer:
    """A collection at /v1/<path>. Of a new table `path`, `table` and `example` are enough.

    `example` is a part of a row that the bundled samples give, and that no further source changes. `sorted_by` is the order
    where nobody asks for another, - for descending; it tells rows apart, so that no page repeats or misses one. Without it
    that is what the table has one row for each of. `asked_by` are columns that can be asked for; without it these, and whose
    models the rows are. With a `key` one row is found at /v1/<path>/<its value>, with `parts`: the rows of other collections
    that bear the same value in the column of that name. `only` are the columns that are shown, all without it.
    """

    path: str
    table: str
    example: Mapping[str, Any]
    sorted_by: tuple[str, ...] = ()
    asked_by: tuple[str, ...] = ()
    key: str | None = None
    parts: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    @property
    def relation(self) -> Relation:
        return relations()[self.table]

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns that are shown."""
        every = self.relation.columns
        return {name: every[name] for name in self.only or every}

    @property
    def order(self) -> tuple[str, ...]:
        return self.sorted_by or self.relation.unique

    @property
    def filters(self) -> tuple[str, ...]:
        known = (name for name in (*self.relation.unique, *_WHO) if name in self.relation.columns)
        return self.asked_by or tuple(dict.fromkeys(known))


_WHO = ("model_id", "group_id", "maker", "hub_repository")
_MODEL = {"model_id": "openai/gpt-4o-2024-08-06", "group_id": "openai/gpt-4o", "maker": "OpenAI"}
_TARGET = {"target": "hf:microsoft/phi-4"}
_METRIC = {"source": "lmarena_text", "metric_id": "lmarena_text.rating_overall"}

OFFERS = (
    Offer(
        "sources",
        "source_health",
        {"source": "bfcl", "status": "ok"},
        (),
        ("source", "status", "origin"),
        "source",
        ("metrics", "terms"),
    ),
    Offer(
        "terms",
        "data_terms",
        {"source": "bfcl", "allowed": "permitted"},
        (),
        ("source", "benchmark_id", "allowed", "commercial"),
    ),
    Offer(
        "metrics",
        "benchmarks",
        {**_METRIC, "domain": "human_preference", "is_headline": True},
        ("metric_id",),
        ("metric_id", "benchmark_id", "source", "domain", "is_headline", "status", "unit"),
        "metric_id",
    ),
    Offer("models", "stg_models", _MODEL, ("model_id",), _WHO, "model_id", ("comparison", "cards")),
    Offer(
        "groups",
        "model_groups",
        {"group_id": "openai/gpt-4o", "maker": "OpenAI"},
        ("group_id",),
        ("group_id", "maker", "model_ids", "sources", "sources_count"),
        "group_id",
        ("models",),
    ),
    Offer(
        "scores",
        "leaderboard",
        {**_METRIC, "model_id": "google/gemini-3-pro", "unit": "elo", "rank": 1},
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
    ),
    Offer(
        "rankings",
        "model_ranking",
        {"scope": "overall", "group_id": "openai/gpt-4o", "maker": "OpenAI"},
        ("scope", "rank", "group_id"),
        ("scope", "group_id", "maker", "sources", "rank", "tier", "benchmarks"),
    ),
    Offer(
        "choices",
        "model_choice",
        {"scope": "overall", "group_id": "microsoft/phi-4", "license_id": "mit"},
        ("scope", "rank", "group_id"),
        (
            "scope",
            "group_id",
            "maker",
            "open_weights",
            "parameters",
            "context_length",
            "serving_bytes_8k",
            "serving_bytes_32k",
            "license_id",
            "commercial_use",
            "verdict",
            "blended_usd_per_million_tokens",
        ),
    ),
    Offer(
        "gaps",
        "gaps",
        {"group_id": "google/gemini-3-pro", "missing": "card"},
        ("place",),
        ("group_id", "maker", "missing", "scope", "sources", "place", "worth"),
    ),
    Offer(
        "ranking_benchmarks",
        "ranking_benchmarks",
        {"scope": "overall", "benchmark_id": "ugi/natint", "is_used": False},
        (),
        ("scope", "benchmark_id", "is_used", "is_saturated", "is_thin"),
    ),
    Offer(
        "ranking_evidence",
        "ranking_evidence",
        {"scope": "overall", "group_id": "openai/gpt-4o"},
        (),
        ("scope", "group_id", "benchmark_id", "metric_id", "source", "standing"),
    ),
    Offer(
        "history",
        "leaderboard_history",
        {**_METRIC, "model_id": "google/gemini-3-pro"},
        ("metric_id", "entry_key", "valid_from"),
        ("source", "metric_id", *_WHO, "published_name", "valid_from", "valid_to"),
    ),
    Offer(
        "comparison",
        "model_comparison",
        {**_MODEL, "source": "evalplus", "metric_id": "evalplus.humaneval_pass_at_1", "score": 92.7},
        ("model_id", "metric_id"),
        (*_WHO, "metric_id", "benchmark_id", "domain", "source", "is_headline", "standing", "rank"),
    ),
    Offer(
        "changes",
        "leaderboard_changes",
        {"source": "bfcl", "kind": "new"},
        ("-seen_at", "source", "kind", "metric_id", "entry_key"),
        ("source", "week", "kind", "metric_id", *_WHO, "seen_at"),
    ),
    Offer(
        "claims",
        "self_reported_evaluations",
        {**_TARGET, "benchmark": "MMLU", "value": 84.8},
        ("target", "benchmark", "metric", "setting", "stated_in", "value"),
        ("target", *_WHO, "benchmark", "metric"),
    ),
    Offer(
        "claim_gaps",
        "self_reported_gap",
        {
            "benchmark_id": "humaneval",
            "model_id": "anthropic/claude-3.5-sonnet-20240620",
            "claimed": 0.92,
            "measured": 0.872,
        },
        (),
        ("benchmark_id", *_WHO, "claimed_in", "measured_by", "gap"),
    ),
    Offer(
        "cards",
        "model_cards",
        {
            **_TARGET,
            "parameters_unique": 14659507200,
            "context_length": 16384,
            "license_id": "mit",
            "security_verdict": "safe",
        },
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
        "target",
        ("variants", "findings"),
    ),
    Offer(
        "variants",
        "model_variants",
        {"target": "hf:budmodel-samples/tiny-llama-gguf", "format": "gguf"},
        ("target", "part", "name", "format"),
        ("target", *_WHO, "format", "precision", "size_bytes", "is_default"),
    ),
    Offer(
        "lineage",
        "model_lineage",
        {"target": "hf:HuggingFaceH4/zephyr-7b-beta", "base_model": "mistralai/Mistral-7B-v0.1"},
    ),
    Offer(
        "prices",
        "model_prices",
        {**_MODEL, "provider": "openai", "mode": "standard", "input_usd_per_million_tokens": 2.5},
        ("catalog", "provider", "published_id", "mode", "context_above"),
        ("catalog", "provider", *_WHO, "mode", "status", "is_usual", "input_usd_per_million_tokens"),
    ),
    Offer(
        "licenses",
        "licenses",
        {"license_id": "mit", "license_type": "Permissive Open Source", "suitability": "MOST"},
        ("license_id",),
        ("license_id", "license_type", "suitability"),
        "license_id",
        ("answers",),
    ),
    Offer(
        "answers",
        "license_faq",
        {"license_id": "mit", "question": "modify", "value": "YES"},
        ("document_id", "question"),
        ("document_id", "license_id", "question", "value", "impact"),
    ),
    Offer(
        "conflicts",
        "license_conflicts",
        {"target": "hf:budmodel-samples/tiny-llama-tuned", "claimed": "mit", "found": "apache-2.0"},
        ("target", "kind", "other", "dimension", "claimed", "found"),
        ("target", *_WHO, "kind", "severity"),
    ),
    Offer(
        "verdicts",
        "model_cards",
        {**_TARGET, "security_verdict": "safe"},
        ("target",),
        ("target", "security_verdict", "scanned_at"),
        "target",
        ("findings",),
        ("target", "model_id", "revision", "security_verdict", "scanned_revision", "scanned_at", "scan_versions"),
    ),
    Offer(
        "findings",
        "security_findings",
        {"file_verdict": "suspicious", "engine": "budmodel", "rule": "pickle.unknown-global"},
        ("target", "path", "engine", "rule", "place"),
        ("target", "file_verdict", "engine", "rule", "severity", "sha256"),
    ),
    Offer(
        "health",
        "model_health",
        {**_TARGET, "status": "ok"},
        (),
        ("target", *_WHO, "provider", "status", "failure_state", "discovered_by"),
        "target",
    ),
    Offer(
        "reviews",
        "identity_review",
        {"reason": "low confidence", "model_id": "unknown/nullmodel"},
        ("reason", "source", "model_id", "other_model_id", "published_name", "other_name", "entry_key", "other_entry_key"),
        ("reason", "source", *_WHO, "method"),
    ),
)

BY_PATH: Mapping[str, Offer] = MappingProxyType({offer.path: offer for offer in OFFERS})
