"""Aider polyglot: exercises in six programming languages, solved by editing files; a second try sees the failed tests."""

from collections.abc import Mapping
from datetime import date
from functools import partial

from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Columns,
    Endpoint,
    Metric,
    Parsed,
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import day, fact, json_rows, load_yaml, number, published_name
from budmodel_pipeline.sources.shared_benchmarks import AIDER_POLYGLOT

ENDPOINT = "leaderboard"


def _metric(slug: str, title: str, unit: Unit, maximum: float, description: str, *, higher_is_better: bool = True) -> Metric:
    return Metric(
        slug=slug,
        benchmark=AIDER_POLYGLOT.slug,
        title=title,
        unit=unit,
        higher_is_better=higher_is_better,
        minimum=0,
        maximum=maximum,
        description=description,
        headline=slug == "pass_rate_2",
    )


METRICS = {
    metric.slug: metric
    for metric in (
        _metric("pass_rate_1", "Solved at the first try", Unit.PERCENT, 100, "Share of the exercises."),
        _metric(
            "pass_rate_2", "Solved in two tries", Unit.PERCENT, 100, "Share of the exercises; the publisher ranks by it."
        ),
        _metric("percent_cases_well_formed", "Edits well formed", Unit.PERCENT, 100, "Share of the exercises."),
        _metric("seconds_per_case", "Time per exercise", Unit.SECONDS, 100_000, "On average.", higher_is_better=False),
        _metric("total_cost", "Cost of the run", Unit.USD, 100_000, "Of all exercises.", higher_is_better=False),
    )
}
FACTS = ("edit_format", "test_cases", "versions", "command", "reasoning_effort", "thinking_tokens", "editor_model", "date")
COLUMNS = Columns(
    required=frozenset({"dirname", "model", "pass_rate_2"}),
    minor=frozenset({*METRICS, "edit_format", "date", "test_cases", "versions", "command"}) - {"pass_rate_2"},
    optional=frozenset({"reasoning_effort", "thinking_tokens", "editor_model"}),
    ignored=frozenset(
        {
            *("commit_hash", "pass_num_1", "pass_num_2", "error_outputs", "num_malformed_responses", "total_tests"),
            *("num_with_malformed_responses", "user_asks", "lazy_comments", "syntax_errors", "indentation_errors"),
            *("exhausted_context_windows", "test_timeouts", "prompt_tokens", "completion_tokens", "editor_edit_format"),
        }
    ),
)
DAY = partial(day, formats=("%Y-%m-%d",))
# Of two models one plans and one edits.
TWO_MODELS = "architect"


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per run, of which `dirname` is the name: a model may have one for each edit format."""
    ledger = Ledger()
    days = []
    for row in json_rows(load_yaml(files[ENDPOINT], ENDPOINT, ledger), COLUMNS, ledger):
        try:
            name, run = published_name(row["model"]), published_name(row["dirname"])
        except CellError as error:
            ledger.reject(str(error), row["model"])
            continue
        entry = ledger.entry(run, name)
        entry.standing = Standing.SYSTEM if row.get("edit_format") == TWO_MODELS else Standing.COMMUNITY
        entry.settings = {key: said for key in FACTS if (said := fact(row.get(key))) is not None}
        days.append(ledger.cell(row, "date", DAY))
        scores = ledger.scores(row, METRICS, number)
        # What was free, or whose price nobody knew.
        if "total_cost" in scores and scores["total_cost"].value == 0:
            del scores["total_cost"]
        ledger.record(entry, scores)
    return ledger.parsed(as_of=max(filter(None, days), default=None), as_of_basis=AsOfBasis.NEWEST_ROW)


SOURCE = Source(
    slug="aider_polyglot",
    title="Aider polyglot",
    publisher="Aider AI",
    homepage="https://aider.chat/docs/leaderboards/",
    license="Apache-2.0",
    terms=permitted(
        "Aider, https://aider.chat/docs/leaderboards/, Apache-2.0",
        "Apache-2.0, the license of the repository Aider-AI/aider, which holds the file.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(
            ENDPOINT,
            "https://raw.githubusercontent.com/Aider-AI/aider/main/aider/website/_data/polyglot_leaderboard.yml",
            "yaml",
        ),
    ),
    benchmarks=(AIDER_POLYGLOT,),
    metrics=tuple(METRICS.values()),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
)
