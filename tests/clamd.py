"""ClamAV's daemon for tests: a real one with a small database of its own, and one that only speaks the protocol."""

import os
import shutil
import socket
import subprocess
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

MARKER = b"inert marker that a test database calls a virus"
EICAR = b64decode("WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo=")
# Of name and content: https://docs.clamav.net/manual/Signatures/ContentSignatures.html
SIGNATURES = {
    "Test.Marker": MARKER,
    "Eicar-Test": EICAR,
    "PUA.Test.Tool": b"inert tool that nobody wants",
}
STARTS_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class RunningClamd:
    """Where a daemon listens. `log` is what it says; `kill` ends it at once."""

    address: str
    unix_address: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running_clamd(
    directory: Path, signatures: Mapping[str, bytes] = SIGNATURES, settings: Mapping[str, str] | None = None
) -> Iterator[RunningClamd]:
    """Debian's clamd on loopback, on a port and a socket, stopped at the end. Skips where it is not installed."""
    program = shutil.which("clamd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("clamd is not installed: apt install clamav-daemon")
    database = directory / "database"
    database.mkdir(parents=True)
    lines = [f"{name}:0:*:{content.hex()}\n" for name, content in signatures.items()]
    (database / "test.ndb").write_text("".join(lines))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = {
        "TCPAddr": "127.0.0.1",
        "TCPSocket": str(port),
        "LocalSocket": str(directory / "clamd.sock"),
        "DatabaseDirectory": str(database),
        "TemporaryDirectory": str(directory),
        "Foreground": "yes",
        "AlertExceedsMax": "yes",
        **({"User": "root"} if os.geteuid() == 0 else {}),
        **(settings or {}),
    }
    configuration = directory / "clamd.conf"
    configuration.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    log = directory / "clamd.log"
    with log.open("wb") as output:
        process = subprocess.Popen([program, "-c", str(configuration)], cwd=directory, stdout=output, stderr=output)
    daemon = RunningClamd(f"127.0.0.1:{port}", f"unix:{options['LocalSocket']}", process, log)
    try:
        _wait_until_it_answers(port, daemon)
        yield daemon
    finally:
        daemon.kill()


# What it does with a connection instead of answering; the event tells when the test is over.
Answer = Callable[[socket.socket, threading.Event], None]


@contextmanager
def speaking(version: bytes, answer_to_content: bytes | Answer, *, reads: bool = True) -> Iterator[str]:
    """The address of something that passes for a fit daemon, and answers to other content than probes what it is told.

    Without `reads` it does so before it has read the content.
    """
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError), connection.makefile("rb") as stream:
            command = stream.readline()
            if command == b"nVERSION\n":
                connection.sendall(version)
            elif command == b"nINSTREAM\n":
                size = int.from_bytes(stream.read(4), "big")
                content = stream.read(min(size, len(EICAR)))
                is_probe = content.startswith((EICAR, b"\x1f\x8b"))
                if reads or is_probe:
                    stream.read(size - len(content))
                    while size := int.from_bytes(stream.read(4), "big"):
                        stream.read(size)
                if is_probe:
                    found = "Eicar-Test" if content.startswith(EICAR) else "Heuristics.Limits.Exceeded.MaxRecursion"
                    connection.sendall(f"stream: {found} FOUND\n".encode())
                elif isinstance(answer_to_content, bytes):
                    connection.sendall(answer_to_content)
                else:
                    answer_to_content(connection, over)

    def listen() -> None:
        with suppress(OSError):  # The listener is closed at the end.
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _wait_until_it_answers(port: int, daemon: RunningClamd) -> None:
    give_up = time.monotonic() + STARTS_WITHIN
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"nPING\n")
            if connection.recv(5) == b"PONG\n":
                return
        if daemon.process.poll() is not None or time.monotonic() > give_up:
            pytest.fail(f"clamd did not start:\n{daemon.log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)
