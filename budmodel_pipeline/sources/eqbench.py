"""EQ-Bench 3: emotional intelligence in role plays; a model compares and grades what models answer."""

import re
from collections.abc import Mapping
from datetime import date

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    IntervalBasis,
    Metric,
    Parsed,
    Score,
    Source,
    SourceError,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import unclear
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import csv_rows, decode, number, published_name

ENDPOINT = "script"
# The table stands as CSV in a text of the site's script.
TABLE = re.compile(r"leaderboardDataEQBench3\s*=\s*`([^`]*)`")
BENCHMARK = Benchmark(
    "eqbench3", "EQ-Bench 3", Domain.GENERAL, "Insight, empathy and social skill in 45 difficult conversations."
)
# Signs before a name: new on the board, and not safe for work.
FLAGS = {"*": "new", "!": "not_safe_for_work"}
# What more of is better; the others say of what kind a model is.
ABILITIES = ("social_iq", "insightful", "empathy", "pragmatic")
MANNERS = ("humanlike", "safe", "assertive", "warm", "analytical", "compliant", "moral")
ELO = Metric(
    slug="elo",
    benchmark=BENCHMARK.slug,
    title="Elo",
    unit=Unit.ELO,
    higher_is_better=True,
    minimum=-1000,
    maximum=5000,
    description="Of comparisons by a model, on a scale where o3 has 1500 and Llama 3.2 1B 200.",
    headline=True,
)
RUBRIC = Metric(
    slug="rubric",
    benchmark=BENCHMARK.slug,
    title="Rubric score",
    unit=Unit.POINTS,
    higher_is_better=True,
    minimum=0,
    maximum=100,
    description="What a model gives the answers one by one.",
)


def _trait(name: str) -> Metric:
    return Metric(
        slug=name,
        benchmark=BENCHMARK.slug,
        title=name.replace("_", " ").capitalize(),
        unit=Unit.POINTS,
        higher_is_better=True if name in ABILITIES else None,
        minimum=0,
        maximum=20,
        description="How much of it a model finds in the answers.",
    )


METRICS = {"elo_norm": ELO, "rubric_0_100": RUBRIC, **{name: _trait(name) for name in (*ABILITIES, *MANNERS)}}
INTERVAL = ("ci_low_norm", "ci_high_norm")
COLUMNS = Columns(
    required=frozenset({"model_name", "elo_norm", "rubric_0_100"}), minor=frozenset({*ABILITIES, *MANNERS, *INTERVAL})
)


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per name, without the signs before it, which come and go."""
    ledger = Ledger()
    found = TABLE.search(decode(files[ENDPOINT], ENDPOINT))
    if found is None:
        raise SourceError(ENDPOINT, "the text leaderboardDataEQBench3", "a script without it")
    for row in csv_rows(found[1].encode(), ENDPOINT, COLUMNS, ledger):
        written = row["model_name"].strip()
        try:
            name = published_name(written.lstrip("".join(FLAGS)))
        except CellError as error:
            ledger.reject(str(error), written)
            continue
        entry = ledger.entry(name, name)
        entry.standing = Standing.VERIFIED
        signs = written[: len(written) - len(name)]
        entry.settings = {said: True for sign, said in FLAGS.items() if sign in signs}
        scores = ledger.scores(row, METRICS, number)
        if ELO.slug in scores:
            scores[ELO.slug] = _with_interval(scores[ELO.slug], row, ledger)
        ledger.record(entry, scores)
    return ledger.parsed()


def _with_interval(score: Score, row: Mapping[str, str], ledger: Ledger) -> Score:
    lower, upper = (ledger.cell(row, column, number) for column in INTERVAL)
    basis = None if lower is None and upper is None else IntervalBasis.PUBLISHED
    return score._replace(lower=lower, upper=upper, interval_basis=basis)


SOURCE = Source(
    slug="eqbench",
    title="EQ-Bench 3",
    publisher="EQ-Bench",
    homepage="https://eqbench.com/",
    license=None,
    terms=unclear(
        "EQ-Bench 3, https://eqbench.com/",
        "The site has no license; the front matter of its repository alone says MIT.",
        date(2026, 9, 1),
    ),
    endpoints=(Endpoint(ENDPOINT, "https://eqbench.com/eqbench3.js", "javascript"),),
    benchmarks=(BENCHMARK,),
    metrics=tuple(METRICS.values()),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
)
