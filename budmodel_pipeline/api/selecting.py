"""From a query of a collection to SQL. Names in it are ours, and whatever was asked is bound; Postgres writes the JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, create_model

from budmodel_pipeline.api.columns import Column
from budmodel_pipeline.api.offered import BY_PATH, Offer

MOST_ROWS = 1_000
PART_ROWS = 100
# What a table was built as: dbt makes a new one and puts it into the place of the old. Views are never the same.
BUILD = (
    "(select case when bool_and(relkind = 'r') then string_agg(oid::text, '-' order by oid) end"
    " from pg_class where oid = any(array[{}]::regclass[]))"
)


class PageQuery(BaseModel):
    """What every collection can be asked."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MOST_ROWS, description="Rows of a page.")] = 100
    offset: Annotated[int, Field(ge=0, le=10_000_000, description="Rows before the page.")] = 0
    build: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9]{1,12}$",
            description="As `next` has it; refused where the table was rebuilt meanwhile.",
        ),
    ] = None


def query_of(offer: Offer) -> type[PageQuery]:
    """The parameters of a collection, typed."""
    fields: dict[str, Any] = {}
    for column in (offer.relation.columns[name] for name in offer.filters):
        asked, said, examples = column.kind.asked, column.description, [offer.example.get(column.name)]
        shown = {"examples": examples} if examples[0] is not None else {}
        if column.kind.is_span:
            fields[f"min_{column.name}"] = (Annotated[asked | None, Field(description=f"At least: {said}")], None)
            fields[f"max_{column.name}"] = (Annotated[asked | None, Field(description=f"At most: {said}")], None)
        elif asked is bool:
            fields[column.name] = (Annotated[bool | None, Field(description=said)], None)
        else:
            several = f"{said} Several: any of them."
            listed = Annotated[list[asked], Field(description=several, max_length=100, json_schema_extra=shown or None)]  # type: ignore[valid-type]
            fields[column.name] = (listed, [])
    sortable = [name for name, column in offer.columns.items() if column.kind.is_sortable]
    orders: Any = Literal[tuple(f"{sign}{name}" for name in sortable for sign in ("", "-"))]
    names: Any = Literal[tuple(offer.columns)]
    sort = Field(description="Order, - for descending; nulls come last.", max_length=5)
    fields["sort"] = (Annotated[list[orders], sort], [])
    fields["fields"] = (Annotated[list[names], Field(description="Only these columns.", max_length=200)], [])
    return create_model(f"{offer.path.capitalize()}Query", __base__=PageQuery, **fields)


def columns_of(offer: Offer, query: PageQuery) -> list[str]:
    """The columns that were asked for, each once; all where none was named."""
    return list(dict.fromkeys(query.model_dump()["fields"] or offer.columns))


def page_sql(offer: Offer, query: PageQuery, next_page: str, held: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
    """The build of the table and a page as JSON, null where the build is one of those `held`."""
    asked = query.model_dump(exclude_none=True)
    conditions, values = _conditions(offer, asked)
    order = (*asked["sort"], *offer.order)
    rows = _rows(offer, columns_of(offer, query), conditions, order, "%(limit)s + 1 offset %(offset)s")
    page = _page(rows, "%(limit)s", "cast(%(next)s as text) || coalesce('&build=' || build, '')")
    values |= {"limit": query.limit, "offset": query.offset, "next": next_page, "held": list(held)}
    return _unless_held([offer], f"(select {page})"), values


def item_sql(offer: Offer, value: str, held: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
    """The build and one row with its parts; null where the build is one of those `held`, and where there is no such row."""
    key, columns = f'"{offer.key}"', [f'whole."{name}"' for name in offer.columns]
    values: dict[str, Any] = {"value": value, "held": list(held)}
    parts = [BY_PATH[path] for path in offer.parts]
    for part in parts:
        values[f"next_{part.path}"] = f"/v1/{part.path}?{offer.key}={quote(value, safe='')}&offset={PART_ROWS}"
        rows = _rows(part, part.columns, [f"{key} = %(value)s"], part.order, str(PART_ROWS + 1))
        columns.append(f"(select {_page(rows, str(PART_ROWS), f'cast(%(next_{part.path})s as text)')}) as {part.path}")
    row = f"select {', '.join(columns)} from {offer.relation.name} as whole where whole.{key} = %(value)s"
    return _unless_held([offer, *parts], f"(select to_json(item) from ({row}) as item)"), values


def _unless_held(offers: Sequence[Offer], answer: str) -> str:
    # A name that is cast is a constant: the plan need not look it up, and a missing table is an error.
    build = BUILD.format(", ".join(dict.fromkeys(f"'{offer.relation.name}'" for offer in offers)))
    unless_held = f"case when build = any(%(held)s) then null else {answer} end"
    return f"select build, {unless_held} as answer from {build} as built (build)"


def _rows(offer: Offer, columns: Iterable[str], where: Sequence[str], order: Sequence[str], limit: str) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    condition = f" where {' and '.join(where)}" if where else ""
    ordered = ", ".join(f'"{one.lstrip("-")}"{" desc" if one.startswith("-") else ""} nulls last' for one in order)
    # Ordered before the columns are chosen: one may be asked for and another be sorted by.
    chosen = f"select * from {offer.relation.name}{condition} order by {ordered} limit {limit}"
    shown = f"select {names} from ({chosen}) as chosen"
    return f"select row_number() over () as place, to_json(shown) as item from ({shown}) as shown"


def _page(rows: str, limit: str, next_page: str) -> str:
    """Items of `rows`, which has one more than `limit` where there is a next page."""
    items = f"coalesce(json_agg(item order by place) filter (where place <= {limit}), '[]')"
    following = f"case when count(*) > {limit} then {next_page} end"
    return f"json_build_object('items', {items}, 'next', {following}) from ({rows}) as page"


def _conditions(offer: Offer, asked: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    conditions, values = list[str](), dict[str, Any]()
    for column in (offer.relation.columns[name] for name in offer.filters):
        for parameter, comparison in _comparisons(column):
            value = asked.get(parameter)
            if value is not None and value != []:
                conditions.append(f'"{column.name}" {comparison}')
                values[parameter] = value
    return conditions, values


def _comparisons(column: Column) -> list[tuple[str, str]]:
    name = column.name
    if column.kind.is_span:
        return [(f"min_{name}", f">= %(min_{name})s"), (f"max_{name}", f"<= %(max_{name})s")]
    if column.type == "boolean":
        return [(name, f"= %({name})s")]
    return [(name, f"&& cast(%({name})s as text[])" if column.type == "text[]" else f"= any(cast(%({name})s as text[]))")]
