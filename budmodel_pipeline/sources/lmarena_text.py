"""LMArena, text arena: people compare the answers of two models; ratings by category of prompt."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

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
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import day, published_name, require_columns, slug, text

# As the publisher spells them; a category that is not listed here becomes a discovered benchmark.
CATEGORIES = {
    "overall": Domain.HUMAN_PREFERENCE,
    "chinese": Domain.LANGUAGES,
    "coding": Domain.CODING,
    "creative_writing": Domain.WRITING,
    "english": Domain.LANGUAGES,
    "expert": Domain.HUMAN_PREFERENCE,
    "french": Domain.LANGUAGES,
    "german": Domain.LANGUAGES,
    "hard_6": Domain.HUMAN_PREFERENCE,
    "hard_english_6": Domain.HUMAN_PREFERENCE,
    "if": Domain.INSTRUCTION_FOLLOWING,
    "industry_business_and_management_and_financial_operations": Domain.PROFESSIONS,
    "industry_entertainment_and_sports_and_media": Domain.PROFESSIONS,
    "industry_legal_and_government": Domain.PROFESSIONS,
    "industry_life_and_physical_and_social_science": Domain.SCIENCE,
    "industry_mathematical": Domain.MATHEMATICS,
    "industry_medicine_and_healthcare": Domain.PROFESSIONS,
    "industry_software_and_it_services": Domain.CODING,
    "industry_writing_and_literature_and_language": Domain.WRITING,
    "japanese": Domain.LANGUAGES,
    "korean": Domain.LANGUAGES,
    "long_user": Domain.HUMAN_PREFERENCE,
    "math": Domain.MATHEMATICS,
    "multiturn": Domain.HUMAN_PREFERENCE,
    "no_refusal": Domain.HUMAN_PREFERENCE,
    "no_short": Domain.HUMAN_PREFERENCE,
    "no_tie": Domain.HUMAN_PREFERENCE,
    "russian": Domain.LANGUAGES,
    "spanish": Domain.LANGUAGES,
}
# The columns of the file in the order in which a row is taken apart, and the type that each must convert to.
TYPES = {
    "model_name": "string",
    "organization": "string",
    "license": "string",
    "category": "string",
    "rating": "double",
    "rating_lower": "double",
    "rating_upper": "double",
    "variance": "double",
    "vote_count": "int64",
    "rank": "int64",
    "leaderboard_publish_date": "string",
}
DAY = partial(day, formats=("%Y-%m-%d",))
IDENTITY = frozenset({"model_name", "category", "rating"})
COLUMNS = Columns(required=IDENTITY, minor=frozenset(TYPES) - IDENTITY)


def _benchmark(category: str) -> Benchmark:
    title = category.replace("_", " ")
    return Benchmark(
        slug=slug(category),
        title=f"LMArena text: {title}",
        domain=CATEGORIES.get(category, Domain.HUMAN_PREFERENCE),
        description="Pairwise votes of people on text conversations. Ratings of different categories are different scales.",
        part_of="" if category == "overall" else "overall",
    )


def _metric(category: str) -> Metric:
    return Metric(
        slug=f"rating_{slug(category)}",
        benchmark=slug(category),
        title=f"Rating, {category.replace('_', ' ')}",
        unit=Unit.ELO,
        higher_is_better=True,
        # Ratings so far lie between 500 and 1600.
        minimum=0,
        maximum=3000,
        description="Bradley-Terry rating on the Elo scale with its 95% interval; never to be averaged over categories.",
        headline=category == "overall",
    )


METRICS = {category: _metric(category) for category in CATEGORIES}


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per model with one score per category; the variance of each rating stands in the settings by category."""
    ledger = Ledger()
    ledger.start("latest")
    columns = _columns(files["latest"], ledger)
    as_of = _published_on(columns.pop("leaderboard_publish_date"), ledger)
    if "overall" not in columns["category"]:
        raise SourceError("latest", "the category 'overall'", "other categories alone" if columns["category"] else "no rows")
    metrics = dict(METRICS)
    names: dict[str, str] = {}
    rows = zip(*columns.values(), strict=True)
    for name, organization, license_, category, rating, lower, upper, variance, votes, rank in rows:
        ledger.read()
        try:
            if rating is None:
                raise CellError("the rating is missing or not finite")
            if name not in names:
                names[name] = published_name(name)
            if not category:
                raise CellError("the category is missing")
            if category not in metrics:
                metrics[category] = _metric(published_name(category))
        except CellError as error:
            ledger.reject(str(error), (name, category))
            continue
        entry = ledger.entry(names[name], names[name])
        # The publisher counts the votes itself.
        entry.standing = Standing.VERIFIED
        entry.organization = entry.organization or text(organization)
        entry.license = entry.license or text(license_)
        if variance is not None:
            entry.settings.setdefault("variance", {})[category] = variance
        basis = None if lower is None and upper is None else IntervalBasis.PUBLISHED
        ledger.record(entry, {metrics[category].slug: Score(rating, lower, upper, basis, votes, rank)})
    _check_distinct(metrics)
    discovered = sorted(metrics.keys() - METRICS.keys())
    return ledger.parsed(
        as_of=as_of,
        benchmarks=tuple(map(_benchmark, discovered)),
        metrics=tuple(metrics[category] for category in discovered),
    )


