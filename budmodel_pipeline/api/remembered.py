"""Answers out of tables that are built once a week, given again without asking the database until they are rebuilt."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from budmodel_pipeline.api.reading_pool import Pool, one_row

# So often it is asked whether a table was built anew, and no page is given again for longer after that.
SECONDS_BETWEEN_LOOKS = 1.0
MOST_BYTES = 32 * 1024**2
# What an answer takes beside its body, roughly.
_BYTES_BESIDE = 2_048
_BUILDS = b"""
    select string_agg(oid::text, '-' order by oid) from pg_class
    where relnamespace in (to_regnamespace('marts'), to_regnamespace('staging')) and relkind = 'r'
"""
Key = tuple[str, bytes, str]


@dataclass(frozen=True, slots=True)
class _Answer:
    headers: Mapping[str, str]
    body: bytes
    route: Any


class _Memory:
    """What was answered since the marts were built. When it is full it begins anew."""

    def __init__(self, pool: Pool, seconds: float) -> None:
        self._pool, self._seconds = pool, seconds
        self._lock = asyncio.Lock()
        self._look_at, self._builds = 0.0, ""
        self._bytes, self._answers = 0, dict[Key, _Answer]()

    async def builds(self) -> str:
        """What names the build of all marts, empty where that is not known; another one makes forget what is held."""
        now = asyncio.get_running_loop().time()
        if now < self._look_at:
            return self._builds
        async with self._lock:
            if now < self._look_at:
                return self._builds
            try:
                found = (await one_row(self._pool, _BUILDS, {}))[0] or ""
            except (psycopg.Error, PoolTimeout):
                # Whoever asks now hears of it from the database itself.
                found = ""
            if found != self._builds:
                self._forget()
            self._look_at, self._builds = now + self._seconds, found
        return found

    def find(self, key: Key) -> _Answer | None:
        return self._answers.get(key)

    def keep(self, key: Key, answer: _Answer, builds: str) -> None:
        """Holds `answer`, which was asked for when the marts were those of `builds`."""
        size = len(answer.body) + _BYTES_BESIDE
        if not builds or builds != self._builds or size > MOST_BYTES:
            return
        if self._bytes + size > MOST_BYTES:
            self._forget()
        if key not in self._answers:
            self._bytes += size
        self._answers[key] = answer

    def _forget(self) -> None:
        self._bytes, self._answers = 0, {}


def remembered(app: ASGIApp, pool: Pool, seconds: float = SECONDS_BETWEEN_LOOKS) -> ASGIApp:
    """`app`, of which answers with an ETag are given again; `Cache-Control: no-cache` asks for a new one."""
    memory = _Memory(pool, seconds)

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/v1/"):
            await app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        key = scope["path"], scope["query_string"], asked.get("accept", "")
        builds = await memory.builds()
        known = None if asked.get("cache-control") == "no-cache" else memory.find(key)
        if known is not None:
            scope["route"] = known.route
            await _again(known, asked)(scope, receive, send)
            return
        status, headers, parts = 0, Headers(), list[bytes]()

        async def noted(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], Headers(raw=message["headers"])
            else:
                parts.append(message.get("body", b""))
            await send(message)

        await app(scope, receive, noted)
        if status == 200 and "etag" in headers:
            memory.keep(key, _Answer(dict(headers), b"".join(parts), scope.get("route")), builds)

    return answering


def tags_held(headers: Headers) -> list[str]:
    """The ETags that a client says it holds, without the marks of weak ones."""
    return [tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")]


def _again(known: _Answer, asked: Headers) -> Response:
    if known.headers["etag"] not in tags_held(asked):
        return Response(known.body, headers=known.headers)
    kept = ("etag", "cache-control", "vary")
    return Response(status_code=304, headers={name: known.headers[name] for name in kept})
