"""The catalogs of closed models from servers that fail, lie and drip, with the last good state in a real store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from budmodel_pipeline.fetching.http import FetchError
from budmodel_pipeline.fetching.mirror import mirror_url
from budmodel_pipeline.model_info.catalogs import LLM_STATS_URL, MODELS_DEV_URL, CatalogError
from budmodel_pipeline.model_info.offers import LITELLM, MODELS_DEV
from budmodel_pipeline.model_info.price_catalogs import LITELLM_URL
from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.workflows import remembered_catalogs as module
from budmodel_pipeline.workflows.remembered_catalogs import catalogs, kept_catalog, old_states
from tests.hostile_server import HostileServer, Reply, hostile_server

PATHS = {url: mirror_url("", url) for url in (MODELS_DEV_URL, LLM_STATS_URL)}
GOOD = {
    MODELS_DEV_URL: b'{"openai": {"models": {"gpt-x": {"id": "gpt-x"}}}}',
    LLM_STATS_URL: b'[{"model_id": "gpt-y", "organization": "openai"}]',
}


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    module._refreshes.clear()
    yield
    module._refreshes.clear()


@pytest.fixture
def site() -> Iterator[HostileServer]:
    with hostile_server() as site:
        for url, content in GOOD.items():
            site.on(PATHS[url], Reply(body=content))
        yield site


def names(site: HostileServer, store: ObjectStore | None, origin: str = "mirror", wait: float = 60.0) -> list[str]:
    return [record.name for record in catalogs(origin, site.url(""), store, wait).records]


def test_what_is_known_is_not_asked_again(site: HostileServer, store: ObjectStore) -> None:
    assert names(site, store) == names(site, store) == ["gpt-x", "gpt-y"]
    assert len(site.received) == 2


def test_a_failure_is_remembered(site: HostileServer) -> None:
    site.on(PATHS[LLM_STATS_URL], Reply(404))
    for _ in range(3):
        with pytest.raises(FetchError, match="zeroeval"):
            names(site, None)
    assert len(site.received) == 2


@pytest.mark.parametrize("reply", [Reply(404), Reply(body=b"<html>")], ids=["gone", "a page"])
def test_the_last_good_state_stands_in_and_says_so(site: HostileServer, store: ObjectStore, reply: Reply) -> None:
    assert names(site, store) == ["gpt-x", "gpt-y"]
    module._refreshes.clear()
    site.on(PATHS[MODELS_DEV_URL], reply)
    found = catalogs("mirror", site.url(""), store, 60.0)
    assert [record.name for record in found.records] == ["gpt-x", "gpt-y"]
    (note,) = found.notes
    assert "models.dev/api.json" in note
    assert "; what models.dev said on 20" in note


def test_data_of_another_origin_do_not_stand_in(site: HostileServer, store: ObjectStore) -> None:
    assert names(site, store, origin="sample") == ["gpt-x", "gpt-y"]
    module._refreshes.clear()
    site.on(PATHS[MODELS_DEV_URL], Reply(404))
    with pytest.raises(FetchError):
        names(site, store)


def test_a_state_is_kept_once(site: HostileServer, store: ObjectStore) -> None:
    for _ in range(2):
        names(site, store)
        module._refreshes.clear()
    assert len(list(store.list("catalogs"))) == 2
    site.on(PATHS[MODELS_DEV_URL], Reply(body=GOOD[MODELS_DEV_URL].replace(b"gpt-x", b"gpt-z")))
    assert names(site, store) == ["gpt-z", "gpt-y"]
    assert len(list(store.list("catalogs"))) == 3


def test_old_states_go_and_the_newest_stays(site: HostileServer, store: ObjectStore) -> None:
    names(site, store)
    first = list(store.list("catalogs"))
    module._refreshes.clear()
    site.on(PATHS[MODELS_DEV_URL], Reply(body=GOOD[MODELS_DEV_URL].replace(b"gpt-x", b"gpt-z")))
    names(site, store)
    now = datetime.now(UTC)
    assert old_states(store, now - timedelta(days=1)) == []
    (old,) = old_states(store, now + timedelta(days=1))
    assert old in first
    assert old.startswith("catalogs/mirror/models.dev/")


def test_a_state_of_the_future_does_not_stand_in_for_what_came_after_it(site: HostileServer, store: ObjectStore) -> None:
    store.put(
        "catalogs/mirror/models.dev/2099-01-01T000000.000000-0123456789abcdef", b'{"a": {"models": {"old": {"id": "old"}}}}'
    )
    assert names(site, store) == ["gpt-x", "gpt-y"]
    there = list(store.list("catalogs"))
    module._refreshes.clear()
    site.on(PATHS[MODELS_DEV_URL], Reply(404))
    assert names(site, store) == ["gpt-x", "gpt-y"]
    assert list(store.list("catalogs")) == there


def test_whoever_needs_its_prices_finds_the_state_that_is_kept(site: HostileServer, store: ObjectStore) -> None:
    names(site, store)
    there = list(store.list("catalogs"))
    found = kept_catalog(MODELS_DEV, "mirror", site.url(""), store)
    assert list(store.list("catalogs")) == there
    assert found.key in there
    assert store.get(found.key) == found.content == GOOD[MODELS_DEV_URL]
    # Nothing is kept that is no catalog.
    site.on(PATHS[MODELS_DEV_URL], Reply(body=b"<html>"))
    with pytest.raises(CatalogError):
        kept_catalog(MODELS_DEV, "mirror", site.url(""), store)
    assert list(store.list("catalogs")) == there


def test_a_catalog_of_prices_alone_is_kept_the_same_way(site: HostileServer, store: ObjectStore) -> None:
    priced = b'{"gpt-x": {"litellm_provider": "openai", "input_cost_per_token": 1e-06}}'
    site.on(mirror_url("", LITELLM_URL), Reply(body=priced))
    assert store.get(kept_catalog(LITELLM, "mirror", site.url(""), store).key) == priced
    site.on(mirror_url("", LITELLM_URL), Reply(body=b'{"gpt-x": {"litellm_provider": "openai"}}'))
    with pytest.raises(CatalogError, match="expected prices"):
        kept_catalog(LITELLM, "mirror", site.url(""), store)
    assert len(list(store.list("catalogs/mirror/litellm"))) == 1


def test_nobody_waits_longer_than_he_has_time_and_one_thread_asks(site: HostileServer, store: ObjectStore) -> None:
    site.on(PATHS[MODELS_DEV_URL], Reply(body=GOOD[MODELS_DEV_URL], drip=3600.0))
    for _ in range(3):
        with pytest.raises(CatalogError, match=r"have not answered within 0\.5 s"):
            names(site, store, wait=0.5)
    assert site.count(PATHS[MODELS_DEV_URL]) == 1


def test_what_came_late_is_there_for_the_next(site: HostileServer) -> None:
    with pytest.raises(CatalogError):
        names(site, None, wait=0.0)
    assert names(site, None) == ["gpt-x", "gpt-y"]
    assert len(site.received) == 2
