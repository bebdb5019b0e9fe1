"""What may speak for a model: which run is chosen, on which scale, and what takes no part."""

from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from budmodel_pipeline.ranking.evidence import (
    OVERALL,
    PublishedScore,
    Switches,
    evidence_of,
    in_scope,
    scopes_of,
)


def score(value: float = 0.5, **said: Any) -> PublishedScore:
    usual = PublishedScore(
        group_id="acme/one",
        benchmark_id="exam",
        domain="coding",
        metric_id="board.exam",
        source="board",
        unit="fraction",
        value=value,
        standing="verified",
        run_by="publisher",
        published_name=f"One {value}",
        higher_is_better=True,
    )
    return replace(usual, **said)


CLAIM: dict[str, Any] = {"standing": "self_reported", "metric_id": "claims.exam", "source": "claims", "run_by": "maker"}
COPY: dict[str, Any] = {"metric_id": "hub.exam", "source": "hub", "run_by": "other"}


@pytest.mark.parametrize(
    ("scores", "speaks"),
    [
        ([score(0.6), score(0.7)], 0.7),
        ([score(0.6, higher_is_better=False), score(0.7, higher_is_better=False)], 0.6),
        ([score(0.6), score(0.9, **CLAIM)], 0.6),
        ([score(0.6, **CLAIM), score(0.9, **CLAIM)], 0.9),
        ([score(0.6), score(0.9, **COPY)], 0.6),
        ([score(0.6, **COPY), score(0.9, **CLAIM)], 0.6),
        ([score(0.6), score(0.9, standing="community")], 0.6),
        ([score(0.6, standing="community"), score(0.9, standing="unknown")], 0.6),
        ([score(0.6), score(0.9, standing="system")], 0.6),
        ([score(0.6), score(0.9, standing="contaminated")], 0.6),
        ([score(0.6), score(0.9, variant="agent=OpenHands; effort=high")], 0.6),
        ([score(0.6), score(0.9, variant="samples=16")], 0.6),
        ([score(0.6), score(0.9, variant="samples=1")], 0.9),
        ([score(0.6), score(0.9, variant="effort=high; thinking=on")], 0.9),
    ],
)
def test_the_best_of_the_best_vouched_plain_runs_speaks(scores: list[PublishedScore], speaks: float) -> None:
    for order in permutations(scores):
        evidence, left_out = evidence_of(order)
        assert [one.score.value for one in evidence] == [speaks]
        assert left_out == []


def test_nothing_speaks_for_a_group_that_has_only_systems() -> None:
    assert evidence_of([score(0.9, standing="system")]) == ([], [])


@pytest.mark.parametrize(
    ("unit", "value", "bounds", "higher_is_better", "seen"),
    [
        ("fraction", 0.25, (0, 1), True, 0.25),
        ("percent", 0.25, (0, 100), True, 0.25),  # Canonical values of percents are fractions.
        ("percent", 0.25, (0, 100), False, 0.75),
        ("fraction", -0.2, (-1, 1), True, 0.0),
        ("points", 700, (0, 1000), True, 0.7),
        ("points", 7, (-10, 10), False, 0.15),
    ],
)
def test_every_figure_is_put_between_0_and_1(
    unit: str, value: float, bounds: tuple[float, float], higher_is_better: bool, seen: float
) -> None:
    one = score(value, unit=unit, minimum=bounds[0], maximum=bounds[1], higher_is_better=higher_is_better)
    [evidence], _ = evidence_of([one])
    assert evidence.seen == pytest.approx(seen)


def test_elo_is_the_probability_to_win_against_the_middle_model() -> None:
    ratings = {"a": 1100.0, "b": 1500.0, "c": 1900.0}
    # A second, worse run of the best does not move the middle.
    runs = [score(value, group_id=group, unit="elo") for group, value in (*ratings.items(), ("c", 1000.0))]
    evidence, _ = evidence_of(runs)
    assert {one.score.group_id: one.seen for one in evidence} == pytest.approx({"a": 1 / 11, "b": 0.5, "c": 10 / 11})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"unit": "usd"}, "usd have no declared place between 0 and 1"),
        ({"unit": "points"}, "points have no declared place between 0 and 1"),
        ({"unit": "points", "minimum": 0}, "points have no declared place between 0 and 1"),
        ({"higher_is_better": None}, "the publisher gives the figure no good end"),
    ],
)
def test_a_benchmark_that_cannot_take_part_is_named(said: dict[str, Any], reason: str) -> None:
    evidence, left_out = evidence_of([score(**said)])
    assert evidence == []
    assert [(one.benchmark_id, one.domain, one.reason) for one in left_out] == [("exam", "coding", reason)]
    # Another source has a figure of it that can.
    assert evidence_of([score(**said), score(**COPY)])[1] == []


@pytest.mark.parametrize(
    ("switches", "speaks"),
    [
        (Switches(), ["board.exam", "claims.other"]),
        (Switches(self_reported=False), ["board.exam"]),
        (Switches(since=date(2026, 1, 1)), ["claims.other"]),
        (Switches(since=date(2025, 1, 1)), ["board.exam", "claims.other"]),
        (Switches(sources=frozenset({"board"})), ["board.exam"]),
        (Switches(sources=frozenset({"nobody"})), []),
    ],
)
def test_switches_let_in_what_they_say(switches: Switches, speaks: list[str]) -> None:
    dated = score(as_of=date(2025, 6, 1))
    undated = score(**CLAIM | {"benchmark_id": "other", "metric_id": "claims.other"})
    evidence, _ = evidence_of([dated, undated], switches)
    assert [one.score.metric_id for one in evidence] == speaks


def test_a_whole_and_its_parts_never_count_together() -> None:
    def of(benchmark: str, domain: str, part_of: str | None = None) -> PublishedScore:
        return score(benchmark_id=benchmark, metric_id=f"board.{benchmark}", domain=domain, part_of=part_of)

    evidence, _ = evidence_of(
        [
            of("whole", "vision"),
            of("part", "vision", "whole"),
            of("code", "coding", "whole"),
            of("orphan", "coding", "elsewhere"),
            of("vectors", "embedding"),
            of("politics", "politics"),
        ]
    )

    def names(scope: str) -> list[str]:
        return [one.score.benchmark_id for one in in_scope(evidence, scope)]

    assert scopes_of(evidence) == [OVERALL, "coding", "embedding", "vision"]
    assert names(OVERALL) == ["orphan", "whole"]
    assert names("vision") == ["part"]
    assert names("coding") == ["code", "orphan"]
    assert names("embedding") == ["vectors"]
