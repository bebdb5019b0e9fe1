"""Pages are asked of the database once for each build of the tables; connections that died at rest are replaced."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg import errors
from sqlalchemy import make_url
from starlette.types import Receive, Scope, Send

from budmodel_pipeline.api.reading_pool import Pool, one_row, open_pool
from budmodel_pipeline.api.remembered import remembered

Ask = Callable[..., Awaitable[httpx2.Response]]


def run(database: str, test: Callable[[Pool], Awaitable[None]]) -> None:
    async def within() -> None:
        async with open_pool(make_url(database), 2, 5) as pool:
            await test(pool)

    asyncio.run(within())


def execute(database: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(
        make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    ) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def counting(pool: Pool) -> AsyncIterator[tuple[Ask, list[str]]]:
    """A way to ask, and the paths that were not answered from memory."""
    asked: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - as it is called
        asked.append(scope["path"])
        held = (
            [] if scope["path"] == "/v1/now" else [(b"etag", b'"7"'), (b"cache-control", b"no-cache"), (b"vary", b"Accept")]
        )
        status = 404 if scope["path"] == "/v1/none" else 200
        await send({"type": "http.response.start", "status": status, "headers": [*held, (b"content-type", b"text/x")]})
        await send({"type": "http.response.body", "body": b"first ", "more_body": True})
        await send({"type": "http.response.body", "body": str(len(asked)).encode()})

    transport = httpx2.ASGITransport(app=remembered(app, pool, seconds=0))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client.get, asked


def test_a_page_is_given_again_until_the_tables_are_built_anew(database: str) -> None:
    execute(database, "create schema marts; create table marts.one ()")

    async def test(pool: Pool) -> None:
        async with counting(pool) as (get, asked):
            first, again = await get("/v1/a?x=1"), await get("/v1/a?x=1")
            assert (first.content, len(asked)) == (b"first 1", 1)
            assert (again.content, again.headers) == (first.content, first.headers | {"content-length": "7"})
            for other in ({"url": "/v1/a?x=2"}, {"url": "/v1/a?x=1", "headers": {"Accept": "text/csv"}}):
                assert (await get(**other)).content == b"first %d" % len(asked)
            assert len(asked) == 3
            held = await get("/v1/a?x=1", headers={"If-None-Match": '"6", W/"7"'})
            assert (held.status_code, held.content, held.headers["etag"], len(asked)) == (304, b"", '"7"', 3)
            assert (await get("/v1/a?x=1", headers={"Cache-Control": "no-cache"})).content == b"first 4"
            assert (await get("/v1/a?x=1")).content == b"first 4"
            execute(database, "drop table marts.one; create table marts.one ()")
            assert (await get("/v1/a?x=1")).content == b"first 5"

    run(database, test)


def test_a_memory_that_is_full_begins_anew(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(database, "create schema marts; create table marts.one ()")
    # Of three answers of 7 bytes the third is one too many.
    monkeypatch.setattr("budmodel_pipeline.api.remembered.MOST_BYTES", 3 * (2_048 + 7) - 1)

    async def test(pool: Pool) -> None:
        async with counting(pool) as (get, asked):
            for path in ("/v1/a", "/v1/b", "/v1/a", "/v1/b", "/v1/c", "/v1/c", "/v1/a"):
                await get(path)
            assert asked == ["/v1/a", "/v1/b", "/v1/c", "/v1/a"]

    run(database, test)


@pytest.mark.parametrize("path", ["/v1/now", "/v1/none", "/healthz"])
def test_what_tells_the_present_or_a_failure_is_asked_every_time(database: str, path: str) -> None:
    execute(database, "create schema marts; create table marts.one ()")

    async def test(pool: Pool) -> None:
        async with counting(pool) as (get, asked):
            await get(path)
            await get(path)
            assert asked == [path, path]

    run(database, test)


def test_connections_that_died_at_rest_are_replaced(database: str) -> None:
    async def test(pool: Pool) -> None:
        assert await one_row(pool, b"select %(x)s + 1", {"x": 1}) == (2,)
        ended = execute(
            database, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'budmodel api'"
        )
        assert (True,) in ended
        assert await one_row(pool, b"select %(x)s + 1", {"x": 2}) == (3,)

    run(database, test)


def test_a_statement_that_fails_is_not_repeated_and_nothing_is_written(database: str) -> None:
    async def test(pool: Pool) -> None:
        with pytest.raises(errors.ReadOnlySqlTransaction):
            await one_row(pool, b"create table written ()", {})
        with pytest.raises(errors.QueryCanceled):
            await one_row(pool, b"select pg_sleep(60)", {})

    run(database, test)
