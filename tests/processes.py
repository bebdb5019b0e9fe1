"""The processes of a deployment, each in a group of its own, so that it can be killed with all that it started."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.checkout import ROOT
from tests.cli import Installation

DEPLOY = ROOT / "deploy"


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server, killed at the end with all that it started."""
    process = started(command, environment, log)
    try:
        yield process
    finally:
        kill(process)


def started(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """A server in a process group of its own, whose words are appended to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    """With -9, and all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The address of an empty Redis. Skips where there is none on this machine."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with running(command, dict(os.environ), folder / "redis.log"):
        yield f"redis://127.0.0.1:{port}"


def celery_worker(name: str, slots: int = 1) -> list[str]:
    """The command of a Celery worker that works on so many runs at once."""
    of_celery = ["-A", "dagster_celery.app", "-y", str(DEPLOY / "celery-worker.yaml"), "-n", name]
    return ["dagster-celery", "worker", "start", *of_celery, "--", f"--concurrency={slots}"]


def daemon(workspace: Path = ROOT / "workspace.yaml") -> list[str]:
    """The command of Dagster's daemon."""
    return ["dagster-daemon", "run", "-w", str(workspace)]


def listening(at: Installation, database: str, statements: str) -> psycopg.Connection[tuple[str, ...]]:
    """A connection that has run `statements`, and is told what they listen to."""
    assert at.server is not None
    address = at.server.url(database).replace("postgresql+psycopg", "postgresql")
    connection = psycopg.connect(address, autocommit=True)
    connection.execute(statements.encode())
    return connection
