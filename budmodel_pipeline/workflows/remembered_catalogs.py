"""The catalogs of closed models, for which sensors ask at every tick: fetched beside the tick, kept for bad days.

One thread fetches them, whoever asks; nobody waits longer for it than he has time, and what it brings is there for the next
who asks. A failure is remembered like a success, for a shorter time. The last good state of each catalog lies in the object
store, by origin: samples never stand in for what is live.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock, Thread

from budmodel_pipeline.fetching.http import FetchError
from budmodel_pipeline.model_info.catalogs import (
    LLM_STATS_URL,
    MODELS_DEV_URL,
    CatalogError,
    CatalogRecord,
    read_llm_stats,
    read_models_dev,
)
from budmodel_pipeline.model_info.offers import MODELS_DEV
from budmodel_pipeline.model_info.price_catalogs import PRICE_CATALOGS
from budmodel_pipeline.services.object_store import ObjectStore, ObjectStoreError
from budmodel_pipeline.targets.closed_models import CatalogFile, catalog_file
from budmodel_pipeline.workflows.cadence import FUTURE

# Those of their makers first.
CATALOGS: Mapping[str, tuple[str, Callable[[bytes], Sequence[CatalogRecord]]]] = {
    MODELS_DEV: (MODELS_DEV_URL, lambda content: list(read_models_dev(content))),
    "llm-stats": (LLM_STATS_URL, lambda content: list(read_llm_stats(content))),
}
# What a state has to be readable as, to be kept.
_READERS: Mapping[str, tuple[str, Callable[[bytes], Sequence[object]]]] = {
    **{catalog.name: (catalog.url, catalog.read) for catalog in PRICE_CATALOGS},
    **CATALOGS,
}
FOLDER = "catalogs"
_MOMENT = "%Y-%m-%dT%H%M%S.%f"
# Sensors ask at every tick; the catalogs change by the day.
GOOD_FOR, BAD_FOR = 6 * 3600.0, 600.0
# What a tick of a sensor may wait, and what a run may.
TICK_SECONDS, RUN_SECONDS = 10.0, 60.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Catalogs:
    """What all catalogs say. `notes` are sentences about those that could not be had, and what stands in for them."""

    records: Sequence[CatalogRecord]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class KeptCatalog:
    """A state of a catalog that lies in the object store under `key`, and when it was fetched (UTC)."""

    url: str
    content: bytes
    sha256: str
    key: str
    fetched_at: datetime


@dataclass(slots=True)
class _Refresh:
    answer: Future[Catalogs] = field(default_factory=Future)
    until: float = float("inf")


_refreshes: dict[tuple[str, str], _Refresh] = {}
_lock = Lock()


def catalogs(origin: str, base: str | None, store: ObjectStore | None, wait: float) -> Catalogs:
    """Everything that the catalogs say of models, waited for at most `wait` seconds. `base` is a mirror's, None for live.

    Raises FetchError and CatalogError where a catalog can neither be had nor remembered.
    """
    key = (base or origin, store.place if store else "")
    with _lock:
        refresh = _refreshes.get(key)
        if refresh is None or time.monotonic() > refresh.until:
            if len(_refreshes) > 8:
                # Bundled samples are served at another port each time.
                _refreshes.clear()
            refresh = _refreshes[key] = _Refresh()
            Thread(target=_fill, args=(refresh, origin, base, store), name="catalogs", daemon=True).start()
    try:
        return refresh.answer.result(wait)
    except TimeoutError:
        raise CatalogError(
            f"the catalogs have not answered within {wait:g} s; what they say is used when it is here"
        ) from None


def _fill(refresh: _Refresh, origin: str, base: str | None, store: ObjectStore | None) -> None:
    try:
        found = _all(origin, base, store)
    except Exception as error:  # noqa: BLE001 - whoever asks gets to see it
        refresh.until = time.monotonic() + BAD_FOR
        refresh.answer.set_exception(error)
    else:
        refresh.until = time.monotonic() + (BAD_FOR if found.notes else GOOD_FOR)
        refresh.answer.set_result(found)


def kept_catalog(name: str, origin: str, base: str | None, store: ObjectStore) -> KeptCatalog:
    """A catalog, of models or of prices, as it is now, kept where it differs from its newest state.

    `base` is a mirror's, None for live.

    Raises FetchError, CatalogError where it is none, and ObjectStoreError.
    """
    url, read = _READERS[name]
    file = catalog_file(url, base)
    read(file.content)
    return KeptCatalog(
        file.url, file.content, hashlib.sha256(file.content).hexdigest(), _keep(store, origin, name, file), file.fetched_at
    )


def old_states(store: ObjectStore, before: datetime) -> list[str]:
    """The keys of states from before `before` that something newer has followed. Raises ObjectStoreError."""
    found: list[str] = []
    for kept in sorted({key.rpartition("/")[0] for key in store.list(FOLDER)}):
        newest = _newest(store, kept)
        found += [key for key in store.list(kept) if key != newest and _fetched_at(key) < before]
    return found


def _all(origin: str, base: str | None, store: ObjectStore | None) -> Catalogs:
    records: list[CatalogRecord] = []
    notes: list[str] = []
    for name, (url, read) in CATALOGS.items():
        try:
            file = catalog_file(url, base)
            found = read(file.content)
        except (FetchError, CatalogError) as error:
            last = _last(store, origin, name)
            if last is None or store is None:
                raise
            records += read(store.get(last))
            notes.append(f"{error}; what {name} said on {last.rpartition('/')[2][:10]} is used")
            continue
        records += found
        if store is not None:
            try:
                _keep(store, origin, name, file)
            except ObjectStoreError as error:
                # Without it today's answer is as good.
                logger.warning("the catalogs cannot be kept: %s", error)
    return Catalogs(records, notes)


def _last(store: ObjectStore | None, origin: str, name: str) -> str | None:
    """The key of the newest state."""
    try:
        return _newest(store, f"{FOLDER}/{origin}/{name}") if store else None
    except ObjectStoreError as error:
        logger.warning("the last good catalogs cannot be read: %s", error)
        return None


def _keep(store: ObjectStore, origin: str, name: str, file: CatalogFile) -> str:
    """Stores a state that differs from the newest one; the key under which it lies."""
    kept, digest = f"{FOLDER}/{origin}/{name}", hashlib.sha256(file.content).hexdigest()[:16]
    last = _newest(store, kept)
    if last is not None and last.endswith(digest):
        return last
    key = f"{kept}/{file.fetched_at:{_MOMENT}}-{digest}"
    store.put(key, file.content)
    return key


def _newest(store: ObjectStore, kept: str) -> str | None:
    """The key of the newest state; one of the future, of a clock that went wrong, is so only where there is no other."""
    now = datetime.now(UTC)
    return max(store.list(kept), key=lambda key: (_fetched_at(key) <= now + FUTURE, key), default=None)


def _fetched_at(key: str) -> datetime:
    return datetime.strptime(key.rpartition("/")[2].rpartition("-")[0], _MOMENT).replace(tzinfo=UTC)
