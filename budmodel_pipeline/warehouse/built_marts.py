"""Whether the marts in the database are those of this code: an older version left others behind, or none were built yet."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from psycopg import errors
from sqlalchemy import Connection, text

PROJECT = Path(__file__).parents[2] / "dbt_leaderboard" / "models"
NOTHING_BUILT = "There are no marts yet; `budmodel run` builds them."
# Of what is lacking, so much is said.
SHOWN = 3

_FOUND = text("""
    select nspname || '.' || relname as relation, attname as name, format_type(atttypid, null) as type
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace join pg_attribute on attrelid = pg_class.oid
    where nspname in ('marts', 'staging') and relkind in ('r', 'v') and attnum > 0 and not attisdropped
""")
# What Postgres says where a table, a column, a function or a type is not as a statement takes it to be.
_OF_ANOTHER_SHAPE = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.UndefinedObject,
    errors.InvalidSchemaName,
    errors.DatatypeMismatch,
)


class MartsError(Exception):
    """The marts cannot be read as they are; the text says why and what to do."""


@cache
def documented() -> Mapping[str, Mapping[str, Any]]:
    """What the dbt project says of every table and view, by its name with the schema."""
    import yaml

    return MappingProxyType(
        {
            f"{file.parent.name}.{model['name']}": model
            for file in sorted(PROJECT.glob("*/*.yml"))
            for model in yaml.load(file.read_bytes(), yaml.CSafeLoader).get("models", [])
        }
    )


def marts() -> tuple[str, ...]:
    """The names of all marts, without the schema."""
    return tuple(name.removeprefix("marts.") for name in documented() if name.startswith("marts."))


def is_built(connection: Connection, mart: str) -> bool:
    """Whether that table is there, with the columns that this code asks for."""
    return not _lacking(_found(connection), [f"marts.{mart}"])


def expect_built(connection: Connection, *names: str) -> None:
    """Raises MartsError where one of these marts is not there yet, or is of an older version of the code."""
    found = _found(connection)
    if lacking := _lacking(found, [f"marts.{name}" for name in names]):
        raise MartsError(_older(lacking) if any(name.startswith("marts.") for name in found) else NOTHING_BUILT)


def older_build(connection: Connection) -> str | None:
    """What says that the tables are of an older version of the code; None where they are not, or none are there."""
    found = _found(connection)
    lacking = _lacking(found, documented())
    return _older(lacking) if lacking and found else None


def of_older_build(error: BaseException | None) -> str | None:
    """What to say where Postgres refused a statement because the tables are of another shape; None for other errors."""
    return _older([str(error).strip().partition("\n")[0]]) if isinstance(error, _OF_ANOTHER_SHAPE) else None


def lacking(found: Mapping[str, Mapping[str, str]], name: str) -> Iterator[str]:
    """What the table `name` has not, of what is documented, where these tables are `found`: each has a type by column."""
    if name not in found:
        yield f"no {name}"
        return
    for column in documented()[name]["columns"]:
        held = found[name].get(column["name"])
        if held is None:
            yield f"no {name}.{column['name']}"
        elif held != column["data_type"].removeprefix("pg_catalog."):
            yield f"{name}.{column['name']} is {held}"


def _lacking(found: Mapping[str, Mapping[str, str]], names: Iterable[str]) -> list[str]:
    return [one for name in names for one in lacking(found, name)]


def _found(connection: Connection) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(_FOUND):
        found.setdefault(row.relation, {})[row.name] = row.type
    return found


def _older(lacking: list[str]) -> str:
    more = f", and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
    what = f"{', '.join(lacking[:SHOWN])}{more}"
    state = f"The tables are of an older version, or not built to the end ({what})"
    return f"{state}; `budmodel run --rebuild-marts` builds them anew."
