"""Copies of databases by PostgreSQL's own `pg_dump` and `pg_restore`, those of the embedded server or of the system."""

import os
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL

from budmodel_pipeline.services.postgres_programs import client_program

# What psql says when it has done all but the commit.
_DONE = "done"


class DatabaseCopyError(Exception):
    """A database was not copied, or not put back; the text is what PostgreSQL's program said."""


def dump(url: URL, file: Path, *, schema: str | None = None) -> None:
    """Writes the database, or one `schema` of it, as it is now. Raises DatabaseCopyError, EmbeddedPostgresError."""
    chosen = [f"--schema={schema}"] if schema else []
    options = ["--format=custom", "--no-owner", "--no-privileges", *chosen]
    _run("pg_dump", *_where(url), *options, f"--file={file}", url=url)


@contextmanager
def restored(
    url: URL,
    file: Path,
    *,
    role: str | None = None,
    clean: bool = False,
    without: Collection[str] = (),
    first: str = "",
    last: str = "",
) -> Iterator[None]:
    """Puts back what `dump` wrote, all or nothing, as `role` where one is given: everybody sees it when the block ends well.

    `clean` drops what is there before; schemas in `without` are there already. `first` and `last` are statements of the same
    transaction. Raises DatabaseCopyError, EmbeddedPostgresError; the database is as before then, as it is where the block
    raises.
    """
    listed = _run("pg_restore", "--list", str(file), url=url)
    kept = [line for line in listed.splitlines() if not any(f" SCHEMA - {schema} " in line for schema in without)]
    options = ["--no-owner", "--no-privileges"]
    options += ["--clean", "--if-exists"] if clean else []
    options += [f"--role={role}"] if role else []
    with tempfile.NamedTemporaryFile("w", suffix=".list") as contents:
        contents.write("\n".join(kept))
        contents.flush()
        command = [str(client_program("pg_restore")), *options, f"--use-list={contents.name}", "--file=-", str(file)]
        with _transaction(url, command, first, last):
            yield


def for_any_server(script: Iterable[bytes]) -> Iterator[bytes]:
    """What `pg_restore` writes, without the setting at its beginning that servers before PostgreSQL 17 do not know."""
    is_beginning = True
    for line in script:
        is_beginning = is_beginning and not line.startswith(b"SELECT ")
        if not (is_beginning and line.startswith(b"SET transaction_timeout")):
            yield line


@contextmanager
def _transaction(url: URL, command: list[str], first: str, last: str) -> Iterator[None]:
    """Runs the statements that `command` writes between `first` and `last`, and commits them when the block ends well."""
    session = [str(client_program("psql")), *_where(url), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, env=_environment(url), stdout=subprocess.PIPE, stderr=said) as script,
        subprocess.Popen(session, env=_environment(url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said) as psql,
    ):
        if script.stdout is None or psql.stdin is None or psql.stdout is None:
            raise RuntimeError("pipes were asked for")
        try:
            # Whoever stops listening says why. What statements answer goes nowhere.
            with suppress(BrokenPipeError):
                psql.stdin.write(f"\\o {os.devnull}\nbegin;\n{first}\n".encode())
                psql.stdin.writelines(for_any_server(script.stdout))
                if script.wait() == 0:
                    psql.stdin.write(f"\n{last}\n\\echo {_DONE}\n".encode())
                    psql.stdin.flush()
                else:
                    psql.stdin.close()
            script.stdout.close()
            done = psql.stdout.readline().decode().strip() == _DONE
            if done:
                yield
                with suppress(BrokenPipeError):
                    psql.stdin.write(b"commit;\n")
        finally:
            with suppress(BrokenPipeError):
                psql.stdin.close()
            psql.stdout.close()
            failed = [script.wait(), psql.wait()] != [0, 0]
        if failed or not done:
            said.seek(0)
            raise DatabaseCopyError(said.read().decode(errors="replace").strip())


def _run(program: str, *arguments: str, url: URL) -> str:
    finished = subprocess.run(
        [str(client_program(program)), *arguments],
        env=_environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise DatabaseCopyError(finished.stderr.strip())
    return finished.stdout


def _where(url: URL) -> list[str]:
    where = [f"--host={url.host}", f"--port={url.port or 5432}", f"--username={url.username}", "--no-password"]
    return [*where, f"--dbname={url.database}"]


def _environment(url: URL) -> dict[str, str]:
    """The password goes by the environment, since everybody sees the words of a command."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PGPASSWORD": url.password or ""}
