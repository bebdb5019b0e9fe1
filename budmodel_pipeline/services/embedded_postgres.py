"""A private PostgreSQL for the quick start: made on first use, left running, found again by every later command.

It listens on loopback alone and asks for a password (SCRAM). Its folder holds `data/` (the cluster), `connection.json` (port
and password, for the owner alone), `server.log` and `lock`. Stop the server, remove the folder, and nothing is left of it.
"""

import hashlib
import hmac
import json
import os
import secrets
import shutil
import socket
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import psycopg
from filelock import FileLock, Timeout
from psycopg import sql

from budmodel_pipeline.services.postgres_programs import (
    WORKING_DIRECTORY,
    EmbeddedPostgresError,
    Programs,
    account_for,
    find_programs,
    give,
)

HOST = "127.0.0.1"
USER = "budmodel"
SETTINGS = {
    "cluster_name": "budmodel",
    "listen_addresses": HOST,
    "unix_socket_directories": "''",
    "timezone": "UTC",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    # Nothing replicates from here, which lets bulk loads write less.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Parallel queries need more shared memory than containers grant by default.
    "max_parallel_workers_per_gather": "0",
    "log_checkpoints": "off",
}
START_TIMEOUT = 60
RETRY_FOR = 10.0
PORTS_TRIED = 100
MAX_LOG_BYTES = 5 * 1024 * 1024
# What a killed server leaves behind goes away within seconds.
_PASSING = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
_PORT_TAKEN = "Address already in use"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `data_directory` is the folder of its cluster."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    data_directory: Path

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database on this server, password included."""
        return f"postgresql+psycopg://{self.user}:{self.password}@{self.host}:{self.port}/{database}"

    def password_of(self, role: str) -> str:
        """The password of another user of this server: it follows from the superuser's, which does not follow from it."""
        return hmac.new(self.password.encode(), role.encode(), hashlib.sha256).hexdigest()

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """An autocommit connection. Raises psycopg.OperationalError."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )


def start(directory: Path, port: int | None = None) -> Server:
    """The server of `directory`, started where it does not answer and created on first use.

    It listens on `port`; where none is asked for, on one of its own, which it keeps while nobody else takes it.
    Any number of processes may call this at once; the server outlives them all. Raises EmbeddedPostgresError.
    """
    directory = directory.absolute()
    server = _answering(directory)
    if server is None:
        with _exclusively(directory):
            server = _answering(directory) or _start(directory, port)
    if port is not None and server.port != port:
        raise EmbeddedPostgresError(
            f"the server in {directory} listens on port {server.port} and POSTGRES_PORT says {port}: stop it "
            f"(`budmodel stop`), and the next command starts it there"
        )
    return server


def stop(directory: Path) -> None:
    """Stops the server of `directory`; its data stay. Does nothing where none runs. Raises EmbeddedPostgresError."""
    directory = directory.absolute()
    data = directory / "data"
    if not data.is_dir():
        return
    with _exclusively(directory):
        _drop_stale_pid_file(data)
        if not (data / "postmaster.pid").exists():
            return
        programs = find_programs(account_for(data), _major_of(data))
        with _log(directory) as log:
            code = programs.run(["pg_ctl", "stop", "-w", "-m", "fast", "-t", str(START_TIMEOUT)], data, log)
        if code and _answering(directory) is not None:
            raise EmbeddedPostgresError(f"the PostgreSQL server in {data} did not stop; {_last_words(directory)}")


def ensure_database(server: Server, name: str) -> None:
    """Creates the database `name` unless it exists; safe when several processes do so at once."""
    with server.connect() as connection:
        if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is None:
            # Another process may have created it meanwhile, which shows as either of the two.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


@contextmanager
def _exclusively(directory: Path) -> Iterator[None]:
    """Keeps other processes from starting or stopping the server; the system frees the lock of a killed one."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(directory / "lock", timeout=2 * START_TIMEOUT)
        lock.acquire()
    except Timeout as error:
        raise EmbeddedPostgresError(f"another process has been starting the server in {directory} for too long") from error
    except OSError as error:
        raise EmbeddedPostgresError(
            f"cannot keep a PostgreSQL server in {directory}: {error.strerror}; BUDMODEL_HOME says where it lies"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _answering(directory: Path) -> Server | None:
    """The server that the folder speaks of, if it takes our password: whatever else holds its port does not."""
    server = _remembered(directory)
    if server is None:
        return None
    try:
        server.connect().close()
    except psycopg.OperationalError:
        return None
    return server


def _start(directory: Path, port: int | None) -> Server:
    data = directory / "data"
    account = account_for(data)
    if data.is_dir():
        programs = find_programs(account, _major_of(data))
        # A cluster that root restored from a copy belongs to root.
        if account is not None and data.stat().st_uid != account.uid:
            give(data, account)
    else:
        programs = find_programs(account)
        _create(directory, programs)

    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    give_up = time.monotonic() + RETRY_FOR
    while True:
        server = _remembered(directory)
        if server is None:
            raise EmbeddedPostgresError(
                f"{directory / 'connection.json'}, which holds the password of the server in {data}, is missing: "
                f"put it back, or remove {directory} to begin anew without its tables"
            )
        if port is not None and server.port != port:
            server = replace(server, port=port)
            _remember(directory, server)
        _drop_stale_pid_file(data)
        with _log(directory) as log:
            before = log.tell()
            command = ["pg_ctl", "start", "-w", "-t", str(START_TIMEOUT), "-o", f"-p {server.port} {options}"]
            programs.run(command, data, log)
        if _answering(directory) is not None:
            return server
        said = (directory / "server.log").read_bytes()[before:].decode(errors="replace")
        if _PORT_TAKEN in said and port is not None:
            raise EmbeddedPostgresError(f"something else listens on port {port}: free it, or say another by POSTGRES_PORT")
        if _PORT_TAKEN in said:
            _remember(directory, replace(server, port=_free_port(directory)))
        elif not any(sign in said for sign in _PASSING) or time.monotonic() > give_up:
            raise EmbeddedPostgresError(f"PostgreSQL did not start in {data}; {_last_words(directory)}")
        time.sleep(0.1)


def _create(directory: Path, programs: Programs) -> None:
    """Makes the cluster under another name first, so that a killed initdb leaves nothing that looks like one."""
    unfinished = directory / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if programs.account is not None:
        give(unfinished, programs.account)
    password = secrets.token_urlsafe(24)
    command = ["initdb", "-U", USER, "--auth=scram-sha-256", "--pwfile=/dev/stdin"]
    command += ["--locale=C", "-E", "UTF8", "--data-checksums"]
    with tempfile.TemporaryFile() as password_file, _log(directory) as log:
        password_file.write(f"{password}\n".encode())
        password_file.seek(0)
        if programs.account is not None:
            os.fchown(password_file.fileno(), programs.account.uid, programs.account.gid)
        code = programs.run(command, unfinished, log, password_file)
    if code:
        raise EmbeddedPostgresError(f"initdb could not make a cluster in {directory}; {_last_words(directory)}")
    _remember(directory, Server(HOST, _free_port(directory), USER, password, directory / "data"))
    unfinished.rename(directory / "data")


def _major_of(data: Path) -> int:
    try:
        return int((data / "PG_VERSION").read_text())
    except (OSError, ValueError) as error:
        raise EmbeddedPostgresError(f"{data} is no PostgreSQL cluster that this user may use: {error}") from error


def _drop_stale_pid_file(data: Path) -> None:
    """Removes the mark of a killed server, whose process id may be another process's by now (a container restarts, say).

    PostgreSQL looks only whether the id is in use. Every process of a server works in its data folder: if none does, it is
    gone.
    """
    pid_file = data / "postmaster.pid"
    if not WORKING_DIRECTORY.exists() or not pid_file.exists():
        return
    folder = data.stat()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.path.samestat((process / "cwd").stat(), folder):
                return
    pid_file.unlink()


def _remembered(directory: Path) -> Server | None:
    path = directory / "connection.json"
    try:
        stored = json.loads(path.read_bytes())
        return Server(HOST, int(stored["port"]), USER, str(stored["password"]), directory / "data")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise EmbeddedPostgresError(f"{path} belongs to another user: run this as the user who made {directory}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise EmbeddedPostgresError(f"{path} should hold a port and a password as JSON, but: {error!r}") from error


def _remember(directory: Path, server: Server) -> None:
    """Writes port and password in one step, readable by the folder's owner alone."""
    owner = directory.stat()
    descriptor, name = tempfile.mkstemp(dir=directory, prefix="connection-")
    with os.fdopen(descriptor, "w") as file:
        json.dump({"port": server.port, "password": server.password}, file)
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
        file.flush()
        os.fsync(descriptor)
    Path(name).replace(directory / "connection.json")


def _free_port(directory: Path) -> int:
    """The first free one of those that follow from the folder's path, below the ports that systems give to outgoing calls.

    One of those might be anybody's when the server starts again, and a connection that somebody saved would lead nowhere.
    """
    first = 20_000 + zlib.crc32(os.fsencode(directory)) % 10_000
    for port in range(first, first + PORTS_TRIED):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise EmbeddedPostgresError(
        f"the ports {first} to {first + PORTS_TRIED - 1} are all taken: name a free one by POSTGRES_PORT"
    )


def _log(directory: Path) -> IO[bytes]:
    path = directory / "server.log"
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(directory / "server.log.1")
    return path.open("ab")


def _last_words(directory: Path) -> str:
    path = directory / "server.log"
    lines = path.read_text(errors="replace").splitlines()[-12:]
    return f"the end of {path}:\n" + "\n".join(f"  {line}" for line in lines)
