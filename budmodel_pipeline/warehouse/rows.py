"""Writing many rows at once."""

from collections.abc import Mapping, Sequence

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
        {"rows": orjson.dumps(rows).decode()},
    )
