"""LMArena, text arena: people compare the answers of two models; ratings by category of prompt."""

from collections.abc import Mapping

from budmodel_pipeline.sources.arena_tables import TERMS, TEXT_CATEGORIES, Arena, endpoint, read_arena
from budmodel_pipeline.sources.contract import Domain, Parsed, Source
from budmodel_pipeline.sources.ledger import Ledger

ENDPOINT = "latest"
ARENA = Arena(
    name="text",
    title="LMArena text",
    description="Pairwise votes of people on text conversations. Ratings of different categories are different scales.",
    domain=Domain.HUMAN_PREFERENCE,
    categories=TEXT_CATEGORIES,
    headline=True,
)
METRICS = {category: ARENA.metric(category) for category in TEXT_CATEGORIES}


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per model with one score per category; the variance of each rating stands in the settings by category."""
    ledger = Ledger()
    discovered, as_of = read_arena(ARENA, ENDPOINT, files[ENDPOINT], ledger)
    return ledger.parsed(
        as_of=as_of,
        benchmarks=tuple(map(ARENA.benchmark, discovered)),
        metrics=tuple(map(ARENA.metric, discovered)),
    )


SOURCE = Source(
    slug="lmarena_text",
    title="LMArena text",
    publisher="LMArena",
    homepage="https://arena.ai/leaderboard/text",
    license="CC-BY-4.0",
    terms=TERMS,
    endpoints=(endpoint("text", ENDPOINT),),
    benchmarks=tuple(map(ARENA.benchmark, TEXT_CATEGORIES)),
    metrics=tuple(METRICS.values()),
    columns={ENDPOINT: ARENA.columns()},
    parse=parse,
    parser_version=3,
)
