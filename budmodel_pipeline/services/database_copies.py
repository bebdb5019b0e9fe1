"""Copies of databases by PostgreSQL's own `pg_dump` and `pg_restore`, those of the embedded server or of the system."""

import os
import subprocess
import tempfile
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import URL

from budmodel_pipeline.services.postgres_programs import client_program


class DatabaseCopyError(Exception):
    """A database was not copied, or not put back; the text is what PostgreSQL's program said."""


def dump(url: URL, file: Path, *, schema: str | None = None) -> None:
    """Writes the database, or one `schema` of it, as it is now. Raises DatabaseCopyError, EmbeddedPostgresError."""
    chosen = [f"--schema={schema}"] if schema else []
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", *chosen, f"--file={file}")


def restore(url: URL, file: Path, *, role: str | None = None, clean: bool = False, without: Collection[str] = ()) -> None:
    """Puts back what `dump` wrote, all or nothing, as `role` where one is given.

    `clean` drops what is there before; schemas in `without` are there already. Raises DatabaseCopyError,
    EmbeddedPostgresError.
    """
    listed = _run(url, "pg_restore", "--list", str(file), connect=False)
    kept = [line for line in listed.splitlines() if not any(f" SCHEMA - {schema} " in line for schema in without)]
    options = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    options += ["--clean", "--if-exists"] if clean else []
    options += [f"--role={role}"] if role else []
    with tempfile.NamedTemporaryFile("w", suffix=".list") as contents:
        contents.write("\n".join(kept))
        contents.flush()
        _run(url, "pg_restore", *options, f"--use-list={contents.name}", str(file), database=True)


def _run(url: URL, program: str, *arguments: str, connect: bool = True, database: bool = False) -> str:
    """Runs a program; the password goes by the environment, since everybody sees the words of a command."""
    where = [f"--host={url.host}", f"--port={url.port or 5432}", f"--username={url.username}", "--no-password"]
    named = [f"--dbname={url.database}"] if database or program == "pg_dump" else []
    finished = subprocess.run(
        [str(client_program(program)), *(where + named if connect else []), *arguments],
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PGPASSWORD": url.password or ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise DatabaseCopyError(finished.stderr.strip())
    return finished.stdout
