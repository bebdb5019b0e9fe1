"""An extraction that is asked for over HTTP is queued by a real Dagster web server, and what stands in the way is told."""

import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from starlette.exceptions import HTTPException

from budmodel_pipeline.api.launching import launch_extraction
from budmodel_pipeline.fetching.mirror import serve_directory
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.data_terms import Allowed
from tests.api_server import Api, running_api
from tests.checkout import ROOT
from tests.cli import Install, Installation, Run

DUE, ALL = "/leaderboard/extraction-cron", "/leaderboard/extraction-cron/trigger"
RUN = """query Run($id: ID!) {
  runOrError(runId: $id) { ... on Run { status jobName assetSelection { path } tags { key value } } }
}"""


@contextmanager
def running_webserver(at: Installation, workspace: Path) -> Iterator[str]:
    """Without a daemon: what is launched stays in the queue."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = at.folder / "webserver"
    home.mkdir(exist_ok=True)
    shutil.copyfile(ROOT / "dagster.yaml", home / "dagster.yaml")
    program = str(Path(sys.executable).with_name("dagster-webserver"))
    with subprocess.Popen(
        [program, "-h", "127.0.0.1", "-p", str(port), "-w", str(workspace), "--uvicorn-log-level", "info"],
        env=at.environment(DAGSTER_HOME=str(home)),
        cwd=at.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Uvicorn running on" in line:
                break
        else:
            pytest.fail("".join(said))
        # Somebody has to read on, or the server stops when the pipe is full.
        reader = threading.Thread(target=process.communicate)
        reader.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            reader.join()


@pytest.fixture(scope="module")
def at(samples_run: Run, install: Install) -> Installation:
    """After the run of the samples. What is queued here, no other test finds."""
    return install(of=samples_run.at)


@pytest.fixture(scope="module")
def dagster(at: Installation) -> Iterator[str]:
    with running_webserver(at, ROOT / "workspace.yaml") as address:
        yield address


@pytest.fixture(scope="module")
def api(at: Installation, dagster: str) -> Iterator[Api]:
    with running_api(at, BUDMODEL_DAGSTER_URL=dagster) as running:
        yield running


@contextmanager
def last_extracted_long_ago(at: Installation, source: str) -> Iterator[None]:
    moved = "update budmodel.sources set last_extracted_at = last_extracted_at {} interval '30 days' where source = '{}'"
    assert at.server is not None
    with at.server.connect(at.database) as connection:
        connection.execute(moved.format("-", source).encode())
        try:
            yield
        finally:
            connection.execute(moved.format("+", source).encode())


def assert_queued(answer: requests.Response, dagster: str, sources: Sequence[str]) -> None:
    """In Dagster's own words there is a run of the job over the assets of `sources` and of nothing else."""
    assert (answer.status_code, answer.json().get("sources")) == (202, list(sources)), answer.text
    question = {"query": RUN, "variables": {"id": answer.json()["run_id"]}}
    run = requests.post(f"{dagster}/graphql", json=question, timeout=60).json()["data"]["runOrError"]
    assert (run["status"], run["jobName"]) == ("QUEUED", "extract_leaderboards")
    assert sorted(asset["path"] for asset in run["assetSelection"]) == sorted(
        [layer, source] for layer in ("scores", "snapshots") for source in sources
    )
    assert {"key": "budmodel/asked_by", "value": "api"} in run["tags"]


def test_the_cron_launches_what_is_due(at: Installation, api: Api, dagster: str) -> None:
    with last_extracted_long_ago(at, "ugi"):
        assert_queued(api.send("POST", DUE), dagster, ["ugi"])
    nothing = api.send("POST", DUE)
    assert (nothing.status_code, nothing.json()["run_id"], nothing.json()["sources"]) == (200, None, [])


def test_a_trigger_launches_every_source_although_none_is_due(api: Api, dagster: str) -> None:
    wanted = sorted(name for name, source in catalog().items() if source.terms.allowed != Allowed.FORBIDDEN)
    assert_queued(api.send("POST", ALL), dagster, wanted)


def refusal(url: str) -> str:
    """Why nothing was launched: a sentence, and none of the query."""
    with pytest.raises(HTTPException) as refused:
        launch_extraction(url, ["bfcl"], "ann")
    assert refused.value.status_code == 503
    assert not re.search(r"[{}\n]|mutation|Traceback", refused.value.detail)
    return refused.value.detail


def test_a_dagster_that_is_down_is_named_with_what_to_do() -> None:
    with socket.socket() as bound_and_deaf:
        bound_and_deaf.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{bound_and_deaf.getsockname()[1]}"
        assert refusal(address) == (
            f"Dagster at {address} does not answer: start it, or set BUDMODEL_DAGSTER_URL to where its web server is. "
            "Nothing was started."
        )


@pytest.mark.parametrize("path", ["", "/v1/nothing", "/healthz"])
def test_an_address_where_something_else_listens_is_named(api: Api, path: str) -> None:
    assert refusal(api.address + path).startswith(
        f"{api.address}{path} is no web server of Dagster: set BUDMODEL_DAGSTER_URL"
    )


def test_a_dagster_whose_code_does_not_load_is_named(at: Installation, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('a setting is missing')")
    (tmp_path / "workspace.yaml").write_text(
        "load_from: [{python_file: {relative_path: broken.py, location_name: budmodel_pipeline}}]"
    )
    with running_webserver(at, tmp_path / "workspace.yaml") as dagster:
        said = refusal(dagster)
    assert said.startswith(f"Dagster at {dagster} launched no extract_leaderboards: ")
    assert said.endswith(f" {dagster}/locations tells whether its code is loaded. Nothing was started.")


def test_a_dagster_that_breaks_off_may_have_started_something(tmp_path: Path) -> None:
    """A server that looks like one until it is asked to launch."""
    (tmp_path / "server_info").write_text('{"dagster_version": "1"}')
    with serve_directory(tmp_path) as address:
        assert f"{address}/runs shows whether it is queued" in refusal(address)


def test_before_the_first_run_there_are_no_tables_to_read(install: Install) -> None:
    with running_api(install()) as api:
        empty = api.get("/v1/scores")
        assert (empty.status_code, "`budmodel run --rebuild-marts` builds them" in empty.json()["detail"]) == (503, True)
        assert api.get("/healthz").json()["marts"] == "not built yet"
