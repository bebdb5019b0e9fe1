"""LMArena, text arena: people compare the answers of two models; ratings by category of prompt."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from budmodel_pipeline.sources.contract import Benchmark, Columns, Endpoint, Metric, Parsed, Score, Source, SourceError, Unit
from budmodel_pipeline.sources.reading import Ledger, RowError, day, published_name, require_columns, slug, text

# As the publisher spells them; a category that is not listed here becomes a discovered benchmark.
CATEGORIES = (
    "overall",
    "chinese",
    "coding",
    "creative_writing",
    "english",
    "expert",
    "french",
    "german",
    "hard_6",
    "hard_english_6",
    "if",
    "industry_business_and_management_and_financial_operations",
    "industry_entertainment_and_sports_and_media",
    "industry_legal_and_government",
    "industry_life_and_physical_and_social_science",
    "industry_mathematical",
    "industry_medicine_and_healthcare",
    "industry_software_and_it_services",
    "industry_writing_and_literature_and_language",
    "japanese",
    "korean",
    "long_user",
    "math",
    "multiturn",
    "no_refusal",
    "no_short",
    "no_tie",
    "russian",
    "spanish",
)
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
COLUMNS = Columns(required=frozenset(TYPES))


def _benchmark(category: str) -> Benchmark:
    title = category.replace("_", " ")
    return Benchmark(
        slug=slug(category),
        title=f"LMArena text: {title}",
        domain="human preference",
        description="Pairwise votes of people on text conversations. Ratings of different categories are different scales.",
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
    columns = _columns(files["latest"], ledger)
    as_of = _published_on(columns.pop("leaderboard_publish_date"))
    metrics = dict(METRICS)
    names: dict[str, str] = {}
    rows = zip(*columns.values(), strict=True)
    for name, organization, license_, category, rating, lower, upper, variance, votes, rank in rows:
        ledger.read()
        try:
            if rating is None:
                raise RowError("the rating is missing or not finite")
            if name not in names:
                names[name] = published_name(name)
            if not category:
                raise RowError("the category is missing")
            if category not in metrics:
                metrics[category] = _metric(published_name(category))
        except RowError as error:
            ledger.reject("latest", str(error), (name, category))
            continue
        entry = ledger.entry(names[name], names[name])
        entry.organization = entry.organization or text(organization)
        entry.license = entry.license or text(license_)
        if variance is not None:
            entry.settings.setdefault("variance", {})[category] = variance
        ledger.record("latest", entry, {metrics[category].slug: Score(rating, lower, upper, votes, rank)})
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
        try:
            column = table[name].cast(type_name)
            if type_name == "double":
                column = pc.if_else(pc.is_finite(column), column, None)
            columns[name] = column.to_pylist()
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise SourceError("latest", f"{name} as {type_name}", f"{table[name].type}: {error}"[:300]) from error
    return columns


def _published_on(cells: list[str | None]) -> date | None:
    """The latest date of the column; a time of day after it does not matter."""
    try:
        dates = [day(cell[:10], "leaderboard_publish_date", "%Y-%m-%d") for cell in set(cells) if cell]
    except RowError as error:
        raise SourceError(
            "latest", "leaderboard_publish_date as YYYY-MM-DD", str(sorted(map(str, set(cells))))[:100]
        ) from error
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
)
