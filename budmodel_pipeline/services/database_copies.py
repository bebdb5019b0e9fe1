"""Copies of databases by PostgreSQL's own `pg_dump` and `pg_restore`, those of the embedded server or of the system."""

import os
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL

from budmodel_pipeline.services.postgres_programs import client_program


class DatabaseCopyError(Exception):
    """A database was not copied, or not put back; the text is what PostgreSQL's program said."""


def dump(url: URL, file: Path, *, schema: str | None = None) -> None:
    """Writes the database, or one `schema` of it, as it is now. Raises DatabaseCopyError, EmbeddedPostgresError."""
    chosen = [f"--schema={schema}"] if schema else []
    options = ["--format=custom", "--no-owner", "--no-privileges", *chosen]
    _run("pg_dump", *_where(url), *options, f"--file={file}", url=url)


def restore(url: URL, file: Path, *, role: str | None = None, clean: bool = False, without: Collection[str] = ()) -> None:
    """Puts back what `dump` wrote, all or nothing, as `role` where one is given.

    `clean` drops what is there before; schemas in `without` are there already. Raises DatabaseCopyError,
    EmbeddedPostgresError.
    """
    listed = _run("pg_restore", "--list", str(file), url=url)
    kept = [line for line in listed.splitlines() if not any(f" SCHEMA - {schema} " in line for schema in without)]
    options = ["--no-owner", "--no-privileges"]
    options += ["--clean", "--if-exists"] if clean else []
    options += [f"--role={role}"] if role else []
    with tempfile.NamedTemporaryFile("w", suffix=".list") as contents:
        contents.write("\n".join(kept))
        contents.flush()
        _execute(url, [str(client_program("pg_restore")), *options, f"--use-list={contents.name}", "--file=-", str(file)])


def for_any_server(script: Iterable[bytes]) -> Iterator[bytes]:
    """What `pg_restore` writes, without the setting at its beginning that servers before PostgreSQL 17 do not know."""
    is_beginning = True
    for line in script:
        is_beginning = is_beginning and not line.startswith(b"SELECT ")
        if not (is_beginning and line.startswith(b"SET transaction_timeout")):
            yield line


def _execute(url: URL, command: list[str]) -> None:
    """Runs the statements that `command` writes, in one transaction that ends well only where all of them came."""
    session = [str(client_program("psql")), *_where(url), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, env=_environment(url), stdout=subprocess.PIPE, stderr=said) as script,
        subprocess.Popen(
            session, env=_environment(url), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as psql,
    ):
        if script.stdout is None or psql.stdin is None:
            raise RuntimeError("pipes were asked for")
        # Whoever stops listening says why.
        with suppress(BrokenPipeError):
            psql.stdin.write(b"begin;\n")
            psql.stdin.writelines(for_any_server(script.stdout))
            if script.wait() == 0:
                psql.stdin.write(b"commit;\n")
        with suppress(BrokenPipeError):
            psql.stdin.close()
        script.stdout.close()
        failed = [script.wait(), psql.wait()] != [0, 0]
        said.seek(0)
        words = said.read().decode(errors="replace").strip()
    if failed:
        raise DatabaseCopyError(words)


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
