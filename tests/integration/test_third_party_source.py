"""A source that a package brings, installed with pip: in the run, the UI, the marts and the report, without an edit here."""

import os
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from budmodel_pipeline.fetching.endpoints import SAMPLES
from budmodel_pipeline.fetching.mirror import serve_directory
from tests.cli import Finished, Install, Installation, Run
from tests.report_page import column, parts_of
from tests.riddles import TABLE, install_riddles
from tests.ui_server import running_ui

# Models that LiveBench's sample has as well, as it spells them, and one that nobody else knows.
FIGURES = {
    "claude-sonnet-4-5-20250929": 81.5,
    "deepseek-v3.2": 78.25,
    "glm-4.6": 77.0,
    "gpt-5.1-2025-11-13-high": 79.5,
    "Sphinx-7B": 12.5,
}
GRAPH = "{ assetNodes { assetKey { path } groupName dependencyKeys { path } } }"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What PYTHONPATH is where the package is installed."""
    installed = install_riddles(tmp_path_factory.mktemp("package"), "model,accuracy\nSphinx-7B,10\n")
    return os.pathsep.join((str(installed), os.environ.get("PYTHONPATH", "")))


@pytest.fixture(scope="module")
def extracted(
    samples_run: Run, install: Install, site: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Installation, Finished]:
    """A filled installation, and the run that read the table of the package's publisher from a mirror."""
    at, mirror = install(of=samples_run.at), tmp_path_factory.mktemp("mirror")
    table = mirror / TABLE
    table.parent.mkdir(parents=True)
    table.write_text("model,accuracy\n" + "".join(f"{name},{figure}\n" for name, figure in FIGURES.items()))
    with serve_directory(mirror, SAMPLES) as url:
        where = {"PYTHONPATH": site, "BUDMODEL_MIRROR_URL": url}
        return at, at.run("run", "--source", "riddles", "--origin", "mirror", **where)


def test_the_run_publishes_it(extracted: tuple[Installation, Finished]) -> None:
    at, finished = extracted
    assert (finished.code, finished.err) == (0, "")
    assert "✓ scores/riddles  5 of 5 rows, " in finished.out
    assert at.query("select origin, rows_kept from budmodel.snapshots where source = 'riddles'") == [("mirror", 5)]


def test_its_scores_are_in_the_marts(extracted: tuple[Installation, Finished]) -> None:
    at, _ = extracted
    scores = at.query("select published_name, score::float8 from marts.leaderboard where source = 'riddles'")
    assert dict(scores) == FIGURES
    assert at.query("select status, entries from marts.source_health where source = 'riddles'") == [("ok", 5)]
    assert at.query("select allowed from marts.data_terms where source = 'riddles'") == [("unclear",)]
    metric = at.query("select metric_id from marts.benchmarks where benchmark_id = 'riddles/riddles'")
    assert metric == [("riddles.accuracy",)]
    ((shared,),) = at.query("""
        select count(*) from marts.model_groups where sources @> array['livebench', 'riddles']
    """)
    assert shared == 4


def test_its_scores_are_behind_the_ranking_and_in_the_report(extracted: tuple[Installation, Finished], site: str) -> None:
    at, _ = extracted
    counted = at.query("select published_name from marts.ranking_evidence where source = 'riddles' and scope = 'overall'")
    assert {name for (name,) in counted} == FIGURES.keys()
    finished = at.run("report", "page.html", "--no-open", PYTHONPATH=site)
    assert (finished.code, finished.err) == (0, "")
    _, details = parts_of(at.folder / "page.html")
    for table in ("sources", "evidence", "history", "terms"):
        assert "riddles" in column(details[table], "source")


def test_it_is_in_the_graph_of_the_ui(extracted: tuple[Installation, Finished], site: str) -> None:
    at, _ = extracted
    with running_ui(at, PYTHONPATH=site) as address, requests.Session() as session:
        # It says that it serves a moment before it does.
        session.mount(address, HTTPAdapter(max_retries=Retry(connect=8, backoff_factor=0.2)))
        answer = session.post(f"{address}/graphql", json={"query": GRAPH}, timeout=120).json()
    nodes = {tuple(node["assetKey"]["path"]): node for node in answer["data"]["assetNodes"]}
    assert nodes["snapshots", "riddles"]["groupName"] == "leaderboards"
    assert {"path": ["snapshots", "riddles"]} in nodes["scores", "riddles"]["dependencyKeys"]
    assert {"path": ["scores", "riddles"]} in nodes["models",]["dependencyKeys"]


def test_its_sample_is_that_of_the_package(site: str, tmp_path: Path) -> None:
    at = Installation(tmp_path)
    nowhere = {"PYTHONPATH": site, "POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": "1"}
    finished = at.run("parse", "riddles", **nowhere)
    assert (finished.code, finished.err) == (0, "")
    assert finished.out.startswith("riddles: 1 of 1 rows, 1 scores of 1 entries")
