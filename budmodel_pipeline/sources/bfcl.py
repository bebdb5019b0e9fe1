"""Berkeley Function-Calling Leaderboard, version 4: how well models call functions, in six tables over the same models."""

from collections.abc import Mapping
from itertools import product

from budmodel_pipeline.sources.contract import Benchmark, Columns, Endpoint, Metric, Parsed, Score, Source, SourceError, Unit
from budmodel_pipeline.sources.reading import Ledger, RowError, csv_rows, number, percent, published_name, slug, text

BENCHMARKS = {
    "overall": Benchmark("bfcl_v4", "BFCL v4", "function calling", "All categories together, with cost and latency."),
    "live": Benchmark("bfcl_v4_live", "BFCL v4 Live", "function calling", "Single-turn calls contributed by users."),
    "non_live": Benchmark(
        "bfcl_v4_non_live", "BFCL v4 Non-Live", "function calling", "Single-turn calls written by the authors."
    ),
    "multi_turn": Benchmark(
        "bfcl_v4_multi_turn", "BFCL v4 Multi Turn", "function calling", "Conversations that need several calls."
    ),
    "agentic": Benchmark("bfcl_v4_agentic", "BFCL v4 Agentic", "agents", "Web search and memory through function calls."),
    "format_sensitivity": Benchmark(
        "bfcl_v4_format_sensitivity",
        "BFCL v4 Format Sensitivity",
        "robustness",
        "How far accuracy moves between 26 formats of the same prompt; measured for few models with native calls.",
    ),
}


def _slug(table: str, column: str) -> str:
    """A column's slug. It names the table, because tables share column titles for different numbers."""
    name = slug(column.replace("Acc", "Accuracy"))
    return name if name.startswith(table) else f"{table}_{name}"


def _accuracies(table: str, *columns: str) -> dict[str, Metric]:
    return {
        column: Metric(
            slug=_slug(table, column),
            benchmark=BENCHMARKS[table].slug,
            title=column.replace("Acc", "Accuracy"),
            unit=Unit.PERCENT,
            higher_is_better=True,
            minimum=0,
            maximum=100,
            headline=column == "Overall Acc",
        )
        for column in columns
    }


def _costs(unit: Unit, maximum: float, columns: Mapping[str, str]) -> dict[str, Metric]:
    # The bounds are far above any model so far and below the same values in cents or milliseconds.
    return {
        column: Metric(
            slug=slug(title),
            benchmark=BENCHMARKS["overall"].slug,
            title=title,
            unit=unit,
            higher_is_better=False,
            minimum=0,
            maximum=maximum,
        )
        for column, title in columns.items()
    }


def _spreads(table: str) -> dict[str, Metric]:
    # Percentage points, but published without the sign that marks a percentage.
    return {
        column: Metric(
            slug=_slug(table, column),
            benchmark=BENCHMARKS[table].slug,
            title=column,
            unit=Unit.POINTS,
            higher_is_better=False,
            minimum=0,
            maximum=100,
        )
        for column in ("Format Sensitivity Max Delta", "Format Sensitivity Standard Deviation")
    }


def _configurations() -> dict[str, Metric]:
    """The accuracy under each prompt format, whose column title is a query string."""
    formats = [
        *product(
            ("python", "json", "verbose_xml", "concise_xml"),
            (True, False),
            ("python", "xml", "json"),
            (("plaintext", "classic"),),
        ),
        ("python", False, "json", ("markdown", "classic")),
        ("python", False, "json", ("plaintext", "experimental")),
    ]
    metrics = {}
    for calls, tag, documentation, (prompt, style) in formats:
        setting = f"ret_fmt={calls}&tool_call_tag={tag}&func_doc_fmt={documentation}&prompt_fmt={prompt}&style={style}"
        tagging = "tagged" if tag else "untagged"
        metrics[f"Config {setting}"] = Metric(
            slug=f"format_sensitivity_{calls}_{tagging}_{documentation}_docs_{prompt}_{style}",
            benchmark=BENCHMARKS["format_sensitivity"].slug,
            title=f"Accuracy with {setting}",
            unit=Unit.PERCENT,
            higher_is_better=True,
            minimum=0,
            maximum=100,
        )
    return metrics


