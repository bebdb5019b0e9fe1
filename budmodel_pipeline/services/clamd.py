"""ClamAV's daemon as an engine of a scan. Protocol: `man clamd`.

Connections are those of pyclamd; what goes through them is not: its `scan_stream` takes a connection that was cut for a
clean file, may send pieces in part, and waits five times as long as it is told to.

Signatures of your own have no version that the daemon would tell: scan with --no-cache after they have changed.
"""

import os
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from budmodel_pipeline.fetching.deadline import Deadline
from budmodel_scanner.antivirus import (
    CLAMAV,
    HEAD,
    LARGEST,
    failed,
    is_version,
    reason_not_to_ask,
    result_of,
    too_large,
    trouble_with_settings,
    trouble_with_signatures,
)
from budmodel_scanner.engines import CLEAN, FAILED, FLAGGED, EngineResult
from budmodel_scanner.verdict import Finding, Verdict

_PIECE = 1 << 20
_LONGEST_ANSWER = 4096


class ClamdError(Exception):
    """The daemon gave no answer, or not one of its protocol; the message tells a person."""


@dataclass(frozen=True, slots=True)
class ClamdPolicy:
    """How the daemon is asked.

    `answer_seconds` bounds all that is exchanged about one file. After `failures` files in a row without an answer, the rest
    of the scan is not tried. Official signatures that are older than `signature_days` are stale; 0 accepts any age.
    """

    connect_seconds: float = 2
    answer_seconds: float = 60
    failures: int = 3
    signature_days: int = 7


@dataclass(frozen=True, slots=True)
class Clamd:
    """The daemon at `address`: `host:port` (IPv4) or `unix:/path`. Every question has a connection of its own."""

    address: str
    policy: ClamdPolicy

    def version(self) -> str:
        """Of program and official signatures, as the daemon words it, with its newline. Raises ClamdError."""
        answer = self._asked([b"nVERSION\n"])
        if not is_version(answer):
            raise ClamdError(f"clamd at {self.address} was asked for its version and said {answer[:200]!r}")
        return answer

    def examined(self, pieces: Iterable[bytes]) -> str:
        """The answer to content, which is given in pieces of up to 4 GiB. Raises ClamdError."""
        return self._asked(_stream(pieces))

    def _asked(self, question: Iterable[bytes]) -> str:
        with Deadline(self.policy.answer_seconds) as deadline:
            try:
                with closing(self._connected()) as connection:
                    deadline.watch(connection)
                    taken = _sent(connection, question)
                    answer, ended = _received(connection)
            except (OSError, UnicodeError) as error:
                trouble = "took too long" if deadline.expired else f"does not answer: {_reason(error)}"
                raise ClamdError(f"clamd at {self.address} {trouble}") from error
            # What was found in a part of the content is found; that it is clean, only who has read it all can say.
            if answer.endswith("\n") and ((taken and ended and not deadline.expired) or not answer.endswith(" OK\n")):
                return answer
            if deadline.expired:
                raise ClamdError(f"clamd at {self.address} gave no answer within {self.policy.answer_seconds:g} seconds")
        said = f"after {answer[:200]!r}" if answer else "without an answer"
        raise ClamdError(f"clamd at {self.address} ended the connection {said}: its log may say why")

    def _connected(self) -> socket.socket:
        try:
            pyclamd = import_module("pyclamd")
        except ModuleNotFoundError as error:
            raise ClamdError("BUDMODEL_CLAMD is set, but pyclamd is not installed: pip install pyclamd") from error
        kind, _, rest = self.address.rpartition(":")
        seconds = self.policy.connect_seconds
        client: Any = (
            pyclamd.ClamdUnixSocket(rest, seconds)
            if kind == "unix"
            else pyclamd.ClamdNetworkSocket(kind, int(rest), seconds)
        )
        client._init_socket()
        connection: socket.socket = client.clamd_socket
        connection.settimeout(None)  # From here on, the deadline rules.
        return connection


