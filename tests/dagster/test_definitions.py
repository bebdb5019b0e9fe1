"""What Dagster is told: assets, checks, jobs, schedule and sensor of a deployment, and how lightly all that loads."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from urllib.parse import urlsplit

import dagster as dg
import pytest
from pydantic import SecretStr

from budmodel_pipeline.assets import marts
from budmodel_pipeline.assets.marts import MissingManifestError
from budmodel_pipeline.definitions import EXTRACTION_JOB, MARTS_JOB, build_definitions, resources_of
from budmodel_pipeline.settings import Settings
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.quality import CHECKS
from tests.data.write_asset_graph import FILE, described

HEAVY = (
    "bs4",
    "huggingface_hub",
    "matplotlib",
    "modelscan",
    "numpy",
    "openai",
    "pandas",
    "pyarrow",
    "torch",
    "transformers",
)
SETTINGS = Settings(
    postgres_host="db.internal", postgres_password=SecretStr("pa55word"), minio_secret_key=SecretStr("s3cret")
)
EVERY_SOURCE = pytest.mark.parametrize("source", list(catalog()))
EVERY_LAYER = pytest.mark.parametrize("layer", ["snapshots", "scores"])


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(SETTINGS)


def test_everything_fits_together(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


@EVERY_SOURCE
@EVERY_LAYER
def test_a_source_is_two_assets(definitions: dg.Definitions, layer: str, source: str) -> None:
    key = dg.AssetKey([layer, source])
    spec = definitions.resolve_assets_def(key).get_asset_spec(key)
    assert spec.group_name == "leaderboards"
    assert spec.owners == ["team:data-engineering"]
    assert spec.kinds == ({"http", "s3"} if layer == "snapshots" else {"python", "postgres"})
    assert spec.code_version == str(catalog()[source].parser_version)
    assert catalog()[source].homepage in str(spec.metadata["homepage"])
    # A week and a day; an archive is read once.
    days = 3651 if source == "open_llm_leaderboard" else 8
    assert spec.freshness_policy == dg.FreshnessPolicy.time_window(
        warn_window=timedelta(days=days), fail_window=timedelta(days=days + 1)
    )


@EVERY_SOURCE
def test_a_publisher_is_visited_once_at_a_time(definitions: dg.Definitions, source: str) -> None:
    """The pool is the host, so that two sources on one host wait for each other too."""
    node = definitions.resolve_asset_graph().get(dg.AssetKey(["snapshots", source]))
    assert node.pools == {urlsplit(catalog()[source].endpoints[0].url).hostname}


@EVERY_SOURCE
def test_scores_are_checked_before_they_are_published(definitions: dg.Definitions, source: str) -> None:
    key = dg.AssetKey(["scores", source])
    assets = definitions.resolve_assets_def(key)
    assert {spec.name: spec.blocking for spec in assets.check_specs} == {check.name: check.blocking for check in CHECKS}
    assert [spec.name for spec in assets.check_specs if not spec.blocking] == [
        "cells",
        "no_missing_columns",
        "no_unknown_columns",
    ]
    assert [dep.asset_key for dep in assets.get_asset_spec(key).deps] == [dg.AssetKey(["snapshots", source])]


def test_marts_follow_from_models_and_models_from_every_source(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    models = dg.AssetKey("models")
    assert graph.get(models).parent_keys == {dg.AssetKey(["scores", source]) for source in catalog()}
    leaderboard = next(key for key in graph.get_all_asset_keys() if key.path[-1] == "leaderboard")
    assert models in graph.get_ancestor_asset_keys(leaderboard)


def test_the_graph_is_the_one_that_was_reviewed(definitions: dg.Definitions) -> None:
    assert described(definitions) == FILE.read_text("utf-8"), "review what `python -m tests.data.write_asset_graph` makes"


def test_somebody_writes_what_the_marts_read(definitions: dg.Definitions) -> None:
    """A table of the dbt project that no asset stands for would be an end of the graph that nobody looks after."""
    graph = definitions.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    assert [node.key for node in nodes if node.is_external or not node.owners or not node.kinds] == []
    checks = [spec for assets in {node.assets_def for node in nodes} for spec in assets.check_specs]
    compared = {dep.asset_key for spec in checks for dep in spec.additional_deps}
    assert dg.AssetKey(["scores", "bfcl"]) in compared
    assert compared <= graph.get_all_asset_keys()
    # What is done to a model when it is asked for has no week.
    assert [node.key for node in nodes if node.freshness_policy is None and node.group_name != "models"] == []
    assert dg.AssetKey("security_scan") in graph.get(dg.AssetKey(["marts", "security_findings"])).parent_keys


def test_extraction_and_marts_are_separate_jobs(definitions: dg.Definitions) -> None:
    """In one job a source that fails would keep all others out of the marts."""
    selected = {
        name: set(definitions.resolve_job_def(name).asset_layer.executable_asset_keys)
        for name in (EXTRACTION_JOB, MARTS_JOB)
    }
    layers = ("snapshots", "scores")
    assert selected[EXTRACTION_JOB] == {dg.AssetKey([layer, source]) for layer in layers for source in catalog()}
    assert dg.AssetKey("models") in selected[MARTS_JOB]
    assert selected[EXTRACTION_JOB].isdisjoint(selected[MARTS_JOB])


def test_the_promise_of_a_week_needs_no_switch(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("weekly_leaderboards")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 3 * * *", "UTC")
    assert definitions.resolve_sensor_def("stale_marts").default_status is dg.DefaultSensorStatus.RUNNING


def test_secrets_are_named_and_not_held() -> None:
    """The UI shows the configuration of resources."""
    resources = resources_of(SETTINGS)
    assert isinstance(resources["postgres"].password, dg.EnvVar)
    assert "pa55word" not in repr(resources)
    assert "s3cret" not in repr(resources)


def test_a_fresh_clone_is_told_how_to_parse_the_dbt_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = tmp_path / "target" / "manifest.json"
    monkeypatch.setattr(marts, "MANIFEST", missing)
    with pytest.raises(MissingManifestError, match="dbt parse --project-dir dbt_leaderboard") as raised:
        build_definitions(Settings())
    assert str(missing) in str(raised.value)
    assert "make setup" in str(raised.value)


def test_loading_is_light_and_silent(tmp_path: Path) -> None:
    """Every run worker imports all of this again. Network and heavy libraries belong inside the assets.

    Dagster 1.13 itself brings none of these libraries in.
    """
    program = dedent(f"""
        import json, sys
        contacts = []
        def watch(event, arguments):
            if event in ("socket.connect", "socket.getaddrinfo"):
                contacts.append(f"{{event}} {{arguments[1:]}}")
        sys.addaudithook(watch)
        import budmodel_pipeline.definitions
        imported = [name for name in {HEAVY!r} if name in sys.modules]
        budmodel_pipeline.definitions.defs
        loaded = [name for name in {HEAVY!r} if name in sys.modules]
        print(json.dumps([imported, loaded, contacts]))
    """)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported, loaded, contacts = json.loads(done.stdout)
    assert imported == []
    assert loaded == []
    assert contacts == []
