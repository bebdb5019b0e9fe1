"""The whole extraction job over the bundled samples: loopback HTTP, real Postgres, a store in a directory."""

import base64
import csv
import re
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO, StringIO
from typing import Any

import dagster as dg
import pytest
from matplotlib.image import imread

from budmodel_pipeline.commands.published_files import files_of
from budmodel_pipeline.definitions import EXTRACTION_JOB, build_definitions
from budmodel_pipeline.fetching.endpoints import SAMPLES
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.settings import Origin, Settings
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.quality import CHECKS
from budmodel_pipeline.warehouse.tables import scores
from tests.dagster.conftest import VICTIM, Deployment, sample
from tests.hostile_server import Reply

EVERY_SOURCE = pytest.mark.parametrize("source", list(catalog()))
TABLES = "sources", "snapshots", "snapshot_files", "entries", "scores", "rejected_rows"


@dataclass(frozen=True)
class Twice:
    """The first and the second run of a deployment, and what the tables held after each."""

    deployment: Deployment
    runs: tuple[dg.ExecuteInProcessResult, dg.ExecuteInProcessResult]
    tables: tuple[dict[str, Any], dict[str, Any]]

    def materialization(self, run: int, layer: str, source: str) -> dg.AssetMaterialization:
        (event,) = self.runs[run].filter_events(
            lambda event: event.is_step_materialization and event.asset_key == dg.AssetKey([layer, source])
        )
        return event.step_materialization_data.materialization

    def metadata(self, run: int, layer: str, source: str) -> dict[str, Any]:
        return {name: value.value for name, value in self.materialization(run, layer, source).metadata.items()}


@pytest.fixture(scope="module")
def twice(fresh: Deployment) -> Twice:
    deployment = fresh
    definitions = build_definitions(
        Settings(budmodel_origin=Origin.SAMPLE),
        {
            "postgres": deployment.postgres(),
            "object_storage": ObjectStorageResource(directory=str(deployment.objects)),
        },
    )
    job = definitions.resolve_job_def(EXTRACTION_JOB)

    def run() -> tuple[dg.ExecuteInProcessResult, dict[str, Any]]:
        result = job.execute_in_process(instance=deployment.instance, raise_on_error=False)
        physical = {table: deployment.rows(f"select ctid::text, * from budmodel.{table} order by ctid") for table in TABLES}
        return result, physical

    (first, after_first), (second, after_second) = run(), run()
    return Twice(deployment, (first, second), (after_first, after_second))


def test_every_source_succeeds(twice: Twice) -> None:
    for run in twice.runs:
        assert run.success
        keys = {event.asset_key for event in run.all_events if event.is_step_materialization}
        assert keys == {dg.AssetKey([layer, source]) for layer in ("snapshots", "scores") for source in catalog()}
    assert [row["last_error"] for row in twice.tables[1]["sources"]] == [None] * len(catalog())


@EVERY_SOURCE
def test_data_version_is_the_hash_of_the_bytes(twice: Twice, source: str) -> None:
    files = {name: sha256(file).hexdigest() for name, file in files_of(catalog()[source], SAMPLES).items()}
    content = sha256("".join(f"{name} {digest}\n" for name, digest in sorted(files.items())).encode()).hexdigest()
    for run in range(2):
        for layer in ("snapshots", "scores"):
            tags = twice.materialization(run, layer, source).tags or {}
            assert tags["dagster/data_version"] == f"sha256:{content}"


@EVERY_SOURCE
def test_snapshot_tells_where_the_bytes_came_from_and_lie(twice: Twice, source: str) -> None:
    metadata = twice.metadata(0, "snapshots", source)
    files = files_of(catalog()[source], SAMPLES)
    sizes = [len(file) for file in files.values()]
    assert (metadata["origin"], metadata["unchanged"], metadata["bytes"]) == ("sample", False, sum(sizes))
    for endpoint in catalog()[source].all_endpoints(files):
        assert endpoint.url in metadata["files"]
    objects = re.findall(r"`(sha256/[^`]+)`", metadata["files"])
    assert sorted((twice.deployment.objects / key).stat().st_size for key in objects) == sorted(sizes)


@EVERY_SOURCE
def test_scores_tell_what_was_read(twice: Twice, source: str) -> None:
    metadata = twice.metadata(0, "scores", source)
    parsed = catalog()[source].parse(files_of(catalog()[source], SAMPLES))
    assert metadata["dagster/row_count"] == parsed.score_count > 0
    assert metadata["rows_read"] == metadata["rows_kept"] + metadata["rows_rejected"] == parsed.rows_read
    assert metadata["rows_kept"] == parsed.rows_kept
    assert (metadata["unchanged"], metadata["changes"], metadata["origin"]) == (False, "first snapshot", "sample")
    schema = metadata["dagster/column_schema"]
    assert [column.name for column in schema.columns] == [column.name for column in scores.columns]


