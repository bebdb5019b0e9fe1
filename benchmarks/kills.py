"""Twenty kills with -9, at random moments, of everything that works on models: what is lost, doubled, or waits for the dead.

`python -m benchmarks kills` takes half an hour, and `make bench` leaves it out. A moment is so many events that our tables
tell of (a model read, a license found, a scan kept, a request served), drawn so that the same ones come again. What was
killed is started again at once, as a supervisor does it.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from benchmarks.deployment import deployment, small_models
from benchmarks.measure import Figure
from tests.cli import Installation

ON_REQUEST = True
SEED = 14
MODELS, MODELS_A_RUN = 60, 3
# What a model makes: read, licensed, scanned, served.
EVENTS = 4 * MODELS
PROCESSES = ["run worker"] * 6 + ["code server"] * 4 + ["daemon"] * 3
CELERY = ["Celery worker 0"] * 4 + ["run worker"] * 2 + ["daemon"]
MOST_SECONDS = 300
_HUB = re.compile(r"http://127\.0\.0\.1:\d+")
# Without moments, and ids that are drawn anew each time.
TABLES: Mapping[str, Sequence[str]] = {
    # A sweep is a tick, and the attempts are what the kills cost.
    "extraction_targets": ("batch_id", "sweep", "attempts"),
    "extraction_requests": ("request_id", "run_id", "batch_id", "attempts"),
    "model_info": (),
    "model_licenses": (),
    "license_documents": (),
    "model_scans": (),
    # Which of two models with the same file was scanned first is chance.
    "scans": ("from_cache",),
    "model_files": (),
}


@dataclass(frozen=True, slots=True)
class Kill:
    """What dies, and after how many events."""

    victim: str
    after: int


@dataclass(frozen=True, slots=True)
class Killed:
    """What died, after how many events, when (UTC), and the processes of runs that died with it."""

    victim: str
    after: int
    at: datetime
    runs: Collection[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tables hold in the end, without moments; runs by their end; seconds until each dead run was missed."""

    held: Mapping[str, Sequence[str]]
    runs: Mapping[str, int]
    missed: Sequence[float]
    killed: Sequence[Killed]


def run() -> Iterator[Figure]:
    """The figures of both ways in which runs are started."""
    undisturbed = _drill((), workers=1)
    for way, victims, workers in (("runs of the code server", PROCESSES, 0), ("Celery", CELERY, 1)):
        outcome = _drill(_kills(victims), workers=workers)
        lost, doubled = _differences(undisturbed.held, outcome.held)
        told = ", ".join(f"{killed.victim} after {killed.after}" for killed in outcome.killed)
        yield Figure(f"rows lost or changed by {len(outcome.killed)} kills, {way}", lost, 0, f"{told}; {outcome.runs}")
        yield Figure(f"rows too many after them, {way}", doubled, 0)
        every = ", ".join(f"{seconds:.0f}" for seconds in sorted(outcome.missed))
        longest = max(outcome.missed, default=0.0)
        yield Figure(f"seconds until the last dead run was missed, {way}", longest, MOST_SECONDS, every)


def _kills(victims: Sequence[str]) -> list[Kill]:
    """One in each stretch of as many events, so that the next finds others at work."""
    drawn = Random(f"{SEED} {len(victims)}")
    stretch = EVENTS // (len(victims) + 1)
    order = drawn.sample(victims, len(victims))
    return [Kill(victim, number * stretch + drawn.randint(1, stretch)) for number, victim in enumerate(order)]


def _differences(expected: Mapping[str, Sequence[str]], found: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    lost = sum(len(set(rows) - set(found[table])) for table, rows in expected.items())
    return lost, sum(len(found[table]) - len(rows) for table, rows in expected.items())


def _drill(kills: Sequence[Kill], *, workers: int) -> Outcome:
    left, killed = list(kills), list[Killed]()
    with deployment(lambda hub: small_models(hub, MODELS), MODELS_A_RUN, workers=workers) as made:

        def looked(events: int, served: int) -> None:
            # The dead have nobody to kill: a run worker is waited for, with those that come after it.
            while served < MODELS and left and left[0].after <= events and (died := made.kill(left[0].victim)) is not None:
                killed.append(Killed(left.pop(0).victim, events, datetime.now(UTC), died))

        made.serve(looked)
        return Outcome(_held(made.at), _runs(made.at), _missed(made.at, killed), killed)


def _held(at: Installation) -> dict[str, list[str]]:
    moments: dict[str, set[str]] = {table: set() for table in TABLES}
    columns = """
        select table_name, column_name from information_schema.columns
        where table_schema = 'budmodel' and data_type like 'timestamp%'
    """
    for table, column in at.query(columns):
        moments.setdefault(table, set()).add(column)
    return {
        table: [_HUB.sub("hub", row) for row in at.rows(f"budmodel.{table}", without=frozenset({*moments[table], *ids}))]
        for table, ids in TABLES.items()
    }


def _runs(at: Installation) -> dict[str, int]:
    return dict(at.query("select status, count(*) from runs group by status order by status", dagster=True))


def _missed(at: Installation, killed: Sequence[Killed]) -> list[float]:
    """Seconds to the failure of each run from the death of its process, or from its launch where it had none."""
    failed = """
        select failed.end_time, extract(epoch from launched.timestamp at time zone 'UTC'),
            substring(born.event from '"Started process for run \\(pid: (\\d+)\\)')
        from runs failed
        join event_logs launched on launched.run_id = failed.run_id and launched.dagster_event_type = 'PIPELINE_STARTING'
        left join event_logs born on born.run_id = failed.run_id and born.event like '%"Started process for run (pid: %'
        where failed.status = 'FAILURE' and failed.end_time is not null
    """
    deaths = {pid: one.at.timestamp() for one in killed for pid in one.runs}
    return [end - deaths.get(int(pid or 0), float(launched)) for end, launched, pid in at.query(failed, dagster=True)]
