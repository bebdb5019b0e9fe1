"""How long a command takes to begin: against a Python that imports click and what the command is about, and does nothing."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.measure import Figure, in_turn, median_ratio

ROUNDS = 5
MODEL = str(Path(__file__).parent.parent / "samples" / "huggingface.co" / "models" / "Qwen" / "Qwen3-32B")
# Each command with what it is about: its modules, and the terms of the known licenses.
COMMANDS: tuple[tuple[list[str], str], ...] = (
    (["--help"], "pass"),
    (["inspect", MODEL], "import budmodel_pipeline.targets.inspection, budmodel_pipeline.targets.opening, rich.table"),
    (
        ["license", MODEL],
        "import budmodel_pipeline.targets.license_search as search, rich.table; search.terms_of('mit')",
    ),
    (["resolve", "Qwen3 32B"], "import budmodel_pipeline.identity.resolve, rich.table"),
)
# Twice that floor stays below half a second of CPU on a slow machine.
TARGET = 2.0


def run() -> list[Figure]:
    """One figure for each command: its CPU time as a multiple of that floor."""
    return [_figure(arguments, floor) for arguments, floor in COMMANDS]


def _figure(arguments: list[str], floor: str) -> Figure:
    command = [str(Path(sys.executable).with_name("budmodel")), *arguments]
    least = [sys.executable, "-c", f"import click; {floor}"]
    ours, floors = in_turn(ROUNDS, partial(_cpu_seconds, command), partial(_cpu_seconds, least))
    detail = f"{min(ours):.2f} s of CPU, {min(floors):.2f} s for `python -c 'import click; {floor}'`"
    return Figure(f"`budmodel {arguments[0]}` begins", median_ratio(ours, floors), TARGET, detail)


def _cpu_seconds(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
