"""LiveCodeBench: the table that the site computes, and what a changed or damaged file does."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from budmodel_pipeline.sources.contract import Entry, Parsed, RejectionKind, SourceError, Standing
from budmodel_pipeline.sources.livecodebench import ENDPOINT, METRICS, SOURCE

FILE = SOURCE.endpoints[0].url.removeprefix("https://")
SAMPLE = Path(__file__).parents[2] / "samples" / FILE
READ, IN_WINDOW = 207, 135
# First and last moment of the window of `small`.
START, END = 1_000_000_000_000, 2_000_000_000_000
Published = dict[str, Any]


def parse(content: bytes) -> Parsed:
    return SOURCE.parse({ENDPOINT: content})


def sample() -> Published:
    published: Published = json.loads(SAMPLE.read_bytes())
    return published


def parse_value(published: object) -> Parsed:
    return parse(json.dumps(published).encode())


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def small(*values: float, **changes: Any) -> Published:
    """One model with easy problems in the window, one for each of `values`; `changes` go into the first record."""
    records = [
        {"question_id": str(i), "model": "A", "date": START, "difficulty": "easy", "pass@1": value, "platform": "atcoder"}
        for i, value in enumerate(values)
    ]
    records[0].update(changes)
    model = {"model_repr": "A", "model_name": "a", "model_style": "s", "link": "", "release_date": START - 1}
    return {"performances": records, "models": [model], "date_marks": [START, END]}


def reasons(parsed: Parsed) -> list[tuple[str, int, str]]:
    return [(rejection.reason, rejection.rows, rejection.kind) for rejection in parsed.rejections]


def test_sample() -> None:
    parsed = parse(SAMPLE.read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (READ, IN_WINDOW, READ - IN_WINDOW)
    assert parsed.window == (date(2023, 12, 1), date(2025, 5, 1))
    assert parsed.unknown_columns == ()
    assert reasons(parsed) == [
        ("the problem is outside the window 2023-12-01 to 2025-05-01", 35, "by_rule"),
        ("the site hides models without a release date", 34, "by_rule"),
        ("the model is not in the list of models", 3, "bad"),
    ]
    o4 = entries(parsed)["O4-Mini (High)"]
    assert {slug: score.value for slug, score in o4.scores.items()} == {
        "pass_at_1": 88.9,
        "easy_pass_at_1": 100.0,
        "medium_pass_at_1": 88.9,
        "hard_pass_at_1": 77.8,
    }
    assert o4.scores["pass_at_1"].value / METRICS["overall"].unit.divisor == pytest.approx(0.889)
    assert o4.settings == {
        "model_name": "o4-mini__high",
        "model_style": "OpenAIReason",
        "training_cutoff": "2023-04-30",
        "problems": 27,
    }


def test_models_are_joined_by_their_shown_name_and_hidden_without_a_date() -> None:
    found = entries(parse(SAMPLE.read_bytes()))
    assert "Claude-3-Haiku" not in found
    assert "GPT-4-Turbo-2024-04-09" not in found
    deepseek = found["DeepSeek-V3"]
    assert (deepseek.settings["model_name"], deepseek.standing) == ("deepseek-chat", Standing.CONTAMINATED)
    assert deepseek.link == "https://huggingface.co/deepseek-ai/DeepSeek-V3"
    assert (deepseek.released_on, deepseek.settings["training_cutoff"]) == (None, "2024-06-30")


def test_real_file(mirror: Path) -> None:
    content = (mirror / FILE).read_bytes()
    parsed = parse(content)
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (16_880, 12_304, 4_576)
    assert parsed.window == (date(2023, 12, 1), date(2025, 5, 1))
    assert len(parsed.entries) == 16
    found = entries(parsed)
    # Means over the 769 problems (222 easy, 263 medium, 284 hard) on or after the eighth date mark, 1701388800000.
    assert found["O4-Mini (High)"].scores["pass_at_1"].value / 100 == pytest.approx(0.801)
    assert found["DeepSeek-V3"].scores["easy_pass_at_1"].value / 100 == pytest.approx(0.785)
    assert found["DeepSeek-V3"].scores["medium_pass_at_1"].value / 100 == pytest.approx(0.436)
    assert found["Claude-3-Haiku"].scores["hard_pass_at_1"].value / 100 == pytest.approx(0.020)
    assert {entry.settings["problems"] for entry in parsed.entries} == {769}


@pytest.mark.parametrize(("marks", "start"), [(1, 0), (3, 0), (4, 1), (10, 3), (25, 7)])
def test_the_window_opens_at_three_tenths_of_the_marks(marks: int, start: int) -> None:
    day = 86_400_000
    published = small(100.0) | {"date_marks": [START + i * day for i in range(marks)]}
    published["performances"][0]["date"] = START + start * day
    assert parse_value(published).rows_kept == 1
    published["performances"][0]["date"] -= 1
    assert [kind for _, _, kind in reasons(parse_value(published))] == [RejectionKind.BY_RULE]


@pytest.mark.parametrize(("moment", "kept"), [(START - 1, 0), (START, 1), (END, 1), (END + 1, 0)])
def test_both_ends_of_the_window_belong_to_it(moment: int, kept: int) -> None:
    assert parse_value(small(50.0, date=moment)).rows_kept == kept


# Ties go up, as in a browser; 0.35 and 1.45 are no ties, their doubles lie below.
@pytest.mark.parametrize(
    ("mean", "shown"), [(0.25, 0.3), (56.25, 56.3), (0.75, 0.8), (0.35, 0.3), (1.45, 1.4), (99.96, 100.0)]
)
def test_means_are_rounded_as_the_site_does(mean: float, shown: float) -> None:
    (entry,) = parse_value(small(mean)).entries
    assert entry.scores["pass_at_1"].value == shown


def test_the_interval_is_over_the_problems() -> None:
    (entry,) = parse_value(small(100.0, 0.0, 100.0, 100.0)).entries
    score = entry.scores["pass_at_1"]
    # The standard deviation of three hundreds and a zero is 50, over the root of four.
    assert (score.value, score.lower, score.upper) == (75.0, 75 - 1.96 * 25, 100.0)
    assert score.interval_basis == "per_problem"
    assert parse_value(small(100.0)).entries[0].scores["pass_at_1"].lower is None


def test_the_data_are_as_new_as_their_newest_problem() -> None:
    newest = datetime.fromtimestamp(START / 1000 + 3 * 86_400, UTC)
    parsed = parse_value(small(50.0, 60.0, date=int(newest.timestamp() * 1000)))
    assert (parsed.as_of, parsed.as_of_basis) == (newest.date(), "newest_row")


def test_a_slice_without_problems_is_no_score() -> None:
    (entry,) = parse_value(small(100.0, 0.0)).entries
    assert {slug: score.value for slug, score in entry.scores.items()} == {"pass_at_1": 50.0, "easy_pass_at_1": 50.0}


@pytest.mark.parametrize(("release", "contaminated"), [(START - 1, False), (START, True), (END, True)])
def test_a_model_as_young_as_the_window_is_contaminated(release: int, contaminated: bool) -> None:
    published = small(100.0)
    published["models"][0]["release_date"] = release
    (entry,) = parse_value(published).entries
    assert entry.standing is (Standing.CONTAMINATED if contaminated else Standing.VERIFIED)


BAD_CELLS: list[tuple[dict[str, Any], str]] = [
    ({"pass@1": -1}, "pass@1 is not between 0 and 100"),
    ({"pass@1": 100.5}, "pass@1 is not between 0 and 100"),
    ({"pass@1": float("nan")}, "pass@1 is not between 0 and 100"),
    ({"pass@1": float("inf")}, "pass@1 is not between 0 and 100"),
    ({"pass@1": "100"}, "pass@1 is not a number"),
    ({"pass@1": True}, "pass@1 is not a number"),
    ({"pass@1": None}, "pass@1 is not a number"),
    ({"date": None}, "date is not a date"),
    ({"date": float("nan")}, "date is not a date"),
    ({"date": "2024-01-01"}, "date is not a number"),
    ({"difficulty": "Easy"}, "difficulty is none of easy, medium and hard"),
    ({"difficulty": ["easy"]}, "difficulty is none of easy, medium and hard"),
    ({"question_id": 7}, "question_id or model is not a text"),
    ({"model": ["A"]}, "question_id or model is not a text"),
    ({"model": "B"}, "the model is not in the list of models"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD_CELLS)
def test_a_bad_record_is_left_out(changes: dict[str, Any], reason: str) -> None:
    parsed = parse_value(small(0.0, 50.0, 100.0, **changes))
    assert reasons(parsed) == [(reason, 1, "bad")]
    assert (parsed.rows_read, parsed.rows_kept) == (3, 2)
    assert parsed.entries[0].scores["pass_at_1"].value == 75.0
    assert parsed.entries[0].settings["problems"] == 2


@pytest.mark.parametrize("record", [None, "text", 7, [], {"question_id": "x"}])
def test_what_is_no_record_is_left_out(record: object) -> None:
    published = small(100.0)
    published["performances"].append(record)
    assert reasons(parse_value(published)) == [("the record lacks one of its fields", 1, "bad")]


@pytest.mark.parametrize(
    ("change", "reason", "kind"),
    [
        ({"release_date": None}, "the site hides models without a release date", "by_rule"),
        ({"release_date": 0}, "the site hides models without a release date", "by_rule"),
        ({"release_date": 1e300}, "release_date is not a date", "bad"),
        ({"release_date": "soon"}, "release_date is not a number", "bad"),
    ],
)
def test_records_of_a_model_without_a_date_are_left_out(change: dict[str, Any], reason: str, kind: str) -> None:
    published = small(10.0, 20.0)
    published["models"][0] |= change
    parsed = parse_value(published)
    assert (reasons(parsed), parsed.entries) == ([(reason, 2, kind)], [])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("A" * 10_000, "the name is longer than 300 characters"),
        ("A\x00", "the name holds control characters"),
        (" ", "the name is empty"),
    ],
)
def test_records_of_a_model_with_a_bad_name_are_left_out(name: str, reason: str) -> None:
    published = small(10.0, 20.0)
    published["models"][0]["model_repr"] = name
    for record in published["performances"]:
        record["model"] = name
    parsed = parse_value(published)
    assert (reasons(parsed), parsed.entries) == ([(reason, 2, "bad")], [])
    assert len(parsed.rejections[0].example) <= 300


def test_a_repeated_record_does_not_count_twice() -> None:
    published = small(0.0, 100.0)
    published["performances"].append(published["performances"][1])
    parsed = parse_value(published)
    assert reasons(parsed) == [("an exact duplicate of an earlier row", 1, "duplicate")]
    assert parsed.entries[0].scores["pass_at_1"].value == 50.0


@pytest.mark.parametrize("change", [{"pass@1": 20.0}, {"difficulty": "hard"}])
def test_records_in_conflict_fail(change: dict[str, Any]) -> None:
    published = small(0.0, 100.0)
    published["performances"].append(published["performances"][1] | change)
    with pytest.raises(SourceError, match=r"one result of 'A' on '1'.*conflict") as failure:
        parse_value(published)
    assert failure.value.check == "unique"


def test_two_descriptions_of_one_model_fail() -> None:
    published = small(100.0)
    published["models"].append(published["models"][0] | {"release_date": END})
    with pytest.raises(SourceError, match="one description of 'A'") as failure:
        parse_value(published)
    assert failure.value.check == "unique"


@pytest.mark.parametrize("section", ["performances", "models", "date_marks"])
def test_a_missing_section_fails_and_is_named(section: str) -> None:
    """The file of March 2024 had no models."""
    published = sample()
    del published[section]
    with pytest.raises(SourceError, match=f"'{section}'") as failure:
        parse_value(published)
    assert failure.value.check == "columns"


@pytest.mark.parametrize(
    ("section", "key"),
    [
        *(("performances", key) for key in ("question_id", "model", "date", "difficulty", "pass@1")),
        *(("models", key) for key in ("model_repr", "release_date")),
    ],
)
def test_a_renamed_key_fails_and_is_named(section: str, key: str) -> None:
    """The file of another scenario writes `Pass@1`."""
    published = sample()
    published[section] = [
        {name.title() if name == key else name: value for name, value in row.items()} for row in published[section]
    ]
    with pytest.raises(SourceError, match=f"the columns '{key}'") as failure:
        parse_value(published)
    assert failure.value.check == "columns"


@pytest.mark.parametrize("key", ["model_name", "model_style", "link"])
def test_a_minor_key_may_go_and_is_reported(key: str) -> None:
    published = sample()
    published["models"] = [{name: value for name, value in model.items() if name != key} for model in published["models"]]
    parsed = parse_value(published)
    assert parsed.missing_columns == (f"performances: {key}",)
    assert parsed.rows_kept == IN_WINDOW


def test_the_order_of_keys_and_sections_does_not_matter() -> None:
    published = {
        section: [dict(reversed(row.items())) if isinstance(row, dict) else row for row in rows]
        for section, rows in reversed(sample().items())
    }
    assert parse_value(published).entries == parse(SAMPLE.read_bytes()).entries


def test_new_keys_are_reported() -> None:
    published = small(100.0, judge="x") | {"version": 6}
    assert parse_value(published).unknown_columns == ("performances: version", "performances: judge")


def test_a_byte_order_mark_does_not_matter() -> None:
    assert parse(b"\xef\xbb\xbf" + SAMPLE.read_bytes()).entries == parse(SAMPLE.read_bytes()).entries


@pytest.mark.parametrize("marks", [[], {}, None, ["soon"], [START, None], [START, 1e300]])
def test_unusable_date_marks_fail(marks: object) -> None:
    with pytest.raises(SourceError, match="date marks"):
        parse_value(small(100.0) | {"date_marks": marks})


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda _: b"", "well-formed JSON"),
        (lambda _: b"<!DOCTYPE html>", "well-formed JSON"),
        (lambda content: content[:-200], "well-formed JSON"),
        (lambda _: b"[]", "an object"),
        (lambda _: b'{"performances": [], "models": [], "date_marks": [1]}', "an empty list"),
        (lambda _: b'{"performances": {}, "models": [], "date_marks": [1]}', "a list of row objects"),
    ],
    ids=["empty", "html", "cut off", "list", "no records", "no list"],
)
def test_a_damaged_file_fails(damage: Callable[[bytes], bytes], expected: str) -> None:
    with pytest.raises(SourceError, match=expected) as failure:
        parse(damage(SAMPLE.read_bytes()))
    assert failure.value.endpoint == ENDPOINT
