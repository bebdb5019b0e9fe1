"""What the report shows, read from the marts as of one moment, without what may not be passed on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from budmodel_pipeline.licensing.questions import QUESTIONS
from budmodel_pipeline.report.compact import Table, first_of_each, models_and_places, table
from budmodel_pipeline.report.page import page
from budmodel_pipeline.warehouse.built_marts import expect_built
from budmodel_pipeline.workflows.withholding import Withheld, credited, rule_of, terms_of_all, withheld

# What it is made of.
MARTS = (
    "data_terms",
    "leaderboard_changes",
    "leaderboard_history",
    "license_conflicts",
    "license_faq",
    "model_cards",
    "model_choice",
    "ranking_benchmarks",
    "ranking_evidence",
    "security_findings",
    "source_health",
)
# Of each: what the page shows.
EVIDENCE = (
    "scope", "group_id", "benchmark_id", "seen", "predicted", "metric_id", "source", "published_name", "variant",
    "standing", "run_by",
)  # fmt: skip
BENCHMARKS = ("scope", "benchmark_id", "benchmark_title", "groups", "is_used", "is_saturated", "is_thin", "reason")
HISTORY = (
    "group_id", "metric_id", "source", "published_name", "variant", "score", "unit", "lower", "upper", "kind", "as_of",
    "valid_from", "valid_to", "origin",
)  # fmt: skip
CARDS = (
    "target", "group_id", "name", "provider", "revision", "origin", "extracted_at", "facts", "description",
    "license_id", "license_tag", "license_state", "license_type", "license_suitability", "license_evidence",
    "commercial_use", "security_verdict", "scanned_revision", "scanned_at",
)  # fmt: skip
CONFLICTS = ("target", "severity", "reason")
RUN = ("group_id", "metric_id", "published_name", "variant")
FINDINGS = ("target", "path", "file_verdict", "severity", "rule", "what", "place", "reproduce")
CHANGES = (
    "source", "week", "kind", "metric_id", "group_id", "published_name", "name_before", "score_before", "score", "unit",
    "is_beyond_interval", "scores", "as_of", "origin",
)  # fmt: skip
SOURCES = (
    "source", "title", "status", "origin", "as_of", "as_of_basis", "last_extracted_at", "changed_at", "scores",
    "models", "rows_read", "rows_rejected", "last_error", "current_snapshot_id",
)  # fmt: skip
TERMS = ("source", "benchmark_id", "title", "allowed", "commercial", "license", "attribution", "evidence", "verified_on")
# A card has three times as many; all of them are in marts.model_cards.
FACTS = (
    "uri", "status", "kind", "model_type", "library", "tasks", "languages", "input_modalities", "output_modalities",
    "parameters_unique", "parameters_stated", "parameters_active", "weight_bytes", "dtype", "quantization",
    "context_length", "context_length_native", "output_tokens", "kv_cache_bytes_per_token", "tool_use", "reasoning",
    "open_weights", "license", "datasets", "created_at", "released_on", "knowledge_cutoff", "downloads",
)  # fmt: skip
# Of one run in time, of one week, of one model; how many more there are is said.
MOST_PERIODS, MOST_CHANGES, MOST_FINDINGS = 12, 2_000, 50

_CHOICES = "order by scope = 'overall' desc, scope, rank nulls last, score desc, group_id"
# A score speaks in several scopes; what is the same twice in a row takes no room.
_ALIKE_TOGETHER = "order by group_id, benchmark_id, scope = 'overall' desc, scope"
_WORST_FIRST = "order by target, severity = 'malicious' desc, severity = 'suspicious' desc, path, rule, place"
_TELLING_FIRST = "order by kind = 'rescored', is_beyond_interval desc nulls last, source, kind, metric_id, published_name"
# What spoke for a model, in time.
_SPOKE = """
    join (select distinct metric_id, published_name, group_id from marts.ranking_evidence) as spoke
    using (metric_id, published_name, group_id)
"""


@dataclass(frozen=True, slots=True)
class Report:
    """A page, and what is on it."""

    content: bytes
    models: int
    ranked: int
    scopes: int
    left_out: int
    kept_out: Sequence[str]


def make_report(engine: Engine, now: datetime, *, commercial: bool = False) -> Report:
    """The report as of `now`. What may not be passed on is left out; with `commercial` also what may not be for money.

    Raises MartsError where the marts are not those of this code.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        connection.execute(text("set local time zone 'UTC'"))
        expect_built(connection, *MARTS)
        kept_out = withheld(connection, noncommercial=not commercial)
        return _made(_Reading(connection, kept_out), now, commercial=commercial)


def write_report(report: Report, file: Path) -> None:
    """Puts the page in place of `file`, as a whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.write_bytes(report.content)
    unfinished.replace(file)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads marts without the rows that are withheld."""

    connection: Connection
    kept_out: Withheld

    def rows(self, mart: str, *, joined: str = "", condition: str = "true", last: str = "", **values: Any) -> list[Any]:
        rule = self._rule(mart)
        query = text(f"select {mart}.* from marts.{mart} {joined} where ({condition}) and ({rule}) is not true {last}")
        found = self.connection.execute(query, {**values, **self.kept_out.values(rule)})
        return [dict(row) for row in found.mappings()]

    def left_out(self, mart: str, condition: str) -> int:
        rule = self._rule(mart)
        query = text(f"select count(*) from marts.{mart} where ({condition}) and ({rule})")
        count: int = self.connection.execute(query, self.kept_out.values(rule)).scalar_one()
        return count

    def _rule(self, mart: str) -> str:
        columns = self.connection.execute(text(f"select * from marts.{mart} limit 0")).keys()
        return rule_of(mart, columns)


