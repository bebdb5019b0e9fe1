"""What HTTP adds: five reads by fifty clients at once, over the same SQL as fifty psql sessions would send it."""

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
import uvloop

from benchmarks.measure import Figure
from benchmarks.published_files import directory
from budmodel_pipeline.api.offered import BY_PATH
from budmodel_pipeline.api.selecting import page_sql, query_of
from budmodel_pipeline.fetching.mirror import serve_directory
from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.services.postgres_programs import client_program

# In rounds, so that all meet the same machine when others are at work on it.
CLIENTS, TURNS, ROUNDS = 50, 10, 3
READS = (
    "/v1/models?maker=OpenAI&limit=50",
    "/v1/metrics?is_headline=true",
    "/v1/scores?metric_id=lmarena_text.rating_overall&limit=50",
    "/v1/comparison?model_id=openai/gpt-4o-2024-08-06",
    "/v1/groups?sort=-sources_count&limit=50",
)
# What HTTP is allowed to hold of earlier answers: nothing, or what it likes.
ANEW, AGAIN = "Cache-Control: no-cache\r\n", ""
MAX_RATIO, MAX_MEGABYTES = 3.0, 250
COMMAND = str(Path(sys.executable).with_name("budmodel"))
Ask = Callable[[], Awaitable[object]]


def run() -> Iterator[Figure]:
    """For each read the ratios of medians and of 95th percentiles, asked anew and asked again; and the server's memory."""
    with TemporaryDirectory(prefix="budmodel-bench-") as folder, serve_directory(directory()) as mirror:
        home = Path(folder) / "home"
        variables = {"BUDMODEL_HOME": str(home), "BUDMODEL_MIRROR_URL": mirror, "BUDMODEL_API_REQUESTS_PER_MINUTE": "0"}
        environment = os.environ | variables
        subprocess.run([COMMAND, "run"], env=environment, stdout=subprocess.DEVNULL, check=False)
        database = embedded_postgres.start(home / "postgres")
        try:
            with _serving(environment) as (port, process):
                for path in READS:
                    yield from _figures(path, port, database.url("budmodel").replace("+psycopg", ""), Path(folder))
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


def _figures(path: str, port: int, database: str, folder: Path) -> Iterator[Figure]:
    script = folder / "read.sql"
    script.write_text(_sql(database, path))
    by_sql, by_http = list[float](), {ANEW: list[float](), AGAIN: list[float]()}
    for _ in range(ROUNDS):
        by_sql += _pgbench(database, script)
        for header, times in by_http.items():
            times += uvloop.run(_times(port, path, header))
    for header, times in by_http.items():
        for what, share in (("median", 0.5), ("95th percentile", 0.95)):
            ours, floor = (sorted(taken)[int(share * len(taken))] for taken in (times, by_sql))
            name = f"{what} of {path.partition('?')[0]} asked {'anew' if header else 'again'} / by SQL"
            yield Figure(name, ours / floor, MAX_RATIO, f"{1000 * ours:.1f} ms / {1000 * floor:.1f} ms")


def _sql(database: str, path: str) -> str:
    """What the server would ask for the page, as a person would type it: with the values in it, and on one line."""
    parts = urlsplit(path)
    offer = BY_PATH[parts.path.removeprefix("/v1/")]
    query = query_of(offer)
    # Numbers and words that stand for one value are no lists.
    several = {name for name, field in query.model_fields.items() if field.default == []}
    asked = {name: found if name in several else found[0] for name, found in parse_qs(parts.query).items()}
    sql, values = page_sql(offer, query.model_validate(asked), path, [])
    with psycopg.connect(database) as connection:
        return " ".join(psycopg.ClientCursor(connection).mogrify(sql.encode(), values).split())


def _pgbench(database: str, script: Path) -> list[float]:
    """Seconds of each turn of each session; the first turn of each warms up. Nothing is prepared: psql would not."""
    command = [str(client_program("pgbench")), "--no-vacuum", "--protocol", "simple", "--client", str(CLIENTS)]
    command += [
        "--transactions",
        str(TURNS + 1),
        "--log",
        "--log-prefix",
        str(script.with_suffix("")),
        "--file",
        str(script),
    ]
    subprocess.run([*command, database], cwd=script.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    times: list[float] = []
    for log in script.parent.glob(f"{script.stem}.[0-9]*"):
        turns = [line.split() for line in log.read_text().splitlines()]
        times += [int(microseconds) / 1e6 for _, turn, microseconds, *_ in turns if turn != "0"]
        log.unlink()
    return times


async def _times(port: int, path: str, header: str) -> list[float]:
    """Seconds of each turn of each client; the first turn of each warms up."""
    times: list[float] = []

    async def take_turns(ask: Ask) -> None:
        await ask()
        for _ in range(TURNS):
            began = perf_counter()
            await ask()
            times.append(perf_counter() - began)

    asks = [await _client(port, path, header) for _ in range(CLIENTS)]
    await asyncio.gather(*map(take_turns, asks))
    return times


async def _client(port: int, path: str, header: str) -> Ask:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    question = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode()

    async def ask() -> bytes:
        writer.write(question)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"{path}: {head.decode()}")
        size = re.search(rb"content-length: (\d+)", head)
        return await reader.readexactly(int(size[1]) if size else 0)

    return ask


def _megabytes(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    resident = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(resident[1]) / 1024 if resident else float("nan")
