"""The page of the rankings for many models: how large it is, and how soon it is made and something is seen of it."""

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import Figure, in_turn, seconds
from budmodel_pipeline.report.compact import OF_A_MODEL, OF_A_PLACE, table
from budmodel_pipeline.report.page import page
from budmodel_pipeline.workflows.report_content import BENCHMARKS, CARDS, CHANGES, EVIDENCE, FACTS, FINDINGS, HISTORY

MODELS, RANKED_BENCHMARKS, OF_A_MODEL_SEEN, DOMAINS = 3_000, 300, 20, 10
LICENSES, ROUNDS = 100, 5
MOST_MEGABYTES, MOST_SECONDS = 6, 2
NOW = datetime(2026, 1, 5, tzinfo=UTC)
SEED = 15


def run() -> Iterator[Figure]:
    """Size, first paint, the first row to be seen, and the time to make the page."""
    ranking, details = content()
    (making,) = in_turn(3, lambda: seconds(lambda: page(ranking, details)))
    made = page(ranking, details)
    rows = sum(len(one["rows"]) for one in (*ranking["places"].values(), *details.values()) if "rows" in one)
    what = f"{MODELS:,} models, {len(ranking['places'])} rankings, {rows:,} rows in all"
    yield Figure("megabytes of the report", len(made) / 1e6, MOST_MEGABYTES, what)
    yield Figure("seconds to make it of its rows", median(making), MOST_SECONDS, "median of 3")
    chromium = shutil.which("chromium")
    if chromium is None:
        return
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        file.write_bytes(made)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        painted, shown, opened = zip(*(_times(browser, file) for _ in range(ROUNDS)), strict=True)
        browser.close()
    detail = f"median of {ROUNDS} in headless Chromium, from disk"
    yield Figure("seconds to first paint", median(painted), MOST_SECONDS, detail)
    yield Figure("seconds until the first rows are there", median(shown), MOST_SECONDS, detail)
    yield Figure("seconds to unpack the details and show a model", median(opened), MOST_SECONDS, detail)


