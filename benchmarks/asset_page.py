"""Seconds until an asset's page in Dagster's UI shows its partitions, in a browser, where there are 20,000 models.

`python -m benchmarks asset_page`; `make bench` leaves it out. One model is read by a real run; the events of the others are
copies of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, sleep
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, Request, expect

from benchmarks.deployment import deployment, resident, small_models
from benchmarks.measure import Figure
from budmodel_pipeline.assets.per_model_events import INFO
from tests.browser import chromium
from tests.processes import free_port, running

ON_REQUEST = True
PARTITIONS = 20_000
LOADS = 3
MOST_SECONDS, MOST_MEGABYTES, MINUTES = 5.0, 1000, 60_000
# Every tenth was never read.
FILL = (
    """
    insert into event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
    select run_id, replace(event, partition, 'hf:org/copy-' || n), dagster_event_type, timestamp, step_key, asset_key,
        'hf:org/copy-' || n
    from event_logs, generate_series(1, {partitions}) as n
    where dagster_event_type = 'ASSET_MATERIALIZATION' and partition is not null and n % 10 > 0
    """,
    """
    insert into dynamic_partitions (partitions_def_name, partition)
    select partitions_def_name, 'hf:org/copy-' || n from dynamic_partitions, generate_series(1, {partitions}) as n
    """,
    "analyze",
)


def run() -> Iterator[Figure]:
    """The first load, with an empty cache, and those that follow it."""
    with deployment(lambda hub: small_models(hub, 1), 1) as made:
        made.serve(lambda _events, _served: None)
        assert made.at.server is not None
        with made.at.server.connect(made.at.dagster_database) as connection:
            for statement in FILL:
                connection.execute(statement.format(partitions=PARTITIONS).encode())
            connection.commit()
        port = free_port()
        command = ["dagster-webserver", "-h", "127.0.0.1", "-p", str(port), "-w", str(made.workspace)]
        with running(command, made.environment, made.at.folder / "webserver.log") as webserver, chromium() as browser:
            _wait(f"http://127.0.0.1:{port}/server_info")
            address = f"http://127.0.0.1:{port}/assets/{'/'.join(INFO.path)}?view=partitions"
            page = browser.new_context().new_page()
            for number in range(1, LOADS + 1):
                seconds, asked = _load(page, address)
                slowest = ", ".join(f"{name} {took:.2f}" for took, name in sorted(asked, reverse=True)[:5])
                what = f"seconds until the asset page shows {PARTITIONS:,} partitions, load {number}"
                yield Figure(what, seconds, MOST_SECONDS, slowest)
            megabytes, cpu = resident({webserver.pid: "webserver"}, Path("/nonexistent"))
            yield Figure("megabytes of the webserver after it", megabytes["webserver"], MOST_MEGABYTES, f"{cpu} s of CPU")


def _load(page: Page, address: str) -> tuple[float, list[tuple[float, str]]]:
    """Seconds, and those of each question to the server."""
    asked: list[tuple[float, str]] = []

    def finished(request: Request) -> None:
        if "/graphql" in request.url:
            asked.append((request.timing["responseEnd"] / 1e3, request.url.partition("op=")[2]))

    page.on("requestfinished", finished)
    started = perf_counter()
    page.goto(address)
    expect(page.get_by_text("hf:org/copy-1", exact=True).first).to_be_visible(timeout=MINUTES)
    seconds = perf_counter() - started
    page.remove_listener("requestfinished", finished)
    return seconds, asked


def _wait(address: str) -> None:
    for _ in range(240):
        try:
            urlopen(address).close()
        except URLError:
            sleep(0.5)
        else:
            return
    raise RuntimeError(f"{address} does not answer")
