"""Models a second with one Celery worker and with two, and the memory of every process, on loopback.

`python -m benchmarks workers`; `make bench` leaves it out. A model is what `benchmarks.one_pass` reads: 1.1 s of CPU. Each
worker has one slot. What the processes spent of the machine's CPUs says what bounds it.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.deployment import deployment, resident
from benchmarks.measure import Figure
from benchmarks.one_pass import usual_model
from tests.hub_server import HubServer

ON_REQUEST = True
MODELS, MODELS_A_RUN = 120, 20
TARGET_RATIO = 1.7
MOST_MEGABYTES = 1000


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds from the first start of a run to the last end; of each process megabytes (its own part) and CPU seconds."""

    seconds: float
    megabytes: Mapping[str, float]
    cpu: Mapping[str, float]

    def told(self) -> str:
        spent = ", ".join(f"{name} {seconds:.0f}" for name, seconds in self.cpu.items())
        return (
            f"{MODELS / self.seconds:.2f} models a second; CPU seconds: {spent}; "
            f"{sum(self.cpu.values()) / self.seconds:.2f} of {os.cpu_count()} CPUs in use, the hub's among them not"
        )


def run() -> Iterator[Figure]:
    """How much faster two are."""
    one, two = _measured(1), _measured(2)
    ratio = one.seconds / two.seconds
    yield Figure("one worker's time over two workers', below 1/target", 1 / ratio, 1 / TARGET_RATIO, f"{ratio:.2f} times")
    for workers, measured in ((1, one), (2, two)):
        yield Figure(f"seconds a model with {workers}", measured.seconds / MODELS, 2, measured.told())
    for name, megabytes in two.megabytes.items():
        yield Figure(f"megabytes of the {name}", megabytes, MOST_MEGABYTES)


def _measured(workers: int) -> Measured:
    with deployment(_models, MODELS_A_RUN, workers=workers, slots=1) as made:
        made.serve(lambda _events, _served: None)
        spans = "select max(end_time) - min(start_time) from runs join run_tags using (run_id) where key = 'budmodel/batch'"
        ((seconds,),) = made.at.query(spans, dagster=True)
        groups = {process.pid: name for name, process in made.processes.items()}
        megabytes, cpu = resident(groups, made.at.folder / "postgres" / "data")
    return Measured(seconds, megabytes, cpu)


def _models(hub: HubServer) -> list[str]:
    names = [f"org/model-{number:03}" for number in range(MODELS)]
    for number, name in enumerate(names):
        usual_model(hub, name, number)
    return names
