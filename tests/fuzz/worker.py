"""One fuzzing process: mutates, tells its parent what it is about to examine, examines, tells what went wrong.

It keeps the input in `current` while it works on it, so that it can be found when the process does not come back.
"""

import json
import random
import resource
import sys
import time
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Finding, Verdict
from tests.corpus.everything import corpus
from tests.corpus.sample import Sample
from tests.fuzz.loaders import disagreement, generated
from tests.fuzz.mutation import mutated

# Address space beyond what the interpreter and the corpus have taken already.
MEMORY = 512 << 20
# CPU seconds for an input.
SLOW = 10

_LARGEST_TO_LOAD = 60_000
_GENERATED = 0.6


class Purpose(StrEnum):
    """What the inputs are for."""

    EXAMINERS = "examiners"
    LOADERS = "loaders"

    def trouble(self, content: bytes, name: str) -> str | None:
        return disagreement(content) if self is Purpose.LOADERS else examined(content, name)

    def suits(self, sample: Sample) -> bool:
        if sample.link is not None:
            return False
        is_pickle = sample.kind.startswith("pickle") or sample.path.endswith((".pkl", ".pickle", ".pt"))
        return self is Purpose.EXAMINERS or (is_pickle and len(sample.content) < _LARGEST_TO_LOAD)


def main(seed: str, folder: str, chosen: str) -> None:
    """Runs until it is killed. Prints a line of JSON before each input, and one for each mishap."""
    chance, purpose = random.Random(seed), Purpose(chosen)
    samples = [sample for sample in corpus() if purpose.suits(sample)]
    contents = [sample.content for sample in samples]
    current = Path(folder) / "current"
    mishaps = 0
    for sample in samples if purpose is Purpose.EXAMINERS else ():
        # Libraries that are loaded with the first file of a kind take address space once, and are none of an input's doing.
        examined(sample.content, sample.path)
    _limit_memory()
    told = time.process_time()
    while True:
        sample = chance.choice(samples)
        content = sample.content
        if purpose is Purpose.LOADERS and chance.random() < _GENERATED:
            content = generated(chance)
        content = mutated(content, chance, contents)
        name = sample.path.split("/", 2)[2] if chance.random() < 0.9 else chance.choice(samples).path.split("/", 2)[2]
        current.write_bytes(content)
        told, before = time.process_time(), told
        _say({"name": name, "from": sample.path, "cpu_seconds": told - before})
        # Whoever passes it is killed by the kernel, with SIGXCPU.
        resource.setrlimit(resource.RLIMIT_CPU, (int(told) + SLOW, resource.RLIM_INFINITY))
        if trouble := purpose.trouble(content, name):
            mishaps += 1
            kept = Path(folder) / f"trouble-{mishaps}"
            kept.write_bytes(content)
            _say({"trouble": trouble, "input": str(kept), "name": name, "from": sample.path})


def examined(content: bytes, name: str) -> str | None:
    """What went wrong other than with the file; findings are what an examination is for."""
    try:
        findings: Iterable[Finding] = list(examine_file(MemoryContent(content), Place(name)))
    except Exception as error:  # noqa: BLE001  # To find these is the purpose.
        return f"raised {type(error).__name__}: {error}"
    failures = [f"{found.rule}: {found.what} ({found.where})" for found in findings if found.verdict is Verdict.ERROR]
    return failures[0] if failures else None


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _say(message: dict[str, str | float]) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