def _times(browser: Browser, file: Path) -> tuple[float, float, float]:
    """Seconds from the start of loading to first paint and to the first row, and from the address of a model to it."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    tab = context.new_page()
    # Noted by the page itself, which is the only one that knows.
    tab.add_init_script("""
        new MutationObserver((_, observer) => {
            if (document.querySelector('.long tbody th')) { window.shownAt = performance.now(); observer.disconnect() }
        }).observe(document, {childList: true, subtree: true})
    """)
    tab.goto(file.as_uri())
    tab.wait_for_function("window.shownAt && performance.getEntriesByName('first-contentful-paint').length")
    painted = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    shown = tab.evaluate("window.shownAt")
    opened = tab.evaluate("""async () => {
        const from = performance.now()
        location.hash = 'model/' + encodeURIComponent('maker/model-1')
        while (!document.querySelector('main dl')) await new Promise(requestAnimationFrame)
        return performance.now() - from
    }""")
    context.close()
    return painted / 1e3, shown / 1e3, opened / 1e3


def content() -> tuple[dict[str, Any], dict[str, Any]]:
    """What a report holds of many models, each with a card, a price, evidence in several domains and a history."""
    made = random.Random(SEED)
    models = [_model(made, number) for number in range(MODELS)]
    seen = {
        model["group_id"]: {one: made.random() for one in made.sample(range(RANKED_BENCHMARKS), OF_A_MODEL_SEEN)}
        for model in models
    }
    scopes = ["overall", *(f"domain_{number}" for number in range(DOMAINS))]
    of_scope = {scope: [m for m in models if scope == "overall" or made.random() < 0.4] for scope in scopes}
    places = {
        scope: table(OF_A_PLACE, [_place(made, at, m) for at, m in enumerate(some, 1)]) for scope, some in of_scope.items()
    }
    evidence = [
        _evidence(made, scope, model["group_id"], benchmark, score)
        for scope, some in of_scope.items()
        for model in some
        for benchmark, score in seen[model["group_id"]].items()
        # A domain has its part of the benchmarks.
        if scope == "overall" or benchmark % DOMAINS == scopes.index(scope) - 1
    ]
    ranking = {
        "made_at": NOW,
        "origins": ["live"],
        "models": table(OF_A_MODEL, models),
        "places": places,
        "left_out": 0,
        "kept_out": [],
        "not_for_money": [],
        "commercial": False,
    }
    details = {
        "evidence": table(EVIDENCE, sorted(evidence, key=lambda row: (row["group_id"], row["benchmark_id"]))),
        "benchmarks": table(BENCHMARKS, [_benchmark(number) for number in range(RANKED_BENCHMARKS)]),
        "history": table((*HISTORY, "more"), [_period(made, row, n) for row in evidence[:: len(scopes)] for n in range(6)]),
        "cards": table((*CARDS, "document_id"), [_card(made, model) for model in models]),
        "answers": table(
            ("document_id", "question", "value", "explanation", "quote", "method", "text_sha256"),
            [_answer(made, document, question) for document in range(LICENSES) for question in range(22)],
        ),
        "conflicts": table(("target", "severity", "reason"), []),
        "findings": table((*FINDINGS, "more"), []),
        "changes": table((*CHANGES, "more"), []),
        "changes_counted": table(("source", "kind", "events"), []),
        "questions": {},
        "sources": table(("source",), []),
        "terms": table(("source",), []),
    }
    return ranking, details


def _model(made: random.Random, number: int) -> dict[str, Any]:
    return dict.fromkeys(OF_A_MODEL) | {
        "group_id": f"maker/model-{number}",
        "display_name": f"Model {number} Instruct",
        "maker": f"Maker {number % 200}",
        "sources": [f"source_{made.randrange(30)}" for _ in range(4)],
        "target": f"hf:maker/model-{number}",
        "open_weights": made.random() < 0.7,
        "parameters": made.randrange(10**8, 10**12),
        "parameters_basis": "counted",
        "context_length": 2 ** made.randrange(11, 20),
        "weight_bytes": made.randrange(10**8, 10**12),
        "serving_bytes_8k": made.randrange(10**8, 10**12),
        "serving_bytes_32k": made.randrange(10**8, 10**12),
        "license_id": f"license-{number % LICENSES}",
        "license_type": made.choice(("Permissive", "Copyleft", "Proprietary")),
        "license_suitability": "MOST",
        "license_basis": "text",
        "license_conflicts": 0,
        "commercial_use": "YES",
        "verdict": "safe",
        "input_usd_per_million_tokens": made.random(),
        "output_usd_per_million_tokens": made.random(),
        "cheapest_provider": f"provider-{made.randrange(80)}",
        "price_catalog": "models.dev",
        "prices_fetched_at": NOW,
        "priced_providers": 4,
        "free_providers": 0,
        "contradicted_providers": number % 2,
    }


def _place(made: random.Random, rank: int, model: dict[str, Any]) -> dict[str, Any]:
    score, price = 90 - 70 * rank / MODELS, made.random() * 10 ** made.randrange(-1, 3)
    return {
        "group_id": model["group_id"],
        "rank": rank,
        "tier": 1 + rank // 40,
        "score": score,
        "lower": score - made.random(),
        "upper": score + made.random(),
        "benchmarks": OF_A_MODEL_SEEN,
        "self_reported": 1,
        "blended_usd_per_million_tokens": price,
        "dearest_blended_usd_per_million_tokens": price * made.choice((1, 3)),
    }


def _evidence(made: random.Random, scope: str, group: str, benchmark: int, seen: float) -> dict[str, Any]:
    return {
        "scope": scope,
        "group_id": group,
        "benchmark_id": f"benchmark-{benchmark}",
        "seen": seen,
        "predicted": made.random(),
        "metric_id": f"source_{benchmark % 30}.accuracy_{benchmark}",
        "source": f"source_{benchmark % 30}",
        "published_name": f"{group.title()} Instruct",
        "variant": None,
        "standing": "verified",
        "run_by": "publisher",
    }


def _benchmark(number: int) -> dict[str, Any]:
    told = {"benchmark_id": f"benchmark-{number}", "benchmark_title": f"Benchmark {number}", "groups": 200}
    return dict.fromkeys(BENCHMARKS) | told | {"scope": "overall", "is_used": True, "is_saturated": False, "is_thin": False}


def _period(made: random.Random, row: dict[str, Any], number: int) -> dict[str, Any]:
    told = {name: row[name] for name in ("group_id", "metric_id", "source", "published_name", "variant")}
    since = NOW.replace(month=6 - number)
    values = {"score": made.randrange(1_000) / 10, "unit": "percent", "kind": "re-measured", "origin": "live", "more": 0}
    return dict.fromkeys(HISTORY) | told | values | {"valid_from": since, "valid_to": None}


def _card(made: random.Random, model: dict[str, Any]) -> dict[str, Any]:
    fact = {"value": None, "method": "stated in config.json", "reason": None}
    facts = {
        name: fact | {"value": made.randrange(10**6), "evidence": f"{name} = {made.randrange(10**6)}"} for name in FACTS
    }
    told = {"target": model["target"], "group_id": model["group_id"], "facts": facts, "license_id": model["license_id"]}
    return dict.fromkeys(CARDS) | told | {"document_id": made.randrange(LICENSES), "extracted_at": NOW, "origin": "live"}


def _answer(made: random.Random, document: int, question: int) -> dict[str, Any]:
    words = " ".join(made.choice(("license", "shall", "copyright", "grant", "work", "liable")) for _ in range(40))
    told = {"document_id": document, "question": f"question-{question}", "value": "YES", "quote": words}
    return told | {"explanation": "The license says so.", "method": "terms", "text_sha256": f"{document:064}"}


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.what}: {figure.value:.2f} (at most {figure.target}); {figure.detail}")
