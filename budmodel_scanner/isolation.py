"""Children that look at hostile bytes in our place, as seen by their parent.

A child gets an open descriptor and a line of JSON, and answers with a line of JSON. Whatever else it does (it dies, hangs,
talks too much or about something else) is a failure of the file that it had in hand: its group is killed and the next file
gets a new child. The limits that it works under it sets itself, see `worker`.

What a file may take is counted in CPU seconds, because the wall's seconds depend on what else the machine does: a verdict
must not. The wall's end only the wait for a child that has stopped working at all.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# An own parser of hostile bytes is one thing, its surroundings another: neither tokens nor proxies nor PYTHON* get in.
# The thread pools of numerical libraries would keep a child from leaving its network, and cost more memory than it may have.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_START = "import sys; sys.path[:0] = {*sys.argv[1:]} - {*sys.path}; from {module} import main; main()"
_PIECE = 1 << 16
_LOOK_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one file may take: CPU seconds, more of them for larger files, and bytes of the answer.

    Texts, and archives of them, take a hundred times as long as weights of their size, but no such file is huge: the first
    `dense_bytes` have ten times the seconds of those behind. Sources of some megabytes, compressed, need half a minute.

    A child that takes no CPU time for `idle_seconds` hangs. It is replaced after `files` of them: what memory they left in
    pieces is not the trouble of the next.
    """

    seconds: float = 60.0
    dense_bytes: int = 64 << 20
    bytes_per_second: float = 1e6
    idle_seconds: float = 120.0
    answer_bytes: int = 8 << 20
    files: int = 500

    def seconds_for(self, size: int) -> float:
        return self.seconds + (9 * min(size, self.dense_bytes) + size) / self.bytes_per_second


@dataclass(slots=True)
class Patience:
    """How long to wait for a child: it may use so many CPU `seconds` from `used` on, and rest for `idle_seconds`."""

    idle_seconds: float
    seconds: float
    used: float
    last_used: float = -1.0
    since: float = 0.0

    def lost_with(self, used: float, now: float) -> str | None:
        """What is wrong with a child that has used so many CPU seconds in its life."""
        if used - self.used > self.seconds:
            return "the examination took more CPU time than a file of its size may, and was ended"
        if used != self.last_used:
            self.last_used, self.since = used, now
        if now - self.since >= self.idle_seconds:
            return "the examination did nothing any more, and was ended"
        return None


class ScanFailure(Exception):  # noqa: N818  # It is a result of a scan, not a mistake.
    """A file was not examined; it becomes a Finding of Verdict.ERROR with this `rule`."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(what)
        self.rule = rule
        self.what = what


def program_of(module: str) -> tuple[str, ...]:
    """The command that runs `main` of a module of ours, of this very copy of the package and in isolated mode."""
    root = str(Path(__file__).parent.parent)
    return sys.executable, "-I", "-X", "utf8", "-c", _START.replace("{module}", module), root


class Child:
    """One child at a time that runs `program`: started when it is needed, replaced when it is lost. One thread uses it."""

    def __init__(self, program: Sequence[str], allowance: Allowance) -> None:
        self._program = tuple(program)
        self._allowance = allowance
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._asked = 0

    def ask(self, descriptor: int, size: int, request: dict[str, Any]) -> dict[str, Any]:
        """Hands over a file of `size` bytes; gives what the child says of it. Raises ScanFailure."""
        if self._asked and self._asked % self._allowance.files == 0:
            self.kill()
        self._asked += 1
        seconds = self._allowance.seconds_for(size)
        self._send(json.dumps({"id": self._asked, "seconds": seconds} | request).encode() + b"\n", descriptor)
        try:
            answer = json.loads(self._line(seconds))
        except (ValueError, RecursionError) as error:
            raise self._lost("scan.garbage", "the examining process gave an answer that is no JSON") from error
        if not isinstance(answer, dict) or answer.get("id") != self._asked:
            raise self._lost("scan.garbage", "the examining process gave an answer to something else")
        if isinstance(failure := answer.get("failure"), str):
            raise self._lost("scan.examiner-failed", f"the examination failed: {failure[:300]}")
        if answer.get("complete") is not True:
            raise self._lost("scan.garbage", "the examining process gave an answer that it did not complete")
        return answer

    def interrupt(self) -> None:
        """Makes the question under way fail at once. Other threads may call it."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    def kill(self) -> int | None:
        """Ends the child with all that it may have started; gives its exit status, negative for a signal."""
        process, self._process = self._process, None
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        if process is None:
            return None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        return status

    def _send(self, line: bytes, descriptor: int) -> None:
        if self._requests is not None:
            with suppress(OSError):
                socket.send_fds(self._requests, [line], [descriptor])
                return
            self.kill()  # It has died since its last answer, which is no fault of this file.
        try:
            socket.send_fds(self._start(), [line], [descriptor])
        except OSError as error:
            raise self._lost("scan.child-died", f"the examining process took no file ({error})") from error

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._requests = ours
            # A group of its own, so that all of it can be killed. Errors come as answers; a full pipe would block it.
            self._process = subprocess.Popen(
                self._program,
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        ours.settimeout(self._allowance.idle_seconds)
        return ours

    def _line(self, seconds: float) -> bytes:
        process = self._process
        if process is None or process.stdout is None:
            raise ScanFailure("scan.child-died", "the examining process is gone")
        answer = bytearray()
        # The child ends itself at its limit, which counts from its last answer; this is for one that cannot.
        patience = Patience(self._allowance.idle_seconds, 2 * seconds, _cpu_seconds(process.pid))
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                self._wait(selector, patience, process.pid)
                piece = os.read(process.stdout.fileno(), _PIECE)
                if not piece:
                    raise self._died()
                answer += piece
                if len(answer) > self._allowance.answer_bytes:
                    raise self._lost("scan.garbage", "the examining process gave an answer without end")
        return bytes(answer)

    def _wait(self, selector: selectors.BaseSelector, patience: "Patience", child: int) -> None:
        """Until the child says something. Raises ScanFailure where it will not."""
        while not selector.select(min(_LOOK_EVERY, self._allowance.idle_seconds)):
            if problem := patience.lost_with(_cpu_seconds(child), time.monotonic()):
                raise self._lost("scan.timeout", problem)

    def _died(self) -> ScanFailure:
        status = self.kill()
        how = signal.strsignal(-status) if status is not None and status < 0 else f"exit status {status}"
        return ScanFailure("scan.child-died", f"the examining process died ({how}) on this file")

    def _lost(self, rule: str, what: str) -> ScanFailure:
        self.kill()
        return ScanFailure(rule, what)


def _cpu_seconds(process: int) -> float:
    """What it has used in its life, its threads included. Where the system does not tell: nothing, as if it hung."""
    try:
        # The name of the program, in brackets, may hold anything.
        fields = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
