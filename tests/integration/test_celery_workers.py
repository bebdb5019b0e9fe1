"""Several machines: the same code on Celery workers, by configuration alone; what one held when it died is done once."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli import Install, Installation
from tests.hub_server import Failure, HubServer, hub_server
from tests.processes import DEPLOY, celery_worker, daemon, kill, listening, redis, running
from tests.s3_server import S3Server

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}
MODELS = [f"org/small-{number}" for number in range(2)]
# Longer than two workers' start, a dead run's discovery and a retry take on a busy machine.
PATIENCE = 270
# Told when a run holds its lock, and what was read.
TELL_RUNS = """
create function tell() returns trigger language plpgsql as
    $$ begin perform pg_notify('runs', new.run_id); return new; end $$;
create trigger tell after insert on run_tags for each row when (new.key = 'budmodel/watched') execute function tell();
listen runs;
"""
TELL_MODELS = """
create function tell() returns trigger language plpgsql as
    $$ begin perform pg_notify('models', new.target); return new; end $$;
create trigger tell after insert on budmodel.model_info for each row execute function tell();
listen models;
"""


def variables(at: Installation, hub: HubServer, store: S3Server, broker: str) -> dict[str, str]:
    return at.environment(
        DAGSTER_HOME=str(at.home),
        BUDMODEL_ORIGIN="live",
        HF_ENDPOINT=hub.endpoint,
        MINIO_ENDPOINT=store.endpoint,
        MINIO_BUCKET=store.bucket,
        MINIO_REGION="us-east-1",
        MINIO_ACCESS_KEY=store.access_key,
        MINIO_SECRET_KEY=store.secret_key,
        AWS_ACCESS_KEY_ID=store.access_key,
        AWS_SECRET_ACCESS_KEY=store.secret_key,
        CELERY_BROKER=f"{broker}/0",
        CELERY_BACKEND=f"{broker}/1",
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )


@pytest.mark.timeout(600)
def test_a_worker_dies_and_every_model_is_read_once(install: Install, s3_server: S3Server, tmp_path: Path) -> None:
    at = install()
    at.home.mkdir(parents=True)
    (at.home / "dagster.yaml").write_text((DEPLOY / "dagster.yaml").read_text() + (DEPLOY / "celery.yaml").read_text())
    with ExitStack() as servers:
        hub = servers.enter_context(hub_server())
        for model in MODELS:
            hub.add(model, {"config.json": json.dumps(CONFIG).encode(), "README.md": b"# Small\n"})
        # So the worker is in the midst of its first model when it dies.
        hub.fail("GET /api/models/org/small", Failure(stall=True, times=1))
        environment = variables(at, hub, s3_server, servers.enter_context(redis(tmp_path)))
        assert at.run("migrate", **environment).code == 0
        subprocess.run(["dagster", "instance", "info"], env=environment, check=True, capture_output=True)
        runs = servers.enter_context(listening(at, at.dagster_database, TELL_RUNS))
        models = servers.enter_context(listening(at, at.database, TELL_MODELS))
        for model in MODELS:
            models.execute(
                "insert into budmodel.extraction_requests (provider, uri, requested_by) values ('hugging_face', %s, 'ann')",
                (model,),
            )
        first = servers.enter_context(running(celery_worker("one"), environment, tmp_path / "one.log"))
        servers.enter_context(running(daemon(), environment, tmp_path / "daemon.log"))
        [of_the_first] = [notice.payload for notice in runs.notifies(timeout=PATIENCE, stop_after=1)]
        kill(first)
        servers.enter_context(running(celery_worker("two"), environment, tmp_path / "two.log"))
        told = [notice.payload for notice in models.notifies(timeout=PATIENCE, stop_after=len(MODELS))]
    assert sorted(told) == [f"hf:{model}" for model in MODELS]
    read = at.query("select target, count(*) from budmodel.model_info group by target order by target")
    assert read == [(f"hf:{model}", 1) for model in MODELS]
    ended = at.query(f"select status from runs where run_id = '{of_the_first}'", dagster=True)
    assert ended == [("FAILURE",)]
