"""MTEB(eng, v2): English text embedding, 41 tasks of seven types."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Entry,
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
from budmodel_pipeline.sources.reading import day, fact, json_rows, load_json, number, published_name, slug, text

BENCHMARK_NAME = "MTEB(eng, v2)"
SUMMARY = Benchmark(
    slug="mteb_eng_v2",
    title=BENCHMARK_NAME,
    domain=Domain.EMBEDDING,
    description="41 English tasks of seven types; every task has its own main score between -1 and 1.",
)
TASKS_BY_TYPE = {
    "Classification": (
        "AmazonCounterfactualClassification",
        "Banking77Classification",
        "ImdbClassification",
        "MassiveIntentClassification",
        "MassiveScenarioClassification",
        "MTOPDomainClassification",
        "ToxicConversationsClassification",
        "TweetSentimentExtractionClassification",
    ),
    "Clustering": (
        "ArXivHierarchicalClusteringP2P",
        "ArXivHierarchicalClusteringS2S",
        "BiorxivClusteringP2P.v2",
        "MedrxivClusteringP2P.v2",
        "MedrxivClusteringS2S.v2",
        "StackExchangeClustering.v2",
        "StackExchangeClusteringP2P.v2",
        "TwentyNewsgroupsClustering.v2",
    ),
    "PairClassification": ("SprintDuplicateQuestions", "TwitterSemEval2015", "TwitterURLCorpus"),
    "Reranking": ("AskUbuntuDupQuestions", "MindSmallReranking"),
    "Retrieval": (
        "ArguAna",
        "ClimateFEVERHardNegatives",
        "CQADupstackGamingRetrieval",
        "CQADupstackUnixRetrieval",
        "FEVERHardNegatives",
        "FiQA2018",
        "HotpotQAHardNegatives",
        "SCIDOCS",
        "Touche2020Retrieval.v3",
        "TRECCOVID",
    ),
    "STS": ("BIOSSES", "SICK-R", "STS12", "STS13", "STS14", "STS15", "STS17", "STS22.v2", "STSBenchmark"),
    "Summarization": ("SummEvalSummarization.v2",),
}


def _metric(metric_slug: str, benchmark: str, title: str, description: str = "", *, headline: bool = False) -> Metric:
    return Metric(
        slug=metric_slug,
        benchmark=benchmark,
        title=title,
        unit=Unit.FRACTION,
        higher_is_better=True,
        # Correlations and the adjusted scores of some tasks go below zero.
        minimum=-1,
        maximum=1,
        description=description,
        headline=headline,
    )


def _type_metric(task_type: str) -> Metric:
    return _metric(
        f"type_{slug(task_type)}",
        SUMMARY.slug,
        f"Mean over {task_type} tasks",
        "Mean over those tasks of the type that the model has; only a model that has all of them has a rank.",
    )


def _task_benchmark(task: str) -> Benchmark:
    return Benchmark(
        slug=f"task_{slug(task)}",
        title=task,
        domain=Domain.EMBEDDING,
        description=f"A task of {BENCHMARK_NAME}.",
        part_of=SUMMARY.slug,
    )


def _task_metric(task: str) -> Metric:
    return _metric(f"task_{slug(task)}", f"task_{slug(task)}", task)


MEAN_TASK = _metric(
    "mean_task",
    SUMMARY.slug,
    "Mean (Task)",
    "Mean over all tasks as published; absent for a model that lacks a task.",
    headline=True,
)
MEAN_TASK_TYPE = _metric(
    "mean_task_type",
    SUMMARY.slug,
    "Mean (TaskType)",
    "Mean over the means of the task types as published; absent for a model that lacks a task.",
)
DAY = partial(day, formats=("%Y-%m-%d",))
MEANS = {"meanTask": MEAN_TASK, "meanTaskType": MEAN_TASK_TYPE}
TYPES = {task_type: _type_metric(task_type) for task_type in TASKS_BY_TYPE}
TASKS = {task: _task_metric(task) for tasks in TASKS_BY_TYPE.values() for task in tasks}
# Facts about a model, by the name under which they are kept.
FACTS = {
    "total_parameters_billions": "totalParamsB",
    "active_parameters_billions": "activeParamsB",
    "embedding_dimension": "embeddingDim",
    # Infinite for models without attention; that is kept as no limit.
    "max_tokens": "maxTokens",
    "model_type": "modelType",
    "open_weights": "openWeights",
    "instruction_tuned": "instructionTuned",
    "sentence_transformers_compatible": "sentenceTransformersCompatible",
}
# `model.x` stands for key x of the object `model`; the table repeats some of them beside it.
COLUMNS = Columns(
    required=frozenset({"model.name", "meanTask", "scoresByTask"}),
    minor=frozenset({"meanTaskType", "scoresByTaskType"}),
    optional=frozenset(
        {"rank", "experiments", "model.url", "model.releaseDate", "model.license", "model.zeroShotPct"}
        | {f"model.{key}" for key in FACTS.values()}
    ),
    ignored=frozenset(
        {"meanPublic", "meanPrivate", "trainedOnTasks", "zeroShotPct", *FACTS.values(), "model.displayName", "model.org"}
        | {"model.modalities", "model.languages", "model.citation", "model.memoryUsageMb", "model.publicTrainingCode"}
        | {"model.publicTrainingData", "model.adaptedFrom", "model.supersededBy", "model.extraRequirementsGroups"}
        | {"model.trainingDatasets"}
    ),
)


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per model and, where a model is listed more than once, per experiment. Means are taken as published."""
    ledger = Ledger()
    payload = load_json(files["scores"], "scores", ledger)
    _check_benchmark(payload)
    types, tasks = dict(TYPES), dict(TASKS)
    released = []
    for row in json_rows(_flat(payload["rows"]), COLUMNS, ledger):
        try:
            name = published_name(row["model.name"])
        except CellError as error:
            ledger.reject(str(error), row["model.name"])
            continue
        variant = _variant(row)
        described = Entry(
            key=f"{name} | {variant}" if variant else name,
            published_name=name,
            link=text(row.get("model.url")),
            license=_license(row.get("model.license")),
            released_on=ledger.cell(row, "model.releaseDate", DAY),
            # Whoever runs the tasks sends in the results.
            standing=Standing.COMMUNITY,
            settings=_settings(row),
        )
        released.append(described.released_on)
        scores = ledger.scores(row, MEANS, number)
        _read_scores(scores, row, "scoresByTaskType", types, _type_metric, ledger)
        _read_scores(scores, row, "scoresByTask", tasks, _task_metric, ledger)
        _count_tasks(scores, payload["tasks"])
        ledger.record(ledger.entries.setdefault(described.key, described), scores)
    new_types, new_tasks = sorted(types.keys() - TYPES.keys()), sorted(tasks.keys() - TASKS.keys())
    _check_distinct(types)
    _check_distinct(tasks)
    return ledger.parsed(
        as_of=max(filter(None, released), default=None),
        as_of_basis=AsOfBasis.NEWEST_ROW,
        benchmarks=tuple(_task_benchmark(task) for task in new_tasks),
        metrics=(*(types[task_type] for task_type in new_types), *(tasks[task] for task in new_tasks)),
    )


