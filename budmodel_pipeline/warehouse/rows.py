"""Writing rows: the three ways there are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, text


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Inserts `rows` or renews those whose primary key is known; rows that say nothing new are not written.

    All rows have the same columns; those that are not among them keep what they hold.
    """
    if not rows:
        return
    key = [column.name for column in table.primary_key]
    renewed = [name for name in rows[0] if name not in key]
    excluded = ", ".join(f"excluded.{name}" for name in renewed)
    # As one JSON value: a source's metrics as parameters of their own take longer to bind than its scores to copy.
    connection.execute(
        text(f"""
            insert into {table} as known ({", ".join(rows[0])})
            select {", ".join(rows[0])} from json_populate_recordset(null::{table}, cast(:rows as json))
            on conflict ({", ".join(key)}) do update set ({", ".join(renewed)}) = row({excluded})
            where ({", ".join(f"known.{name}" for name in renewed)}) is distinct from ({excluded})
        """),
        {"rows": orjson.dumps([storable(row) for row in rows]).decode()},
    )


def replace_rows(
    connection: Connection, table: Table, of: Mapping[str, object], rows: Sequence[Mapping[str, object]]
) -> None:
    """The rows of `table` whose columns hold what `of` says are these from now on, and no others; `of` nothing is all."""
    chosen = " and ".join(f"{name} = :{name}" for name in of) or "true"
    connection.execute(text(f"delete from {table} where {chosen}"), dict(of))
    upsert(connection, table, rows)


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Bulk loads new rows by COPY within the connection's transaction."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the database connection is closed")
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def storable(value: Any) -> Any:
    """`value` as JSON that Postgres takes: strangers' files hold NUL characters, lone surrogates and endless numbers."""
    if isinstance(value, str):
        if value.isascii() and "\x00" not in value:
            return value
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return str(value)
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
