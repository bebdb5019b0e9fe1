"""The tables of LMArena's dataset: ratings of models by category, one file and one config for each arena."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    Score,
    Shape,
    SourceError,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import day, published_name, require_columns, slug, text

OVERALL = "overall"
DAY = partial(day, formats=("%Y-%m-%d",))
TERMS = permitted(
    "LMArena, https://huggingface.co/datasets/lmarena-ai/leaderboard-dataset, CC BY 4.0",
    "CC BY 4.0, the license of the dataset lmarena-ai/leaderboard-dataset.",
    date(2026, 9, 1),
)
# The columns in the order in which a row is taken apart, and the type that each must convert to.
FACTS = {"model_name": "string", "organization": "string", "license": "string", "category": "string"}
RATING = {
    "rating": "double",
    "rating_lower": "double",
    "rating_upper": "double",
    "variance": "double",
    "vote_count": "int64",
    "rank": "int64",
}
# Of agents a score that is a share, and no variance.
SHARE = {
    "score": "double",
    "score_ci_lower": "double",
    "score_ci_upper": "double",
    "session_count": "int64",
    "observation_count": "int64",
    "rank": "int64",
}
PUBLISHED_ON = "leaderboard_publish_date"
# Of conversations in text, as the publisher spells them.
TEXT_CATEGORIES = {
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


@dataclass(frozen=True, slots=True)
class Arena:
    """A config of the dataset.

    `categories` are those that are known and the domain of each; another one becomes a discovered benchmark of `domain`.
    `whole` is what the benchmark begins with that a category of this arena is part of: that of the same votes, counted
    without regard to style.
    """

    name: str
    title: str
    description: str
    domain: Domain
    categories: Mapping[str, Domain] = field(default_factory=dict)
    prefix: str = ""
    metric_prefix: str = "rating_"
    figures: Mapping[str, str] = field(default_factory=lambda: RATING)
    whole: str = ""
    headline: bool = False

    def types(self) -> dict[str, str]:
        return {**FACTS, **self.figures, PUBLISHED_ON: "string"}

    def columns(self) -> Columns:
        identity = frozenset({"model_name", "category", next(iter(self.figures))})
        return Columns(required=identity, minor=frozenset(self.types()) - identity)

    def benchmark(self, category: str) -> Benchmark:
        part = slug(category)
        of_arena = f"{self.prefix}{OVERALL}" if category != OVERALL else ""
        return Benchmark(
            slug=f"{self.prefix}{part}",
            title=f"{self.title}: {category.replace('_', ' ')}",
            domain=self.categories.get(category, self.domain),
            description=self.description,
            part_of=f"{self.whole}{part}" if self.whole and category in self.categories else of_arena,
        )

    def metric(self, category: str) -> Metric:
        rated = self.figures is RATING
        return Metric(
            slug=f"{self.metric_prefix}{slug(category)}",
            benchmark=f"{self.prefix}{slug(category)}",
            title=f"{'Rating' if rated else 'Score'}, {category.replace('_', ' ')}",
            unit=Unit.ELO if rated else Unit.FRACTION,
            higher_is_better=True,
            # Ratings so far lie between 500 and 1600; a share of agents may be less than that of the middle one.
            minimum=0 if rated else -1,
            maximum=3000 if rated else 1,
            description=(
                "Bradley-Terry rating on the Elo scale with its 95% interval; never to be averaged over categories."
                if rated
                else "The publisher's score with its 95% interval; never to be averaged over categories."
            ),
            headline=self.headline and category == OVERALL,
        )


def endpoint(config: str, name: str, *, supplement: bool = False, shape: Shape = Shape.SEEN) -> Endpoint:
    """The file of a config of the dataset."""
    return Endpoint(
        name=name,
        url=f"https://huggingface.co/datasets/lmarena-ai/leaderboard-dataset/resolve/main/{config}/latest-00000-of-00001.parquet",
        format="parquet",
        supplement=supplement,
        redirect_hosts=("*.hf.co", "*.huggingface.co"),
        shape=shape,
    )


def read_arena(arena: Arena, name: str, content: bytes, ledger: Ledger) -> tuple[list[str], date | None]:
    """Reads the file called `name` into `ledger`: its categories that are not known, and its newest date.

    One entry per model with one score per category; the variance of each rating stands in the settings by category.
    """
    ledger.start(name)
    columns = _columns(arena, name, content, ledger)
    published_on = _published_on(columns.pop(PUBLISHED_ON), ledger)
    if OVERALL not in columns["category"]:
        raise SourceError(name, f"the category {OVERALL!r}", "other categories alone" if columns["category"] else "no rows")
    metrics = {category: arena.metric(category) for category in arena.categories}
    names: dict[str, str] = {}
    for model, organization, license_, category, value, lower, upper, variance, votes, rank in zip(
        *columns.values(), strict=True
    ):
        ledger.read()
        try:
            if value is None:
                raise CellError(f"the {next(iter(arena.figures))} is missing or not finite")
            if model not in names:
                names[model] = published_name(model)
            if not category:
                raise CellError("the category is missing")
            if category not in metrics:
                metrics[category] = arena.metric(published_name(category))
        except CellError as error:
            ledger.reject(str(error), (model, category))
            continue
        key = f"{arena.name} | {names[model]}" if arena.prefix else names[model]
        entry = ledger.entry(key, names[model])
        # The publisher counts the votes itself.
        entry.standing = Standing.VERIFIED
        entry.organization = entry.organization or text(organization)
        entry.license = entry.license or text(license_)
        if variance is not None:
            entry.settings.setdefault("variance" if arena.figures is RATING else "sessions", {})[category] = variance
        basis = None if lower is None and upper is None else IntervalBasis.PUBLISHED
        ledger.record(entry, {metrics[category].slug: Score(value, lower, upper, basis, votes, rank)})
    _check_distinct(name, metrics)
    return sorted(metrics.keys() - arena.categories.keys()), published_on


def _columns(arena: Arena, name: str, content: bytes, ledger: Ledger) -> dict[str, list[Any]]:
    """The columns by name, in the order of the arena's types; numbers that are not finite become None."""
    # Imported here because it takes longer than all other sources together, and the catalog imports every source.
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read()
    except (pa.ArrowException, OSError) as error:
        raise SourceError(name, "a complete parquet file", str(error)[:300]) from error
    required = arena.columns()
    require_columns(table.column_names, name, required, ledger)
    columns = {}
    for column_name, type_name in arena.types().items():
        if column_name not in table.column_names:
            columns[column_name] = [None] * table.num_rows
            continue
        try:
            column = table[column_name].cast(type_name)
            if type_name == "double":
                column = pc.if_else(pc.is_finite(column), column, None)
            columns[column_name] = column.to_pylist()
        except (pa.ArrowException, UnicodeDecodeError) as error:
            if column_name in required.required:
                found = f"{table[column_name].type}: {error}"[:300]
                raise SourceError(name, f"{column_name} as {type_name}", found) from error
            ledger.unread(column_name, f"the column is no {type_name}", str(error)[:100])
            columns[column_name] = [None] * table.num_rows
    return columns


def _published_on(cells: list[str | None], ledger: Ledger) -> date | None:
    """The latest date of the column; a time of day after it does not matter."""
    dates = [ledger.cell({PUBLISHED_ON: cell[:10]}, PUBLISHED_ON, DAY) for cell in sorted({cell for cell in cells if cell})]
    return max(filter(None, dates), default=None)


def _check_distinct(name: str, metrics: Mapping[str, Metric]) -> None:
    by_slug: dict[str, str] = {}
    for category, metric in metrics.items():
        other = by_slug.setdefault(metric.slug, category)
        if other != category:
            raise SourceError(
                name, "categories that differ in more than punctuation", f"{other!r} and {category!r}", "unique"
            )
