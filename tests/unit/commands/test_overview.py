"""What stands first in a report of a model; what is not known says why."""

from datetime import UTC, datetime
from typing import Any

import pytest

from budmodel_pipeline.commands.overview import in_short, overview

CARD: dict[str, Any] = {
    "target": "hf:org/name",
    "provider": "hugging_face",
    "revision": "abc",
    "maker": "Org",
    "author": "org",
    "parameters_unique": 46_702_792_704,
    "parameters_stated": None,
    "parameters_active": 12_879_925_248,
    "context_length": 32_768,
    "license_id": "apache-2.0",
    "license_tag": "apache-2.0",
    "license_state": "identified",
    "license_evidence": "text",
    "license_suitability": "MOST",
    "security_verdict": "safe",
    "scanned_at": datetime(2026, 11, 1, 12, tzinfo=UTC),
    "scanned_revision": "abc",
    "serving_bytes_8k": 95_100_000_000,
    "serving_bytes_32k": 98_300_000_000,
    "facts": {},
}
SCORE = {"metric": "a.b", "score": 1451.2, "unit": "elo", "lower": None, "upper": None, "rank": 2, "of": 14}
SCORE |= {"percentile": 0.9, "is_headline": True}


def lines(*cards: dict[str, Any], scores: tuple[dict[str, Any], ...] = ()) -> dict[str, str]:
    return overview({"cards": cards, "scores": scores})


def test_everything_is_known() -> None:
    assert lines(CARD, scores=(SCORE | {"lower": 1445.1, "upper": 1457.3},)) == {
        "maker": "Org",
        "size": "46.7B parameters, of which a token uses 12.9B",
        "context": "32,768 tokens",
        "license": "apache-2.0, by its text; suitability MOST",
        "verdict": "safe, scanned 2026-11-01 12:00",
        "memory": "95.1 GB at 8k, 98.3 GB at 32k tokens",
        "best ranks": "2 of 14 in a.b: 1451.2 elo (1445.1 to 1457.3)",
    }


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        (
            {"parameters_unique": None, "parameters_stated": 9 * 10**9},
            "size",
            "9B parameters, of which a token uses 12.9B",
        ),
        ({"parameters_unique": None, "facts": {"parameters_unique": {"reason": "no config"}}}, "size", "unknown: no config"),
        ({"parameters_unique": None}, "size", "unknown: nothing says so"),
        ({"license_evidence": "tag", "license_suitability": None}, "license", "apache-2.0, by its name alone"),
        ({"license_state": "modified"}, "license", "apache-2.0 with changes, by its text; suitability MOST"),
        ({"license_id": None, "license_tag": "other"}, "license", "unknown; it is called 'other'"),
        ({"license_id": None, "license_tag": None}, "license", "unknown"),
        ({"scanned_at": None, "security_verdict": "unscanned"}, "verdict", "unscanned: nobody looked at its files"),
        ({"scanned_revision": "older"}, "verdict", "safe, scanned 2026-11-01 12:00, at another revision than the card"),
        ({"serving_bytes_32k": None, "facts": {"weight_bytes": {"reason": "no weights"}}}, "memory", "unknown: no weights"),
    ],
)
def test_what_differs(changes: dict[str, Any], line: str, said: str) -> None:
    assert lines(CARD | changes)[line].startswith(said)


def test_a_place_with_files_comes_before_a_catalog() -> None:
    catalogued = CARD | {"target": "cloud:org/name", "provider": "cloud_model", "maker": "Somebody"}
    assert lines(catalogued, CARD)["maker"] == "Org"
    assert lines(catalogued)["maker"] == "Somebody"


def test_headlines_come_before_parts_and_what_has_no_rank_is_left_out() -> None:
    part = SCORE | {"metric": "a.part", "is_headline": False, "percentile": 1.0}
    worse = SCORE | {"metric": "b.c", "percentile": 0.1}
    unranked = SCORE | {"metric": "d.e", "rank": None, "percentile": None}
    told = lines(scores=(part, unranked, worse, SCORE))
    assert [line.split()[4].rstrip(":") for line in told["best ranks"].splitlines()] == ["a.b", "b.c", "a.part"]
    assert lines() == {"best ranks": "no leaderboard ranks it"}


@pytest.mark.parametrize(
    ("number", "short"), [(32_762_123_264, "32.8B"), (1_000_000_000_000, "1T"), (595_776_512, "596M"), (950, "950")]
)
def test_numbers_in_short(number: int, short: str) -> None:
    assert in_short(number) == short