TABLES: dict[str, dict[str, Metric]] = {
    "overall": {
        **_accuracies("overall", "Overall Acc"),
        **_costs(Unit.USD, 10_000, {"Total Cost ($)": "Total cost"}),
        **_costs(
            Unit.SECONDS,
            3_600,
            {
                "Latency Mean (s)": "Latency mean",
                "Latency Standard Deviation (s)": "Latency standard deviation",
                "Latency 95th Percentile (s)": "Latency 95th percentile",
            },
        ),
        **_accuracies("overall", "Non-Live AST Acc", "Non-Live Simple AST", "Non-Live Multiple AST"),
        **_accuracies("overall", "Non-Live Parallel AST", "Non-Live Parallel Multiple AST"),
        **_accuracies("overall", "Live Acc", "Live Simple AST", "Live Multiple AST"),
        **_accuracies("overall", "Live Parallel AST", "Live Parallel Multiple AST"),
        **_accuracies("overall", "Multi Turn Acc", "Multi Turn Base", "Multi Turn Miss Func"),
        **_accuracies("overall", "Multi Turn Miss Param", "Multi Turn Long Context"),
        **_accuracies("overall", "Web Search Acc", "Web Search Base", "Web Search No Snippet"),
        **_accuracies("overall", "Memory Acc", "Memory KV", "Memory Vector", "Memory Recursive Summarization"),
        **_accuracies("overall", "Relevance Detection", "Irrelevance Detection"),
        **_spreads("overall"),
    },
    "live": {
        **_accuracies("live", "Live Overall Acc", "AST Summary", "Python Simple AST", "Python Multiple AST"),
        **_accuracies("live", "Python Parallel AST", "Python Parallel Multiple AST"),
        **_accuracies("live", "Irrelevance Detection", "Relevance Detection"),
    },
    "non_live": {
        **_accuracies(
            "non_live", "Non-Live Overall Acc", "AST Summary", "Simple AST", "Python Simple AST", "Java Simple AST"
        ),
        **_accuracies("non_live", "JavaScript Simple AST", "Multiple AST", "Parallel AST", "Parallel Multiple AST"),
        **_accuracies("non_live", "Irrelevance Detection"),
    },
    "multi_turn": _accuracies("multi_turn", "Multi Turn Overall Acc", "Base", "Miss Func", "Miss Param", "Long Context"),
    "agentic": {
        **_accuracies("agentic", "Agentic Overall Acc", "Web Search Summary", "Web Search Base", "Web Search No Snippet"),
        **_accuracies("agentic", "Memory Summary", "Memory KV", "Memory Vector", "Memory Recursive Summarization"),
    },
    "format_sensitivity": {**_spreads("format_sensitivity"), **_configurations()},
}
COLUMNS = {table: Columns(required=frozenset({"Rank", "Model", *metrics})) for table, metrics in TABLES.items()}
COLUMNS["overall"] = Columns(required=COLUMNS["overall"].required | {"Model Link", "Organization", "License"})


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per published name, invocation mode included, over all six tables.

    Raises SourceError where a whole table is unreadable: the other five would otherwise pass for the leaderboard.
    """
    ledger = Ledger()
    for table, metrics in TABLES.items():
        kept = ledger.rows_kept
        for row in csv_rows(files[table], table, COLUMNS[table], ledger):
            try:
                name = published_name(row["Model"])
                scores = _scores(row, metrics)
            except RowError as error:
                ledger.reject(table, str(error), row["Model"])
                continue
            if not scores:
                ledger.reject(table, "the publisher measured nothing here", name, by_rule=True)
                continue
            entry = ledger.entry(name, name)
            if table == "overall":
                entry.link, entry.organization, entry.license = (
                    text(row[c]) for c in ("Model Link", "Organization", "License")
                )
            ledger.record(table, entry, scores)
        if ledger.rows_kept == kept:
            reasons = [rejection.reason for rejection in ledger.parsed().rejections if rejection.endpoint == table]
            raise SourceError(table, "rows that can be read", "; ".join(reasons) or "a header alone")
    return ledger.parsed()


def _scores(row: Mapping[str, str], metrics: Mapping[str, Metric]) -> dict[str, Score]:
    """The scores of a row; the published rank stands with the headline. Raises RowError for a cell of another format."""
    scores = {}
    for column, metric in metrics.items():
        value = percent(row[column], column) if metric.unit is Unit.PERCENT else number(row[column], column)
        if value is not None:
            scores[metric.slug] = Score(value, rank=_rank(row["Rank"]) if metric.headline else None)
    return scores


def _rank(cell: str) -> int | None:
    rank = number(cell, "Rank")
    if rank is not None and not rank.is_integer():
        raise RowError("Rank is not a whole number")
    return None if rank is None else int(rank)


SOURCE = Source(
    slug="bfcl",
    title="Berkeley Function-Calling Leaderboard v4",
    publisher="Gorilla, UC Berkeley",
    homepage="https://gorilla.cs.berkeley.edu/leaderboard.html",
    license="Apache-2.0",
    endpoints=tuple(
        Endpoint(name=table, url=f"https://gorilla.cs.berkeley.edu/data_{table}.csv", format="csv") for table in TABLES
    ),
    benchmarks=tuple(BENCHMARKS.values()),
    metrics=tuple(metric for metrics in TABLES.values() for metric in metrics.values()),
    columns=COLUMNS,
    parse=parse,
)
