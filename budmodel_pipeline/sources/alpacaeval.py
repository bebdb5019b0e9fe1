"""AlpacaEval 2: automatic evaluation of instruction following against GPT-4 Turbo."""

import re
from collections.abc import Iterable, Mapping
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
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import csv_rows, number, published_name, text

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
COLUMNS = Columns(
    required=frozenset({"name", "length_controlled_winrate", "filter"}),
    minor=frozenset({"win_rate", "avg_length", "link", "samples"}),
)
# The standard error of each metric, in the publisher's table of further statistics; its first column has no title.
RUN = ""
STANDARD_ERRORS = {LENGTH_CONTROLLED_WIN_RATE.slug: "lc_standard_error", WIN_RATE.slug: "standard_error"}
STATISTICS = Columns(
    required=frozenset({RUN}),
    minor=frozenset(STANDARD_ERRORS.values()),
    ignored=frozenset({"win_rate", "n_wins", "n_wins_base", "n_draws", "n_total", "discrete_win_rate", "mode", "avg_length"})
    | {"length_controlled_winrate"},
)
# The run that a link to its answers names: .../results/<run>/model_outputs.json
_RUN = re.compile(r"/results/([^/]+)/[^/]+$")
# The site opens with its `minimal` and `verified` rows.
STANDINGS = {"minimal": Standing.VERIFIED, "verified": Standing.VERIFIED, "community": Standing.COMMUNITY}
# Several models together, the best of many answers, another model that corrects the answers, or answers written to fool the
# judge. Others speak of one model with a plus: `Tulu 2+DPO`, `ExPO + Starling`.
_SYSTEM = re.compile(r"best-of-\d+|\w*MoA\b|^Blendax|^TOA$|^Aligner |^PairRM |adversarial|^Samba CoE", re.IGNORECASE)
NORMAL_QUANTILE = 1.96


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per name and filter: the publisher lists `GPT 3.5 Turbo (06/13)` once verified and once by the community."""
    ledger = Ledger()
    rows_of_run: dict[str, list[dict[str, Score]]] = {}
    for row in csv_rows(files["leaderboard"], "leaderboard", COLUMNS, ledger):
        try:
            name = published_name(row["name"])
        except CellError as error:
            ledger.reject(str(error), row["name"])
            continue
        published_filter = text(row["filter"])
        entry = ledger.entry(f"{name} | {published_filter}", name)
        entry.standing = Standing.SYSTEM if _SYSTEM.search(name) else STANDINGS.get(published_filter or "", Standing.UNKNOWN)
        entry.link = text(row.get("link"))
        samples = text(row.get("samples"))
        entry.settings = {"filter": published_filter, "samples": samples}
        ledger.record(entry, ledger.scores(row, METRICS, number))
        if run := _RUN.search(samples or ""):
            rows_of_run.setdefault(run[1], []).append(entry.scores)
    if "statistics" in files:
        for row in csv_rows(files["statistics"], "statistics", STATISTICS, ledger):
            ledger.leave_out_of_account(1)
            _add_intervals(row, rows_of_run.get(row[RUN], ()), ledger)
    else:
        ledger.missing_columns.append("statistics: the whole file")
    return ledger.parsed()


def _add_intervals(row: Mapping[str, str], of_run: Iterable[dict[str, Score]], ledger: Ledger) -> None:
    """Gives the scores of a run their 95% intervals; the rows of the statistics are no rows of the leaderboard."""
    errors = {metric: ledger.cell(row, column, number) for metric, column in STANDARD_ERRORS.items()}
    for scores in of_run:
        for metric, error in errors.items():
            if error is not None and (score := scores.get(metric)):
                reach = NORMAL_QUANTILE * error
                basis = IntervalBasis.STANDARD_ERROR
                lower, upper = max(0.0, score.value - reach), min(100.0, score.value + reach)
                scores[metric] = score._replace(lower=lower, upper=upper, interval_basis=basis)


SOURCE = Source(
    slug="alpacaeval",
    title="AlpacaEval 2",
    publisher="Tatsu Lab, Stanford",
    homepage="https://tatsu-lab.github.io/alpaca_eval/",
    license="Apache-2.0",
    terms=permitted(
        "AlpacaEval, Tatsu Lab, https://tatsu-lab.github.io/alpaca_eval/, Apache-2.0",
        "Apache-2.0, the license of the repository tatsu-lab/alpaca_eval, which holds the files.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(
            name="leaderboard",
            url="https://raw.githubusercontent.com/tatsu-lab/alpaca_eval/main/docs/data_AlpacaEval_2/"
            "weighted_alpaca_eval_gpt4_turbo_leaderboard.csv",
            format="csv",
        ),
        Endpoint(
            name="statistics",
            url="https://raw.githubusercontent.com/tatsu-lab/alpaca_eval/main/src/alpaca_eval/leaderboards/"
            "data_AlpacaEval_2/weighted_alpaca_eval_gpt4_turbo_leaderboard.csv",
            format="csv",
            supplement=True,
        ),
    ),
    benchmarks=(
        Benchmark(
            slug="alpacaeval_2",
            title="AlpacaEval 2",
            domain=Domain.INSTRUCTION_FOLLOWING,
            description="805 instructions, answers compared with those of GPT-4 Turbo by a GPT-4 Turbo judge.",
        ),
    ),
    metrics=tuple(METRICS.values()),
    columns={"leaderboard": COLUMNS, "statistics": STATISTICS},
    parse=parse,
    parser_version=2,
    default_view=frozenset({Standing.VERIFIED}),
)
