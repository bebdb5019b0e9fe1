"""Milliseconds for one license text and the memory of a process that identifies many.

The texts are real ones where they lie beside the checkout, else our own license; each is wrapped anew and has a heading, so
that no hash of the whole text answers.
"""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator

from benchmarks.measure import Figure
from benchmarks.published_files import PROJECT

MAX_MILLISECONDS = 50
MAX_MEGABYTES = 150
_TEXTS = PROJECT.parent / "shared" / "licenses"
_ROUNDS = 3
# In a process of its own: what other benchmarks have loaded is no memory of this one.
_PROCESS = """
import json, sys, time
from pathlib import Path
from budmodel_pipeline.licensing.identify import identify_text
texts = json.load(sys.stdin)
started = time.process_time()
identify_text(texts[0])
first = time.process_time() - started
times = []
for text in texts:
    started = time.process_time()
    identify_text(text)
    times.append(time.process_time() - started)
# Not ru_maxrss: that begins at what the process that started this one had.
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print(json.dumps({"first": first, "times": times, "peak": peak}))
"""


def run() -> Iterator[Figure]:
    """The mean time of one core for a text, and the peak memory of the process."""
    paths = sorted(_TEXTS.iterdir()) if _TEXTS.is_dir() else [PROJECT / "LICENSE"]
    texts = [
        "\n\n".join(textwrap.fill(part, 60) for part in f"# My model\n\n{path.read_text(encoding='utf-8')}".split("\n\n"))
        for path in paths
    ]
    done = subprocess.run(
        [sys.executable, "-c", _PROCESS], input=json.dumps(texts * _ROUNDS), capture_output=True, text=True, check=True
    )
    measured = json.loads(done.stdout)
    times = sorted(1000 * taken for taken in measured["times"])
    mean, slowest = sum(times) / len(times), times[-1]
    detail = f"{len(texts)} texts, slowest {slowest:.0f} ms; the first costs {1000 * measured['first']:.0f} ms with loading"
    yield Figure("milliseconds of one core to identify a license text", mean, MAX_MILLISECONDS, detail)
    yield Figure("peak megabytes of a process that identifies license texts", measured["peak"], MAX_MEGABYTES, detail)
