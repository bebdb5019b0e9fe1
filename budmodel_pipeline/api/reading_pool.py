"""The tables as pages read them: a few connections for many clients, none of whom holds a thread while Postgres works."""

from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection, OperationalError, adapters
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import URL

Pool = AsyncConnectionPool[AsyncConnection[Any]]


class _AsWritten(Loader):
    """What Postgres wrote, neither decoded nor parsed."""

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


# A page is JSON when it comes.
_PAGES = AdaptersMap(adapters)
_PAGES.register_loader("json", _AsWritten)


def open_pool(url: URL, connections: int, statement_seconds: int) -> Pool:
    """A pool that is opened by the loop that uses it; who finds all `connections` in use waits. Nothing can be written."""
    options = f"-c default_transaction_read_only=on -c statement_timeout={statement_seconds}s -c timezone=UTC"
    return AsyncConnectionPool(
        url.set(drivername="postgresql").render_as_string(hide_password=False),
        min_size=1,
        max_size=connections,
        timeout=statement_seconds,
        open=False,
        kwargs={
            "autocommit": True,
            "connect_timeout": 10,
            "application_name": "budmodel api",
            "options": options,
            "context": _PAGES,
        },
    )


async def one_row(pool: Pool, sql: bytes, values: Mapping[str, Any]) -> Any:
    """The only row that a statement gives, with JSON as bytes. Raises psycopg.Error and psycopg_pool.PoolTimeout."""
    try:
        return await _ask(pool, sql, values)
    except OperationalError as error:
        if error.sqlstate is not None and not error.sqlstate.startswith("57P"):
            raise
    # The server was restarted while connections rested. They read only, so what was asked may be asked again.
    await pool.check()
    return await _ask(pool, sql, values)


async def _ask(pool: Pool, sql: bytes, values: Mapping[str, Any]) -> Any:
    async with pool.connection() as connection:
        cursor = await connection.execute(sql, values)
        return await cursor.fetchone()
