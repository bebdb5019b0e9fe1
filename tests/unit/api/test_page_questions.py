"""Query strings become questions: lists take all that was said, one value the last; what is not understood is named."""

import pytest
from fastapi.exceptions import RequestValidationError

from budmodel_pipeline.api.collections_read import CSV, JSON, form_wanted
from budmodel_pipeline.api.offered import BY_PATH
from budmodel_pipeline.api.page_questions import MOST_BYTES, parameters_of, reader_of
from budmodel_pipeline.api.selecting import query_of

SCORES = BY_PATH["scores"]
understood = reader_of(SCORES)


@pytest.mark.parametrize(
    ("query_string", "expected"),
    [
        (b"", {"limit": 100, "offset": 0, "next": "/v1/scores?offset=100"}),
        (b"limit=3&limit=5", {"limit": 5, "next": "/v1/scores?limit=5&offset=5"}),
        (b"source=a&source=b", {"source": ["a", "b"], "next": "/v1/scores?source=a&source=b&offset=100"}),
        (b"source=%D0%B6+%26", {"source": ["ж &"], "next": "/v1/scores?source=%D0%B6+%26&offset=100"}),
        (b"offset=7&limit=2&build=12", {"offset": 7, "next": "/v1/scores?limit=2&offset=9"}),
    ],
)
def test_what_is_asked(query_string: bytes, expected: dict[str, object]) -> None:
    values = understood(query_string).values
    assert {name: values[name] for name in expected} == expected


def test_columns_and_the_build_of_the_page_before() -> None:
    question = understood(b"fields=score&fields=rank&fields=score&build=12")
    assert (question.columns, question.build) == (["score", "rank"], "12")
    assert understood(b"").columns == list(SCORES.columns)


def test_what_was_asked_before_is_not_read_anew_and_what_is_long_is_not_kept() -> None:
    assert understood(b"limit=9") is understood(b"limit=9")
    long = b"source=" + b"x" * MOST_BYTES
    with pytest.raises(RequestValidationError):
        understood(long)
    listed = b"&".join([b"source=" + b"y" * 200] * 9)
    assert understood(listed) is not understood(listed)


@pytest.mark.parametrize(
    ("query_string", "where"), [(b"limit=0", "limit"), (b"colour=red", "colour"), (b"source=", "source")]
)
def test_what_is_not_understood_is_named(query_string: bytes, where: str) -> None:
    with pytest.raises(RequestValidationError) as refused:
        understood(query_string)
    assert refused.value.errors()[0]["loc"][:2] == ("query", where)


@pytest.mark.parametrize(
    ("query_string", "said"),
    [
        (b"metrc_id=x", "There is no parameter 'metrc_id'. Do you mean metric_id?"),
        (b"colour=red", "There is no parameter 'colour'. /docs lists them."),
        (b"sort=-scor", "There is no column '-scor'. Do you mean one of: score, -score"),
        (b"fields=xyzzy", "There is no column 'xyzzy'. /docs lists them."),
        (b"limit=0", "Input should be greater than or equal to 1"),
    ],
)
def test_what_was_mistyped_is_answered_with_what_comes_near(query_string: bytes, said: str) -> None:
    with pytest.raises(RequestValidationError) as refused:
        understood(query_string)
    assert refused.value.errors()[0]["msg"].startswith(said)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("image/png", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("text/csv, application/json", CSV),
        ("application/json, text/csv;q=0.9", JSON),
        ("application/json;q=0.5, text/csv;q=0.9", CSV),
        ("text/csv;q=0, application/json", JSON),
        ("text/csv;q=0", JSON),
        ("text/csv;q=none", JSON),
        ("text/csv-schema", JSON),
    ],
)
def test_the_form_that_a_client_wants(accept: str, form: str) -> None:
    assert form_wanted(accept) == form


def test_all_that_can_be_asked_is_described() -> None:
    described = parameters_of(SCORES)
    assert [one["name"] for one in described] == list(query_of(SCORES).model_fields)
    assert all(one["description"] and not one["required"] for one in described)
