"""SWE-bench: issues of real repositories, solved by a model alone with a shell, or by agents around models."""

from collections.abc import Mapping
from datetime import date
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
    Source,
    SourceError,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import Allowed, DataTerms
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import day, json_rows, load_json, number, published_name, text
from budmodel_pipeline.sources.shared_benchmarks import SWE_BENCH_VERIFIED

ENDPOINT = "leaderboards"
# The publisher's boards. `bash-only` compares models: all of them work with the same minimal agent, run by the publisher.
MODELS_ALONE = "bash-only"
BOARDS = {
    MODELS_ALONE: SWE_BENCH_VERIFIED,
    "Verified": Benchmark(
        "verified_agents", "SWE-bench Verified, agents", Domain.AGENTS, "The issues of SWE-bench Verified, by whole systems."
    ),
    "Test": Benchmark("full", "SWE-bench, agents", Domain.AGENTS, "2,294 issues of twelve Python repositories."),
    "Lite": Benchmark("lite", "SWE-bench Lite, agents", Domain.AGENTS, "300 issues that a few lines mend."),
    "Multimodal": Benchmark(
        "multimodal", "SWE-bench Multimodal, agents", Domain.AGENTS, "Issues with pictures, of JavaScript repositories."
    ),
}


def _metric(board: str, benchmark: Benchmark) -> Metric:
    alone = board == MODELS_ALONE
    return Metric(
        slug=f"{board.lower().replace('-', '_')}_resolved",
        benchmark=benchmark.slug,
        title=f"Resolved, {board}",
        unit=Unit.PERCENT,
        higher_is_better=True,
        minimum=0,
        maximum=100,
        description="Share of the issues that are resolved.",
        headline=alone,
        run_by="publisher" if alone else "submitter",
    )


METRICS = {board: _metric(board, benchmark) for board, benchmark in BOARDS.items()}
COST = Metric(
    slug="bash_only_usd_per_issue",
    benchmark=SWE_BENCH_VERIFIED.slug,
    title="Cost per issue, bash-only",
    unit=Unit.USD,
    higher_is_better=False,
    minimum=0,
    maximum=1000,
    description="What the publisher paid on average for an issue.",
)
COLUMNS = Columns(
    required=frozenset({"name", "resolved", "folder", "tags"}),
    minor=frozenset({"date", "checked", "instance_cost", "site", "os_model", "os_system"}),
    optional=frozenset({"mini-swe-agent_version", "instance_calls", "cost", "warning"}),
    ignored=frozenset({"logo", "logs", "trajs", "trajs_docent", "per_instance_details"}),
)
DAY = partial(day, formats=("%Y-%m-%d",))
# What the publisher writes before what a tag is about.
ORGANIZATION = "Org: "


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per board and run, of which `folder` is the name: models have several, and names stand twice."""
    ledger = Ledger()
    payload = load_json(files[ENDPOINT], ENDPOINT, ledger)
    boards = payload.get("leaderboards") if isinstance(payload, dict) else None
    if not isinstance(boards, list) or not all(isinstance(board, dict) for board in boards):
        raise SourceError(ENDPOINT, "an object with the list 'leaderboards'", type(payload).__name__, "columns")
    results = {board.get("name"): board.get("results") for board in boards}
    if MODELS_ALONE not in results:
        raise SourceError(ENDPOINT, f"the board {MODELS_ALONE!r}", ", ".join(map(str, results))[:300], "columns")
    ledger.unknown_columns += [f"{ENDPOINT}: the board {name}" for name in results if name not in BOARDS]
    newest: list[date] = []
    for board, metric in METRICS.items():
        if board in results:
            for row in json_rows(results[board], COLUMNS, ledger):
                _read(board, metric, row, ledger, newest)
        else:
            ledger.missing_columns.append(f"{ENDPOINT}: the board {board}")
    return ledger.parsed(as_of=max(newest, default=None), as_of_basis=AsOfBasis.NEWEST_ROW)


def _read(board: str, metric: Metric, row: Mapping[str, Any], ledger: Ledger, newest: list[date]) -> None:
    try:
        name, folder = published_name(row["name"]), published_name(row["folder"])
    except CellError as error:
        ledger.reject(str(error), row["name"])
        return
    entry = ledger.entry(f"{board} | {folder}", name)
    alone = board == MODELS_ALONE
    entry.standing = Standing.VERIFIED if alone else Standing.SYSTEM
    tags = [tag for tag in row["tags"] if isinstance(tag, str)] if isinstance(row["tags"], list) else []
    makers = [tag.removeprefix(ORGANIZATION) for tag in tags if tag.startswith(ORGANIZATION)]
    entry.organization = makers[0] if alone and len(makers) == 1 else None
    ran = ledger.cell(row, "date", DAY)
    newest += [ran] if ran else []
    entry.settings = {
        "board": board,
        "tags": sorted(tags),
        "date": ran.isoformat() if ran else None,
        "checked": row.get("checked") is True,
        "agent_version": text(row.get("mini-swe-agent_version")),
        "warning": text(row.get("warning")),
    }
    columns = {"resolved": metric, **({"instance_cost": COST} if alone else {})}
    ledger.record(entry, ledger.scores(row, columns, number))


SOURCE = Source(
    slug="swebench",
    title="SWE-bench",
    publisher="SWE-bench team, Princeton",
    homepage="https://www.swebench.com/",
    license="CC-BY-NC-4.0",
    # To be passed on as well, but not for money.
    terms=DataTerms(
        Allowed.PERMITTED,
        Allowed.FORBIDDEN,
        "SWE-bench, https://www.swebench.com/, CC BY-NC 4.0",
        "CC BY-NC 4.0, the license of the repository SWE-bench/swe-bench.github.io, which holds the file.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(
            ENDPOINT,
            "https://raw.githubusercontent.com/SWE-bench/swe-bench.github.io/master/data/leaderboards.json",
            "json",
        ),
    ),
    benchmarks=tuple(BOARDS.values()),
    metrics=(*METRICS.values(), COST),
    columns={ENDPOINT: COLUMNS},
    parse=parse,
)
