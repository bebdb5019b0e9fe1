"""MTEB: the sample, the real file, and what a changed or damaged file does."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from budmodel_pipeline.sources.contract import Entry, Parsed, SourceError
from budmodel_pipeline.sources.mteb import MEAN_TASK, SOURCE, TASKS, TASKS_BY_TYPE, TYPES

FILE = unquote(SOURCE.endpoints[0].url.removeprefix("https://"))
SAMPLE = Path(__file__).parents[2] / "samples" / FILE
Payload = dict[str, Any]


def parse(content: bytes) -> Parsed:
    return SOURCE.parse({"scores": content})


def sample() -> Payload:
    payload: Payload = json.loads(SAMPLE.read_bytes())
    return payload


def dump(payload: Payload) -> bytes:
    return json.dumps(payload).encode()


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def test_sample() -> None:
    parsed = parse(SAMPLE.read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (9, 9, 0)
    assert (parsed.unknown_columns, parsed.metrics, parsed.as_of) == ((), (), date(2025, 6, 5))
    qwen = entries(parsed)["Qwen/Qwen3-Embedding-8B"]
    assert qwen.scores["mean_task"].value == 0.7522
    assert qwen.scores["type_retrieval"].value == 0.6944
    assert qwen.scores["task_arguana"].value == 0.76852
    assert {metric.unit for metric in SOURCE.metrics} == {"fraction"}
    assert (qwen.link, qwen.license) == ("https://huggingface.co/Qwen/Qwen3-Embedding-8B", "apache-2.0")
    assert qwen.released_on == date(2025, 6, 5)
    assert qwen.settings["embedding_dimension"] == 4096
    assert qwen.settings["open_weights"] is True


def test_a_missing_task_leaves_the_means_out() -> None:
    cohere = entries(parse(SAMPLE.read_bytes()))["Cohere/Cohere-embed-english-v3.0"]
    assert cohere.scores["task_arguana"].value == 0.61521
    # Published as a literal NaN.
    assert "task_summevalsummarization_v2" not in cohere.scores
    assert not cohere.scores.keys() & {"mean_task", "mean_task_type"}


def test_facts_that_are_not_known_are_none() -> None:
    found = entries(parse(SAMPLE.read_bytes()))
    assert found["Qwen/Qwen3-Embedding-8B"].settings["zero_shot_percent"] is None
    assert found["google/gemini-embedding-001"].settings["zero_shot_percent"] == 95
    # A model without attention has no limit; the publisher writes Infinity, which no database column of JSON takes.
    assert found["minishlab/potion-base-32M"].settings["max_tokens"] is None
    assert found["openai/text-embedding-3-large"].link is None


def test_mirror(mirror: Path) -> None:
    parsed = parse((mirror / FILE).read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (189, 189, 0)
    assert (parsed.unknown_columns, parsed.metrics) == ((), ())
    found = entries(parsed)
    # Row 1, its meanTask; row 5, its mean over Summarization tasks; row 78, its TRECCOVID.
    assert found["jcorners/ingot-8b-r3"].scores["mean_task"].value == 0.7698263809523809
    assert found["google/gemini-embedding-001"].scores["type_summarization"].value == 0.382845
    assert found["sentence-transformers/all-MiniLM-L6-v2"].scores["task_treccovid"].value == 0.47232
    # Row 109 lacks SummEvalSummarization.v2, so it has 17 tasks and no mean.
    assert "mean_task" not in found["Alibaba-NLP/gte-Qwen2-1.5B-instruct"].scores
    assert sum("mean_task" in entry.scores for entry in parsed.entries) == 106


def test_the_declared_tasks_are_the_41_of_the_benchmark() -> None:
    assert len(TASKS) == 41
    assert len(TYPES) == 7


def test_a_new_task_and_a_new_type_become_metrics() -> None:
    payload = sample()
    payload["tasks"].append("NanoRetrieval")
    payload["rows"][0]["scoresByTask"]["NanoRetrieval"] = 0.25
    payload["rows"][0]["scoresByTaskType"]["Any2Any"] = 0.5
    parsed = parse(dump(payload))
    assert [(metric.slug, metric.benchmark, metric.unit) for metric in parsed.metrics] == [
        ("type_any2any", "mteb_eng_v2", "fraction"),
        ("task_nanoretrieval", "task_nanoretrieval", "fraction"),
    ]
    assert [benchmark.slug for benchmark in parsed.benchmarks] == ["task_nanoretrieval"]
    assert parsed.entries[0].scores["task_nanoretrieval"].value == 0.25


def test_rows_of_one_model_differ_by_experiment() -> None:
    payload = sample()
    variant = deepcopy(payload["rows"][0])
    variant["experiments"] = {"use_prompts": False}
    variant["meanTask"] = 0.5
    payload["rows"].append(variant)
    usual, changed = (entry for entry in parse(dump(payload)).entries if entry.published_name == variant["model"]["name"])
    assert (usual.key, usual.settings["experiments"]) == (variant["model"]["name"], None)
    assert changed.key == f'{variant["model"]["name"]} | {{"use_prompts": false}}'
    assert changed.scores["mean_task"].value == 0.5


@pytest.mark.parametrize("column", sorted(SOURCE.columns["scores"].required))
def test_a_renamed_column_fails_and_is_named(column: str) -> None:
    payload = sample()
    for row in payload["rows"]:
        holder = row["model"] if column.startswith("model.") else row
        key = column.removeprefix("model.")
        holder[f"{key} (new)"] = holder.pop(key)
    with pytest.raises(SourceError, match=f"'{column}'") as failure:
        parse(dump(payload))
    assert failure.value.check == "columns"


def without(key: str) -> Callable[[Payload], None]:
    def edit(payload: Payload) -> None:
        del payload[key]

    return edit


def repeat_a_task(payload: Payload) -> None:
    payload["tasks"].append("ArguAna")


def name_another_benchmark(payload: Payload) -> None:
    payload["benchmarkName"] = "MTEB(cmn, v1)"


def empty(payload: Payload) -> None:
    payload["rows"].clear()


def contradict(payload: Payload) -> None:
    row = deepcopy(payload["rows"][0])
    row["scoresByTask"]["ArguAna"] = 0.1
    payload["rows"].append(row)


def spell_a_task_twice(payload: Payload) -> None:
    payload["rows"][0]["scoresByTask"]["Argu.Ana"] = 0.1
    payload["rows"][0]["scoresByTask"]["Argu-Ana"] = 0.1


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (without("rows"), "'rows'"),
        (without("tasks"), "'tasks'"),
        (without("benchmarkName"), "benchmarkName"),
        (name_another_benchmark, "MTEB(cmn, v1)"),
        (repeat_a_task, "ArguAna more than once"),
        (empty, "an empty list"),
        (contradict, "task_arguana"),
        (spell_a_task_twice, "'Argu.Ana' and 'Argu-Ana'"),
    ],
)
def test_a_changed_file_fails_and_says_where(edit: Callable[[Payload], None], named: str) -> None:
    payload = sample()
    edit(payload)
    with pytest.raises(SourceError) as failure:
        parse(dump(payload))
    assert named in str(failure.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"<!doctype html><html><body>Your space is sleeping</body></html>", SAMPLE.read_bytes()[:5000]],
)
def test_a_damaged_file_fails(content: bytes) -> None:
    with pytest.raises(SourceError):
        parse(content)


def test_an_unknown_column_is_reported_once() -> None:
    payload = sample()
    for row in payload["rows"]:
        row["model"]["openness"] = 6
    assert parse(dump(payload)).unknown_columns == ("scores: model.openness",)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("name", "", "the name is empty"),
        ("name", "x" * 10_000, "the name is longer than 300 characters"),
        ("name", "org/model\u202e\x00", "the name holds control characters"),
        ("name", 7, "the name is empty"),
    ],
)
def test_a_bad_model_rejects_its_row_alone(column: str, value: object, reason: str) -> None:
    payload = sample()
    payload["rows"][2]["model"][column] = value
    parsed = parse(dump(payload))
    assert (parsed.rows_read, parsed.rows_kept) == (9, 8)
    assert [(rejection.reason, rejection.rows) for rejection in parsed.rejections] == [(reason, 1)]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("inf"), "ArguAna is not finite"),
        ("good", "ArguAna is not a number"),
        (True, "ArguAna is not a number"),
        ([0.5], "ArguAna is not a number"),
    ],
)
def test_a_bad_score_costs_itself_alone(value: object, reason: str) -> None:
    payload = sample()
    payload["rows"][2]["scoresByTask"]["ArguAna"] = value
    parsed = parse(dump(payload))
    assert (parsed.rows_kept, parsed.rejections) == (9, [])
    assert [(unread.reason, unread.cells) for unread in parsed.unread] == [(reason, 1)]
    assert "task_arguana" not in parsed.entries[2].scores
    assert "mean_task" in parsed.entries[2].scores


def test_a_bad_date_costs_itself_alone() -> None:
    payload = sample()
    payload["rows"][2]["model"]["releaseDate"] = "soon"
    parsed = parse(dump(payload))
    assert (parsed.rows_kept, [unread.column for unread in parsed.unread]) == (9, ["model.releaseDate"])


def test_a_mean_over_some_tasks_of_a_type_says_how_many() -> None:
    payload = sample()
    listed = [task for task in payload["tasks"] if task in TASKS_BY_TYPE["STS"]]
    del payload["rows"][0]["scoresByTask"][listed[0]]
    whole, part = (parse(dump(payload)).entries[place].scores["type_sts"] for place in (1, 0))
    assert (whole.tasks, whole.tasks_total) == (len(listed), len(listed))
    assert (part.tasks, part.tasks_total) == (len(listed) - 1, len(listed))


def test_a_row_that_is_no_object_is_rejected() -> None:
    payload = sample()
    payload["rows"] += [None, {"model": "org/name"}]
    payload["rows"][0]["scoresByTask"] = [0.5]
    parsed = parse(dump(payload))
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (11, 9, 2)
    assert [unread.reason for unread in parsed.unread] == ["scoresByTask is not an object"]


def test_a_repeated_row_is_rejected_and_counted() -> None:
    payload = sample()
    payload["rows"].append(deepcopy(payload["rows"][0]))
    parsed = parse(dump(payload))
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (10, 9, 1)
    assert parsed.rejections[0].reason == "an exact duplicate of an earlier row"


def test_a_percent_lies_outside_the_declared_range() -> None:
    assert MEAN_TASK.maximum is not None
    assert MEAN_TASK.maximum < 75.22
    assert MEAN_TASK.minimum == -1
