"""Scanning for safety: large checkpoints against the hash that is needed anyway, small files, the cache, and the start.

Files are written into a directory for temporary files and lie in the page cache when they are scanned. A ratio is that of
times taken in turn; peak memory is the sum of the scanning process and the largest of its children.
"""

import hashlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import IO
from zipfile import ZipFile

from benchmarks.measure import Figure, in_turn, median_ratio, seconds
from budmodel_pipeline.targets.model_scan import scan_target
from budmodel_scanner.cache import SqliteCache
from budmodel_scanner.scanner import ScanOptions
from budmodel_scanner.verdict import Verdict
from tests.corpus.everything import corpus, write
from tests.corpus.pickling import Called, Global, Persistent, dumps, text

PIECE, PIECES = 16 << 20, 64  # 1 GiB.
MAX_HASH_PASSES = 1.2
MAX_MEGABYTES = 100
# It passes over most of them: it chooses by suffix, and reads few kinds.
MAX_MODELSCANS = 4.0
MAX_SECONDS_SMALL, MAX_SECONDS_CACHED, MAX_SECONDS_START = 2.0, 0.2, 0.6
SMALL_FILES = 100
ROUNDS, SMALL_ROUNDS = 3, 5
COMMAND = str(Path(sys.executable).with_name("budmodel"))
PEER = str(Path(sys.executable).with_name("modelscan"))
# A process inherits the peak of the one that starts it, so a small one stands between this one and that which is measured.
_BETWEEN = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]], check=True)"
_MEMORY = """
import resource, sys
from budmodel_pipeline.targets.model_scan import scan_target
scan_target(sys.argv[1])
print(sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
"""


def run() -> Iterator[Figure]:
    """Of scans as a user runs them: with the cross-checks that are installed, without an antivirus daemon."""
    with TemporaryDirectory(prefix="budmodel-bench-") as work:
        folder = Path(work)
        for name, fill in _CHECKPOINTS.items():
            file = folder / name
            fill(file)
            yield from _large(file)
            file.unlink()
        yield from _small(folder)


def _large(file: Path) -> Iterator[Figure]:
    verdict = scan_target(str(file)).verdict
    if verdict is not Verdict.SAFE:
        raise RuntimeError(f"{file.name} is an ordinary checkpoint and was called {verdict}")
    ours, floor = in_turn(ROUNDS, lambda: seconds(lambda: scan_target(str(file))), lambda: seconds(lambda: _hashed(file)))
    detail = f"{median(ours):.2f} s / {median(floor):.2f} s for {file.stat().st_size:,} bytes"
    yield Figure(f"scan of {file.name} / one pass of SHA-256", median_ratio(ours, floor), MAX_HASH_PASSES, detail)
    said = subprocess.run(
        [sys.executable, "-c", _BETWEEN, _MEMORY, str(file)], capture_output=True, text=True, check=True
    ).stdout
    yield Figure(f"megabytes at most while {file.name} is scanned", int(said) * 1024 / 1e6, MAX_MEGABYTES, "two processes")


def _small(folder: Path) -> Iterator[Figure]:
    repository, one = folder / "repository", folder / "one"
    samples = [sample for sample in corpus() if not sample.hostile][:SMALL_FILES]
    for directory in (repository, one):
        directory.mkdir()
    write(tuple(samples), repository)
    (one / "config.json").write_text(json.dumps({"model_type": "llama"}))

    def process(*command: str | Path) -> float:
        return seconds(lambda: _run(folder, *command))

    whole = "--json", "--no-cache"
    ours, peer = in_turn(
        SMALL_ROUNDS,
        lambda: process(COMMAND, "scan", repository, *whole),
        lambda: process(PEER, "--path", repository),
    )
    detail = f"{median(ours):.2f} s / {median(peer):.2f} s, whole processes"
    yield Figure(
        f"seconds for {len(samples)} small files", median(ours), MAX_SECONDS_SMALL, "a whole process, nothing cached"
    )
    yield Figure(f"scan of {len(samples)} small files / modelscan of them", median_ratio(ours, peer), MAX_MODELSCANS, detail)
    with closing(SqliteCache(folder / "scans.sqlite", _fail)) as cache:
        options = ScanOptions(cache=cache)
        (again,) = in_turn(SMALL_ROUNDS, lambda: seconds(lambda: scan_target(str(repository), options=options)))
        remembered = all(report.from_cache for report in scan_target(str(repository), options=options).files)
    detail = "every file from the cache" if remembered else "some files were examined again"
    yield Figure(f"seconds for {len(samples)} unchanged small files", median(again), MAX_SECONDS_CACHED, detail)
    start, floor = in_turn(
        SMALL_ROUNDS,
        lambda: process(COMMAND, "scan", one, *whole),
        lambda: process(sys.executable, "-c", "pass"),
    )
    detail = f"{median_ratio(start, floor):.1f} times python -c pass, which takes {median(floor):.3f} s"
    yield Figure("seconds for budmodel scan of one small file", median(start), MAX_SECONDS_START, detail)


def _hashed(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _run(folder: Path, *command: str | Path) -> None:
    environment = os.environ | {"BUDMODEL_HOME": str(folder / "home")}
    finished = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    # 1 and 2 are verdicts of all these scanners, which is not what is measured here.
    if finished.returncode not in {0, 1, 2, 3} or "Traceback" in finished.stderr:
        raise RuntimeError(f"{command[0]} failed: {finished.stdout}{finished.stderr}")


def _fail(trouble: str) -> None:
    raise RuntimeError(trouble)


def _write_pieces(out: IO[bytes], before: Callable[[int], bytes] = lambda _: b"") -> None:
    """Noise, piece by piece, so that the benchmark itself needs little memory."""
    noise = os.urandom(PIECE)
    for number in range(PIECES):
        out.write(before(number))
        out.write(noise)


def _safetensors(file: Path) -> None:
    header = {
        f"layer.{number}.weight": {
            "dtype": "F32",
            "shape": [PIECE // 4],
            "data_offsets": [number * PIECE, (number + 1) * PIECE],
        }
        for number in range(PIECES)
    }
    encoded = json.dumps({"__metadata__": {"format": "pt"}} | header).encode()
    encoded += b" " * (-len(encoded) % 8)
    with file.open("wb") as out:
        out.write(struct.pack("<Q", len(encoded)) + encoded)
        _write_pieces(out)


def _torch_zip(file: Path) -> None:
    ordered, elements = Global("collections", "OrderedDict"), PIECE // 4
    tensors = {}
    for number in range(PIECES):
        storage = Persistent(("storage", Global("torch", "FloatStorage"), str(number), "cpu", elements))
        arguments = (storage, 0, (elements,), (1,), False, Called(ordered, ()))
        tensors[f"layer.{number}.weight"] = Called(Global("torch._utils", "_rebuild_tensor_v2"), arguments)
    with ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", dumps(tensors))
        archive.writestr("archive/byteorder", b"little")
        noise = os.urandom(PIECE)
        for number in range(PIECES):
            archive.writestr(f"archive/data/{number}", noise)
        archive.writestr("archive/version", b"3\n")


def _pickle(file: Path) -> None:
    with file.open("wb") as out:
        out.write(b"\x80\x04}(")
        _write_pieces(out, lambda number: text(f"layer.{number}") + b"\x8e" + struct.pack("<Q", PIECE))
        out.write(b"u.")


_CHECKPOINTS: dict[str, Callable[[Path], None]] = {
    "model.safetensors": _safetensors,
    "pytorch_model.bin": _torch_zip,
    "model.pkl": _pickle,
}