def _count_tasks(scores: dict[str, Score], listed: Sequence[object]) -> None:
    """Notes with each mean over a type how many of the tasks that the publisher lists for the type are behind it."""
    for task_type, metric in TYPES.items():
        if (mean := scores.get(metric.slug)) is not None:
            of_type = [task for task in TASKS_BY_TYPE[task_type] if task in listed]
            have = sum(TASKS[task].slug in scores for task in of_type)
            scores[metric.slug] = mean._replace(tasks=have, tasks_total=len(of_type))


def _check_benchmark(payload: object) -> None:
    if not isinstance(payload, dict):
        raise SourceError("scores", "an object with benchmarkName, tasks and rows", type(payload).__name__)
    if payload.get("benchmarkName") != BENCHMARK_NAME:
        raise SourceError("scores", f"benchmarkName {BENCHMARK_NAME!r}", repr(payload.get("benchmarkName"))[:100])
    for key in ("tasks", "rows"):
        if not isinstance(payload.get(key), list):
            raise SourceError("scores", f"a list {key!r}", f"the keys {', '.join(sorted(payload))}"[:300], "columns")
    # A task listed twice was averaged twice; another of the publisher's benchmarks has been published so.
    repeated = [str(task) for task, count in Counter(map(str, payload["tasks"])).items() if count > 1]
    if repeated:
        raise SourceError("scores", "distinct tasks", f"{', '.join(repeated)} more than once", "unique")