def _columns(content: bytes, ledger: Ledger) -> dict[str, list[Any]]:
    """The columns by name, in the order of TYPES; numbers that are not finite become None."""
    # Imported here because it takes longer than all other sources together, and the catalog imports every source.
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read()
    except (pa.ArrowException, OSError) as error:
        raise SourceError("latest", "a complete parquet file", str(error)[:300]) from error
    require_columns(table.column_names, "latest", COLUMNS, ledger)
    columns = {}
    for name, type_name in TYPES.items():
        if name not in table.column_names:
            columns[name] = [None] * table.num_rows
            continue
        try:
            column = table[name].cast(type_name)
            if type_name == "double":
                column = pc.if_else(pc.is_finite(column), column, None)
            columns[name] = column.to_pylist()
        except (pa.ArrowException, UnicodeDecodeError) as error:
            if name in IDENTITY:
                raise SourceError("latest", f"{name} as {type_name}", f"{table[name].type}: {error}"[:300]) from error
            ledger.unread(name, f"the column is no {type_name}", str(error)[:100])
            columns[name] = [None] * table.num_rows
    return columns


def _published_on(cells: list[str | None], ledger: Ledger) -> date | None:
    """The latest date of the column; a time of day after it does not matter."""
    column = "leaderboard_publish_date"
    dates = [ledger.cell({column: cell[:10]}, column, DAY) for cell in sorted({cell for cell in cells if cell})]
    return max(filter(None, dates), default=None)


def _check_distinct(metrics: Mapping[str, Metric]) -> None:
    by_slug: dict[str, str] = {}
    for category, metric in metrics.items():
        other = by_slug.setdefault(metric.slug, category)
        if other != category:
            raise SourceError(
                "latest", "categories that differ in more than punctuation", f"{other!r} and {category!r}", "unique"
            )


SOURCE = Source(
    slug="lmarena_text",
    title="LMArena text",
    publisher="LMArena",
    homepage="https://arena.ai/leaderboard/text",
    license="CC-BY-4.0",
    terms=permitted(
        "LMArena, https://huggingface.co/datasets/lmarena-ai/leaderboard-dataset, CC BY 4.0",
        "CC BY 4.0, the license of the dataset lmarena-ai/leaderboard-dataset.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(
            name="latest",
            url="https://huggingface.co/datasets/lmarena-ai/leaderboard-dataset/resolve/main/text/latest-00000-of-00001.parquet",
            format="parquet",
            redirect_hosts=("*.hf.co", "*.huggingface.co"),
        ),
    ),
    benchmarks=tuple(map(_benchmark, CATEGORIES)),
    metrics=tuple(METRICS.values()),
    columns={"latest": COLUMNS},
    parse=parse,
    parser_version=3,
)
