"""The digest of a week as Markdown: what is in it, in which order, and that names of strangers do nothing."""

from dataclasses import replace
from datetime import date
from typing import Any

from budmodel_pipeline.assets.weekly_digest import SHOWN, markdown_of
from budmodel_pipeline.workflows.digest import Digest, Move

NAMES = ("source", "kind", "metric_id", "entry_key", "published_name", "name_before", "score_before", "score", "difference")


def event(source: str, kind: str, **said: Any) -> dict[str, Any]:
    empty = dict.fromkeys((*NAMES, "unit", "is_beyond_interval", "scores"))
    return {**empty, "source": source, "kind": kind, "origin": "live", **said}


BEST = {"score": 1500, "score_before": 1400}
EVENTS = [
    event("arena", "new", published_name="One"),
    event("arena", "new", published_name="![x](http://evil.example)"),
    event("arena", "removed", published_name="Two | three"),
    event(
        "arena", "new best", metric_id="arena.elo", published_name="One", name_before="Two", score=1500, score_before=1400
    ),
    event("board", "redefined", metric_id="board.pass", scores=12),
    event("board", "renamed", published_name="Iota pro", name_before="Iota"),
    *(
        event(
            "board",
            "rescored",
            metric_id="board.accuracy",
            published_name=name,
            score_before=10,
            score=11.5,
            unit="percent",
            is_beyond_interval=beyond,
        )
        for name, beyond in (
            ("Within", False),
            ("Without", None),
            ("Close", False),
            ("Beyond", True),
            ("Near", False),
            ("New", None),
        )
    ),
]
DIGEST = Digest(
    date(2026, 11, 23),
    EVENTS,
    [
        Move("overall", "acme/one", 3, 1, True),
        Move("overall", "acme/two", 1, None, None),
        Move("coding", "acme/one", 2, 1, False),
    ],
    ["newcomer"],
)


def test_a_digest_tells_what_happened_once() -> None:
    assert (
        markdown_of(DIGEST)
        == """\
# Week of 2026-11-23

| source | new | removed | renamed | rescored | redefined | new best |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| arena | 2 | 1 | 0 | 0 | 0 | 1 |
| board | 0 | 0 | 1 | 6 | 1 | 0 |

First read in this week: newcomer. What they say moves places as well.

## New bests

| metric | best now | before | score | before |
| --- | --- | --- | ---: | ---: |
| arena.elo | One | Two | 1500 | 1400 |

## New

| source | name |
| --- | --- |
| arena | One |
| arena | `![x](http://evil.example)` |

## Removed

| source | name |
| --- | --- |
| arena | Two \\| three |

## Renamed

| source | before | now |
| --- | --- | --- |
| board | Iota | Iota pro |

## Measured again

1 are beyond the interval that they had, 3 within it, 2 had none.

| metric | name | before | now | unit | beyond its interval |
| --- | --- | ---: | ---: | --- | --- |
| board.accuracy | Beyond | 10 | 11.5 | percent | yes |
| board.accuracy | Without | 10 | 11.5 | percent | it had none |
| board.accuracy | New | 10 | 11.5 | percent | it had none |

## Redefined

| metric | scores that follow from it |
| --- | ---: |
| board.pass | 12 |

## Places that moved: overall

| model | before | now | beyond its interval |
| --- | ---: | ---: | --- |
| acme/one | 3 | 1 | yes |
| acme/two | 1 | none | it has no score |

## Places that moved: coding

| model | before | now | beyond its interval |
| --- | ---: | ---: | --- |
| acme/one | 2 | 1 | no |
"""
    )


def test_a_long_list_says_how_much_longer_it_is_and_a_sample_what_it_is() -> None:
    many = [event("arena", "new", published_name=f"Model {number:02}", origin="sample") for number in range(SHOWN + 3)]
    said = markdown_of(replace(DIGEST, events=many, moves=[], new_sources=[]))
    assert f"Model {SHOWN - 1:02}" in said
    assert f"Model {SHOWN:02}" not in said
    assert said.endswith("\n\n3 more.\n")
    assert "Of bundled samples, and of nothing that happened: arena." in said