def _check_distinct(metrics: Mapping[str, Metric]) -> None:
    by_slug: dict[str, str] = {}
    for name, metric in metrics.items():
        other = by_slug.setdefault(metric.slug, name)
        if other != name:
            raise SourceError("scores", "names that differ in more than punctuation", f"{other!r} and {name!r}", "unique")


def _flat(rows: list[object]) -> list[object]:
    """The rows with the keys of their object `model` beside their own, as `model.<key>`."""
    flat: list[object] = []
    for row in rows:
        if isinstance(row, dict) and isinstance(model := row.get("model"), dict):
            flat.append(
                {**{key: row[key] for key in row if key != "model"}, **{f"model.{key}": model[key] for key in model}}
            )
        else:
            flat.append(row)
    return flat


def _read_scores(
    scores: dict[str, Score],
    row: Mapping[str, Any],
    column: str,
    known: dict[str, Metric],
    make: Callable[[str], Metric],
    ledger: Ledger,
) -> None:
    """Adds the scores that `row` holds by name under `column`; names met for the first time go into `known`."""
    values = row.get(column)
    if not isinstance(values, dict):
        if values is not None:
            ledger.unread(column, f"{column} is not an object", values, is_score=True)
        return
    for name, cell in values.items():
        try:
            value = number(cell, name)
            metric = known.get(name)
            if metric is not None:
                ledger.offered.add(metric.slug)
            if value is not None:
                if metric is None:
                    metric = known[name] = make(published_name(name))
                scores[metric.slug] = Score(value)
        except CellError as error:
            ledger.unread(f"{column}.{name}"[:100], str(error), cell, is_score=True)


def _variant(row: Mapping[str, Any]) -> str | None:
    """How this run differs from the model's usual one, as JSON; it is all that tells two rows of one model apart."""
    return json.dumps(row["experiments"], sort_keys=True) if row.get("experiments") else None


def _license(cell: object) -> str | None:
    found = text(cell)
    return None if found and found.lower() == "not specified" else found


def _settings(row: Mapping[str, Any]) -> dict[str, Any]:
    # -1 stands for a model whose training data are not declared.
    zero_shot = None if row.get("model.zeroShotPct") == -1 else fact(row.get("model.zeroShotPct"))
    return {
        **{name: fact(row.get(f"model.{key}")) for name, key in FACTS.items()},
        "zero_shot_percent": zero_shot,
        "experiments": _variant(row),
        # Not the rank of one metric: the publisher may rank by a vote over all tasks.
        "rank": fact(row.get("rank")),
    }


SOURCE = Source(
    slug="mteb",
    title=BENCHMARK_NAME,
    publisher="MTEB",
    homepage="https://huggingface.co/spaces/mteb/leaderboard",
    license="CC0-1.0",
    terms=permitted(
        "MTEB, https://huggingface.co/spaces/mteb/leaderboard, CC0 1.0",
        "CC0 1.0, the license of the results, embeddings-benchmark/results and the dataset mteb/results.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(
            name="scores",
            url="https://mteb-leaderboard-backend.hf.space/v1/benchmarks/MTEB(eng%2C%20v2)/scores",
            format="json",
        ),
    ),
    benchmarks=(SUMMARY, *map(_task_benchmark, TASKS)),
    metrics=(MEAN_TASK, MEAN_TASK_TYPE, *TYPES.values(), *TASKS.values()),
    columns={"scores": COLUMNS},
    parse=parse,
    parser_version=3,
)
