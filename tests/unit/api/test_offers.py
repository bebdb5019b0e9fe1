"""What is offered exists, and what is asked of it becomes SQL that holds no word of the asker's."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from budmodel_pipeline.api.columns import KINDS, relations
from budmodel_pipeline.api.offered import BY_PATH, OFFERS, Offer
from budmodel_pipeline.api.selecting import item_sql, page_sql, query_of

EVERY = pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.path)
HOSTILE = "'; drop table x; --"


def test_every_column_that_is_offered_has_a_kind() -> None:
    unknown = {column.type for offer in OFFERS for column in offer.relation.columns.values()} - set(KINDS)
    assert unknown == set()


def test_words_in_angle_brackets_are_seen_on_the_page_of_documentation() -> None:
    said = [relation.description for relation in relations().values()]
    said += [column.description for relation in relations().values() for column in relation.columns.values()]
    hidden = [one for one in said if re.search(r"<\w", re.sub(r"`[^`]*`", "", one))]
    assert hidden == []
    assert any("`<source>.<metric>`" in one for one in said)


def test_each_path_is_offered_once() -> None:
    assert len(BY_PATH) == len(OFFERS)


def test_every_mart_is_offered() -> None:
    marts = {table for table, relation in relations().items() if relation.name.startswith("marts.")}
    assert marts - {offer.table for offer in OFFERS} == set(), "one line in OFFERS each"


def test_of_a_new_table_its_name_and_an_example_are_enough() -> None:
    offer = Offer("lineage", "model_lineage", {"base_model": "org/base"})
    assert offer.order == ("target", "base_model")
    assert offer.filters == ("target", "base_model", "model_id", "group_id", "maker", "hub_repository")


@EVERY
def test_an_offer_names_columns_that_there_are(offer: Offer) -> None:
    every = offer.relation.columns
    ordered = {name.removeprefix("-") for name in offer.order}
    assert ordered
    assert offer.example
    assert {*ordered, *offer.filters, *offer.only, *offer.example} <= set(every)
    assert all(KINDS[every[name].type].asked is not None for name in offer.filters)
    assert all(every[name].kind.is_sortable for name in ordered)
    assert offer.key is None or offer.key in offer.example
    for part in offer.parts:
        assert offer.key in BY_PATH[part].filters, "its next page asks for it by this column"


@EVERY
def test_what_is_asked_is_bound_and_never_written(offer: Offer) -> None:
    asked: dict[str, Any] = {}
    for name in offer.filters:
        kind = offer.relation.columns[name].kind
        if kind.schema["type"] in ("string", "array") and not kind.is_span:
            asked[name] = [HOSTILE]
    sql, values = page_sql(offer, query_of(offer)(**asked), HOSTILE, [HOSTILE])
    assert HOSTILE not in sql
    assert {name: values[name] for name in asked} == asked
    assert all(f"%({name})s" in sql for name in asked)
    if offer.key is not None:
        sql, values = item_sql(offer, HOSTILE, [HOSTILE])
        assert HOSTILE not in sql
        assert values["value"] == HOSTILE


SCORES = query_of(BY_PATH["scores"])


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ({"source": ["a", "b"]}, '"source" = any(cast(%(source)s as text[]))'),
        ({"min_rank": 1}, '"rank" >= %(min_rank)s'),
        ({"max_rank": 1}, '"rank" <= %(max_rank)s'),
        (
            {"min_as_of": "2026-01-01", "source": ["a"]},
            '"source" = any(cast(%(source)s as text[])) and "as_of" >= %(min_as_of)s',
        ),
        ({}, "from marts.leaderboard order by"),
    ],
)
def test_conditions(asked: dict[str, Any], condition: str) -> None:
    sql, _ = page_sql(BY_PATH["scores"], SCORES(**asked), "", [])
    assert condition in sql


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 0},
        {"limit": 1_001},
        {"offset": -1},
        {"sort": ["settings"]},
        {"sort": ["-nothing"]},
        {"fields": ["score; --"]},
        {"source": [""]},
        {"source": ["a\0b"]},
        {"source": ["x"] * 101},
        {"min_score": float("inf")},
        {"build": "1 or 1=1"},
        {"unheard": 1},
    ],
)
def test_what_no_page_can_be(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SCORES(**asked)


def test_an_order_is_completed_by_what_tells_rows_apart() -> None:
    sql, _ = page_sql(BY_PATH["scores"], SCORES.model_validate({"sort": ["-score"]}), "", [])
    assert '"score" desc nulls last, "metric_id" nulls last, "rank" nulls last, "entry_key" nulls last limit' in sql
