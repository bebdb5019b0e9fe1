"""From the words after the ? to a question to Postgres. What was understood once is not read anew when it is asked again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args
from urllib.parse import parse_qs, urlencode

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from budmodel_pipeline.api.offered import Offer
from budmodel_pipeline.api.selecting import PageQuery, columns_of, page_sql, query_of
from budmodel_pipeline.identity.spelling import near, unknown

# Of each collection; what is asked again and again is short.
MOST_REMEMBERED, MOST_BYTES = 64, 1_024


@dataclass(frozen=True, slots=True)
class Question:
    """A page of a collection as SQL, which needs `held` among its values too. `build` is that of the page before."""

    sql: bytes
    values: Mapping[str, Any]
    columns: list[str]
    build: str | None


def reader_of(offer: Offer) -> Callable[[bytes], Question]:
    """What query strings ask of `offer`, as a function that raises RequestValidationError."""
    model = query_of(offer)
    # A list takes all that was said of it, and what is one value the last.
    lists = {name for name, field in model.model_fields.items() if field.default == []}

    def understand(query_string: bytes) -> Question:
        said = parse_qs(query_string.decode("latin-1"), keep_blank_values=True)
        try:
            query = model.model_validate({name: every if name in lists else every[-1] for name, every in said.items()})
        except ValidationError as error:
            problems = [{**one, "loc": ("query", *one["loc"]), "msg": _said(one, model)} for one in error.errors()]
            raise RequestValidationError(problems) from error
        following = f"/v1/{offer.path}?{urlencode(_asked(query, offset=query.offset + query.limit), doseq=True)}"
        sql, values = page_sql(offer, query, following, [])
        return Question(sql.encode(), values, columns_of(offer, query), query.build)

    remembered = lru_cache(MOST_REMEMBERED)(understand)
    return lambda query_string: (remembered if len(query_string) <= MOST_BYTES else understand)(query_string)


def _said(problem: Mapping[str, Any], model: type[PageQuery]) -> str:
    """What is wrong, with what comes near where a parameter or a column was mistyped."""
    name, written = str(problem["loc"][0]), str(problem["input"])
    if problem["type"] == "extra_forbidden":
        return unknown("parameter", name, near(name, model.model_fields), "/docs lists them.")
    if problem["type"] == "literal_error":
        columns = get_args(get_args(model.model_fields[name].annotation)[0])
        return unknown("column", written, near(written, columns), "/docs lists them.")
    return str(problem["msg"])


def parameters_of(offer: Offer) -> list[dict[str, Any]]:
    """What a collection can be asked, in OpenAPI."""
    properties = query_of(offer).model_json_schema()["properties"]
    return [
        {"name": name, "in": "query", "required": False, "description": schema["description"], "schema": schema}
        for name, schema in properties.items()
    ]


def _asked(query: PageQuery, **changed: Any) -> dict[str, Any]:
    """What was asked, without what nobody said; the build comes with the answer."""
    return {**query.model_dump(mode="json", exclude_defaults=True, exclude={"build"}), **changed}
