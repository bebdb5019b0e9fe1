"""OpenVLM: the sample, the real file, and what a changed or damaged file does."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from budmodel_pipeline.sources.contract import Entry, Parsed, SourceError
from budmodel_pipeline.sources.openvlm import AVERAGE_SCORE, BY_DATASET, COUNTED_KEY, MMBENCH_V11, OCRBENCH, SOURCE

FILE = SOURCE.endpoints[0].url.removeprefix("https://")
SAMPLE = Path(__file__).parents[2] / "samples" / FILE
Payload = dict[str, Any]


def parse(content: bytes) -> Parsed:
    return SOURCE.parse({"leaderboard": content})


def sample() -> Payload:
    payload: Payload = json.loads(SAMPLE.read_bytes())
    return payload


def dump(payload: Payload) -> bytes:
    return json.dumps(payload).encode()


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def values(entry: Entry) -> dict[str, float]:
    return {slug: score.value for slug, score in entry.scores.items()}


def test_sample() -> None:
    parsed = parse(SAMPLE.read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (11, 11, 0)
    assert parsed.unknown_columns == ()
    assert parsed.as_of == date(2025, 9, 17)
    gpt = entries(parsed)["GPT-4o (0513, detail-high)"]
    # (83.0 + 81.5) / 2
    assert gpt.scores["mmbench_v11"].value / MMBENCH_V11.unit.divisor == pytest.approx(0.8225)
    assert gpt.scores["ocrbench"].value / OCRBENCH.unit.divisor == 815
    assert gpt.scores["mmvet"].value / BY_DATASET["MMVet"].unit.divisor == pytest.approx(0.691)
    # (82.25 + 63.9 + 69.2 + 61.8 + 81.5 + 84.6 + 55.0 + 69.1) / 8
    assert gpt.scores["average_score"].value / AVERAGE_SCORE.unit.divisor == pytest.approx(0.7091875)
    assert (gpt.link, gpt.organization) == ("https://openai.com/index/hello-gpt-4o/", "OpenAI")
    assert gpt.released_on == date(2024, 5, 31)
    assert gpt.settings == {
        "parameters": None,
        "language_model": None,
        "vision_model": None,
        "verified": True,
        "open_source": False,
    }


def test_a_missing_benchmark_leaves_the_average_out() -> None:
    idefics = entries(parse(SAMPLE.read_bytes()))["IDEFICS-9B-Instruct"]
    assert not idefics.scores.keys() & {"mmstar", "ocrbench", "average_score"}
    assert idefics.scores["mmbench_v11"].value == pytest.approx(27.35)
    assert idefics.released_on == date(2023, 7, 25)
    assert idefics.settings["parameters"] == "9B"
    assert idefics.settings["open_source"] is True


def test_mirror(mirror: Path) -> None:
    parsed = parse((mirror / FILE).read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (284, 284, 0)
    assert parsed.unknown_columns == ()
    found = entries(parsed)
    # The objects under these names in `results`.
    assert values(found["BlueLM-2.6-3B"]) == {
        "mmbench_v11": 86.4,
        "mmstar": 80.1,
        "mmmu_val": 62.4,
        "mathvista": 82.3,
        "ocrbench": 881,
        "ai2d": 86.1,
        "hallusionbench": 63.1,
        "mmvet": 78.5,
        "average_score": pytest.approx(78.375),
    }
    assert found["IDEFICS-9B-Instruct"].scores["mmmu_val"].value / 100 == pytest.approx(0.184)
    assert found["LLaVA-v1-7B"].scores["ocrbench"].value == 269
    assert found["LLaVA-v1-7B"].organization is None
    assert sum("average_score" in entry.scores for entry in parsed.entries) == 283


@pytest.mark.parametrize("name", sorted(COUNTED_KEY))
def test_a_renamed_dataset_fails_and_is_named(name: str) -> None:
    payload = sample()
    for row in payload["results"].values():
        if name in row:
            row[f"{name}_V2"] = row.pop(name)
    with pytest.raises(SourceError, match=f"'{name}.{COUNTED_KEY[name]}'") as failure:
        parse(dump(payload))
    assert failure.value.check == "columns"


@pytest.mark.parametrize(("holder", "key"), [("META", "Method"), ("OCRBench", "Final Score"), ("AI2D", "Overall")])
def test_a_renamed_key_fails_and_is_named(holder: str, key: str) -> None:
    payload = sample()
    for row in payload["results"].values():
        if holder in row:
            row[holder][f"{key} (new)"] = row[holder].pop(key)
    with pytest.raises(SourceError, match=f"'{holder}.{key}'"):
        parse(dump(payload))


def test_another_dataset_is_reported_once() -> None:
    payload = sample()
    for row in payload["results"].values():
        row["VisualWebBench"] = {"Overall": 50.0}
    parsed = parse(dump(payload))
    assert parsed.unknown_columns == ("leaderboard: VisualWebBench",)
    assert parsed.rows_kept == 11


def test_only_the_counted_figure_of_a_dataset_is_read() -> None:
    payload = sample()
    payload["results"]["Pixtral-12B"]["MMStar"] |= {"Overall (official)": "44.5 (Not Given)", "Oceans and continents\t": "?"}
    assert parse(dump(payload)).entries == parse(SAMPLE.read_bytes()).entries


@pytest.mark.parametrize("cell", ["N/A", "-", None, float("nan")])
def test_a_missing_figure_is_no_score(cell: object) -> None:
    payload = sample()
    payload["results"]["Pixtral-12B"]["MMBench_TEST_CN_V11"]["Overall"] = cell
    parsed = parse(dump(payload))
    assert parsed.rows_kept == 11
    pixtral = entries(parsed)["Pixtral-12B"]
    assert not pixtral.scores.keys() & {"mmbench_v11", "average_score"}
    assert len(pixtral.scores) == 7


def rename(name: object) -> Callable[[Payload], None]:
    def edit(row: Payload) -> None:
        row["META"]["Method"][0] = name

    return edit


def put(holder: str, key: str, value: object) -> Callable[[Payload], None]:
    def edit(row: Payload) -> None:
        row[holder][key] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (rename(""), "the name is empty"),
        (rename("x" * 10_000), "the name is longer than 300 characters"),
        (rename("Pixtral\x07"), "the name holds control characters"),
        (put("META", "Method", "Pixtral"), "META.Method is not a name and a link"),
        (lambda row: row.pop("META"), "META.Method is not a name and a link"),
        (lambda row: [row.pop(name) for name in COUNTED_KEY], "the row has no score"),
    ],
)
def test_a_row_without_name_or_score_is_rejected(edit: Callable[[Payload], object], reason: str) -> None:
    payload = sample()
    edit(payload["results"]["Pixtral-12B"])
    parsed = parse(dump(payload))
    assert (parsed.rows_read, parsed.rows_kept) == (11, 10)
    assert [(rejection.reason, rejection.rows) for rejection in parsed.rejections] == [(reason, 1)]


@pytest.mark.parametrize(
    ("edit", "reason", "lost"),
    [
        (put("META", "Time", "2024-09"), "Time is not a date", set()),
        (put("META", "Verified", "perhaps"), "Verified is neither Yes nor No", set()),
        (put("MMVet", "Overall", "44.5 (Not Given)"), "MMVet Overall is not a number", {"mmvet", "average_score"}),
        (put("MMVet", "Overall", float("inf")), "MMVet Overall is not finite", {"mmvet", "average_score"}),
        (lambda row: row.update(MMVet=58.5), "MMVet is not an object", {"mmvet", "average_score"}),
    ],
)
def test_a_bad_cell_costs_itself_alone(edit: Callable[[Payload], object], reason: str, lost: set[str]) -> None:
    payload = sample()
    edit(payload["results"]["Pixtral-12B"])
    parsed = parse(dump(payload))
    assert (parsed.rows_kept, parsed.rejections) == (11, [])
    assert [(unread.reason, unread.cells) for unread in parsed.unread] == [(reason, 1)]
    before = entries(parse(SAMPLE.read_bytes()))["Pixtral-12B"].scores
    assert entries(parsed)["Pixtral-12B"].scores == {slug: score for slug, score in before.items() if slug not in lost}


def test_a_bad_time_costs_the_date_alone() -> None:
    parsed = parse(SAMPLE.read_bytes().replace(b"20250917132916", b"yesterday"))
    assert (parsed.as_of, parsed.as_of_basis, parsed.rows_kept) == (None, "unknown", 11)
    assert [unread.reason for unread in parsed.unread] == ["time is not a date"]


def test_a_model_twice_in_the_object_is_seen() -> None:
    content = SAMPLE.read_bytes()
    start = content.index(b'"Pixtral-12B"')
    end = content.index(b"}}", content.index(b'"MMVet"', start)) + 1
    one = content[start : end + 1]
    assert parse(content[:start] + one + b"," + content[start:]).rows_kept == 11
    other = one.replace(b'"Overall": ', b'"Overall": 1', 1)
    with pytest.raises(SourceError, match="one value of the key 'Pixtral-12B'"):
        parse(content[:start] + other + b"," + content[start:])


def test_the_site_may_show_one_name_for_two_models() -> None:
    payload = sample()
    rename("GPT-4o (0513, detail-high)")(payload["results"]["Pixtral-12B"])
    parsed = parse(dump(payload))
    assert parsed.rows_kept == 11
    assert len({entry.published_name for entry in parsed.entries}) == 10


def test_models_in_conflict_fail_and_a_repeated_one_is_counted() -> None:
    payload = sample()
    payload["results"]["Pixtral-12B "] = payload["results"]["Pixtral-12B"]
    parsed = parse(dump(payload))
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (12, 11, 1)
    assert parsed.rejections[0].reason == "the scores of an earlier row of the same name again"
    payload["results"]["Pixtral-12B "] = payload["results"]["InternVL3-78B"]
    with pytest.raises(SourceError, match=r"'Pixtral-12B'.*conflict") as failure:
        parse(dump(payload))
    assert failure.value.check == "unique"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!doctype html><html><body>502 Bad Gateway</body></html>",
        SAMPLE.read_bytes()[:-4],
        b"[]",
        b'{"time": "20250917132916"}',
        b'{"time": "20250917132916", "results": {}}',
    ],
    ids=["empty", "html", "cut off", "list", "no results", "no model"],
)
def test_a_damaged_file_fails(content: bytes) -> None:
    with pytest.raises(SourceError):
        parse(content)


def test_another_scale_lies_outside_the_declared_range() -> None:
    # OCRBench is published out of 1000; the percentages end at 100.
    assert {metric.slug: metric.maximum for metric in SOURCE.metrics if metric.maximum != 100} == {"ocrbench": 1000}
    assert {metric.minimum for metric in SOURCE.metrics} == {0}
