"""What HTTP adds: five reads by fifty clients at once, over the same SQL by fifty connections to PostgreSQL."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import parse_qs, urlsplit

import psycopg
from sqlalchemy import create_engine, text

from benchmarks.measure import Figure
from benchmarks.published_files import directory
from budmodel_pipeline.api.offered import BY_PATH
from budmodel_pipeline.api.selecting import page_sql, query_of
from budmodel_pipeline.fetching.mirror import serve_directory
from budmodel_pipeline.services import embedded_postgres

CLIENTS, TURNS = 50, 10
READS = (
    "/v1/models?maker=openai",
    "/v1/metrics?is_headline=true",
    "/v1/scores?metric_id=lmarena_text.rating_overall&limit=50",
    "/v1/comparison?model_id=openai/gpt-4o-2024-08-06",
    "/v1/groups?sort=-sources_count&limit=50",
)
MAX_RATIO, MAX_MEGABYTES = 3.0, 250
COMMAND = str(Path(sys.executable).with_name("budmodel"))
Ask = Callable[[], Awaitable[object]]


def run() -> Iterator[Figure]:
    """Two ratios for each read, of the medians and of the 95th percentiles, and the memory of the server afterwards."""
    with TemporaryDirectory(prefix="budmodel-bench-") as folder, serve_directory(directory()) as mirror:
        home = Path(folder) / "home"
        variables = {"BUDMODEL_HOME": str(home), "BUDMODEL_MIRROR_URL": mirror, "BUDMODEL_API_REQUESTS_PER_MINUTE": "0"}
        environment = os.environ | variables
        subprocess.run([COMMAND, "run"], env=environment, stdout=subprocess.DEVNULL, check=False)
        database = embedded_postgres.start(home / "postgres")
        try:
            with _serving(environment) as (port, process):
                for path in READS:
                    yield from _figures(path, port, database.url("budmodel").replace("+psycopg", ""))
                yield Figure("megabytes of the server", _megabytes(process), MAX_MEGABYTES, f"after {CLIENTS} clients")
        finally:
            embedded_postgres.stop(home / "postgres")


@contextmanager
def _serving(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    command = [COMMAND, "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        ports = (re.search(r"running on http://\S+:(\d+)", line) for line in process.stderr)
        yield int(next(found[1] for found in ports if found)), process.pid
        process.terminate()


def _figures(path: str, port: int, database: str) -> Iterator[Figure]:
    by_http = asyncio.run(_times(lambda: _http_client(port, path)))
    by_sql = asyncio.run(_times(lambda: _sql_client(database, path)))
    for what, share in (("median", 0.5), ("95th percentile", 0.95)):
        ours, floor = (sorted(times)[int(share * len(times))] for times in (by_http, by_sql))
        detail = f"{1000 * ours:.1f} ms / {1000 * floor:.1f} ms"
        yield Figure(f"{what} of {path.partition('?')[0]} by HTTP / by SQL", ours / floor, MAX_RATIO, detail)


async def _times(client: Callable[[], Awaitable[Ask]]) -> list[float]:
    """Seconds of each turn of each client; the first turn of each warms up."""
    times: list[float] = []

    async def take_turns(ask: Ask) -> None:
        await ask()
        for _ in range(TURNS):
            began = perf_counter()
            await ask()
            times.append(perf_counter() - began)

    asks = [await client() for _ in range(CLIENTS)]
    await asyncio.gather(*map(take_turns, asks))
    return times


async def _http_client(port: int, path: str) -> Ask:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    question = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    async def ask() -> bytes:
        writer.write(question)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"{path}: {head.decode()}")
        size = re.search(rb"content-length: (\d+)", head)
        return await reader.readexactly(int(size[1]) if size else 0)

    return ask


async def _sql_client(database: str, path: str) -> Ask:
    connection = await psycopg.AsyncConnection.connect(database, autocommit=True)
    parts = urlsplit(path)
    offer = BY_PATH[parts.path.removeprefix("/v1/")]
    query = query_of(offer)
    # Numbers and words that stand for one value are no lists.
    several = {name for name, field in query.model_fields.items() if field.default == []}
    asked = {name: found if name in several else found[0] for name, found in parse_qs(parts.query).items()}
    sql, values = page_sql(offer, query.model_validate(asked), path, [])
    statement = str(text(sql).compile(dialect=create_engine(database.replace("://", "+psycopg://", 1)).dialect))

    async def ask() -> object:
        cursor = await connection.execute(statement.encode(), values)
        return await cursor.fetchone()

    return ask


def _megabytes(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    resident = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(resident[1]) / 1024 if resident else float("nan")
