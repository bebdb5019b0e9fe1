"""`budmodel run` when nothing is due, over the import of Dagster alone; whole processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measure import Figure, in_turn, median_ratio, seconds
from budmodel_pipeline.services import embedded_postgres

ROUNDS = 7
MAX_RATIO = 4.0
COMMAND = str(Path(sys.executable).with_name("budmodel"))
# What is set for the user's own pipeline is not for this one.
OURS = ("BUDMODEL_", "DAGSTER_", "MINIO_", "POSTGRES_")


def run() -> Iterator[Figure]:
    """With the bundled samples, extracted once beforehand into a home of the benchmark's own."""
    with TemporaryDirectory(prefix="budmodel-bench-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environment["BUDMODEL_HOME"] = str(Path(folder) / "home")

        def process(*command: str) -> str:
            finished = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            if finished.returncode:
                raise RuntimeError(f"{' '.join(command)} failed: {finished.stdout}{finished.stderr}")
            return finished.stdout

        try:
            process(COMMAND, "run")
            said = process(COMMAND, "run")
            if "budmodel run --force" not in said:
                raise RuntimeError(f"something was due right after a run: {said}")
            idle, floor = in_turn(
                ROUNDS,
                lambda: seconds(lambda: process(COMMAND, "run")),
                lambda: seconds(lambda: process(sys.executable, "-c", "import dagster")),
            )
        finally:
            embedded_postgres.stop(Path(folder) / "home" / "postgres")
    detail = f"{median(idle):.2f} s / {median(floor):.2f} s"
    yield Figure('budmodel run with nothing due / python -c "import dagster"', median_ratio(idle, floor), MAX_RATIO, detail)
