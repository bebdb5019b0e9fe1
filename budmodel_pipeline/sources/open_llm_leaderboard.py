"""Open LLM Leaderboard 2 of Hugging Face: open models on six benchmarks, run alike until it was archived in March 2025."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from budmodel_pipeline.sources.contract import (
    AsOfBasis,
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
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import day, fact, json_rows, load_json, number, published_name, text

ENDPOINT = "formatted"
AVERAGE = Benchmark("average", "Open LLM Leaderboard 2", Domain.GENERAL, "The mean of six benchmarks, from chance to all.")
# Figures are of few examples and of likelihoods, so that they compare with no other run of these benchmarks.
PARTS = {
    "ifeval": Benchmark(
        "ifeval", "IFEval", Domain.INSTRUCTION_FOLLOWING, "Instructions that a program checks.", part_of="average"
    ),
    "bbh": Benchmark("bbh", "BIG-Bench Hard, 3 shots", Domain.REASONING, "23 hard tasks.", part_of="average"),
    "math": Benchmark(
        "math", "MATH level 5, 4 shots", Domain.MATHEMATICS, "The hardest problems of MATH.", part_of="average"
    ),
    "gpqa": Benchmark("gpqa", "GPQA, 0 shots", Domain.SCIENCE, "Choices without reasoning.", part_of="average"),
    "musr": Benchmark(
        "musr", "MuSR, 0 shots", Domain.REASONING, "Mysteries and allotments in long texts.", part_of="average"
    ),
    "mmlu_pro": Benchmark(
        "mmlu_pro", "MMLU-Pro, 5 shots", Domain.KNOWLEDGE, "Choices without reasoning.", part_of="average"
    ),
}


def _metric(benchmark: Benchmark, description: str, *, headline: bool = False) -> Metric:
    return Metric(
        slug="average" if headline else f"{benchmark.slug}_normalized",
        benchmark=benchmark.slug,
        title=f"{benchmark.title}, normalized",
        unit=Unit.PERCENT,
        higher_is_better=True,
        minimum=0,
        maximum=100,
        description=description,
        headline=headline,
    )


MEAN = {"average_score": _metric(AVERAGE, "Mean of the normalized scores of the six.", headline=True)}
SCORES = {key: _metric(benchmark, "0 is chance, 100 is all of it.") for key, benchmark in PARTS.items()}
COLUMNS = Columns(required=frozenset({"id", "model", "evaluations", "features"}), minor=frozenset({"metadata"}))
FACTS = ("precision", "type", "sha", "architecture", "has_chat_template")
FEATURES = ("is_merged", "is_moe")
SIZE = "params_billions"
METADATA = ("base_model", SIZE, "submission_date")
DAY = partial(day, formats=("%Y-%m-%d",))


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per id: a model may have been run in several precisions and at several revisions.

    Those by the makers of models whom the publisher calls official are kept. The other nine of ten are fine-tunes and merges
    that no other source knows, and would be three of four models of everything that is read.
    """
    ledger = Ledger()
    newest = []
    for row in json_rows(load_json(files[ENDPOINT], ENDPOINT, ledger), COLUMNS, ledger):
        model, features, metadata = (_object(row.get(key)) for key in ("model", "features", "metadata"))
        try:
            name, run = published_name(model.get("name")), published_name(row["id"])
        except CellError as error:
            ledger.reject(str(error), row["id"])
            continue
        if features.get("is_official_provider") is not True:
            ledger.reject("fine-tuned or merged by somebody who is no official provider", name, RejectionKind.BY_RULE)
            continue
        entry = ledger.entry(run, name)
        entry.link = f"https://huggingface.co/{name}"
        entry.license = text(metadata.get("hub_license"))
        # Flagged ones were found to break the rules, most by having seen the questions.
        entry.standing = Standing.CONTAMINATED if features.get("is_flagged") is True else Standing.VERIFIED
        facts = {
            key: of.get(key) for of, keys in ((model, FACTS), (features, FEATURES), (metadata, METADATA)) for key in keys
        }
        entry.settings = {key: said for key, value in facts.items() if (said := fact(value)) is not None}
        # The publisher writes 0 or -1 for a size that it does not know.
        if not (ledger.cell(metadata, SIZE, number) or 0) > 0:
            entry.settings.pop(SIZE, None)
        newest.append(ledger.cell(metadata, "submission_date", DAY))
        shown = {key: _object(found).get("normalized_score") for key, found in _object(row["evaluations"]).items()}
        ledger.record(entry, ledger.scores(model, MEAN, number) | ledger.scores(shown, SCORES, number))
    return ledger.parsed(as_of=max(filter(None, newest), default=None), as_of_basis=AsOfBasis.NEWEST_ROW)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


SOURCE = Source(
    slug="open_llm_leaderboard",
    title="Open LLM Leaderboard 2",
    publisher="Hugging Face",
    homepage="https://huggingface.co/spaces/open-llm-leaderboard/open_llm_leaderboard",
    license=None,
    terms=unclear(
        "Open LLM Leaderboard, Hugging Face, https://huggingface.co/spaces/open-llm-leaderboard/open_llm_leaderboard",
        "The card of the data set has no license.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(
            ENDPOINT,
            "https://open-llm-leaderboard-open-llm-leaderboard.hf.space/api/leaderboard/formatted",
            "json",
        ),
    ),
    benchmarks=(AVERAGE, *PARTS.values()),
    metrics=(*MEAN.values(), *SCORES.values()),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
    # Archived: what was read once is all that there will be.
    cadence=timedelta(days=3650),
)
