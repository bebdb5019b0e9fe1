"""A batch of models whose process is killed in the middle of a transaction: what was committed stays, the rest follows."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.model_states import add_targets, states_of
from budmodel_pipeline.workflows.model_discovery import known_target
from budmodel_pipeline.workflows.model_reading import ModelReading, extract_models
from tests.hub_server import HubServer, hub_server

MODELS = 40
TARGETS = [f"hf:org/model-{number:02}" for number in range(MODELS)]
# The one at which the process is killed.
MIDDLE = TARGETS[MODELS // 2]
EXTRACT = """
import sys
from budmodel_pipeline.workflows.model_reading import ModelReading, extract_models
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.warehouse.engine import open_engine

database, endpoint, *targets = sys.argv[1:]
reading = ModelReading(open_engine(database), Providers(hub=Hub(endpoint)), "live", threads=4)
for outcome in extract_models(targets, reading):
    print(outcome.target, outcome.problem, flush=True)
"""
CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        for number, target in enumerate(TARGETS):
            config = json.dumps({**CONFIG, "num_hidden_layers": number + 1}).encode()
            server.add(target.removeprefix("hf:"), {"config.json": config, "README.md": b"# A model\n"})
        yield server


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    migrate(engine)
    with engine.begin() as connection:
        found = [known_target(parse_target(target), "tests") for target in TARGETS]
        assert add_targets(connection, found, datetime.now(UTC)) == TARGETS
    yield engine
    engine.dispose()


@pytest.fixture
def reported(engine: Engine, hub: HubServer) -> list[str]:
    """What a process said before it was killed while it stored MIDDLE: its row is inserted, the commit is to come."""
    database = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", EXTRACT, database, hub.endpoint, *TARGETS]
    with (
        engine.connect() as holder,
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            # The weaker lock lets the model's row in, which refers to this one, and stops the update that follows it.
            lock = text("select pg_backend_pid() from budmodel.extraction_targets where target = :target for no key update")
            pid: int = holder.execute(lock, {"target": MIDDLE}).scalar_one()
            blocked = text("select exists (select from pg_stat_activity where :pid = any(pg_blocking_pids(pid)))")
            while not watcher.execute(blocked, {"pid": pid}).scalar_one():
                assert process.poll() is None
        finally:
            process.kill()
        assert process.stdout is not None
        said = process.stdout.read().splitlines()
        assert process.wait() == -signal.SIGKILL
        holder.rollback()
    return said


def layers(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(text("select target, facts -> 'num_layers' -> 'value' as layers from budmodel.model_info"))
        found = [(row.target, row.layers) for row in rows]
    assert len(found) == len(dict(found))
    return dict(found)


@pytest.mark.timeout(120)
def test_a_kill_loses_nothing_that_was_committed_and_leaves_nothing_half(
    engine: Engine, hub: HubServer, reported: list[str]
) -> None:
    expected = {target: number + 1 for number, target in enumerate(TARGETS)}
    done = {line.removesuffix(" None") for line in reported}
    assert 0 < len(done) == len(reported) < MODELS
    assert MIDDLE not in done
    # What the process had said is there, whole, and nothing else.
    assert layers(engine) == {target: expected[target] for target in done}
    with engine.connect() as connection:
        states = states_of(connection, TARGETS)
        waiting = [state.target for state in states if state.status == "waiting"]
    for state in states:
        found = ("extracted", hub.repos[state.uri].branches["main"]) if state.target in done else ("waiting", None)
        assert (state.status, state.revision) == found
    assert set(waiting) == set(TARGETS) - done

    hub.reset()
    reading = ModelReading(engine, Providers(hub=Hub(hub.endpoint)), "live", threads=4)
    outcomes = list(extract_models(waiting, reading))
    assert [outcome.problem for outcome in outcomes] == [None] * len(waiting)
    assert layers(engine) == expected
    # Nothing that was there is read again.
    assert not any(hub.count(target.removeprefix("hf:") + "?") for target in done)
    with engine.connect() as connection:
        assert {state.status for state in states_of(connection, TARGETS)} == {"extracted"}
