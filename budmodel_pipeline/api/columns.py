"""What the columns of a table are: name, type and meaning, as the dbt project documents and enforces them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from budmodel_pipeline.warehouse.built_marts import documented

# A text of Postgres holds every character but this one.
Text = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=r"^[^\x00]*$")]
Number = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of Postgres: what a query compares it with, and what it is in JSON. What is a span is asked for by its ends."""

    asked: Any
    schema: Mapping[str, Any]
    is_span: bool = False
    is_sortable: bool = True


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "text": Kind(Text, {"type": "string"}),
        "boolean": Kind(bool, {"type": "boolean"}),
        "integer": Kind(int, {"type": "integer"}, is_span=True),
        "bigint": Kind(int, {"type": "integer"}, is_span=True),
        "double precision": Kind(Number, {"type": "number"}, is_span=True),
        "pg_catalog.numeric": Kind(Number, {"type": "number"}, is_span=True),
        "date": Kind(date, {"type": "string", "format": "date"}, is_span=True),
        "timestamp with time zone": Kind(datetime, {"type": "string", "format": "date-time"}, is_span=True),
        "text[]": Kind(Text, {"type": "array", "items": {"type": "string"}}, is_sortable=False),
        "jsonb": Kind(None, {}, is_sortable=False),
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is documented."""

    name: str
    type: str
    description: str
    is_null: bool

    @property
    def kind(self) -> Kind:
        return KINDS[self.type]

    @property
    def schema(self) -> dict[str, Any]:
        """The column in JSON Schema."""
        schema = {**self.kind.schema, "description": self.description}
        if self.is_null and "type" in schema:
            schema["type"] = [schema["type"], "null"]
        return schema


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that is offered. `name` holds its schema; it has one row for each value of the columns `unique`."""

    name: str
    description: str
    columns: Mapping[str, Column]
    unique: tuple[str, ...]


@cache
def relations() -> Mapping[str, Relation]:
    """Every documented table and view by its name without the schema."""
    found: dict[str, Relation] = {}
    for name, model in documented().items():
        columns = [
            Column(one["name"], one["data_type"], _markdown(one["description"]), "constraints" not in one)
            for one in model["columns"]
        ]
        by_name = {one.name: one for one in columns}
        found[model["name"]] = Relation(name, _markdown(model["description"]), by_name, _unique(model))
    return MappingProxyType(found)


def _markdown(description: str) -> str:
    """As pages of documentation show it: <source>.<metric> would be taken for HTML, and not be seen."""
    return re.sub(r"[^\s(`]*<[^<>]*>[^\s,;:)`]*", r"`\g<0>`", description.strip())


def _unique(model: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of the first test that rows are told apart by them; none where there is no such test."""
    tests = (one["unique_together"] for one in model.get("data_tests", []) if "unique_together" in one)
    return tuple(next(tests, {"arguments": {"columns": []}})["arguments"]["columns"])