class ClamAV:
    """ClamAV for one scan: `open_clamav` makes it. Threads share it."""

    name = CLAMAV

    def __init__(self, clamd: Clamd, version: str, troubles: tuple[Finding, ...], absence: str | None) -> None:
        self.version = version
        self._clamd = clamd
        self._troubles = troubles
        self._absence = absence
        self._lock = threading.Lock()
        self._failures_left = clamd.policy.failures

    @property
    def trouble(self) -> str | None:
        """Why it is not fit to judge, None where it is."""
        return self._absence or "; ".join(finding.what for finding in self._troubles) or None

    def examine(self, descriptor: int, name: str, size: int) -> EngineResult:
        """What ClamAV says of an open file, if the file is of a kind that it serves for."""
        try:
            reason = reason_not_to_ask(name, os.pread(descriptor, HEAD, 0), size)
        except Exception as error:  # noqa: BLE001  # Hostile bytes find what tests do not; the other files go on.
            return failed("clamav.unavailable", f"whether ClamAV serves for it is unknown: {type(error).__name__}: {error}")
        if reason is not None:
            return EngineResult(f"not asked: {reason}")
        if self._absence is not None:
            return failed("clamav.unavailable", self._absence)
        result = too_large() if size > LARGEST else self._asked(descriptor, size)
        state = result.state
        if self._troubles:
            state = FLAGGED if state == FLAGGED else FAILED
        elif state == CLEAN and not self._clamd.policy.signature_days:
            state = f"{CLEAN}: by signatures of any age"
        return EngineResult(state, (*result.findings, *self._troubles))

    def _asked(self, descriptor: int, size: int) -> EngineResult:
        try:
            answer = self._clamd.examined(_pieces(descriptor, size))
        except ClamdError as error:
            self._count(str(error))
            return failed("clamav.unavailable", str(error))
        self._failures_left = self._clamd.policy.failures
        return result_of(answer)

    def _count(self, trouble: str) -> None:
        with self._lock:
            self._failures_left -= 1
            if self._failures_left <= 0:
                self._absence = f"ClamAV was not asked, because other files got no answer: {trouble}"


def open_clamav(address: str, policy: ClamdPolicy | None = None, now: datetime | None = None) -> ClamAV:
    """Looks whether the daemon at `address` is fit to judge: there, with signatures of late, and honest about its limits.

    Raises nothing: of a daemon that is not fit, every file that wants it says so.
    """
    clamd = Clamd(address, policy or ClamdPolicy())
    try:
        version = clamd.version()
        troubles = trouble_with_settings(lambda content: clamd.examined([content]))
    except ClamdError as error:
        return ClamAV(clamd, "unavailable", (), str(error))
    aged = trouble_with_signatures(version, now or datetime.now(UTC), clamd.policy.signature_days)
    if aged is not None:
        troubles = [("clamav.signatures", aged), *troubles]
    findings = tuple(Finding(rule, Verdict.ERROR, what, engine=CLAMAV) for rule, what in troubles)
    # Results by stale signatures are not those of the same signatures when they were fresh.
    fitness = sorted({rule for rule, _ in troubles})
    return ClamAV(clamd, " ".join([version.strip(), *fitness]), findings, None)


def _stream(pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield b"nINSTREAM\n"
    for piece in pieces:
        yield len(piece).to_bytes(4, "big") + piece
    yield bytes(4)


def _pieces(descriptor: int, size: int) -> Iterator[bytes]:
    """The content of a file. Raises ClamdError where it cannot be read, which is no trouble of the connection."""
    offset = 0
    while offset < size:
        try:
            piece = os.pread(descriptor, min(_PIECE, size - offset), offset)
        except OSError as error:
            raise ClamdError(f"the file cannot be read for ClamAV: {error.strerror}") from error
        if not piece:
            raise ClamdError(f"the file ended after {offset:,} of {size:,} bytes; scan again")
        yield piece
        offset += len(piece)


def _sent(connection: socket.socket, question: Iterable[bytes]) -> bool:
    """Whether all of it was taken. Who ends the connection early may have said why."""
    try:
        for part in question:
            connection.sendall(part)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _received(connection: socket.socket) -> tuple[str, bool]:
    """All that comes, no more of it than an answer has, and whether the other side ended it in good order."""
    answer = b""
    try:
        while len(answer) <= _LONGEST_ANSWER and (part := connection.recv(_LONGEST_ANSWER)):
            answer += part
    except ConnectionResetError:
        return _text(answer), False
    return _text(answer), True


def _text(answer: bytes) -> str:
    return answer.decode("ascii", "backslashreplace")


def _reason(error: OSError | UnicodeError) -> str:
    # pyclamd replaces the error that tells the reason.
    cause = error.__context__ if isinstance(error.__context__, OSError) else error
    return (isinstance(cause, OSError) and cause.strerror) or str(cause)
