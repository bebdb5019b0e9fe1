"""Names per second of identity resolution, and how the time grows.

The names are made up from parts of real ones, all distinct, so that no cache helps.
"""

import time
from collections.abc import Iterator
from math import prod
from typing import Any

from benchmarks.measure import Figure
from budmodel_pipeline.identity.lines import resolve_rows
from budmodel_pipeline.identity.resolve import resolve

SIZES = (10_000, 100_000)
MAX_SECONDS = 10
MAX_GROWTH = 1.2
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


def run() -> Iterator[Figure]:
    """The seconds of one core for 100,000 names, and how the time for one grows from 10,000 names to ten times as many."""
    resolve("benchmark", "warm-up 1b")
    rows = list(map(published, range(SIZES[-1])))
    taken = {}
    for size in SIZES:
        started = time.process_time()
        models = {row["model_id"] for row in resolve_rows(rows[:size])}
        taken[size] = time.process_time() - started
    few, many = SIZES
    detail = f"{many / taken[many]:,.0f} names/s; {many:,} names are {len(models):,} models"
    yield Figure(f"seconds of one core to resolve {many:,} distinct names", taken[many], MAX_SECONDS, detail)
    growth = taken[many] / many / (taken[few] / few)
    yield Figure(
        f"time per name at {many:,} names / at {few:,}", growth, MAX_GROWTH, f"{few / taken[few]:,.0f} names/s before"
    )
