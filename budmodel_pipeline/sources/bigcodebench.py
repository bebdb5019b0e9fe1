"""BigCodeBench: Python tasks that call many libraries, all of them and the hard ones."""

from collections.abc import Mapping
from datetime import date
from functools import partial

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Metric,
    Parsed,
    RejectionKind,
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import unclear
from budmodel_pipeline.sources.ledger import Ledger
from budmodel_pipeline.sources.reading import day, fact, json_rows_by_name, number, slug, text

PASSED = "pass@1"
BENCHMARKS = {
    "full": Benchmark("full", "BigCodeBench", Domain.CODING, "1,140 tasks that combine calls of 139 libraries."),
    "hard": Benchmark("hard", "BigCodeBench Hard", Domain.CODING, "The 148 tasks that are most like what users ask."),
}


def _metric(board: str, mode: str, description: str) -> Metric:
    return Metric(
        slug=f"{board}_{mode}_pass_at_1",
        benchmark=board,
        title=f"{BENCHMARKS[board].title} {mode} pass@1",
        unit=Unit.PERCENT,
        higher_is_better=True,
        minimum=0,
        maximum=100,
        description=description,
        headline=(board, mode) == ("full", "instruct"),
    )


MODES = {
    "instruct": "Share of the tasks that are solved when asked for in a short instruction.",
    "complete": "Share of the tasks that are solved by completing a function with a long docstring.",
}
METRICS = {board: {mode: _metric(board, mode, said) for mode, said in MODES.items()} for board in BENCHMARKS}
COLUMNS = Columns(
    required=frozenset({PASSED}),
    minor=frozenset({"link", "open-data", "prompted", "moe", "size", "act_param", "date", "prefill"}),
)
DAY = partial(day, formats=("%Y-%m-%d",))


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per name, with the scores of both boards; each has rows of its own, and a model may lack either."""
    ledger = Ledger()
    for board, metrics in METRICS.items():
        for name, row in json_rows_by_name(files[board], board, COLUMNS, ledger, PASSED):
            entry = ledger.entry(name, name)
            entry.standing = Standing.VERIFIED
            entry.link = text(row.get("link"))
            entry.released_on = ledger.cell(row, "date", DAY)
            entry.settings = {slug(key): fact(row.get(key)) for key in sorted(COLUMNS.minor - {"link", "date"})}
            # A word of the publisher, where others mean by it that something is missing.
            entry.settings["open_data"] = row.get("open-data") if isinstance(row.get("open-data"), str) else None
            if all(value is None for value in row[PASSED].values()):
                ledger.reject("the model was not run on this board", name, RejectionKind.BY_RULE)
            else:
                ledger.record(entry, ledger.scores(row[PASSED], metrics, number))
    return ledger.parsed()


SOURCE = Source(
    slug="bigcodebench",
    title="BigCodeBench",
    publisher="BigCode",
    homepage="https://bigcode-bench.github.io/",
    license=None,
    terms=unclear(
        "BigCodeBench, BigCode, https://bigcode-bench.github.io/",
        "The repository of the site has no license.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint("full", "https://bigcode-bench.github.io/results.json", "json"),
        Endpoint("hard", "https://bigcode-bench.github.io/results-hard.json", "json"),
    ),
    benchmarks=tuple(BENCHMARKS.values()),
    metrics=tuple(metric for of_board in METRICS.values() for metric in of_board.values()),
    columns=dict.fromkeys(BENCHMARKS, COLUMNS),
    parse=parse,
)
