"""MMLU-Pro: multiple-choice questions of 14 subjects, run by TIGER-Lab or reported by whoever made the model."""

from collections import Counter
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
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import csv_rows, fact, number, published_name, slug, text
from budmodel_pipeline.sources.shared_benchmarks import MMLU_PRO

ENDPOINT = "results"
SUBJECTS = {
    "Biology": Domain.SCIENCE,
    "Business": Domain.PROFESSIONS,
    "Chemistry": Domain.SCIENCE,
    "Computer Science": Domain.SCIENCE,
    "Economics": Domain.KNOWLEDGE,
    "Engineering": Domain.SCIENCE,
    "Health": Domain.PROFESSIONS,
    "History": Domain.KNOWLEDGE,
    "Law": Domain.PROFESSIONS,
    "Math": Domain.MATHEMATICS,
    "Philosophy": Domain.KNOWLEDGE,
    "Physics": Domain.SCIENCE,
    "Psychology": Domain.KNOWLEDGE,
    "Other": Domain.KNOWLEDGE,
}
BENCHMARKS = {
    subject: Benchmark(f"mmlu_pro_{slug(subject)}", f"MMLU-Pro, {subject}", domain, part_of=MMLU_PRO.slug)
    for subject, domain in SUBJECTS.items()
}


def _metric(column: str, benchmark: Benchmark) -> Metric:
    return Metric(
        slug=f"{slug(column)}_accuracy",
        benchmark=benchmark.slug,
        title=f"{column}, accuracy",
        unit=Unit.FRACTION,
        higher_is_better=True,
        minimum=0,
        maximum=1,
        description="Share of the questions that are answered rightly.",
        headline=benchmark is MMLU_PRO,
    )


OVERALL = "Overall"
METRICS = {column: _metric(column, benchmark) for column, benchmark in ((OVERALL, MMLU_PRO), *BENCHMARKS.items())}
NAME, SIZE, SAID_BY = "Models", "Model Size(B)", "Data Source"
COLUMNS = Columns(required=frozenset({NAME, SAID_BY, OVERALL}), minor=frozenset({SIZE, *SUBJECTS}))


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per name, or per name, source and size where a name stands more than once.

    A row in percent, among fractions, is refused: nobody can tell what it is in.
    """
    ledger = Ledger()
    rows = list(csv_rows(files[ENDPOINT], ENDPOINT, COLUMNS, ledger))
    names = Counter(row[NAME].strip() for row in rows)
    keys = Counter(map(_key, rows))
    for row in rows:
        try:
            name = published_name(row[NAME])
            if keys[_key(row)] > 1:
                raise CellError("the name stands twice with other figures, and nothing tells the rows apart")
            if any((number(row.get(column), column) or 0) > 1.5 for column in METRICS):
                raise CellError("the figures are no fractions")
        except CellError as error:
            ledger.reject(str(error), row[NAME])
            continue
        entry = ledger.entry(_key(row) if names[name] > 1 else name, name)
        entry.standing = _standing(text(row[SAID_BY]) or "")
        if (size := fact(row.get(SIZE))) is not None:
            entry.settings["size_billions"] = size
        ledger.record(entry, ledger.scores(row, METRICS, number))
    return ledger.parsed()


def _key(row: Mapping[str, str]) -> str:
    return " | ".join(row.get(column, "").strip() for column in (NAME, SAID_BY, SIZE))


def _standing(said_by: str) -> Standing:
    """Both are misspelt in places."""
    if said_by.casefold() == "tiger-lab":
        return Standing.VERIFIED
    return Standing.SELF_REPORTED if said_by.casefold().endswith("reported") else Standing.UNKNOWN


SOURCE = Source(
    slug="mmlu_pro",
    title="MMLU-Pro leaderboard",
    publisher="TIGER-Lab",
    homepage="https://huggingface.co/spaces/TIGER-Lab/MMLU-Pro",
    license="Apache-2.0",
    terms=permitted(
        "MMLU-Pro leaderboard, TIGER-Lab, https://huggingface.co/spaces/TIGER-Lab/MMLU-Pro, Apache-2.0",
        "Apache-2.0, the license of the dataset TIGER-Lab/mmlu_pro_leaderboard_submission.",
        date(2026, 9, 22),
    ),
    endpoints=(
        Endpoint(
            ENDPOINT,
            "https://huggingface.co/datasets/TIGER-Lab/mmlu_pro_leaderboard_submission/resolve/main/results.csv",
            "csv",
            redirect_hosts=("*.hf.co", "*.huggingface.co"),
            shape=Shape.DOCUMENTED,
        ),
    ),
    benchmarks=(MMLU_PRO, *BENCHMARKS.values()),
    metrics=tuple(METRICS.values()),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
)
