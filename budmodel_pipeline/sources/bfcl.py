"""Berkeley Function-Calling Leaderboard, version 4: how well models call functions, in six tables over the same models."""

from collections.abc import Mapping
from datetime import date
from itertools import product

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Metric,
    Parsed,
    RejectionKind,
    Source,
    SourceError,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import csv_rows, number, percent, published_name, slug, text

BENCHMARKS = {
    "overall": Benchmark("bfcl_v4", "BFCL v4", Domain.FUNCTION_CALLING, "All categories together, with cost and latency."),
    "live": Benchmark(
        "bfcl_v4_live",
        "BFCL v4 Live",
        Domain.FUNCTION_CALLING,
        "Single-turn calls contributed by users.",
        part_of="bfcl_v4",
    ),
    "non_live": Benchmark(
        "bfcl_v4_non_live",
        "BFCL v4 Non-Live",
        Domain.FUNCTION_CALLING,
        "Single-turn calls written by the authors.",
        part_of="bfcl_v4",
    ),
    "multi_turn": Benchmark(
        "bfcl_v4_multi_turn",
        "BFCL v4 Multi Turn",
        Domain.FUNCTION_CALLING,
        "Conversations that need several calls.",
        part_of="bfcl_v4",
    ),
    "agentic": Benchmark(
        "bfcl_v4_agentic",
        "BFCL v4 Agentic",
        Domain.AGENTS,
        "Web search and memory through function calls.",
        part_of="bfcl_v4",
    ),
    "format_sensitivity": Benchmark(
        "bfcl_v4_format_sensitivity",
        "BFCL v4 Format Sensitivity",
        Domain.ROBUSTNESS,
        "How far accuracy moves between 26 formats of the same prompt; measured for few models with native calls.",
        part_of="bfcl_v4",
    ),
}


def _slug(table: str, column: str) -> str:
    """A column's slug. It names the table, because tables share column titles for different numbers."""
    name = slug(column.replace("Acc", "Accuracy"))
    return name if name.startswith(table) else f"{table}_{name}"


# What a column counts, by the words of its title; the first line that fits.
MEANINGS = {
    "Overall Acc": "All categories of the table together, as the publisher weighs them.",
    "Parallel Multiple AST": "Several functions are offered and several calls are needed at once; compared by syntax tree.",
    "Parallel AST": "One function is offered and must be called several times at once; compared by syntax tree.",
    "Multiple AST": "Several functions are offered and one call is right; compared by syntax tree.",
    "Simple AST": "One function is offered and one call is right; compared by syntax tree.",
    "AST": "Mean over the categories whose calls are compared by syntax tree.",
    "Irrelevance Detection": "No offered function fits, and the model rightly calls none.",
    "Relevance Detection": "An offered function fits, and the model calls one.",
    "Live Acc": "Mean over the single-turn categories contributed by users.",
    "Miss Func": "Conversations in which the function that is needed is offered only later.",
    "Miss Param": "Conversations in which a parameter is missing and must be asked for.",
    "Long Context": "Conversations whose function results are padded with much irrelevant data.",
    "Multi Turn Acc": "Mean over the categories of conversations that need several calls.",
    "Web Search Base": "Questions that need several web searches, with snippets in the results.",
    "Web Search No Snippet": "Questions that need several web searches, without snippets in the results.",
    "Web Search": "Mean over web search with and without snippets in the results.",
    "Memory KV": "Remembering over a session in a store of keys and values.",
    "Memory Vector": "Remembering over a session in a vector store.",
    "Memory Recursive Summarization": "Remembering over a session in a summary that is rewritten again and again.",
    "Memory": "Mean over the three kinds of memory.",
    "Base": "Conversations that need several calls, with nothing missing.",
    "Total Cost": "Cost of the whole benchmark in US dollars, estimated from prices of APIs or GPUs.",
    "Latency Mean": "Mean time to a response, in seconds.",
    "Latency Standard Deviation": "Spread of the time to a response, in seconds.",
    "Latency 95th Percentile": "Time within which 95 % of the responses came, in seconds.",
    "Max Delta": "Largest difference of accuracy between two prompt formats, in percentage points.",
    "Standard Deviation": "Spread of accuracy over the prompt formats, in percentage points.",
}


