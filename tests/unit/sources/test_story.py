"""Whether a metric goes on with its story: what happens to real leaderboards, and what must be looked at."""

from collections.abc import Callable
from random import Random

import pytest

from budmodel_pipeline.sources.story import filled, retold

Values = dict[str, float]
# Thirty entries as a leaderboard has them: not evenly spread, with two decimals.
BEFORE: Values = {f"model {number}": round(20 + 70 * (1 - number / 30) ** 1.3, 2) for number in range(30)}
OTHER: Values = {name: round(value * 0.9 + 3 + number % 4, 2) for number, (name, value) in enumerate(BEFORE.items())}


def each(change: Callable[[float], float]) -> Values:
    return {name: change(value) for name, value in BEFORE.items()}


def some(share: float, change: Callable[[float], float]) -> Values:
    count = round(share * len(BEFORE))
    return {name: change(value) if place < count else value for place, (name, value) in enumerate(BEFORE.items())}


def moved(order: Callable[[list[float]], list[float]]) -> Values:
    return dict(zip(BEFORE, order(list(BEFORE.values())), strict=True))


def shuffled(values: list[float]) -> list[float]:
    return Random(3).sample(values, len(values))


def noisy(width: float, drift: float = 0) -> Values:
    random = Random(7)
    return each(lambda value: round(value + drift + random.gauss(0, width), 2))


@pytest.mark.parametrize(
    ("now", "what"),
    [
        (each(lambda value: value / 10), "a ratio of 0.1 (30 of 30 entries)"),
        (each(lambda value: round(value / 10, 1)), "a ratio of 0.1 "),
        (each(lambda value: value * 100), "a ratio of 100 (30 of 30 entries)"),
        (each(lambda value: value / 1000), "a ratio of 0.001 (30 of 30 entries)"),
        (some(0.2, lambda value: value / 100), "a ratio of 0.01 (6 of 30 entries)"),
        (each(lambda value: value / 2), "a constant ratio of 0.5 (30 of 30 entries)"),
        (some(0.8, lambda value: value * 1.25), "a constant ratio of 1.25"),
        (each(lambda value: 1 / value), "the direction flipped"),
        (each(lambda value: 100 - value), "the direction flipped: 100 - 1 times the former value (30 of 30 entries)"),
        (each(lambda value: -value), "the direction flipped"),
        (each(lambda value: value + 12.5), "all moved by 12.5 (30 of 30 entries)"),
        (each(lambda value: 0.8 * value - 12), "another scale: 0.8 times the former value -12"),
        (each(lambda value: value**2 / 100), "the same order with other values: another scale"),
        (each(lambda _: 1000.0), "no spread, all are 1000 (30 of 30 entries)"),
        (each(lambda _: 0.0), "no spread, all are 0 (30 of 30 entries)"),
        (some(0.6, lambda _: 50.0), "no spread, all are 50 (18 of 30 entries)"),
        (moved(lambda values: values[1:] + values[:1]), "names shifted against scores by 1 row (29 of 30 entries)"),
        (moved(lambda values: values[-1:] + values[:-1]), "names shifted against scores by 1 row (29 of 30 entries)"),
        (moved(lambda values: values[2:] + values[:2]), "names shifted against scores by 2 rows (28 of 30 entries)"),
        (moved(lambda values: values[7:] + values[:7]), "names shifted against scores: each has what another had"),
        (moved(shuffled), "names shifted against scores: each has what another had"),
        (moved(lambda values: values[::-1]), "names shifted against scores"),
        (moved(lambda values: [round(value + 0.003, 3) for value in shuffled(values)]), "another order, rank correlation"),
        (OTHER, "the former values of other (30 of 30 entries)"),
        # The same, but for digits that were cut off.
        ({name: value * 1.00005 for name, value in OTHER.items()}, "the former values of other"),
        (each(lambda value: 20 * round(value / 20)), "4 different values where there were 30 (30 of 30 entries)"),
        # Hardly moved, but all by the same factor.
        (each(lambda value: round(value * 1.04, 2)), "a constant ratio of 1.04 (30 of 30 entries)"),
        # In a part of the rows only.
        (some(0.3, lambda value: value / 2), "a constant ratio of 0.5 (9 of 30 entries)"),
        (some(0.4, lambda value: value * 0.8 + 5), "another scale: 0.8 times the former value +5 (12 of 30 entries)"),
        (some(0.4, lambda value: 110 - value), "the direction flipped: 110 - 1 times the former value (12 of 30 entries)"),
        (some(0.3, lambda _: 0.0), "made alike, they are 0 (9 of 30 entries)"),
        (some(0.3, lambda _: 50.0), "made alike, they are 50 (9 of 30 entries)"),
        (some(0.1, lambda value: value / 100), "a ratio of 0.01 (3 of 30 entries)"),
        (moved(lambda values: values[:16] + values[17:] + values[16:17]), "names shifted against scores by 1 row (13 of 30"),
        (
            moved(lambda values: values[:18] + shuffled(values[18:])),
            "names shifted against scores: each has what another had",
        ),
        (BEFORE | {name: OTHER[name] for name in list(BEFORE)[:12]}, "the former values of other (12 of 30 entries)"),
    ],
)
def test_another_story(now: Values, what: str) -> None:
    found = retold(BEFORE, now, {"other": OTHER})
    assert found is not None
    assert found.what.startswith(what)
    assert set(found.keys) <= BEFORE.keys()
    assert all(now[key] != BEFORE[key] for key in found.keys[:3])


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(BEFORE, id="unchanged"),
        pytest.param(noisy(0.3), id="measured again"),
        pytest.param(noisy(4, drift=-2), id="all re-scored with a new version"),
        pytest.param(noisy(0.05, drift=1), id="a small drift of all"),
        pytest.param(some(0.06, lambda value: value / 100), id="two corrected by a hundred"),
        pytest.param(dict(list(BEFORE.items())[5:]), id="the top withdrawn"),
        pytest.param({"new": 99.0, **BEFORE}, id="one added"),
        pytest.param({f"other {name}": value / 10 for name, value in BEFORE.items()}, id="no common entry"),
    ],
)
def test_the_same_story(now: Values) -> None:
    assert retold(BEFORE, now, {"other": OTHER}) is None


