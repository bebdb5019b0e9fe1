"""Which model meets what is asked for: yes, no, or not known, which is never a yes."""

from typing import Any

import pytest

from budmodel_pipeline.ranking.choice import Removed, Wanted, choose, conditions_of
from budmodel_pipeline.ranking.machines import machines

GB = 10**9
KNOWN: dict[str, Any] = {
    "scope": "coding",
    "group_id": "acme/one",
    "display_name": "One",
    "rank": 2,
    "ranked_models": 9,
    "tier": 1,
    "score": 60.0,
    "lower": 55.0,
    "upper": 65.0,
    "benchmarks": 4,
    "self_reported": 0,
    "target": "hf:acme/One",
    "open_weights": True,
    "parameters": 7 * GB,
    "parameters_basis": "counted",
    "context_length": 32768,
    "weight_bytes": 14 * GB,
    "serving_bytes": 18 * GB,
    "license_id": "apache-2.0",
    "license_basis": "text",
    "license_conflicts": 0,
    "commercial_use": "YES",
    "commercial_doubt": None,
    "verdict": "safe",
    "scanned_revision": "abc",
    "input_usd_per_million_tokens": 1.0,
    "output_usd_per_million_tokens": 3.0,
    "blended_usd_per_million_tokens": 1.5,
    "cheapest_provider_name": "Fair",
    "dearest_blended_usd_per_million_tokens": 4.5,
    "priced_providers": 3,
    "contradicted_providers": 0,
    "not_known": [],
}
ALL = Wanted("commercial", 24 * GB, 32_000, 2.0, 8 * GB, is_open=True, is_safe=True)


def answer(wanted: Wanted, **said: Any) -> bool | None:
    """Whether a model meets all that is wanted: yes, no, or None where that is not known."""
    chosen = choose([KNOWN | said], wanted)
    [found] = [True] * len(chosen.suitable) + [None] * len(chosen.perhaps) + [False] * bool(chosen.removed)
    return found


@pytest.mark.parametrize(
    ("wanted", "said", "met"),
    [
        (ALL, {}, True),
        (Wanted(), {"rank": None, "tier": None}, None),
        (Wanted("commercial"), {"commercial_use": "NO"}, False),
        (Wanted("commercial"), {"commercial_use": "NO", "license_basis": "tag"}, False),
        (Wanted("commercial"), {"commercial_use": "CONDITIONAL"}, None),
        (Wanted("commercial"), {"commercial_use": "UNKNOWN", "license_id": None, "license_basis": "unknown"}, None),
        (Wanted("commercial"), {"commercial_use": "UNKNOWN", "commercial_doubt": "The base forbids."}, None),
        (Wanted("commercial"), {"commercial_doubt": "The base forbids."}, None),
        (Wanted("commercial"), {"license_basis": "linked text"}, True),
        (Wanted("commercial"), {"license_basis": "tag"}, None),
        (Wanted("apache-2.0"), {}, True),
        (Wanted("apache-2.0"), {"license_basis": "tag"}, None),
        (Wanted("apache-2.0"), {"license_id": None}, None),
        (Wanted("mit"), {}, False),
        (Wanted(), {"commercial_use": "NO", "license_id": None, "license_basis": "unknown"}, True),
        (Wanted(max_parameters=7 * GB), {}, True),
        (Wanted(max_parameters=7 * GB - 1), {}, False),
        (Wanted(max_parameters=8 * GB), {"parameters": None}, None),
        (Wanted(is_open=True), {"open_weights": False}, False),
        (Wanted(is_open=True), {"open_weights": None}, None),
        (Wanted(context=32_768), {}, True),
        (Wanted(context=32_769), {}, False),
        (Wanted(context=1), {"context_length": None}, None),
        (Wanted(memory=18 * GB), {}, True),
        (Wanted(memory=18 * GB - 1), {}, False),
        (Wanted(memory=24 * GB), {"serving_bytes": None}, None),
        (Wanted(memory=24 * GB), {"serving_bytes": None, "weight_bytes": None}, None),
        # Too large already, whatever the cache takes; and what nobody has cannot be served by oneself.
        (Wanted(memory=13 * GB), {"serving_bytes": None}, False),
        (Wanted(memory=24 * GB), {"serving_bytes": None, "weight_bytes": None, "open_weights": False}, False),
        (Wanted(max_price=1.5), {}, True),
        (Wanted(max_price=1.4), {}, False),
        (Wanted(max_price=9), {"blended_usd_per_million_tokens": None, "output_usd_per_million_tokens": None}, None),
        (Wanted(max_price=0.7), {"blended_usd_per_million_tokens": None, "output_usd_per_million_tokens": None}, False),
        (Wanted(), {"verdict": "unscanned"}, True),
        (Wanted(is_safe=True), {"verdict": "unscanned"}, None),
        (Wanted(is_safe=True), {"verdict": "error"}, None),
        (Wanted(is_safe=True), {"verdict": "suspicious"}, False),
        (Wanted(), {"verdict": "malicious"}, False),
    ],
)
def test_a_condition_is_met_or_not_or_nobody_knows(wanted: Wanted, said: dict[str, Any], met: bool | None) -> None:
    assert answer(wanted, **said) is met


