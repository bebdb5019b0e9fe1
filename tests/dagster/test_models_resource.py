"""Where models are read from, by the origin of the data."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from huggingface_hub import constants

from budmodel_pipeline.fetching.mirror import mirror_path, serve_directory
from budmodel_pipeline.model_info.catalogs import LLM_STATS_URL, MODELS_DEV_URL
from budmodel_pipeline.resources.models import NO_HUB, SAMPLE_HUB, ModelsResource
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.targets.opening import Providers, open_model
from budmodel_pipeline.targets.provider import ProviderError
from budmodel_pipeline.targets.sample_hub import sample_models
from budmodel_pipeline.targets.target import parse_target

HUB = "http://hub.example"


@contextmanager
def resource(**settings: Any) -> Iterator[ModelsResource]:
    with ModelsResource(**settings).yield_for_execution(dg.build_init_resource_context()) as made:
        yield made


def test_samples_bring_a_hub_of_their_own() -> None:
    with resource(origin_name="sample") as models:
        assert models.only == sample_models(SAMPLE_HUB)
        assert models.hub_pages == "https://huggingface.co"
        with open_model(parse_target("hf:microsoft/phi-4"), Providers(models.hub, models.hub_pages)) as opened:
            # People are shown an address that they can open.
            assert opened.uri == f"https://huggingface.co/microsoft/phi-4/tree/{opened.revision}"
        assert {record.catalog for record in models.catalogs(None, 60).records} == {"models.dev", "llm-stats"}


@pytest.mark.parametrize("origin", list(Origin))
def test_a_hub_that_is_named_is_used_whatever_the_origin(origin: Origin) -> None:
    with resource(origin_name=origin.value, mirror_url="http://mirror.example", hub_endpoint=HUB, hub_token="t") as models:
        assert models.origin is origin
        assert (models.only, models.hub_pages) == (None, None)
        assert models.hub is not None
        assert (models.hub.endpoint, models.hub.token) == (HUB, "t")


def test_a_mirror_has_no_hub_and_says_so() -> None:
    with resource(origin_name="mirror", mirror_url="http://mirror.example") as models:
        assert (models.only, models.hub, models.hub_pages) == ((), None, None)
        with (
            pytest.raises(ProviderError, match="set HF_ENDPOINT") as failed,
            open_model(parse_target("hf:microsoft/phi-4"), Providers(models.hub, no_hub=NO_HUB)),
        ):
            pass
        # The model is not to blame.
        assert not failed.value.permanent


def test_live_data_come_with_the_public_hub() -> None:
    with resource(origin_name="live") as models:
        assert (models.only, models.hub_pages) == (None, None)
        assert models.hub is not None
        assert (models.hub.endpoint, models.hub.token) == (constants.ENDPOINT, None)
    with resource(origin_name="live", hub_token="t") as models:
        assert models.hub is not None
        assert models.hub.token == "t"


def test_the_bundled_hub_gets_no_token() -> None:
    with resource(origin_name="sample", hub_token="t") as models:
        assert models.hub is not None
        assert models.hub.token is None


def test_catalogs_come_from_the_mirror(tmp_path: Path) -> None:
    content = {
        MODELS_DEV_URL: b'{"openai": {"models": {"gpt-x": {"id": "gpt-x"}}}}',
        LLM_STATS_URL: b'[{"model_id": "gpt-y", "organization": "openai"}]',
    }
    for url, body in content.items():
        file = tmp_path / mirror_path(url)
        file.parent.mkdir(parents=True)
        file.write_bytes(body)
    with serve_directory(tmp_path) as url, resource(origin_name="mirror", mirror_url=url) as models:
        assert [record.name for record in models.catalogs(None, 60).records] == ["gpt-x", "gpt-y"]


def test_folders_for_requests() -> None:
    with resource(origin_name="live", disk_roots="/srv/a:/srv/b") as models:
        assert models.roots == [Path("/srv/a"), Path("/srv/b")]
    with resource(origin_name="live") as models:
        assert models.roots == []
