"""Vectara: how often models say what is not in a document that they sum up."""

import re
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
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import day, decode, markdown_rows, number, percent, published_name

ENDPOINT = "readme"
UPDATED = re.compile(r"Last updated on ([A-Z][a-z]+ [0-9]{1,2}, [0-9]{4})")
BENCHMARK = Benchmark(
    # Another set of documents than before, with other figures.
    "summaries_2025_11",
    "Summaries, documents of November 2025",
    Domain.ROBUSTNESS,
    "Summaries of 7,700 documents, checked by a model of the publisher.",
)


def _metric(slug: str, title: str, unit: Unit, description: str, *, higher_is_better: bool | None = True) -> Metric:
    return Metric(
        slug=slug,
        benchmark=BENCHMARK.slug,
        title=title,
        unit=unit,
        higher_is_better=higher_is_better,
        minimum=0,
        maximum=100 if unit is Unit.PERCENT else 100_000,
        description=description,
        headline=slug == "hallucination_rate",
    )


SHARES = {
    "Hallucination Rate": _metric(
        "hallucination_rate",
        "Hallucination rate",
        Unit.PERCENT,
        "Share of the summaries that say what is not in the document.",
        higher_is_better=False,
    ),
    "Factual Consistency Rate": _metric(
        "factual_consistency_rate", "Factual consistency rate", Unit.PERCENT, "Share of the summaries that do not."
    ),
    "Answer Rate": _metric("answer_rate", "Answer rate", Unit.PERCENT, "Share of the documents that the model sums up."),
}
LENGTHS = {
    "Average Summary Length (Words)": _metric(
        "average_summary_length", "Average length of a summary", Unit.COUNT, "In words.", higher_is_better=None
    ),
}
COLUMNS = Columns(
    required=frozenset({"Model", "Hallucination Rate"}), minor=frozenset({*SHARES, *LENGTHS}) - {"Hallucination Rate"}
)
LONG_DAY = partial(day, formats=("%B %d, %Y",))


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per name."""
    ledger = Ledger()
    for row in markdown_rows(files[ENDPOINT], ENDPOINT, COLUMNS, ledger):
        try:
            name = published_name(row["Model"])
        except CellError as error:
            ledger.reject(str(error), row)
            continue
        entry = ledger.entry(name, name)
        entry.standing = Standing.VERIFIED
        ledger.record(entry, ledger.scores(row, SHARES, percent) | ledger.scores(row, LENGTHS, number))
    return ledger.parsed(as_of=_updated(decode(files[ENDPOINT], ENDPOINT), ledger))


def _updated(page: str, ledger: Ledger) -> date | None:
    found = UPDATED.search(page)
    return ledger.cell({"Last updated on": found[1]}, "Last updated on", LONG_DAY) if found else None


SOURCE = Source(
    slug="vectara_hallucination",
    title="Vectara hallucination leaderboard",
    publisher="Vectara",
    homepage="https://github.com/vectara/hallucination-leaderboard",
    license="Apache-2.0",
    terms=permitted(
        "Vectara hallucination leaderboard, https://github.com/vectara/hallucination-leaderboard, Apache-2.0",
        "Apache-2.0, the license of the repository, whose README has the table.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(ENDPOINT, "https://raw.githubusercontent.com/vectara/hallucination-leaderboard/main/README.md", "markdown"),
    ),
    benchmarks=(BENCHMARK,),
    metrics=(*SHARES.values(), *LENGTHS.values()),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
)