@pytest.mark.parametrize(
    ("value", "entries", "what"),
    [
        (0.0, 6, "6 entries that had no value have 0"),
        (47.5, 12, "12 entries that had no value have 47.5"),
        (0.0, 4, None),
    ],
)
def test_what_was_missing_is_no_score_now(value: float, entries: int, what: str | None) -> None:
    added = [f"unmeasured {number}" for number in range(entries)]
    now = BEFORE | dict.fromkeys(added, value)
    found = filled(BEFORE, now, {*BEFORE, *added})
    assert (found and found.what) == what
    assert found is None or found.keys == added
    # Entries that are new may well be alike.
    assert filled(BEFORE, now, BEFORE.keys()) is None
    # What differs was measured, and so was what others had as well.
    assert filled(BEFORE, BEFORE | {name: 40.0 + place for place, name in enumerate(added)}, {*BEFORE, *added}) is None
    assert filled(dict.fromkeys(BEFORE, value), now, {*BEFORE, *added}) is None


def test_prices_are_cut_together_and_costs_are_not_doubled_together() -> None:
    """A maker cuts the prices of its models; what a third of all runs cost does not change by one factor."""
    assert retold(BEFORE, some(0.2, lambda value: value / 2), {}, is_circumstance=True) is None
    assert retold(BEFORE, some(0.1, lambda value: value / 10), {}, is_circumstance=True) is not None
    assert retold(BEFORE, some(0.3, lambda value: value * 2), {}, is_circumstance=True) is not None


def test_few_entries_tell_less() -> None:
    before = {name: BEFORE[name] for name in list(BEFORE)[:6]}
    assert retold(before, {name: value / 10 for name, value in before.items()}, {}) is not None
    assert retold(before, {name: value / 2 for name, value in before.items()}, {}) is not None
    assert retold(before, noisy(6), {}) is None
    assert retold(dict(list(before.items())[:4]), dict.fromkeys(before, 1.0), {}) is None


def test_coarse_scores_coincide_without_being_shifted() -> None:
    """Shares of 16 questions: nearly every new value is one that some other entry had."""
    random = Random(11)
    before = {f"model {number}": 6.25 * random.randint(8, 16) for number in range(60)}
    now = {name: min(100.0, value + 6.25 * random.choice([-1, 0, 1])) for name, value in before.items()}
    assert retold(before, now, {}) is None


def test_prices_and_times_may_change_their_order() -> None:
    random = Random(5)
    before = {f"model {number}": random.uniform(1, 10) for number in range(40)}
    now = {name: 0.1 * value + 0.9 * random.uniform(1, 10) for name, value in before.items()}
    assert retold(before, now, {}) is not None
    assert retold(before, now, {}, is_circumstance=True) is None


def test_where_nobody_solves_anything_nothing_changes() -> None:
    zeros = dict.fromkeys(BEFORE, 0.0)
    assert retold(zeros, {**zeros, "model 0": 1.0}, {}) is None
