"""Which runs live: the process of a run holds a lock of the database while it does, and a killed one holds nothing.

The lock goes with the connection, so nobody has to believe a clock. A connection that breaks under a living run, because the
server restarts, is made anew within seconds.
"""

import hashlib
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

# Of the two numbers of a lock, the first: it says "runs".
_RUNS = 0x72756E73
BEAT_SECONDS = 10.0
# Shared, because a run may have several processes.
_TAKE = text("select pg_try_advisory_lock_shared(:runs, :number)")
_HELD = text("""
    select objid::bigint from pg_locks
    where locktype = 'advisory' and granted and objsubid = 2 and classid = :runs
      and database = (select oid from pg_database where datname = current_database())
""")
logger = logging.getLogger(__name__)


@contextmanager
def alive(engine: Engine, run_id: str, beat: float = BEAT_SECONDS) -> Iterator[None]:
    """Holds the lock of a run; it is looked after every `beat` seconds."""
    over = Event()
    connection = _taken(engine, run_id)

    def look_after() -> None:
        nonlocal connection
        while not over.wait(beat):
            try:
                connection.execute(text("select 1"))
            except DBAPIError as error:
                logger.warning("run %s: its lock was lost, and is taken again: %s", run_id, error.orig)
                with suppress(DBAPIError):
                    connection.invalidate()
                    connection.close()
                    connection = _taken(engine, run_id)

    keeper = Thread(target=look_after, name="run-lock", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
        with suppress(DBAPIError):
            # The pool would keep a connection, and with it the lock.
            connection.invalidate()
            connection.close()


def living(connection: Connection, run_ids: Collection[str]) -> frozenset[str]:
    """Those of `run_ids` that a process works on."""
    held: set[int] = set(connection.scalars(_HELD, {"runs": _RUNS}))
    return frozenset(run_id for run_id in run_ids if _number(run_id) & 0xFFFFFFFF in held)


def _taken(engine: Engine, run_id: str) -> Connection:
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(_TAKE, {"runs": _RUNS, "number": _number(run_id)})
    return connection


def _number(run_id: str) -> int:
    return int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:4], signed=True)
