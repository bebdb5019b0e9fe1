"""Open ASR leaderboard of Hugging Face: how many words of English speech models write down wrongly, and how fast."""

import re
from collections.abc import Mapping
from datetime import date

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Metric,
    Parsed,
    Shape,
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import unclear
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import csv_rows, decode, fact, number, published_name, slug, text

ENDPOINT = "english_short"
NAME, MEAN, SPEED, LICENSE, SIZE = "model", "avg", "RTFx", "License", "Size (B)"
WHOLE = Benchmark("english_short", "Open ASR, short English", Domain.SPEECH, "The mean over sets of recordings.")
# The sets come, go and are cleaned: each is a benchmark that is found in the data.
_ERRORS = re.compile(r"(.+) WER")
_SPEEDS = re.compile(r".+ RTFx")


def _errors(benchmark: Benchmark, metric: str, title: str) -> Metric:
    return Metric(
        slug=metric,
        benchmark=benchmark.slug,
        title=title,
        unit=Unit.PERCENT,
        higher_is_better=False,
        minimum=0,
        # More words than were said can be wrong.
        maximum=1000,
        description="Words that are wrong, missing or too many, of the words that were said.",
        headline=benchmark is WHOLE,
    )


AVERAGE = _errors(WHOLE, "word_error_rate", "Word error rate")
FASTER = Metric(
    slug="times_real_time",
    benchmark=WHOLE.slug,
    title="Speed",
    unit=Unit.COUNT,
    higher_is_better=True,
    minimum=0,
    maximum=1_000_000,
    description="Seconds of speech written down in a second.",
)
COLUMNS = Columns(required=frozenset({NAME, MEAN}), minor=frozenset({SPEED}), optional=frozenset({LICENSE, SIZE}))


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per model; every column of error rates beside the mean is a benchmark of its own, part of the mean."""
    ledger = Ledger()
    header = [name.strip() for name in decode(files[ENDPOINT], ENDPOINT).partition("\n")[0].split(",")]
    sets = {column: found[1] for column in header if (found := _ERRORS.fullmatch(column))}
    parts = {
        column: Benchmark(f"set_{slug(name)}", f"Open ASR, {name}", Domain.SPEECH, part_of=WHOLE.slug)
        for column, name in sorted(sets.items())
    }
    metrics = {column: _errors(part, f"{part.slug}_word_error_rate", column) for column, part in parts.items()}
    speeds = frozenset(column for column in header if _SPEEDS.fullmatch(column))
    columns = Columns(COLUMNS.required, COLUMNS.minor, COLUMNS.optional | frozenset(metrics), speeds)
    for row in csv_rows(files[ENDPOINT], ENDPOINT, columns, ledger):
        try:
            name = published_name(row[NAME])
        except CellError as error:
            ledger.reject(str(error), row[NAME])
            continue
        entry = ledger.entry(name, name)
        entry.standing = Standing.VERIFIED
        entry.license = text(row.get(LICENSE))
        if (size := fact(row.get(SIZE))) is not None:
            entry.settings["size_billions"] = size
        ledger.record(entry, ledger.scores(row, {MEAN: AVERAGE, SPEED: FASTER, **metrics}, number))
    return ledger.parsed(benchmarks=tuple(parts.values()), metrics=tuple(metrics.values()))


SOURCE = Source(
    slug="open_asr",
    title="Open ASR leaderboard",
    publisher="Hugging Face",
    homepage="https://huggingface.co/spaces/hf-audio/open_asr_leaderboard",
    license=None,
    terms=unclear(
        "Open ASR leaderboard, Hugging Face, https://huggingface.co/spaces/hf-audio/open_asr_leaderboard",
        "The card of the data set has no license.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(
            ENDPOINT,
            "https://huggingface.co/datasets/hf-audio/open-asr-leaderboard-results/resolve/main/english_short_latest.csv",
            "csv",
            redirect_hosts=("*.hf.co", "*.huggingface.co"),
            shape=Shape.DOCUMENTED,
        ),
    ),
    benchmarks=(WHOLE,),
    metrics=(AVERAGE, FASTER),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
)
