"""Epoch AI Benchmarking Hub, own runs: benchmarks that the publisher runs itself, and its index of capabilities."""

from collections.abc import Mapping
from datetime import date

from budmodel_pipeline.sources import shared_benchmarks as shared
from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Columns,
    Domain,
    Parsed,
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.epoch_hub import HUB, Board, board_rows, newest_run, read_row, tables_of
from budmodel_pipeline.sources.ledger import Ledger

HEADLINE = "gpqa_diamond"


def _run(table: str, benchmark: Benchmark) -> Board:
    return Board(table, benchmark, "mean_score", error="stderr")


RUNS = (
    _run(HEADLINE, shared.GPQA_DIAMOND),
    _run("simpleqa_verified", shared.SIMPLEQA_VERIFIED),
    _run("swe_bench_verified", shared.SWE_BENCH_VERIFIED),
    _run(
        "frontiermath",
        Benchmark("frontiermath", "FrontierMath, tiers 1 to 3", Domain.MATHEMATICS, "Problems of research mathematics."),
    ),
    _run(
        "frontiermath_tier_4",
        Benchmark("frontiermath_tier_4", "FrontierMath, tier 4", Domain.MATHEMATICS, "The hardest of these problems."),
    ),
    _run("math_level_5", Benchmark("math_level_5", "MATH level 5", Domain.MATHEMATICS, "The hardest problems of MATH.")),
    _run(
        "otis_mock_aime_2024_2025",
        Benchmark("otis_mock_aime", "OTIS Mock AIME 2024-2025", Domain.MATHEMATICS, "45 problems of mock competitions."),
    ),
    _run("chess_puzzles", Benchmark("chess_puzzles", "Chess puzzles", Domain.REASONING, "The best move of a position.")),
)
INDEX_BENCHMARK = Benchmark(
    "capabilities_index",
    "Epoch Capabilities Index",
    Domain.GENERAL,
    "A fit over many benchmarks, those of this source among them.",
)
# The index in the zip's layout until the summer of 2026, and since.
INDEX = Board("epoch_capabilities_index", INDEX_BENCHMARK, "ECI Score", Unit.POINTS)
NEWER_INDEX = Board("eci_scores", INDEX_BENCHMARK, "eci", Unit.POINTS, model="Model", low="eci_ci_low", high="eci_ci_high")
BOARDS = (*RUNS, INDEX)


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per run, which has an id; models have several on a benchmark where these differ in effort."""
    ledger = Ledger()
    tables = tables_of(files[HUB.name])
    index = NEWER_INDEX if NEWER_INDEX.table in tables else INDEX
    for board, row in board_rows(tables, (*RUNS, index), HEADLINE, ledger):
        if found := read_row(board, row, ledger):
            described, score = found
            entry = ledger.entries.setdefault(described.key, described)
            entry.standing = Standing.VERIFIED
            ledger.record(entry, {board.benchmark.slug: score})
    ledger.offered |= {board.benchmark.slug for board in BOARDS}
    return ledger.parsed(as_of=newest_run(tables), as_of_basis=AsOfBasis.NEWEST_ROW)


SOURCE = Source(
    slug="epoch_ai",
    title="Epoch AI, own runs",
    publisher="Epoch AI",
    homepage="https://epoch.ai/benchmarks",
    license="CC-BY-4.0",
    terms=permitted(
        "Epoch AI, 'AI Benchmarking Hub', https://epoch.ai/benchmarks, CC BY 4.0",
        "CC BY 4.0, as the README in the zip says.",
        date(2026, 9, 1),
    ),
    endpoints=(HUB,),
    benchmarks=tuple(board.benchmark for board in BOARDS),
    metrics=tuple(board.metric(own=True, headline=board.table == HEADLINE) for board in BOARDS),
    columns={HUB.name: Columns(required=frozenset({"Model version"}))},
    parse=parse,
)
