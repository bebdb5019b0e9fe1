"""Two real daemons on one instance: what is due and what is asked for is read once, whoever of them starts it."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.cli import Install
from tests.hub_server import hub_server
from tests.processes import daemon, listening, running

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}
ASKED = [f"org/asked-{number}" for number in range(4)]
DUE = [f"org/due-{number}" for number in range(4)]
# Longer than two daemons' start and two runs take on a busy machine; pytest's own limit comes later.
PATIENCE = 240
# Tells which daemon's sensors live.
BEATS = """
create function tell() returns trigger language plpgsql as
    $$ begin perform pg_notify('alive', new.daemon_id); return new; end $$;
create trigger alive after insert or update on daemon_heartbeats for each row
    when (new.daemon_type = 'SENSOR') execute function tell();
listen alive;
"""
TELL = """
create function tell() returns trigger language plpgsql as
    $$ begin perform pg_notify('done', to_jsonb(new) ->> 'target'); return new; end $$;
create trigger served after update of status on budmodel.extraction_requests for each row
    when (new.status in ('succeeded', 'failed')) execute function tell();
create trigger through after update of batch_id on budmodel.extraction_targets for each row
    when (new.discovered_by = 'tests' and old.batch_id is not null and new.batch_id is null) execute function tell();
listen done;
"""


@pytest.mark.timeout(400)
def test_what_two_daemons_start_is_done_once(install: Install, tmp_path: Path) -> None:
    at = install()
    with ExitStack() as servers:
        hub = servers.enter_context(hub_server())
        for model in (*ASKED, *DUE):
            hub.add(model, {"config.json": json.dumps(CONFIG).encode(), "README.md": b"# Small\n"})
        environment = at.environment(
            DAGSTER_HOME=str(at.home / "instance"),
            BUDMODEL_ORIGIN="live",
            HF_ENDPOINT=hub.endpoint,
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        )
        assert at.run("migrate", **environment).code == 0
        (at.home / "instance").mkdir(parents=True)
        (at.home / "instance" / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
        # Makes the tables.
        subprocess.run(["dagster", "instance", "info"], env=environment, cwd=ROOT, check=True, capture_output=True)
        beats = servers.enter_context(listening(at, at.dagster_database, BEATS))
        for name in ("one", "two"):
            servers.enter_context(running(daemon(), environment, tmp_path / f"{name}.log"))
        alive = set[str]()
        for beat in beats.notifies(timeout=PATIENCE):
            alive.add(beat.payload)
            if len(alive) == 2:
                break
        assert len(alive) == 2
        done = servers.enter_context(listening(at, at.database, TELL))
        for model in ASKED:
            done.execute(
                "insert into budmodel.extraction_requests (provider, uri, requested_by) values ('hugging_face', %s, 'ann')",
                (model,),
            )
        for model in DUE:
            done.execute(
                """
                insert into budmodel.extraction_targets
                    (target, provider, uri, discovered_by, first_seen_at, status, next_attempt_at)
                values ('hf:' || %s, 'hugging_face', %s, 'tests', now(), 'waiting', now())
                """,
                (model, model),
            )
        told = [notice.payload for notice in done.notifies(timeout=PATIENCE, stop_after=len(ASKED) + len(DUE))]
        reads = {model: hub.count(f"/{model}/resolve/") for model in (*ASKED, *DUE)}
    assert sorted(told) == [f"hf:{model}" for model in (*ASKED, *DUE)]
    assert at.query("select distinct status, attempts from budmodel.extraction_requests") == [("succeeded", 1)]
    batches = at.query("select value from run_tags where key = 'budmodel/batch'", dagster=True)
    assert len(batches) == len(set(batches)) > 1
    # Each is read by as many requests: what was read twice would have had more.
    assert len(set(reads.values())) == 1
