"""Results of scans, by content and by everything else that they depend on."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from budmodel_scanner.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True)
class Examined:
    """What the engines said of one content under one path."""

    findings: tuple[Finding, ...]
    engines: Mapping[str, str]


class ScanCache(Protocol):
    """Remembers results. Threads share it. A cache that fails forgets; it raises nothing."""

    def get(self, key: str) -> Examined | None: ...

    def put(self, key: str, examined: Examined) -> None: ...

    def digest_of(self, origin: str) -> str | None:
        """The SHA-256 of what lies at `origin`, an address whose content never changes (a file of a commit)."""
        ...

    def put_digest(self, origin: str, digest: str) -> None: ...


def cache_key(digest: str, path: str, versions: Mapping[str, str]) -> str:
    """`path` is part of it, because an examination compares content and name."""
    return sha256(json.dumps([digest, path, sorted(versions.items())]).encode()).hexdigest()


class NoCache:
    """Remembers nothing."""

    def get(self, key: str) -> None:  # noqa: ARG002 - the signature of every cache
        return None

    def put(self, key: str, examined: Examined) -> None: ...

    def digest_of(self, origin: str) -> None:  # noqa: ARG002 - the signature of every cache
        return None

    def put_digest(self, origin: str, digest: str) -> None: ...


class SqliteCache:
    """A cache in a file that processes share. What is wrong with the file is said to `on_trouble`, once; the scan goes on.

    A file that is no database is set aside under another name, and a new one begun.
    """

    def __init__(self, file: Path, on_trouble: Callable[[str], None]) -> None:
        self._file = file
        self._on_trouble = on_trouble
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = _opened(file)
        except sqlite3.DatabaseError as error:
            self._give_up(error)
        except OSError as error:
            on_trouble(f"results are not remembered: {file} cannot be used ({error.strerror})")

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def get(self, key: str) -> Examined | None:
        stored = self._value("select value from scans where key = ?", key)
        return _examined(stored) if stored is not None else None

    def put(self, key: str, examined: Examined) -> None:
        value = json.dumps({"findings": [astuple(one) for one in examined.findings], "engines": dict(examined.engines)})
        self._execute("insert or replace into scans values (?, ?, ?)", key, value, int(time.time()))

    def digest_of(self, origin: str) -> str | None:
        stored = self._value("select value from digests where key = ?", _plain(origin))
        return stored if stored is not None and len(stored) == 64 else None

    def put_digest(self, origin: str, digest: str) -> None:
        self._execute("insert or replace into digests values (?, ?, ?)", _plain(origin), digest, int(time.time()))

    def _value(self, statement: str, key: str) -> str | None:
        rows = self._execute(statement, key)
        return rows[0][0] if rows and isinstance(rows[0][0], str) else None

    def _execute(self, statement: str, *values: str | int) -> list[tuple[object, ...]]:
        with self._lock:
            if self._connection is None:
                return []
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.DatabaseError as error:
                self._connection.close()
                self._connection = None
                self._give_up(error)
                return []

    def _give_up(self, error: sqlite3.DatabaseError) -> None:
        if isinstance(error, sqlite3.OperationalError):  # Locked, read-only, a full disk: the file itself is sound.
            self._on_trouble(f"results are not remembered: {self._file} cannot be used ({error})")
            return
        aside = self._file.with_name(f"{self._file.name}.broken-{time.time_ns()}")
        try:
            self._file.rename(aside)
            for companion in ("-wal", "-shm"):
                self._file.with_name(self._file.name + companion).unlink(missing_ok=True)
            self._connection = _opened(self._file)
        except (OSError, sqlite3.DatabaseError) as second:
            self._on_trouble(
                f"results are not remembered: {self._file} is broken ({error}) and cannot be replaced ({second})"
            )
        else:
            self._on_trouble(f"remembered results were lost: {self._file} was broken ({error}) and is now {aside.name}")


def _opened(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        # A commit then does not wait for the disk; a crash of the machine loses the last results and breaks nothing.
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        for table in ("scans", "digests"):
            connection.execute(f"create table if not exists {table} (key text primary key, value text, stored_at integer)")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _plain(origin: str) -> str:
    """Paths may hold surrogates, which a database does not take."""
    return sha256(json.dumps(origin).encode()).hexdigest()


def _examined(stored: str) -> Examined | None:
    """None where it is not what `put` has written."""
    with suppress(ValueError, TypeError, AttributeError, KeyError):
        value = json.loads(stored)
        findings = (
            Finding(rule, Verdict(verdict), what, where, engine) for rule, verdict, what, where, engine in value["findings"]
        )
        return Examined(tuple(findings), {str(name): str(state) for name, state in value["engines"].items()})
    return None
