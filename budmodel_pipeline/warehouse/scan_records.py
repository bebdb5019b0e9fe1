"""Scans as rows, and what later scans need not find out again."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from budmodel_pipeline.warehouse.rows import replace_rows, upsert
from budmodel_pipeline.warehouse.tables import file_digests, model_scans, scan_findings, scan_results, scans

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file as scanned. `engines` tells of each engine whether it looked; `findings` as rows without their numbers."""

    path: str
    size_bytes: int | None
    sha256: str | None
    verdict: str
    engines: Mapping[str, str]
    from_cache: bool
    findings: Sequence[Mapping[str, str]]


def store_scan(
    connection: Connection,
    target: str,
    revision: str,
    verdict: str,
    versions: Mapping[str, str],
    files: Sequence[ScannedFile],
    now: datetime,
) -> None:
    """Replaces what is known of the scans of a model by this one."""
    model = {"target": target, "revision": revision, "verdict": verdict, "files": len(files)}
    # With the scan go its files and findings.
    replace_rows(connection, model_scans, {"target": target}, [{**model, "versions": dict(versions), "scanned_at": now}])
    rows = [
        {"target": target, **{name: value for name, value in asdict(file).items() if name != "findings"}} for file in files
    ]
    findings = [
        {"target": target, "path": file.path, "finding_no": number, **finding}
        for file in files
        for number, finding in enumerate(file.findings, 1)
    ]
    upsert(connection, scans, rows)
    upsert(connection, scan_findings, findings)


@dataclass(frozen=True, slots=True)
class LastScan:
    """The scan of a model that stands: at which revision, by which versions, with which result."""

    revision: str
    verdict: str
    versions: Mapping[str, str]
    malicious: Sequence[str]


def last_scan(connection: Connection, target: str) -> LastScan | None:
    """The scan of `target` that stands; `malicious` are its malicious files."""
    found = connection.execute(
        text("""
            select revision, verdict, versions, array(
                select path from budmodel.scans where target = :target and verdict = 'malicious' order by path
            ) as malicious from budmodel.model_scans where target = :target
        """),
        {"target": target},
    ).mappings()
    return next((LastScan(**row) for row in found), None)


class ResultsTable:
    """What engines said before, for scans on any machine. Trouble with the database costs time and no result: it is logged.

    Values are plain: `findings` as rows of texts, `engines` as a mapping.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, key: str) -> tuple[list[list[str]], dict[str, str]] | None:
        """Findings and engine states under `key`."""
        found = self._row("select findings, engines from budmodel.scan_results where cache_key = :key", key)
        return (found["findings"], found["engines"]) if found else None

    def put(self, key: str, findings: Sequence[Sequence[str]], engines: Mapping[str, str]) -> None:
        """Remembers a result."""
        row = {"cache_key": key, "findings": [list(one) for one in findings], "engines": dict(engines)}
        self._write(scan_results, {**row, "examined_at": datetime.now(UTC)})

    def digest_of(self, origin: str) -> str | None:
        """The digest of a file of a commit, None where it was never computed."""
        found = self._row("select sha256 from budmodel.file_digests where origin = :key", origin)
        return found["sha256"] if found else None

    def put_digest(self, origin: str, digest: str) -> None:
        """Remembers the digest of a file of a commit."""
        self._write(file_digests, {"origin": origin, "sha256": digest})

    def _row(self, statement: str, key: str) -> Mapping[str, Any] | None:
        try:
            with self._engine.connect() as connection:
                found = connection.execute(text(statement), {"key": key}).mappings().one_or_none()
                return dict(found) if found is not None else None
        except SQLAlchemyError as error:
            _log.warning("results of earlier scans cannot be read, so everything is examined anew: %s", error)
            return None

    def _write(self, table: Any, row: Mapping[str, Any]) -> None:
        try:
            with self._engine.begin() as connection:
                upsert(connection, table, [row])
        except SQLAlchemyError as error:
            _log.warning("the result of a scan cannot be remembered: %s", error)
