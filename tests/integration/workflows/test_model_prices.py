"""What providers charge, kept in a real database and a real store: when it is fetched, and what stays when that fails."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.fetching.http import FetchError
from budmodel_pipeline.model_info.price_catalogs import PRICE_CATALOGS, PriceCatalog
from budmodel_pipeline.services.object_store import ObjectStore, open_directory
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.targets.closed_models import CatalogFile
from budmodel_pipeline.workflows.model_prices import PricesOutcome, refresh_prices
from budmodel_pipeline.workflows.remembered_catalogs import KeptCatalog

NOW = datetime(2026, 3, 2, tzinfo=UTC)
LATER, TOMORROW = NOW + timedelta(hours=23), NOW + timedelta(days=1)
URL = "https://catalog.example/api.json"
OF_MODELS_DEV, OF_OPENROUTER, OF_LITELLM = PRICE_CATALOGS


def catalog(at: datetime, **models: Mapping[str, Any]) -> Callable[[], CatalogFile]:
    """A catalog in which one provider offers `models`, by their ids with `_` for what Python does not allow."""
    offered = {name.replace("_", "-"): {"cost": cost} for name, cost in models.items()}
    content = json.dumps({"host": {"name": "Host", "models": offered}}).encode()
    return lambda: CatalogFile(URL, content, at)


def refresh(
    engine: Engine,
    store: ObjectStore,
    read: Callable[[], CatalogFile],
    origin: Origin,
    now: datetime,
    catalog_of_prices: PriceCatalog = OF_MODELS_DEV,
) -> PricesOutcome:
    """What comes of it when `read` is what the catalog says and is kept."""

    def kept() -> KeptCatalog:
        file = read()
        digest = sha256(file.content).hexdigest()
        store.put(f"catalogs/{digest}", file.content)
        return KeptCatalog(file.url, file.content, digest, f"catalogs/{digest}", file.fetched_at)

    return refresh_prices(engine, store, catalog_of_prices, kept, origin, now)


def broken() -> CatalogFile:
    raise FetchError(URL, "a catalog", "the site is down", hint="wait", permanent=False)


def unexpected() -> CatalogFile:
    raise AssertionError("nothing is to be fetched")


GPT = {"input": 2.5, "output": 10}
FIRST = catalog(NOW, gpt_4o=GPT, auto={"input": 1, "output": 1}, claude_3_opus={"input": 0, "output": 0})


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_directory(tmp_path / "objects")


def rows(engine: Engine, query: str = "select published_id, model_id, basis, input_usd_per_million_tokens") -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(f"{query} from budmodel.model_prices order by 1")))


HELD = [
    ("auto", None, "priced", 1.0),
    ("claude-3-opus", "anthropic/claude-3-opus", "unclear", None),
    ("gpt-4o", "openai/gpt-4o", "priced", 2.5),
]


def test_every_offer_is_kept_with_the_bytes_that_it_is_from(engine: Engine, store: ObjectStore) -> None:
    found = refresh(engine, store, FIRST, Origin.LIVE, NOW)
    assert (found.rows, found.matched, found.providers, found.models, found.fetched_at, found.problem) == (
        3,
        2,
        1,
        2,
        NOW,
        None,
    )
    assert rows(engine) == HELD
    unmatched = rows(engine, "select unmatched, published_as_zero")
    assert unmatched == [("auto chooses a model and is none", []), (None, []), (None, ["input", "output"])]
    with engine.connect() as connection:
        file = connection.execute(text("select * from budmodel.catalog_files")).one()
    assert (file.catalog, file.url, file.origin, file.fetched_at) == ("models.dev", URL, "live", NOW)
    assert store.get(file.object_key) == FIRST().content


def test_it_is_fetched_by_the_day_and_names_are_resolved_at_every_call(engine: Engine, store: ObjectStore) -> None:
    refresh(engine, store, FIRST, Origin.LIVE, NOW)
    with engine.begin() as connection:
        connection.execute(text("update budmodel.model_prices set model_id = 'old/name' where published_id = 'gpt-4o'"))
    assert refresh(engine, store, unexpected, Origin.LIVE, LATER).fetched_at == NOW
    assert rows(engine) == HELD
    newer = catalog(TOMORROW, gpt_4o={"input": 2, "output": 8}, o3=GPT)
    assert refresh(engine, store, newer, Origin.LIVE, TOMORROW).fetched_at == TOMORROW
    # What is offered no more is gone.
    assert [row[0] for row in rows(engine)] == ["gpt-4o", "o3"]


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (broken, "the site is down"),
        (lambda: CatalogFile(URL, b"<html>", TOMORROW), "expected JSON"),
        (catalog(TOMORROW, gpt_4o={"input": 0, "output": 0}), "expected prices of providers"),
        (catalog(TOMORROW, gpt_4o=GPT), "1 offers where there were 3; the older ones were kept"),
    ],
)
def test_what_cannot_be_had_leaves_what_is_held(
    engine: Engine, store: ObjectStore, read: Callable[[], CatalogFile], words: str
) -> None:
    refresh(engine, store, FIRST, Origin.LIVE, NOW)
    found = refresh(engine, store, read, Origin.LIVE, TOMORROW)
    assert words in (found.problem or "")
    assert (found.rows, found.fetched_at) == (3, NOW)
    assert rows(engine) == HELD


def test_a_clock_that_was_ahead_does_not_hold_old_prices(engine: Engine, store: ObjectStore) -> None:
    refresh(engine, store, catalog(NOW + timedelta(days=730), gpt_4o=GPT), Origin.LIVE, NOW)
    assert refresh(engine, store, FIRST, Origin.LIVE, NOW).fetched_at == NOW


def test_a_first_failure_leaves_nothing_and_says_so(engine: Engine, store: ObjectStore) -> None:
    found = refresh(engine, store, broken, Origin.LIVE, NOW)
    assert (found.rows, found.fetched_at, "the site is down" in (found.problem or "")) == (0, None, True)
    assert rows(engine) == []


def test_samples_never_replace_real_prices_and_real_ones_replace_samples_at_once(engine: Engine, store: ObjectStore) -> None:
    small = catalog(NOW, gpt_4o=GPT)
    refresh(engine, store, FIRST, Origin.SAMPLE, NOW)
    # Fewer offers than the samples have are no shrinkage.
    assert refresh(engine, store, small, Origin.MIRROR, NOW).rows == 1
    assert refresh(engine, store, unexpected, Origin.SAMPLE, TOMORROW).rows == 1


def test_bytes_that_are_lost_are_fetched_again(engine: Engine, store: ObjectStore, tmp_path: Path) -> None:
    refresh(engine, store, FIRST, Origin.LIVE, NOW)
    with engine.connect() as connection:
        key: str = connection.execute(text("select object_key from budmodel.catalog_files")).scalar_one()
    (tmp_path / "objects" / key).unlink()
    # Until then the rows stay as they are.
    assert "the site is down" in (refresh(engine, store, broken, Origin.LIVE, LATER).problem or "")
    assert rows(engine) == HELD
    assert refresh(engine, store, FIRST, Origin.LIVE, LATER).rows == 3


def litellm(at: datetime, **models: Mapping[str, Any]) -> Callable[[], CatalogFile]:
    """The same of LiteLLM, in dollars per token, at a provider that it calls otherwise."""
    offered = {name.replace("_", "-"): {"litellm_provider": "together_ai", **said} for name, said in models.items()}
    return lambda: CatalogFile(URL, json.dumps(offered).encode(), at)


def test_each_catalog_is_kept_beside_the_others_and_fails_alone(engine: Engine, store: ObjectStore) -> None:
    refresh(engine, store, FIRST, Origin.LIVE, NOW)
    more = litellm(
        NOW,
        gpt_4o={"input_cost_per_token": 3e-06, "max_input_tokens": 128_000, "supports_vision": True},
        o3={"input_cost_per_token": 2e-06, "output_cost_per_token": -1, "deprecation_date": "2026-03-02"},
    )
    found = refresh(engine, store, more, Origin.LIVE, NOW, OF_LITELLM)
    assert (found.catalog, found.rows, found.matched, found.refused, found.problem) == ("litellm", 2, 2, 1, None)
    listed = "select published_id, provider, status, refused, precedence, context_length, input_modalities"
    of_litellm = [row for row in rows(engine, listed) if row.provider == "togetherai"]
    assert [tuple(row) for row in of_litellm] == [
        ("gpt-4o", "togetherai", None, [], 3, 128_000, ["image", "text"]),
        # From this day on it is served no more.
        ("o3", "togetherai", "deprecated", ["output -1e+06"], 3, None, None),
    ]
    failed = refresh(engine, store, broken, Origin.LIVE, TOMORROW, OF_LITELLM)
    assert (failed.rows, failed.fetched_at, "the site is down" in (failed.problem or "")) == (2, NOW, True)
    never = refresh(engine, store, broken, Origin.LIVE, NOW, OF_OPENROUTER)
    assert (never.catalog, never.rows, never.fetched_at) == ("openrouter", 0, None)
    assert len(rows(engine)) == len(HELD) + 2
