"""tau2-bench: agents that serve customers by the rules of a firm, whose every task must succeed in each of several trials.

The publisher's manifest names the submissions, one file each; made-up examples beside them are not among them.
"""

import re
from collections.abc import Mapping, Sequence
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
    Score,
    Source,
    SourceError,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import permitted
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import day, fact, load_json, number, published_name, require_columns, text

MANIFEST = "manifest"
FOLDER = "https://raw.githubusercontent.com/sierra-research/tau2-bench/main/web/leaderboard/public/submissions"
# The lists of the manifest. Speech is another task than writing, and versions before the present one graded otherwise.
BOARDS = {"submissions": "text", "voice_submissions": "voice", "legacy_submissions": "legacy"}
FIRMS = {"airline": "an airline", "retail": "a shop", "telecom": "a telephone company", "banking_knowledge": "a bank"}
TRIALS = (1, 2, 3, 4)
HOW = {
    "text": "Customers are played by a model.",
    "voice": "Customers are played by a model, and both sides speak.",
    "legacy": "Customers are played by a model; versions before 1.0.1, whose grading compares with no other.",
}
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
# A manifest that names more is none.
MOST = 1_000


def _benchmark(board: str, firm: str) -> Benchmark:
    domain = Domain.SPEECH if board == "voice" else Domain.AGENTS
    return Benchmark(f"{board}_{firm}", f"tau2-bench, {FIRMS[firm]}, {board}", domain, HOW[board])


def _metrics(board: str, firm: str) -> dict[str, Metric]:
    """By the key of a result."""
    name = f"{board}_{firm}"
    passed = {
        f"pass_{trials}": Metric(
            slug=f"{name}_pass_{trials}",
            benchmark=name,
            title=f"Pass^{trials}",
            unit=Unit.PERCENT,
            higher_is_better=True,
            minimum=0,
            maximum=100,
            description="Share of the tasks that succeed" + (f" in each of {trials} trials." if trials > 1 else "."),
            # The only one that all present submissions have.
            headline=name == "text_banking_knowledge" and trials == 1,
            run_by="submitter",
        )
        for trials in TRIALS
    }
    cost = Metric(
        slug=f"{name}_cost",
        benchmark=name,
        title="Cost of a task",
        unit=Unit.USD,
        higher_is_better=False,
        minimum=0,
        maximum=1000,
        run_by="submitter",
    )
    return {**passed, "cost": cost}


METRICS = {(board, firm): _metrics(board, firm) for board in BOARDS.values() for firm in FIRMS}
COLUMNS = Columns(
    required=frozenset({"model_name", "results", "submission_date"}),
    minor=frozenset({"model_organization", "submitting_organization", "methodology"}),
    optional=frozenset({"submission_type", "modality", "reasoning_effort", "model_release", "is_new"}),
    ignored=frozenset(
        {"contact_info", "references", "trajectories_available", "trajectory_files", "voice_config", "interaction_metrics"}
        | {"notes"}
    ),
)
LISTS = Columns(required=frozenset({"submissions"}), minor=frozenset(BOARDS) - {"submissions"})
DAY = partial(day, formats=("%Y-%m-%d",))


