"""AlpacaEval 2: automatic evaluation of instruction following against GPT-4 Turbo."""

from collections.abc import Mapping

from budmodel_pipeline.sources.contract import Benchmark, Columns, Endpoint, Metric, Parsed, Source, Unit
from budmodel_pipeline.sources.reading import Ledger, RowError, csv_rows, published_name, scores_of, text

LENGTH_CONTROLLED_WIN_RATE = Metric(
    slug="length_controlled_win_rate",
    benchmark="alpacaeval_2",
    title="Length-controlled win rate",
    unit=Unit.PERCENT,
    higher_is_better=True,
    minimum=0,
    maximum=100,
    description="Share of 805 instructions on which the judge prefers the model, corrected for answer length.",
    headline=True,
)
WIN_RATE = Metric(
    slug="win_rate",
    benchmark="alpacaeval_2",
    title="Win rate",
    unit=Unit.PERCENT,
    higher_is_better=True,
    minimum=0,
    maximum=100,
    description="Share of 805 instructions on which the judge prefers the model.",
)
AVERAGE_LENGTH = Metric(
    slug="average_length",
    benchmark="alpacaeval_2",
    title="Average answer length",
    unit=Unit.CHARACTERS,
    higher_is_better=None,
    minimum=0,
)
METRICS = {
    "length_controlled_winrate": LENGTH_CONTROLLED_WIN_RATE,
    "win_rate": WIN_RATE,
    "avg_length": AVERAGE_LENGTH,
}
COLUMNS = Columns(required=frozenset({"name", "link", "samples", "filter", *METRICS}))


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per name and filter: the publisher lists `GPT 3.5 Turbo (06/13)` once verified and once by the community."""
    ledger = Ledger()
    for row in csv_rows(files["leaderboard"], "leaderboard", COLUMNS, ledger):
        try:
            name = published_name(row["name"])
            scores = scores_of(row, METRICS)
        except RowError as error:
            ledger.reject("leaderboard", str(error), row["name"])
            continue
        # Community rows are not checked by the publisher; one of them is a demonstration of cheating.
        published_filter = text(row["filter"])
        entry = ledger.entry(f"{name} | {published_filter}", name)
        entry.link = text(row["link"])
        entry.settings = {"filter": published_filter, "samples": text(row["samples"])}
        ledger.record("leaderboard", entry, scores)
    return ledger.parsed()


SOURCE = Source(
    slug="alpacaeval",
    title="AlpacaEval 2",
    publisher="Tatsu Lab, Stanford",
    homepage="https://tatsu-lab.github.io/alpaca_eval/",
    license="Apache-2.0",
    endpoints=(
        Endpoint(
            name="leaderboard",
            url="https://raw.githubusercontent.com/tatsu-lab/alpaca_eval/main/docs/data_AlpacaEval_2/"
            "weighted_alpaca_eval_gpt4_turbo_leaderboard.csv",
            format="csv",
        ),
    ),
    benchmarks=(
        Benchmark(
            slug="alpacaeval_2",
            title="AlpacaEval 2",
            domain="instruction following",
            description="805 instructions, answers compared with those of GPT-4 Turbo by a GPT-4 Turbo judge.",
        ),
    ),
    metrics=tuple(METRICS.values()),
    columns={"leaderboard": COLUMNS},
    parse=parse,
)
