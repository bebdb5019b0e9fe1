"""Fuzzes the examiners with mutations of the corpus.

    python -m tests.fuzz --seconds 900 --keep DIR

takes 15 minutes of CPU time, which is the same work on a busy machine. Whatever raises something, is reported as the
failure of an examiner, takes more than 10 CPU seconds or 512 MiB, or kills its process is kept in `DIR`: the input under
`DIR/NUMBER/<name of the file>`, and beside it `trouble.txt`. Of the same trouble the smallest input is kept. `--seed`
repeats a run. Exit status 1 where there was any.

    python -m tests.fuzz --again DIR/NUMBER/<name of the file>

examines one of them once more, in this process. With `--loaders`, the inputs are pickles, and trouble is whatever an
unpickler of CPython would do that the walk does not see (`loaders`).
"""

import argparse
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.fuzz.worker import Purpose

# Seconds after which a process that uses no CPU is given up.
STUCK = 300.0


@dataclass(slots=True)
class Worker:
    """A fuzzing process, and what it has in hand since when."""

    number: int
    seed: str
    folder: Path
    purpose: Purpose
    process: subprocess.Popen[bytes] = field(init=False)
    heard: bytes = b""
    began: float = 0.0
    name: str = ""
    origin: str = ""
    examined: int = 0
    cpu_seconds: float = 0.0

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.fuzz.worker", self.seed, str(self.folder), self.purpose]
        # CPython complains of its own buffers where an unpickler breaks off in the middle of one.
        errors = subprocess.DEVNULL if self.purpose is Purpose.LOADERS else None
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
        self.name, self.heard, self.began = "", b"", time.monotonic()

    def kill(self) -> int:
        """How it ended, or -9 where it had not."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()

    def messages(self) -> Iterator[dict[str, Any] | None]:
        """What it has said since it was asked last; None when it will say nothing more."""
        assert self.process.stdout is not None
        said = os.read(self.process.stdout.fileno(), 1 << 20)
        *lines, self.heard = (self.heard + said).split(b"\n")
        yield from map(json.loads, lines)
        if not said:
            yield None


@dataclass(slots=True)
class Kept:
    """Troubles by what is the same in them, with the smallest input of each."""

    folder: Path
    found: dict[str, tuple[Path, int]] = field(default_factory=dict)

    def add(self, trouble: str, file: Path, name: str, origin: str) -> None:
        what = re.sub(r"\d[\d,]*", "N", trouble.replace(name, ""))[:200]
        content = file.read_bytes()
        place, size = self.found.get(what, (self.folder / str(len(self.found) + 1), len(content) + 1))
        if len(content) >= size:
            return
        self.found[what] = place, len(content)
        place.mkdir(parents=True, exist_ok=True)
        for old in place.iterdir():
            old.unlink()
        kept = place / re.sub(r"[^\w.-]", "_", Path(name).name)
        kept.write_bytes(content)
        (place / "trouble.txt").write_text(f"{trouble}\nname: {name!r}\nmade from: {origin!r}\n")
        print(f"{kept}: {trouble}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzzes the examiners with mutations of the corpus.")
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds of all processes together")
    parser.add_argument("--inputs", type=int, default=1 << 62, help="end after so many, where that is sooner")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", default=str(time.time_ns()))
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--loaders", action="store_true", help="compare the walk through pickles with unpicklers")
    parser.add_argument("--again", type=Path, help="examine this file and do nothing else")
    options = parser.parse_args()
    purpose = Purpose.LOADERS if options.loaders else Purpose.EXAMINERS
    if options.again:
        print(purpose.trouble(options.again.read_bytes(), options.again.name) or "nothing is wrong with it any more")
        return 0
    kept = Kept(options.keep)
    print(f"seed {options.seed}")
    with ExitStack() as stack:
        workers = []
        for number in range(options.processes):
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="budmodel-fuzz-")))
            workers.append(Worker(number, f"{options.seed}-{number}", folder, purpose))
        try:
            _run(workers, kept, options.seconds, options.inputs)
        finally:
            for worker in workers:
                worker.kill()
    examined, spent = sum(worker.examined for worker in workers), sum(worker.cpu_seconds for worker in workers)
    print(f"{examined:,} inputs examined in {spent:,.0f} CPU seconds, {len(kept.found)} kinds of trouble")
    return 1 if kept.found else 0


def _run(workers: list[Worker], kept: Kept, seconds: float, inputs: int) -> None:
    for worker in workers:
        worker.start()
    while sum(worker.cpu_seconds for worker in workers) < seconds and sum(worker.examined for worker in workers) < inputs:
        for worker, message in _messages(workers):
            if message is None:
                _lost(worker, f"the process died with status {worker.kill()} on {worker.name}", kept)
            elif "trouble" in message:
                kept.add(message["trouble"], Path(message["input"]), message["name"], message["from"])
            else:
                worker.name, worker.origin, worker.began = message["name"], message["from"], time.monotonic()
                worker.examined += 1
                worker.cpu_seconds += message["cpu_seconds"]
        for worker in workers:
            if worker.name and time.monotonic() - worker.began > STUCK:
                worker.kill()
                _lost(worker, f"more than {STUCK:.0f} seconds for {worker.name}", kept)


def _lost(worker: Worker, trouble: str, kept: Kept) -> None:
    kept.add(trouble, worker.folder / "current", worker.name, worker.origin)
    worker.seed += "+"  # The same seed would lead to the same input.
    worker.start()


def _messages(workers: list[Worker]) -> Iterator[tuple[Worker, dict[str, Any] | None]]:
    """What the processes say within a second."""
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            assert worker.process.stdout is not None
            selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
        for key, _ in selector.select(1):
            for message in key.data.messages():
                yield key.data, message


if __name__ == "__main__":
    sys.exit(main())
