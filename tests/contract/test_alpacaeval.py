"""AlpacaEval: the sample, the real file, and what a changed or damaged file does."""

import csv
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from budmodel_pipeline.sources.alpacaeval import METRICS, SOURCE
from budmodel_pipeline.sources.contract import Entry, Parsed, SourceError, Standing

FILE = SOURCE.endpoints[0].url.removeprefix("https://")
SAMPLES = Path(__file__).parents[2] / "samples"
SAMPLE = SAMPLES / FILE
Rows = list[list[str]]


def parse(content: bytes) -> Parsed:
    return SOURCE.parse({"leaderboard": content})


def sample() -> Rows:
    """Header and rows of the sample."""
    return list(csv.reader(StringIO(SAMPLE.read_text("utf-8"), newline="")))


def dump(rows: Rows) -> bytes:
    out = StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def canonical(entry: Entry, column: str) -> float:
    return entry.scores[METRICS[column].slug].value / METRICS[column].unit.divisor


def test_sample() -> None:
    parsed = parse(SAMPLE.read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (20, 20, 0)
    assert parsed.unknown_columns == ()
    omni = entries(parsed)["GPT-4 Omni (05/13) | minimal"]
    assert canonical(omni, "length_controlled_winrate") == pytest.approx(0.5745682883)
    assert canonical(omni, "win_rate") == pytest.approx(0.5132757578)
    assert canonical(omni, "avg_length") == 1873
    assert METRICS["avg_length"].unit == "characters"
    assert omni.link is None


def test_a_name_published_twice_gives_two_entries() -> None:
    found = entries(parse(SAMPLE.read_bytes()))
    verified, community = (found[f"GPT 3.5 Turbo (06/13) | {kind}"] for kind in ("verified", "community"))
    assert verified.published_name == community.published_name == "GPT 3.5 Turbo (06/13)"
    assert (verified.settings["filter"], community.settings["filter"]) == ("verified", "community")
    assert verified.scores["win_rate"].value == pytest.approx(14.1323907)
    assert community.scores["win_rate"].value == pytest.approx(14.0957986)
    assert verified.settings["samples"] is None


def test_the_demonstration_of_cheating_is_told_by_its_filter() -> None:
    found = entries(parse(SAMPLE.read_bytes()))
    assert found["NullModel (adversarial) | community"].settings["filter"] == "community"


def test_real_file(mirror: Path) -> None:
    parsed = parse((mirror / FILE).read_bytes())
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected, parsed.score_count) == (211, 211, 0, 633)
    found = entries(parsed)
    # Lines 21, 97 and 207 of the file.
    assert canonical(found["GPT-4 Omni (05/13) | minimal"], "length_controlled_winrate") == pytest.approx(0.5745682883335095)
    assert canonical(found["GPT 3.5 Turbo (06/13) | verified"], "win_rate") == pytest.approx(0.1413239070746584)
    falcon = found["Falcon 7B Instruct | verified"]
    assert canonical(falcon, "avg_length") == 478
    assert falcon.link == "https://huggingface.co/tiiuae/falcon-7b-instruct"


@pytest.mark.parametrize("column", sorted(SOURCE.columns["leaderboard"].required))
def test_a_renamed_column_fails_and_is_named(column: str) -> None:
    header, *rows = sample()
    renamed = [f"{name} (new)" if name == column else name for name in header]
    with pytest.raises(SourceError, match=f"'{column}'") as failure:
        parse(dump([renamed, *rows]))
    assert failure.value.check == "columns"


def test_the_order_of_columns_does_not_matter() -> None:
    reversed_columns = dump([row[::-1] for row in sample()])
    assert parse(reversed_columns).entries == parse(SAMPLE.read_bytes()).entries


def test_a_new_column_is_reported() -> None:
    header, *rows = sample()
    parsed = parse(dump([[*header, "judge"], *([*row, "gpt-5"] for row in rows)]))
    assert parsed.unknown_columns == ("leaderboard: judge",)
    assert parsed.rows_kept == 20


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert parse(b"\xef\xbb\xbf" + SAMPLE.read_bytes()).entries == parse(SAMPLE.read_bytes()).entries


@pytest.mark.parametrize("cell", ["", "NaN", "N/A"])
def test_a_missing_cell_is_no_score(cell: str) -> None:
    header, first, *_ = sample()
    first[header.index("length_controlled_winrate")] = cell
    (entry,) = parse(dump([header, first])).entries
    assert set(entry.scores) == {"win_rate", "average_length"}


BAD_CELLS = [
    ("name", "", "the name is empty"),
    ("name", "x" * 10_000, "the name is longer than 300 characters"),
    ("name", "GPT\x00-4", "the name holds control characters"),
    ("name", "GPT-4\u202e", "the name holds control characters"),
]


@pytest.mark.parametrize(("column", "cell", "reason"), BAD_CELLS)
def test_a_bad_name_costs_its_row_alone(column: str, cell: str, reason: str) -> None:
    header, first, *rest = sample()
    first[header.index(column)] = cell
    parsed = parse(dump([header, first, *rest]))
    assert [(rejection.reason, rejection.rows, rejection.kind) for rejection in parsed.rejections] == [(reason, 1, "bad")]
    assert (parsed.rows_read, parsed.rows_kept) == (20, 19)
    assert len(parsed.rejections[0].example) <= 300
    assert "\x00" not in parsed.rejections[0].example