def _made(reading: _Reading, now: datetime, *, commercial: bool) -> Report:
    choices = reading.rows("model_choice", last=_CHOICES)
    models, places = models_and_places(choices)
    left_out = reading.left_out("model_choice", "scope = 'overall' and rank is not null")
    terms, sources = terms_of_all(reading.connection), _sources(reading)
    # Of those that are left out when it is about money, nothing is left.
    bound = [row for row in credited(terms, reading.kept_out) if row["commercial"] == "forbidden" and not commercial]
    ranking = {
        "made_at": now.astimezone(UTC),
        "origins": sorted({row["origin"] for row in sources if row["origin"]}),
        "models": models,
        "places": places,
        "left_out": left_out,
        "kept_out": list(reading.kept_out.sources),
        "not_for_money": sorted({row["title"] for row in bound}),
        "commercial": commercial,
    }
    details = {
        **_of_models(reading),
        **_changes(reading),
        "sources": table((*SOURCES, "publisher", "homepage", "files"), sources),
        "terms": table(TERMS, terms),
    }
    ranked = sum(row["scope"] == "overall" and row["rank"] is not None for row in choices)
    content = page(ranking, details)
    return Report(content, len(models["rows"]), ranked, len(places), left_out, reading.kept_out.sources)


def _of_models(reading: _Reading) -> dict[str, Table | dict[str, Any]]:
    documents = "select target, document_id from budmodel.model_licenses"
    document_of = {row.target: row.document_id for row in reading.connection.execute(text(documents))}
    cards = [
        {
            **row,
            "facts": {name: row["facts"][name] for name in FACTS if name in row["facts"]},
            "document_id": document_of.get(row["target"]),
        }
        for row in reading.rows("model_cards", condition="group_id is not null", last="order by group_id, target")
    ]
    answers = reading.rows("license_faq", last="order by document_id, question")
    answers = [row for row in answers if row["document_id"] in {card["document_id"] for card in cards}]
    targets = [card["target"] for card in cards]
    found = reading.rows("security_findings", condition="target = any(:targets)", last=_WORST_FIRST, targets=targets)
    return {
        "evidence": table(EVIDENCE, reading.rows("ranking_evidence", last=_ALIKE_TOGETHER)),
        "benchmarks": table(BENCHMARKS, reading.rows("ranking_benchmarks", last="order by scope, benchmark_id")),
        "history": table((*HISTORY, "more"), first_of_each(_periods(reading), RUN, MOST_PERIODS)),
        "cards": table((*CARDS, "document_id"), cards),
        "answers": table(("document_id", "question", "value", "explanation", "quote", "method", "text_sha256"), answers),
        "questions": {question.slug: question.text for question in QUESTIONS},
        "conflicts": table(CONFLICTS, reading.rows("license_conflicts", last="order by target, reason")),
        "findings": table((*FINDINGS, "more"), first_of_each(found, ("target",), MOST_FINDINGS)),
    }


def _periods(reading: _Reading) -> list[dict[str, Any]]:
    """What spoke for a model, through time, the newest first."""
    return reading.rows("leaderboard_history", joined=_SPOKE, last="order by group_id, metric_id, valid_from desc, variant")


def _changes(reading: _Reading) -> dict[str, Any]:
    """The newest week in which a publisher changed something: how much of what, and what stands out."""
    rows = reading.rows(
        "leaderboard_changes", condition="week = (select max(week) from marts.leaderboard_changes)", last=_TELLING_FIRST
    )
    counts = Counter((row["source"], row["kind"]) for row in rows)
    counted = [{"source": source, "kind": kind, "events": events} for (source, kind), events in sorted(counts.items())]
    return {
        "changes": table((*CHANGES, "more"), first_of_each(rows, ("week",), MOST_CHANGES)),
        "changes_counted": table(("source", "kind", "events"), counted),
    }


def _sources(reading: _Reading) -> list[dict[str, Any]]:
    """Every source that was read and is not withheld, with who publishes it and the files that its figures are from."""
    names = "select source, publisher, homepage from budmodel.sources"
    who = {row.source: dict(row._mapping) for row in reading.connection.execute(text(names))}
    held: dict[str, list[list[Any]]] = {}
    fetched = "select snapshot_id, endpoint, url, sha256, fetched_at from budmodel.snapshot_files order by 1, 2"
    for row in reading.connection.execute(text(fetched)):
        held.setdefault(row.snapshot_id, []).append([row.endpoint, row.url, row.sha256, row.fetched_at])
    rows = reading.rows("source_health", condition="current_snapshot_id is not null", last="order by source")
    return [{**row, **who[row["source"]], "files": held.get(row["current_snapshot_id"], [])} for row in rows]
