"""What the site looks up, as Markdown: tables with columns and diagrams, by dbt's manifest and the code; leaderboards."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Table, create_mock_engine

from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Shape
from budmodel_pipeline.warehouse.tables import SCHEMA, metadata

MANIFEST = Path(__file__).parents[1] / "dbt_leaderboard" / "target" / "manifest.json"
# What a page says where the dictionary goes, and what of it goes there.
PLACE = re.compile(r"<!-- made with the site: ([a-z ]+) -->\n")
# Nearly all marts have them, so that a line to each would show nothing.
EVERYWHERE = frozenset({"group_id", "source"})
# Knows how PostgreSQL calls a type; no server is asked.
POSTGRES = create_mock_engine("postgresql+psycopg://", lambda *_: None).dialect

Node = Mapping[str, Any]


def filled(page: str, text: str) -> str:
    """The text of a page, with what is made in the places that it leaves for that."""

    def made(place: re.Match[str]) -> str:
        if place[1] not in PARTS:
            raise ValueError(f"{page} has a place for {place[1]!r}; what is made is {', '.join(PARTS)}")
        return "\n".join(PARTS[place[1]]()) + "\n"

    return PLACE.sub(made, text)


@cache
def manifest() -> Node:
    """What dbt knows of the project, after `dbt parse`."""
    read: Node = json.loads(MANIFEST.read_text("utf-8"))
    return read


def models(schema: str) -> list[Node]:
    """The models of dbt in a schema, by name."""
    nodes = manifest()["nodes"].values()
    return sorted(
        (node for node in nodes if node["resource_type"] == "model" and node["schema"] == schema),
        key=lambda node: str(node["name"]),
    )


def keys() -> dict[str, list[str]]:
    """Of each model the columns of which no two rows have the same."""
    found: dict[str, list[str]] = {}
    for node in manifest()["nodes"].values():
        test = node.get("test_metadata") or {}
        if test.get("name") in ("unique", "unique_together"):
            told = test["kwargs"]
            found[node["attached_node"].rpartition(".")[2]] = told.get("columns") or [told["column_name"]]
    return found


def described(schema: str) -> Iterator[str]:
    """A chapter for each model of dbt: what a row is, and its columns."""
    key = keys()
    for node in models(schema):
        yield from (f"### {node['name']}", "", inert(node["description"]), "")
        if node["name"] in key:
            yield from (f"One row for each {listed(key[node['name']])}.", "")
        columns = node["columns"].values()
        yield from table(
            (column["name"], short(column["data_type"] or ""), column["description"], not_null(column)) for column in columns
        )


def not_null(column: Node) -> bool:
    """Whether the contract of a model forbids null there."""
    return any(constraint["type"] == "not_null" for constraint in column["constraints"])


def tables_described() -> Iterator[str]:
    """A chapter for each table that Python writes and dbt reads, and the names of the others."""
    told = {source["name"]: source for source in manifest()["sources"].values()}
    for one in tables():
        node = told.get(one.name)
        if node is None:
            continue
        yield from (f"### {SCHEMA}.{one.name}", "", inert(node["description"]), "")
        yield from (f"One row for each {listed([column.name for column in one.primary_key])}.", "")
        columns = node["columns"]
        yield from table(
            (column.name, type_of(one, column.name), columns[column.name]["description"], not column.nullable)
            for column in one.columns
        )
    rest = [f"`{one.name}`" for one in tables() if one.name not in told]
    yield f"Beside these, for the pipeline itself: {', '.join(rest)}."
    yield ""


def tables() -> list[Table]:
    """The tables of schema budmodel, by name."""
    return sorted(metadata.tables.values(), key=lambda one: one.name)


def type_of(one: Table, column: str) -> str:
    """The type of a column in PostgreSQL."""
    return short(str(one.columns[column].type.compile(dialect=POSTGRES)).lower())


def joins() -> dict[str, tuple[str, list[str]]]:
    """Each column that a mart has one row for each value of: that mart, and the others that have the column too."""
    marts = {node["name"]: node for node in models("marts")}
    # Of several with one row for each, the others hang on the first.
    alone = {columns[0]: name for name, columns in sorted(keys().items(), reverse=True) if len(columns) == 1}
    return {
        column: (name, [other for other, node in marts.items() if column in node["columns"] and other != name])
        for column, name in sorted(alone.items())
        if name in marts
    }


def joins_listed() -> Iterator[str]:
    """What marts are joined by, as a table."""
    yield from ("| column | has one row for each | others that have it |", "|---|---|---|")
    for column, (name, others) in joins().items():
        yield f"| `{column}` | [{name}](#{name}) | {', '.join(f'[{other}](#{other})' for other in others)} |"
    yield ""


def diagrams_of_marts() -> Iterator[str]:
    """For each of these but the commonest: the marts that have that column, with their keys."""
    key = keys()
    marts = {node["name"]: node for node in models("marts")}
    for column, (name, others) in joins().items():
        if column in EVERYWHERE or not others:
            continue
        ends = {other: "||--o|" if key.get(other) == [column] else "||--o{" for other in others}
        lines = [f"  {name} {end} {other} : {column}" for other, end in ends.items()]
        for one in (name, *others):
            own = key.get(one, [])
            kinds = {each: marts[one]["columns"][each]["data_type"] for each in (*own, column)}
            lines += entity(one, [(each, kind, each in own, each == column) for each, kind in kinds.items()])
        yield from drawn(lines)


def diagrams_of_tables() -> Iterator[str]:
    """The tables that foreign keys join, with their keys and a line for each of these; a diagram for what hangs together."""
    together = {one.name: {one.name} for one in tables()}
    for one in tables():
        for constraint in one.foreign_key_constraints:
            both = together[one.name] | together[constraint.referred_table.name]
            together |= dict.fromkeys(both, both)
    for names in sorted({tuple(sorted(names)) for names in together.values() if len(names) > 1}):
        lines = []
        for one in (one for one in tables() if one.name in names):
            foreign = {name for constraint in one.foreign_key_constraints for name in constraint.column_keys}
            for constraint in sorted(one.foreign_key_constraints, key=lambda found: list(found.column_keys)):
                said = ", ".join(constraint.column_keys)
                lines.append(f'  {constraint.referred_table.name} ||--o{{ {one.name} : "{said}"')
            shown = [column for column in one.columns if column.primary_key or column.name in foreign]
            rows = [(column.name, type_of(one, column.name), column.primary_key, column.name in foreign) for column in shown]
            lines += entity(one.name, rows)
        yield from drawn(lines)


def drawn(lines: Iterable[str]) -> Iterator[str]:
    """A diagram of tables and what leads from one to another."""
    yield from ("```mermaid", "erDiagram", "  direction LR", *lines, "```", "")


def entity(name: str, columns: Iterable[tuple[str, str, bool, bool]]) -> Iterator[str]:
    """A table of a diagram: name, type, and whether a column is of its key and leads to another table."""
    yield f"  {name} {{"
    for column, kind, is_key, is_foreign in columns:
        marks = ", ".join(mark for mark, holds in (("PK", is_key), ("FK", is_foreign and not is_key)) if holds)
        yield f"    {re.sub('[^a-z0-9]+', '_', short(kind)).strip('_')} {column} {marks}".rstrip()
    yield "  }"


def table(rows: Iterable[tuple[str, str, str, bool]]) -> Iterator[str]:
    """Columns as a table: name, type, meaning, and whether it is always there."""
    yield from ("| column | type | meaning |", "|---|---|---|")
    for name, kind, meaning, always in rows:
        yield f"| `{name}` | {kind}{'' if always else ' or null'} | {inert(meaning)} |"
    yield ""


def listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(f"`{name}`" for name in names[:-1]), f"`{names[-1]}`"]) if names[1:] else f"`{names[0]}`"


def short(kind: str) -> str:
    """A type as one says it."""
    return (
        kind.removeprefix("pg_catalog.")
        .replace("timestamp with time zone", "timestamptz")
        .replace("double precision", "double")
    )


def inert(text: str) -> str:
    """A text whose signs mean nothing to Markdown but between backquotes, on one line."""
    parts = " ".join(text.split()).split("`")
    plain = [re.sub(r"([\\<>\[\]*_{}$|])", r"\\\1", part) for part in parts[::2]]
    code = [part.replace("|", "\\|") for part in parts[1::2]]
    return "".join(text for pair in zip(plain, [*(f"`{part}`" for part in code), ""], strict=False) for text in pair)


def sources() -> Iterator[str]:
    """The leaderboards that are read: what they are about, whose they are, what may be done with them, and what was seen."""
    yield from ("| leaderboard | about | publisher | may be passed on | for money | shape |", "|---|---|---|---|---|---|")
    for source in catalog().values():
        domains = ", ".join(sorted({str(benchmark.domain).replace("_", " ") for benchmark in source.benchmarks}))
        terms = source.terms
        name = f"[{inert(source.title)}]({source.homepage})"
        unseen = inert(", ".join(source.documented)) if source.shape is Shape.SEEN else ""
        told = f"{terms.allowed} | {terms.commercial} | {source.shape}{unseen and f', but for {unseen}'}"
        yield f"| {name} | {domains} | {inert(source.publisher)} | {told} |"
    yield ""


def beside() -> Iterator[str]:
    """Where dbt's own documentation is, which knows what is made from what."""
    yield '<p><a href="../dbt/index.html">Documentation of dbt</a>: the same with SQL, tests and lineage.</p>'
    yield ""


PARTS = {
    "sources": sources,
    "where dbt is": beside,
    "joins of marts": joins_listed,
    "diagrams of marts": diagrams_of_marts,
    "marts": lambda: described("marts"),
    "staging": lambda: described("staging"),
    "diagrams of tables": diagrams_of_tables,
    "tables": tables_described,
}