def test_nothing_known_is_no_yes_to_any_condition() -> None:
    nothing = dict.fromkeys(KNOWN) | {
        "scope": "coding",
        "display_name": "X",
        "license_basis": "unknown",
        "verdict": "unscanned",
    }
    nothing |= {
        name: KNOWN[name] for name in ("score", "lower", "upper", "benchmarks", "self_reported", "license_conflicts")
    }
    answers = {name: ask(nothing) for name, ask in conditions_of(ALL).items()}
    assert {name: one.met for name, one in answers.items()} == dict.fromkeys(answers)
    assert len(answers) == 8
    assert all(one.said for one in answers.values())


def test_a_choice_says_why_and_what_is_not_known_beside_it() -> None:
    beside = {"self_reported": 1, "license_conflicts": 2, "verdict": "unscanned", "license_basis": "unknown"}
    [choice] = choose([KNOWN | beside | {"not_known": ["license", "verdict"]}], Wanted(max_price=2)).suitable
    assert choice.why == (
        "2 of 9 in coding, tier 1: 60.0 (55.0 to 65.0) by 4 benchmarks",
        "1.5 USD per million tokens (1 in, 3 out) at Fair, the cheapest of 3; the dearest takes 4.5",
    )
    assert choice.not_known == (
        "1 of its 4 benchmarks is its maker's word",
        "its license",
        "2 contradictions about its license",
        "nobody scanned its files as they are now",
    )


@pytest.mark.parametrize(
    ("providers", "dearest", "said"),
    [
        (1, 1.5, "the only one with a price"),
        (2, 1.5, "as at all 2 with a price"),
        (2, 1.6, "the cheapest of 2; the dearest takes 1.6"),
    ],
)
def test_the_cheapest_price_is_not_taken_for_the_price(providers: int, dearest: float, said: str) -> None:
    prices = {"priced_providers": providers, "dearest_blended_usd_per_million_tokens": dearest, "contradicted_providers": 1}
    [choice] = choose([KNOWN | prices], Wanted(max_price=2)).suitable
    assert choice.why[1].endswith(f" at Fair, {said}")
    assert choice.not_known == ("what 1 provider charges: catalogs differ",)


def test_nobody_is_dropped_silently() -> None:
    rows = [
        KNOWN,
        KNOWN | {"license_basis": "tag", "serving_bytes": None},
        KNOWN | {"license_basis": "tag"},
        KNOWN | {"commercial_use": "NO"},
        KNOWN | {"commercial_use": "NO", "serving_bytes": 30 * GB},
        KNOWN | {"serving_bytes": 30 * GB, "license_basis": "tag"},
    ]
    chosen = choose(rows, Wanted("commercial", memory=24 * GB))
    assert [one.row for one in chosen.suitable] == rows[:1]
    # First the one that lacks least.
    assert [one.row for one in chosen.perhaps] == [rows[2], rows[1]]
    assert chosen.removed == [
        Removed("license permits commercial use", 2, 1),
        Removed("fits 24.0 GB at 8,192 tokens", 2, 1),
    ]


def test_every_machine_has_a_reason_and_memory_that_it_can_have() -> None:
    known = machines()
    assert {"rtx-4090", "h100", "mac-64gb"} <= known.keys()
    for machine in known.values():
        assert machine.reason.endswith(".")
        size = int(machine.title.split(", ")[1].removesuffix(" GB"))
        assert 0.7 * size * (1 << 30) < machine.usable_bytes < size * (1 << 30)