@pytest.mark.parametrize(
    ("cell", "reason"), [("Infinity", "is not finite"), ("-inf", "is not finite"), ("51%", "is not a number")]
)
def test_a_bad_score_costs_itself_alone(cell: str, reason: str) -> None:
    header, first, *rest = sample()
    first[header.index("win_rate")] = cell
    parsed = parse(dump([header, first, *rest]))
    assert (parsed.rows_kept, parsed.rejections) == (20, [])
    assert [(unread.reason, unread.cells) for unread in parsed.unread] == [(f"win_rate {reason}", 1)]
    assert set(parsed.entries[0].scores) == {"length_controlled_win_rate", "average_length"}


STATISTICS = SAMPLES / SOURCE.endpoints[1].url.removeprefix("https://")


def test_intervals_come_from_the_standard_errors_of_the_same_run() -> None:
    parsed = SOURCE.parse({"leaderboard": SAMPLE.read_bytes(), "statistics": STATISTICS.read_bytes()})
    assert (parsed.rows_read, parsed.rows_kept, parsed.missing_columns) == (20, 20, ())
    found = {entry.key: entry.scores for entry in parsed.entries}
    score = found["GPT-4o Mini (07/18) | minimal"]["length_controlled_win_rate"]
    error = next(
        row["lc_standard_error"] for row in csv.DictReader(STATISTICS.open()) if row[""] == "gpt-4o-mini-2024-07-18"
    )
    assert score.lower == pytest.approx(score.value - 1.96 * float(error))
    assert score.upper == pytest.approx(score.value + 1.96 * float(error))
    assert score.interval_basis == "standard_error"
    # The publisher has no standard error of this one, and none of lengths.
    assert found["GPT-4 Omni (05/13) | minimal"]["length_controlled_win_rate"].lower is None
    assert found["GPT-4 Omni (05/13) | minimal"]["average_length"].lower is None


def test_without_the_statistics_there_are_scores_without_intervals() -> None:
    parsed = parse(SAMPLE.read_bytes())
    assert {score.lower for entry in parsed.entries for score in entry.scores.values()} == {None}
    assert parsed.missing_columns == ("statistics: the whole file",)


@pytest.mark.parametrize(
    ("name", "published_filter", "standing"),
    [
        ("GPT-4 Omni (05/13)", "minimal", Standing.VERIFIED),
        ("GPT-4 (06/13)", "verified", Standing.VERIFIED),
        ("Storm-7B", "community", Standing.COMMUNITY),
        ("Storm-7B (best-of-64)", "community", Standing.SYSTEM),
        ("Snorkel (Mistral-PairRM-DPO+best-of-16)", "community", Standing.SYSTEM),
        ("SelfMoA + gemma-2-9b-it-SimPO", "community", Standing.SYSTEM),
        ("Together MoA-Lite", "community", Standing.SYSTEM),
        ("Shopee SlimMoA v1", "community", Standing.SYSTEM),
        ("OpenPipe MoA GPT-4 Turbo", "community", Standing.SYSTEM),
        ("Aligner 2B+Claude 3 Opus", "community", Standing.SYSTEM),
        ("PairRM 0.4B+Yi-34B-Chat (best-of-16)", "community", Standing.SYSTEM),
        ("NullModel (adversarial)", "community", Standing.SYSTEM),
        ("GPT-4 (Adversarial)", "community", Standing.SYSTEM),
        ("Snorkel (Mistral-PairRM-DPO)", "community", Standing.COMMUNITY),
        ("Tulu 2+DPO 70B", "verified", Standing.VERIFIED),
        ("ExPO + Starling LM 7B beta", "community", Standing.COMMUNITY),
        ("New model", "staff pick", Standing.UNKNOWN),
    ],
)
def test_standing(name: str, published_filter: str, standing: Standing) -> None:
    header, first, *_ = sample()
    first[header.index("name")], first[header.index("filter")] = name, published_filter
    (entry,) = parse(dump([header, first])).entries
    assert entry.standing is standing


def test_rows_in_conflict_fail() -> None:
    header, first, *rest = sample()
    other = [*first]
    other[header.index("win_rate")] = "1.5"
    with pytest.raises(SourceError, match=r"Claude 3 Opus.*conflict") as failure:
        parse(dump([header, first, other, *rest]))
    assert failure.value.check == "unique"


def test_a_repeated_row_is_counted_as_rejected() -> None:
    header, first, *rest = sample()
    parsed = parse(dump([header, first, first, *rest]))
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_rejected) == (21, 20, 1)
    assert parsed.rejections[0].reason == "an exact duplicate of an earlier row"


def cut_off(content: bytes) -> bytes:
    return content[:-60]


DAMAGES: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda _: b"", "columns"),
    (lambda _: b"<!DOCTYPE html><html><body>429 Too Many Requests</body></html>", "columns"),
    (lambda content: content.decode().encode("utf-16"), "UTF-8"),
    (cut_off, "complete last row"),
]


@pytest.mark.parametrize(("damage", "expected"), DAMAGES, ids=["empty", "html", "utf-16", "cut off"])
def test_a_damaged_file_fails(damage: Callable[[bytes], bytes], expected: str) -> None:
    with pytest.raises(SourceError, match=expected) as failure:
        parse(damage(SAMPLE.read_bytes()))
    assert failure.value.endpoint == "leaderboard"


def test_a_row_of_another_width_is_rejected() -> None:
    header, first, *rest = sample()
    parsed = parse(dump([header, first[:-1], *rest]))
    assert [rejection.reason for rejection in parsed.rejections] == ["6 cells under 7 columns"]
    assert parsed.rows_kept == 19
