"""Names per second of identity resolution, and how the time grows: `python -m benchmarks.identity [names.jsonl]`.

Without a file the names are made up from parts of real ones, all distinct, so that no cache helps.
"""

import json
import sys
import time
from math import prod
from pathlib import Path
from typing import Any

from budmodel_pipeline.identity.lines import resolve_rows
from budmodel_pipeline.identity.resolve import resolve

SIZES = (1_000, 10_000, 100_000)
_FAMILIES = (
    "claude-sonnet",
    "GPT",
    "Llama",
    "Qwen",
    "gemini-flash",
    "DeepSeek-V",
    "mistral-large",
    "Unheard-Of",
    "Hermes",
    "GLM",
)
_PREFIXES = ("", "openrouter/", "us.anthropic.", "accounts/fireworks/models/", "OpenHands + ", "somebody/", "azure-")
_SIZES = ("", "-7B", " 70b", "-8x22b", "-235B-A22B", "-1.5b")
_STAGES = ("", "-Instruct", "-chat", " it", "-thinking", "-preview", "-abliterated")
_DATES = ("", "-20250514", "-2411", " (Aug 2024)", " (06/13)")
_SUFFIXES = ("", " (high)", ":free", "-FP8", " (FC)", "-latest")
_VERSIONS = ("3", "3.5", "4-5", "2p1", "10", "4.20", "1.0", "25")


_PARTS = (_FAMILIES, _VERSIONS, _PREFIXES, _SIZES, _STAGES, _DATES, _SUFFIXES)
_STRIDE = 7_919  # Prime and no factor of the number of combinations: every name once, and any stretch is like any other.


def published(index: int) -> dict[str, Any]:
    """The row number `index`, as a leaderboard would publish it; rows are distinct."""
    rest = index * _STRIDE % prod(map(len, _PARTS))
    chosen = []
    for part in _PARTS:
        rest, position = divmod(rest, len(part))
        chosen.append(part[position])
    family, version, prefix, size, stage, date, suffix = chosen
    return {"source": "benchmark", "published_name": f"{prefix}{family}-{version}{size}{stage}{date}{suffix}"}


def main() -> None:
    """Prints a line per size: names, seconds of one core, names per second, and time per name against the line before."""
    resolve("benchmark", "warm-up 1b")
    if len(sys.argv) > 1:
        rows = [json.loads(line) for line in Path(sys.argv[1]).read_text("utf-8").splitlines() if line.strip()]
        sizes: tuple[int, ...] = (len(rows),)
    else:
        rows, sizes = list(map(published, range(SIZES[-1]))), SIZES
    before = 0.0
    for size in sizes:
        started = time.process_time()
        models = {row["model_id"] for row in resolve_rows(rows[:size])}
        seconds = time.process_time() - started
        growth = f"   x{seconds / size / before:.2f} per name" if before else ""
        before = seconds / size
        print(f"{size:>8,} names -> {len(models):>7,} models in {seconds:6.2f} s   {size / seconds:>8,.0f} names/s{growth}")


if __name__ == "__main__":
    main()
