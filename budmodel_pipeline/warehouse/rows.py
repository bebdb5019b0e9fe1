"""Writing many rows at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, text


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Inserts `rows` or renews those whose primary key is known; rows that say nothing new are not written."""
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
