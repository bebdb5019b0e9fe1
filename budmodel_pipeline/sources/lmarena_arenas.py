"""LMArena, further arenas: text with style control, vision, search, documents, web pages, images, videos and agents.

One source, for its files are one dataset that is published together: a file that is lacking is reported, and one that is
damaged keeps all as they were.
"""

from collections.abc import Mapping

from budmodel_pipeline.sources.arena_tables import (
    OVERALL,
    SHARE,
    TERMS,
    TEXT_CATEGORIES,
    Arena,
    endpoint,
    read_arena,
)
from budmodel_pipeline.sources.contract import Benchmark, Domain, Metric, Parsed, Shape, Source
from budmodel_pipeline.sources.ledger import Ledger

STYLE = "The votes of the arena of the same name, counted as if all answers were equally long and equally formatted."
VISION_CATEGORIES = {
    OVERALL: Domain.VISION,
    "captioning": Domain.VISION,
    "chinese": Domain.VISION,
    "creative_writing_vision": Domain.VISION,
    "diagram": Domain.VISION,
    "english": Domain.VISION,
    "entity_recognition": Domain.VISION,
    "homework": Domain.VISION,
    "humor": Domain.VISION,
    "ocr": Domain.VISION,
}


def _arena(
    name: str,
    title: str,
    votes_on: str,
    domain: Domain,
    categories: Mapping[str, Domain] | None = None,
    *,
    whole: str = "",
    figures: Mapping[str, str] | None = None,
) -> Arena:
    return Arena(
        name=name,
        title=f"LMArena {title}",
        description=STYLE if whole else f"Votes of people on {votes_on}.",
        domain=domain,
        categories=categories or {OVERALL: domain},
        prefix=f"{name}_",
        metric_prefix=f"{name}_",
        whole=whole,
        headline=name == REQUIRED,
        **({"figures": figures} if figures else {}),
    )


REQUIRED = "text_style_control"
SEEN = frozenset({REQUIRED, "vision", "vision_style_control", "text_to_image"})
ARENAS = (
    _arena(REQUIRED, "text with style control", "", Domain.HUMAN_PREFERENCE, TEXT_CATEGORIES, whole="lmarena_text/"),
    _arena("vision", "vision", "answers about pictures", Domain.VISION, VISION_CATEGORIES),
    _arena("vision_style_control", "vision with style control", "", Domain.VISION, VISION_CATEGORIES, whole="vision_"),
    _arena("document", "documents", "answers about documents", Domain.READING),
    _arena("search", "search", "answers of models that search the web", Domain.KNOWLEDGE),
    _arena("webdev", "web pages", "web pages that models write", Domain.CODING),
    _arena(
        "text_to_image",
        "text to image",
        "pictures from words",
        Domain.IMAGE_GENERATION,
        dict.fromkeys((OVERALL, "is_preset_generation", "not_preset_generation"), Domain.IMAGE_GENERATION),
    ),
    _arena("image_edit", "image editing", "pictures that models change", Domain.IMAGE_GENERATION),
    _arena("text_to_video", "text to video", "videos from words", Domain.VIDEO_GENERATION),
    _arena("image_to_video", "image to video", "videos from pictures", Domain.VIDEO_GENERATION),
    _arena("video_edit", "video editing", "videos that models change", Domain.VIDEO_GENERATION),
    _arena("agent", "agents", "work that models do as agents", Domain.AGENTS, figures=SHARE),
)
BENCHMARKS = tuple(arena.benchmark(category) for arena in ARENAS for category in arena.categories)
METRICS = tuple(arena.metric(category) for arena in ARENAS for category in arena.categories)


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per arena and model; the date of all of them is that of the oldest, as no score is newer than is said."""
    ledger = Ledger()
    days = []
    benchmarks: list[Benchmark] = []
    metrics: list[Metric] = []
    for arena in ARENAS:
        if arena.name not in files:
            ledger.missing_columns.append(f"{arena.name}: the whole file")
            continue
        discovered, published_on = read_arena(arena, arena.name, files[arena.name], ledger)
        days.append(published_on)
        benchmarks += map(arena.benchmark, discovered)
        metrics += map(arena.metric, discovered)
    return ledger.parsed(as_of=min(filter(None, days), default=None), benchmarks=tuple(benchmarks), metrics=tuple(metrics))


SOURCE = Source(
    slug="lmarena_arenas",
    title="LMArena, further arenas",
    publisher="LMArena",
    homepage="https://arena.ai/leaderboard",
    license="CC-BY-4.0",
    terms=TERMS,
    endpoints=tuple(
        endpoint(
            arena.name,
            arena.name,
            supplement=arena.name != REQUIRED,
            shape=Shape.SEEN if arena.name in SEEN else Shape.DOCUMENTED,
        )
        for arena in ARENAS
    ),
    benchmarks=BENCHMARKS,
    metrics=METRICS,
    columns={arena.name: arena.columns() for arena in ARENAS},
    parse=parse,
)