@EVERY_SOURCE
def test_preview_begins_with_the_best(twice: Twice, source: str) -> None:
    headline = catalog()[source].headline_metric()
    order = "asc" if headline.higher_is_better is False else "desc"
    best = twice.deployment.rows(
        f"""
        select published_name from budmodel.scores join budmodel.entries using (snapshot_id, entry_no)
        where metric_id = :metric order by value {order}, entry_key limit 1
        """,
        metric=f"{source}.{headline.slug}",
    )
    preview = twice.metadata(0, "scores", source)["preview"]
    title, _, header, _, first = preview.splitlines()[:5]
    assert title == f"**{headline.title}** ({headline.unit})"
    assert "published_name" in header
    assert best[0]["published_name"] in first


@EVERY_SOURCE
def test_plot_is_a_picture(twice: Twice, source: str) -> None:
    plot = twice.metadata(0, "scores", source)["plot"]
    match = re.fullmatch(r"!\[[^\]]*\]\(data:image/png;base64,([A-Za-z0-9+/=]+)\)", plot)
    assert match
    height, width, _ = imread(BytesIO(base64.b64decode(match[1])), format="png").shape
    assert (width, height) == (800, 360)
    # Dagster keeps two of them for good, each week.
    assert len(match[1]) < 25_000


@EVERY_SOURCE
def test_every_check_is_on_record_as_passed(twice: Twice, source: str) -> None:
    for run in twice.runs:
        evaluations = {
            evaluation.check_name: evaluation.passed
            for evaluation in run.get_asset_check_evaluations()
            if evaluation.asset_key == dg.AssetKey(["scores", source])
        }
        assert evaluations == {check.name: True for check in CHECKS}


def test_the_second_run_finds_nothing_new(twice: Twice) -> None:
    """Row for row, physical place included: nothing was written anew."""
    before, after = twice.tables
    for table in ("snapshot_files", "entries", "scores", "rejected_rows"):
        assert after[table] == before[table]
    for source in catalog():
        assert twice.metadata(1, "snapshots", source)["unchanged"]
        assert twice.metadata(1, "scores", source)["unchanged"]


def test_the_second_run_is_a_success_all_the_same(twice: Twice) -> None:
    before, after = ({row["source"]: row for row in tables["sources"]} for tables in twice.tables)
    for source in catalog():
        assert after[source]["last_extracted_at"] > before[source]["last_extracted_at"]
        assert after[source]["current_snapshot_id"] == before[source]["current_snapshot_id"]
    assert {row["last_seen_at"] > row["fetched_at"] for row in twice.tables[1]["snapshots"]} == {True}


def test_every_score_leads_back_to_bytes(twice: Twice) -> None:
    """score -> snapshot -> object: parsed from there again, it is the same number."""
    (row,) = twice.deployment.rows(
        """
        select object_key, url, published_name, value from budmodel.scores
        join budmodel.entries using (snapshot_id, entry_no) join budmodel.snapshot_files using (snapshot_id)
        where metric_id = 'alpacaeval.win_rate' and endpoint = 'leaderboard' order by value desc limit 1
        """
    )
    assert row["url"] == catalog()["alpacaeval"].endpoints[0].url
    content = (twice.deployment.objects / row["object_key"]).read_bytes()
    entries = catalog()["alpacaeval"].parse({"leaderboard": content}).entries
    (entry,) = [entry for entry in entries if entry.published_name == row["published_name"]]
    assert entry.scores["win_rate"].value == float(row["value"])


def test_no_password_reaches_the_event_log(twice: Twice) -> None:
    password = twice.deployment.server.password
    for run in twice.runs:
        assert password not in repr(twice.deployment.instance.all_logs(run.run_id))


def test_names_that_mean_something_to_a_page_or_a_plot_are_names(deployment: Deployment) -> None:
    """A picture would be fetched by the browser of whoever looks, and a formula that cannot be set raises."""
    hostile = ["![x](http://127.0.0.1:1/p.png)", "$_$", "<img src=x>", "a $\\frac{$ b"]
    rows = list(csv.reader(sample(VICTIM).decode().splitlines()))
    for row, name in zip(rows[1:], hostile, strict=False):
        row[0] = name
    text = StringIO()
    csv.writer(text).writerows(rows)
    deployment.serves(VICTIM, Reply(body=text.getvalue().encode()))
    result = deployment.run([VICTIM], accept="names for a test")
    assert result.success
    (event,) = result.asset_materializations_for_node(f"scores__{VICTIM}")
    told = {name: str(value.value) for name, value in event.metadata.items()}
    assert "data:image/png;base64," in told["plot"]
    assert "cannot be shown" not in str(told)
    assert "`![x](http://127.0.0.1:1/p.png)`" in told["preview"]
    assert "<img" not in told["preview"].replace(r"\<img", "")