def _meaning(column: str) -> str:
    return next(meaning for words, meaning in MEANINGS.items() if words in column)


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
            description=_meaning(column),
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
            description=_meaning(column),
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
            description=_meaning(column),
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
            description=f"Accuracy on a part of the single-turn categories with calls in {calls}, functions described in "
            f"{documentation} and a {style} prompt in {prompt}.",
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
HEADLINE = TABLES["overall"]["Overall Acc"].slug
FACTS = ("Model Link", "Organization", "License")
COLUMNS = {
    table: Columns(required=frozenset({"Model"}), minor=frozenset({"Rank", *metrics})) for table, metrics in TABLES.items()
}
COLUMNS["overall"] = Columns(
    required=frozenset({"Model", "Overall Acc"}), minor=frozenset({"Rank", *FACTS, *TABLES["overall"]} - {"Overall Acc"})
)


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per published name, invocation mode included, over all six tables.

    Raises SourceError where a whole table is unreadable: the other five would otherwise pass for the leaderboard.
    """
    ledger = Ledger()
    for table, metrics in TABLES.items():
        kept = ledger.rows_kept
        signed = {column: metric for column, metric in metrics.items() if metric.unit is Unit.PERCENT}
        plain = {column: metric for column, metric in metrics.items() if metric.unit is not Unit.PERCENT}
        for row in csv_rows(files[table], table, COLUMNS[table], ledger):
            try:
                name = published_name(row["Model"])
            except CellError as error:
                ledger.reject(str(error), row["Model"])
                continue
            unread = ledger.unread_cells
            scores = ledger.scores(row, signed, percent) | ledger.scores(row, plain, number)
            if not scores and ledger.unread_cells == unread:
                ledger.reject("the publisher measured nothing here", name, RejectionKind.BY_RULE)
                continue
            entry = ledger.entry(name, name)
            # The publisher runs every model itself.
            entry.standing = Standing.VERIFIED
            if HEADLINE in scores:
                scores[HEADLINE] = scores[HEADLINE]._replace(rank=ledger.cell(row, "Rank", _rank))
            if table == "overall":
                entry.link, entry.organization, entry.license = (text(row.get(column)) for column in FACTS)
            ledger.record(entry, scores)
        if ledger.rows_kept == kept:
            parsed = ledger.parsed()
            reasons = [rejection.reason for rejection in parsed.rejections if rejection.endpoint == table]
            reasons += [unread.reason for unread in parsed.unread if unread.endpoint == table]
            raise SourceError(table, "rows that can be read", "; ".join(reasons[:8]))
    return ledger.parsed()


def _rank(cell: object, column: str) -> int | None:
    rank = number(cell, column)
    if rank is not None and not rank.is_integer():
        raise CellError(f"{column} is not a whole number")
    return None if rank is None else int(rank)


SOURCE = Source(
    slug="bfcl",
    title="Berkeley Function-Calling Leaderboard v4",
    publisher="Gorilla, UC Berkeley",
    homepage="https://gorilla.cs.berkeley.edu/leaderboard.html",
    license="Apache-2.0",
    terms=permitted(
        "Berkeley Function-Calling Leaderboard, UC Berkeley, https://gorilla.cs.berkeley.edu/leaderboard.html, Apache-2.0",
        "The README of the leaderboard says that its data are Apache-2.0.",
        date(2026, 9, 1),
    ),
    endpoints=tuple(
        Endpoint(name=table, url=f"https://gorilla.cs.berkeley.edu/data_{table}.csv", format="csv") for table in TABLES
    ),
    benchmarks=tuple(BENCHMARKS.values()),
    metrics=tuple(metric for metrics in TABLES.values() for metric in metrics.values()),
    columns=COLUMNS,
    parse=parse,
    parser_version=3,
)
