"""LiveBench: questions that are renewed before models can have seen them, with answers that need no judge."""

from collections.abc import Mapping
from datetime import date
from statistics import fmean

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Metric,
    Parsed,
    Score,
    Source,
    SourceError,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import csv_rows, load_json, number, published_name, slug

# Releases have addresses of their own, and rows are added to one for months: a newer one is another set of questions.
RELEASE = "2026_01_08"
WHOLE = "global"
DOMAINS = {
    "Reasoning": Domain.REASONING,
    "Coding": Domain.CODING,
    "Agentic Coding": Domain.AGENTS,
    "Mathematics": Domain.MATHEMATICS,
    "Data Analysis": Domain.PROFESSIONS,
    "Language": Domain.LANGUAGES,
    "IF": Domain.INSTRUCTION_FOLLOWING,
}
BENCHMARKS = (
    Benchmark(WHOLE, "LiveBench", Domain.GENERAL, "The categories of one release together, each counting alike."),
    *(
        Benchmark(slug(category), f"LiveBench {category}", domain, "The tasks of a category.", part_of=WHOLE)
        for category, domain in DOMAINS.items()
    ),
)


def _metric(benchmark: Benchmark) -> Metric:
    return Metric(
        slug=f"{benchmark.slug}_average",
        benchmark=benchmark.slug,
        title=f"{benchmark.title} average",
        unit=Unit.PERCENT,
        higher_is_better=True,
        minimum=0,
        maximum=100,
        description="Mean of the categories." if benchmark.slug == WHOLE else "Mean of the tasks.",
        headline=benchmark.slug == WHOLE,
    )


METRICS = {benchmark.slug: _metric(benchmark) for benchmark in BENCHMARKS}
# Which tasks there are is in the other file.
TABLE, CATEGORIES = Columns(required=frozenset({"model"})), Columns(required=frozenset(DOMAINS))


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per model and effort. The publisher's site computes the means; one over a part of the tasks is marked."""
    ledger = Ledger()
    tasks = _tasks(files["categories"], ledger)
    every = frozenset(task for of_category in tasks.values() for task in of_category)
    # Without one of its tasks a mean would be another figure.
    columns = Columns(required=TABLE.required | every)
    for row in csv_rows(files["table"], "table", columns, ledger):
        try:
            name = published_name(row["model"])
        except CellError as error:
            ledger.reject(str(error), row["model"])
            continue
        entry = ledger.entry(name, name)
        entry.standing = Standing.VERIFIED
        cells = {task: _cell(row, task, ledger) for task in every}
        means = {
            METRICS[category].slug: _mean([cells[task] for task in of_category]) for category, of_category in tasks.items()
        }
        means[METRICS[WHOLE].slug] = _whole([score for score in means.values() if score], len(tasks), len(every))
        ledger.record(entry, {metric: score for metric, score in means.items() if score})
    ledger.offered |= {metric.slug for metric in METRICS.values()}
    return ledger.parsed()


def _tasks(content: bytes, ledger: Ledger) -> dict[str, list[str]]:
    """The tasks of each category, under the slug of its benchmark."""
    categories = load_json(content, "categories", ledger)
    if not isinstance(categories, dict) or set(categories) != set(DOMAINS):
        found = ", ".join(map(str, categories)) if isinstance(categories, dict) else type(categories).__name__
        raise SourceError("categories", f"the categories {', '.join(DOMAINS)}", found[:300], "columns")
    for category, tasks in categories.items():
        if not isinstance(tasks, list) or not tasks or not all(isinstance(task, str) for task in tasks):
            raise SourceError("categories", f"the names of the tasks of {category}", str(tasks)[:300])
    return {slug(category): categories[category] for category in DOMAINS}


def _cell(row: Mapping[str, str], task: str, ledger: Ledger) -> float | None:
    """The score of a task; None where it is missing, or cannot be read and is counted as a score that is lost."""
    try:
        return number(row[task], task)
    except CellError as error:
        ledger.unread(task, str(error), row[task], is_score=True)
        return None


def _mean(cells: list[float | None]) -> Score | None:
    there = [cell for cell in cells if cell is not None]
    return Score(fmean(there), tasks=len(there), tasks_total=len(cells)) if there else None


def _whole(means: list[Score], categories: int, tasks: int) -> Score | None:
    """The mean of the categories, as the site ranks: of all of them."""
    if len(means) < categories:
        return None
    taken = sum(score.tasks or 0 for score in means)
    return Score(fmean(score.value for score in means), tasks=taken, tasks_total=tasks)


SOURCE = Source(
    slug="livebench",
    title="LiveBench",
    publisher="LiveBench team",
    homepage="https://livebench.ai/",
    license="CC-BY-SA-4.0",
    terms=permitted(
        "LiveBench, https://livebench.ai/, CC BY-SA 4.0: adaptations are to be shared under the same license",
        "The site says CC BY-SA 4.0; its repository has no license file.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint("table", f"https://livebench.ai/table_{RELEASE}.csv", "csv"),
        Endpoint("categories", f"https://livebench.ai/categories_{RELEASE}.json", "json"),
    ),
    benchmarks=BENCHMARKS,
    metrics=tuple(METRICS.values()),
    columns={"table": TABLE, "categories": CATEGORIES},
    parse=parse,
)