def listed(files: Mapping[str, bytes]) -> Sequence[Endpoint]:
    """The file of each submission that the manifest names."""
    names = [name for named in _named(files[MANIFEST], Ledger()).values() for name in named]
    return [Endpoint(name, f"{FOLDER}/{name}/submission.json", "json", supplement=True) for name in names]


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per submission; a file that is lacking or cannot be read costs itself alone."""
    ledger = Ledger()
    newest: list[date] = []
    for board, names in _named(files[MANIFEST], ledger).items():
        for name in names:
            ledger.start(name)
            if name not in files:
                ledger.missing_columns.append(f"{name}: the whole file")
                continue
            ledger.read()
            try:
                _read(board, name, load_json(files[name], name, ledger), ledger, newest)
            except (CellError, SourceError) as error:
                ledger.reject(str(error), name)
    if not ledger.entries:
        raise SourceError(MANIFEST, "submissions with results", "none that could be read")
    return ledger.parsed(as_of=max(newest, default=None), as_of_basis=AsOfBasis.NEWEST_ROW)


def _named(content: bytes, ledger: Ledger) -> dict[str, Sequence[str]]:
    """The folders of each board. One that is no name of a folder would lead somewhere else."""
    manifest = load_json(content, MANIFEST, ledger)
    if not isinstance(manifest, dict):
        raise SourceError(MANIFEST, "an object with lists of submissions", type(manifest).__name__)
    require_columns(list(manifest), MANIFEST, LISTS, ledger)
    named = {board: manifest.get(key, []) for key, board in BOARDS.items()}
    for names in named.values():
        if not isinstance(names, list) or not all(isinstance(name, str) and _FOLDER.fullmatch(name) for name in names):
            raise SourceError(MANIFEST, "lists of names of folders", str(names)[:300])
    every = [name for names in named.values() for name in names]
    if not 0 < len(set(every)) == len(every) <= MOST:
        raise SourceError(MANIFEST, f"up to {MOST} submissions, each named once", f"{len(every)} names", "unique")
    return named


def _read(board: str, folder: str, row: Any, ledger: Ledger, newest: list[date]) -> None:
    if not isinstance(row, dict):
        raise CellError("the file is not an object")
    require_columns(list(row), folder, COLUMNS, ledger)
    entry = ledger.entry(folder, published_name(row["model_name"]))
    entry.organization = text(row.get("model_organization"))
    submitter, method, release = text(row.get("submitting_organization")), _of(row, "methodology"), _of(row, "model_release")
    entry.standing = _standing(row, entry.organization, submitter)
    entry.released_on = ledger.cell(release, "release_date", DAY)
    submitted = ledger.cell(row, "submission_date", DAY)
    newest += [submitted] if submitted else []
    entry.settings = {
        key: said
        for key, cell in {
            "board": board,
            "submitted_by": submitter,
            "submitted_on": submitted.isoformat() if submitted else None,
            "effort": row.get("reasoning_effort"),
            "version": method.get("tau2_bench_version"),
            "user_simulator": method.get("user_simulator"),
            "retrieval": _of(_of(row, "results"), "banking_knowledge").get("retrieval_config"),
        }.items()
        if (said := fact(cell)) is not None
    }
    ledger.record(entry, _scores(board, _of(row, "results"), ledger))


def _scores(board: str, results: Mapping[str, Any], ledger: Ledger) -> dict[str, Score]:
    for firm in results.keys() - FIRMS.keys():
        ledger.unread(firm, "results of a firm that is not known", str(results[firm])[:100])
    found: dict[str, Score] = {}
    for firm in FIRMS:
        found |= ledger.scores(_of(results, firm), METRICS[board, firm], number)
    return found


def _standing(row: Mapping[str, Any], maker: str | None, submitter: str | None) -> Standing:
    """`custom` ones changed what is around the model."""
    if row.get("submission_type") == "custom":
        return Standing.SYSTEM
    if submitter == "Sierra":
        return Standing.VERIFIED
    return Standing.SELF_REPORTED if submitter and submitter == maker else Standing.COMMUNITY


def _of(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = row.get(key)
    return found if isinstance(found, dict) else {}


SOURCE = Source(
    slug="tau2_bench",
    title="tau2-bench",
    publisher="Sierra",
    homepage="https://taubench.com/",
    license="MIT",
    terms=permitted(
        "tau2-bench, Sierra, https://github.com/sierra-research/tau2-bench, MIT",
        "MIT, the license of the repository sierra-research/tau2-bench, which holds the files.",
        date(2026, 9, 1),
    ),
    endpoints=(Endpoint(MANIFEST, f"{FOLDER}/manifest.json", "json"),),
    listed=listed,
    benchmarks=tuple(_benchmark(board, firm) for board in BOARDS.values() for firm in FIRMS),
    metrics=tuple(metric for metrics in METRICS.values() for metric in metrics.values()),
    columns={MANIFEST: LISTS},
    parse=parse,
)
