"""The loop over models: threads, isolation, what is kept of a failure, and progress, for every kind of work on them.

An error of one model is that model's outcome: it is recorded with the time of the next attempt, and the others go on. So is
an error of the object store while one model is worked on: it may be about this content alone, and where the whole store is
down each model says so and comes back by itself. An error of the database is nobody's outcome, because none could be
recorded: it ends the loop, and what was stored before stays. A row that the database refuses is its model's own trouble.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import Connection, Engine, exc

from budmodel_pipeline.fetching.http import FetchError
from budmodel_pipeline.model_info.catalogs import CatalogError
from budmodel_pipeline.model_info.repository import RepositoryError
from budmodel_pipeline.services.object_store import ObjectStoreError
from budmodel_pipeline.targets.provider import FileUnavailableError, ProviderError
from budmodel_pipeline.targets.target import TargetError
from budmodel_pipeline.warehouse.model_states import TargetState, record_target_failure
from budmodel_pipeline.workflows.attempts import next_attempt

READ = "read"
# Classes of SQLSTATE that are about the values of a row: https://www.postgresql.org/docs/current/errcodes-appendix.html
_OF_THE_ROW = ("22", "23", "54")

Found = TypeVar("Found")
Result = TypeVar("Result")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the work on a model failed. `state` is for tables, `reason` for people.

    `retried_at` is when it is tried again (None: not by itself). `defect` marks a failure of this program rather than of the
    model.
    """

    state: str
    reason: str
    retried_at: datetime | None = None
    defect: bool = False


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Result]):
    """What became of one model: the `result` that was stored, or the `failure`."""

    target: str
    result: Result | None = None
    failure: Failure | None = None

    @property
    def problem(self) -> str | None:
        """What failed, for people."""
        return self.failure.reason if self.failure else None


def for_each_model(
    states: Sequence[TargetState],
    work: Callable[[TargetState], Found],
    store: Callable[[Connection, TargetState, Found], Result],
    *,
    engine: Engine,
    what: str,
    threads: int = 1,
    say: Say = lambda _: None,
) -> Iterator[Outcome[Result]]:
    """Does `work` on each model and stores what it found; yields outcomes as they come.

    `work` runs in `threads`, or in this one where there is to be no other, models in turn. `store` always runs in this one,
    on a connection without a transaction: a model is kept as soon as it is done, whatever becomes of the next. `what` is
    done to the models, in words. Raises errors of the database.
    """
    with closing(_in_threads(states, work, threads) if threads > 1 else _in_turn(states, work)) as attempts:
        for number, (state, attempt) in enumerate(attempts, 1):
            try:
                found = attempt()
                with engine.connect() as connection:
                    outcome = Outcome(state.target, store(connection, state, found))
            except Exception as error:
                if _of_the_database(error):
                    raise
                outcome = Outcome(state.target, failure=_recorded(engine, state, what, error))
            say(f"{number} of {len(states)}: {state.target}: {outcome.problem or what}")
            yield outcome


def not_read(targets: Collection[str], states: Collection[TargetState]) -> Iterator[Outcome[Any]]:
    """The outcomes of those that have no state: nothing can be done to what was not read."""
    for target in sorted({*targets} - {state.target for state in states}):
        reason = f"nothing was extracted of it yet; extract it first: budmodel request {target}"
        yield Outcome(target, failure=Failure("not_found", reason))


def _in_turn(
    states: Sequence[TargetState], work: Callable[[TargetState], Found]
) -> Generator[tuple[TargetState, Callable[[], Found]], None, None]:
    for state in states:
        yield state, partial(work, state)


def _in_threads(
    states: Sequence[TargetState], work: Callable[[TargetState], Found], threads: int
) -> Generator[tuple[TargetState, Callable[[], Found]], None, None]:
    with ThreadPoolExecutor(threads, thread_name_prefix="model") as pool:
        tasks = {pool.submit(work, state): state for state in states}
        try:
            for task in as_completed(tasks):
                yield tasks[task], task.result
        finally:
            pool.shutdown(cancel_futures=True)


def _of_the_database(error: Exception) -> bool:
    """Whether the database failed, or we in what we ask of it: every other model would fail the same way."""
    if isinstance(error, exc.DBAPIError):
        return not str(getattr(error.orig, "sqlstate", "")).startswith(_OF_THE_ROW)
    return isinstance(error, exc.TimeoutError)


def _recorded(engine: Engine, state: TargetState, what: str, error: Exception) -> Failure:
    kind, permanent, retry_after, defect = _cause(error)
    attempts = state.attempts + 1
    following = next_attempt(attempts, datetime.now(UTC), permanent=permanent, retry_after=retry_after)
    said = f"{type(error).__name__}: {error}" if defect else str(error)
    if what == READ:
        reason = f"{said}.{f' Kept: what was read at {state.revision[:12]}.' if state.revision else ''}"
    else:
        reason = f"it was read, but could not be {what}: {said}."
    reason = f"{reason} {following.reason}".strip()
    with engine.begin() as connection:
        # What was read stays read, whatever could not be done to it: it is due again in a week, as every model is.
        given_up: Literal["failed", "extracted"] = "failed" if what == READ else "extracted"
        record_target_failure(connection, state.target, kind, reason, attempts, following.at, given_up=given_up)
    return Failure(kind, reason, following.at, defect)


def _cause(error: Exception) -> tuple[str, bool, float | None, bool]:
    """The state of a failure, whether it is permanent, the seconds that a server asks to wait, whether it is a defect."""
    match error:
        case ProviderError():
            return error.state, error.permanent, error.retry_after, False
        case FileUnavailableError():
            return error.failure.state, error.failure.permanent, error.failure.retry_after, False
        case RepositoryError():
            return "unavailable", not error.transient, None, False
        case FetchError():
            return "unavailable", error.permanent, None, False
        case CatalogError():
            return "invalid", False, None, False
        case TargetError():
            return "invalid", True, None, False
        case ObjectStoreError() | OSError():
            return "unavailable", False, None, False
        case _:
            return "defect", False, None, True
