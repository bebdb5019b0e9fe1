"""Who lives, by the locks that processes hold: killed ones, cut connections, several processes of one run."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from threading import Event

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.run_locks import alive, living

HOLDER = """
import sys
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.run_locks import alive
with alive(open_engine(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    yield engine
    engine.dispose()


def found(engine: Engine, *run_ids: str) -> frozenset[str]:
    with engine.connect() as connection:
        return living(connection, run_ids)


def test_a_run_lives_as_long_as_its_process(engine: Engine, database: str) -> None:
    run_id, other = str(uuid.uuid4()), str(uuid.uuid4())
    command = [sys.executable, "-c", HOLDER, database, run_id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert found(engine, run_id, other) == {run_id}
        holder.kill()
        holder.wait()
    # The server notices a closed connection when it next looks at it, which is at once for one that idles.
    gone = Event()
    for _ in range(100):
        if not found(engine, run_id):
            gone.set()
            break
        gone.wait(0.1)
    assert gone.is_set()


def test_several_processes_of_a_run_do_not_hinder_each_other(engine: Engine) -> None:
    with alive(engine, "run"):
        with alive(engine, "run"):
            assert found(engine, "run") == {"run"}
        assert found(engine, "run") == {"run"}
    assert found(engine, "run") == frozenset()


def test_a_lock_that_was_lost_is_taken_again(engine: Engine) -> None:
    cut = text("""
        select pg_terminate_backend(pid) from pg_locks
        where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
    """)
    with alive(engine, "run", beat=0.02):
        with engine.connect() as connection:
            assert connection.execute(cut).scalars().all() == [True]
        again = Event()
        for _ in range(200):
            if found(engine, "run"):
                again.set()
                break
            again.wait(0.05)
        assert again.is_set()
