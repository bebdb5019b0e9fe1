"""Large files, a busy machine, and pickles against the unpicklers that would load them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from budmodel_scanner.folder import folder_listing
from budmodel_scanner.scanner import ScanOptions, scan_listing
from budmodel_scanner.verdict import Verdict
from tests.corpus.everything import corpus, write
from tests.corpus.large_files import LARGE

pytestmark = pytest.mark.cost

# The children of a process are measured only when they are gone, so the scan has a process of its own.
PEAK = """
import resource, sys
from pathlib import Path
from budmodel_scanner.folder import scan
report = scan(Path(sys.argv[1]))
print(report.verdict, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
print([finding for file in report.files for finding in file.findings])
"""
# Texts are parsed whole, and the code of a notebook becomes a tree.
MOST_MEMORY = dict.fromkeys(LARGE, 100e6) | {"tokenizer.json": 160e6, "notebook.ipynb": 260e6}
BUSY = [sys.executable, "-c", "while True: pass"]


@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_is_safe_and_takes_little_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(LARGE[name]())
    said = subprocess.run([sys.executable, "-c", PEAK, str(tmp_path)], capture_output=True, text=True, check=True).stdout
    (verdict, kilobytes), *findings = said.splitlines()[0].split(), *said.splitlines()[1:]
    assert (verdict, findings) == ("safe", ["[]"])
    assert int(kilobytes) * 1024 < MOST_MEMORY[name]


@contextmanager
def busy(loops: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(loops):
            process = stack.enter_context(subprocess.Popen(BUSY))
            stack.callback(process.kill)
        yield


def verdicts(folder: Path) -> dict[str, Verdict]:
    return {report.path: report.verdict for report in scan_listing(folder_listing(folder), ScanOptions())}


@pytest.mark.timeout(1800)
def test_a_verdict_does_not_depend_on_what_else_the_machine_does(tmp_path: Path) -> None:
    write(tuple(sample for sample in corpus() if sample.link is None)[::20], tmp_path)
    for name in ("tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_bytes(LARGE[name]())
    idle = verdicts(tmp_path)
    with busy(8):
        assert verdicts(tmp_path) == idle
    assert Verdict.ERROR not in idle.values()


def test_the_walk_sees_whatever_an_unpickler_would_do(tmp_path: Path) -> None:
    """A fuzzer compares them until it has tried so many inputs."""
    command = [
        sys.executable,
        "-m",
        "tests.fuzz",
        "--loaders",
        "--processes",
        "1",
        "--seed",
        "cost",
        "--keep",
        str(tmp_path),
    ]
    finished = subprocess.run(
        [*command, "--inputs", "10000", "--seconds", "250"], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout
    assert " 0 kinds of trouble" in finished.stdout
