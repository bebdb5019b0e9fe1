"""The child's side of a scan: takes limits upon itself, then examines the files that it is handed, one after the other.

What most files need is imported first. Then the limits are set, and only then hostile bytes are read. The walls are
the kernel's: memory, CPU, no files written, no network (a network namespace of its own, where Linux permits that), no new
privileges, death with the parent. The audit hook is a fence inside of them: no examiner has a reason to open a socket, start
a program, write a file, unpickle or import a library, so one that tries has been led astray, and the file becomes an error.
"""

import ctypes
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple
from typing import Any

from budmodel_scanner.verdict import Finding, Verdict

MEMORY = 1 << 30
DESCRIPTORS = 32
MOST_FINDINGS = 200  # of each verdict
LONGEST_TEXT = 1000

Examine = Callable[[dict[str, Any], int], dict[str, Any]]

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REFUSED = (
    *("os.exec", "os.fork", "os.kill", "os.posix_spawn", "os.putenv", "os.spawn", "os.system", "pty.", "subprocess."),
    *("os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"),
    *("ftplib.", "shutil.", "socket.", "sqlite3.", "tempfile.", "urllib.", "webbrowser."),
    *("ctypes.dlopen", "pickle.find_class"),
)


class RefusedError(Exception):
    """Something was tried that no examination needs."""


def main() -> None:
    from budmodel_scanner.content import FileContent, Place
    from budmodel_scanner.router import examine_file

    def examine(request: dict[str, Any], descriptor: int) -> dict[str, Any]:
        content = FileContent(descriptor, os.fstat(descriptor).st_size)
        return {"findings": bounded(examine_file(content, Place(request["name"])))}

    serve(examine, {"budmodel_scanner", "jinja2", "markupsafe", "pyarrow", "tree_sitter", "tree_sitter_bash", "yaml"})


def serve(examine: Examine, libraries: Iterable[str]) -> None:
    """Answers requests until there are no more. `libraries` may still be imported when the limits stand."""
    requests, answers = socket.socket(fileno=0), os.fdopen(1, "wb")
    lock_down(libraries)
    while True:
        line, descriptors, _, _ = socket.recv_fds(requests, 1 << 17, 1)
        if not line or not descriptors:
            return
        request = json.loads(line)
        try:
            _allow_cpu(request["seconds"])
            answer = examine(request, descriptors[0]) | {"complete": True}
        except MemoryError:
            answer = {"failure": "it would have taken more memory than it may have"}
        except Exception as error:  # noqa: BLE001  # Whatever it was, the parent makes an error of it.
            answer = {"failure": f"{type(error).__name__}: {error}"}
        finally:
            os.close(descriptors[0])
        answers.write(json.dumps({"id": request["id"]} | answer).encode() + b"\n")
        answers.flush()


def bounded(findings: Iterable[Finding]) -> list[tuple[str, ...]]:
    """Findings as they travel: a file may be wrong in a million places, but of each verdict the first hundreds tell."""
    counts = dict.fromkeys(Verdict, 0)
    kept: list[Finding] = []
    for finding in findings:
        counts[finding.verdict] += 1
        if counts[finding.verdict] <= MOST_FINDINGS:
            kept.append(finding)
    kept += _left_out(counts)
    return [tuple(str(value)[:LONGEST_TEXT] for value in astuple(finding)) for finding in kept]


def _left_out(counts: dict[Verdict, int]) -> Iterator[Finding]:
    for verdict, count in counts.items():
        if count > MOST_FINDINGS:
            yield Finding("scan.more-findings", verdict, f"{count - MOST_FINDINGS:,} more findings that are {verdict}")


def lock_down(libraries: Iterable[str]) -> None:
    """Takes the limits of a scan upon this process, for good. Raises OSError where a limit cannot be set."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        # Containers often forbid it; the hook below still stands then.
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        # After it, because a change of credentials takes the signal back.
        for option, value in ((_PR_SET_PDEATHSIG, int(signal.SIGKILL)), (_PR_SET_NO_NEW_PRIVS, 1)):
            if libc.prctl(option, value, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "prctl")
        _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, DESCRIPTORS)
    sys.dont_write_bytecode = True  # The fence would refuse it, and with it the import.
    sys.addaudithook(_fence({*sys.stdlib_module_names, *libraries}))


def _fence(importable: set[str]) -> Callable[[str, tuple[Any, ...]], None]:
    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if (isinstance(mode, str) and {*mode} & {*"wax+"}) or (isinstance(flags, int) and flags & _WRITES):
                raise RefusedError(f"an examination opened {path!r} for writing")
        elif event == "import":
            if arguments[0].partition(".")[0] not in importable:
                # As if it were not installed: verdicts do not depend on what else is.
                raise ModuleNotFoundError(f"no part of an examination: {arguments[0]}", name=arguments[0])
        elif event.startswith(_REFUSED):
            raise RefusedError(f"an examination caused {event}")

    return refuse


def _limit(kind: int, amount: int) -> None:
    _, hard = resource.getrlimit(kind)
    amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    resource.setrlimit(kind, (amount, amount))


def _allow_cpu(seconds: float) -> None:
    """So many seconds from now on; the kernel counts those of the whole life of a process."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


if __name__ == "__main__":
    main()
