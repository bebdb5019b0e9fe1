"""Runs of long ago are forgotten, but for those that tell how something stands."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from budmodel_pipeline.commands.pruning import forget, old_runs


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_what_an_asset_stands_on_is_kept(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def thing() -> None: ...

    @dg.asset
    def other() -> None: ...

    runs = [dg.materialize([asset], instance=instance).run_id for asset in (thing, other, thing)]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert old_runs(instance, datetime.now(UTC) - timedelta(days=1)) == []
    assert old_runs(instance, tomorrow) == runs[:1]
    forget(instance, old_runs(instance, tomorrow))
    assert {run.run_id for run in instance.get_runs()} == set(runs[1:])
    assert instance.get_latest_materialization_event(thing.key) is not None
    assert instance.all_logs(runs[0]) == []


def test_what_is_not_over_is_kept(instance: dg.DagsterInstance) -> None:
    instance.add_run(dg.DagsterRun(job_name="job", run_id="at work", status=dg.DagsterRunStatus.STARTED))
    assert old_runs(instance, datetime.now(UTC) + timedelta(days=1)) == []
