"""How models are read by assets and sensors: the hub, the catalogs, and the language model, as one Dagster resource."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import PrivateAttr

from budmodel_pipeline.connections import live
from budmodel_pipeline.fetching.endpoints import SAMPLES
from budmodel_pipeline.fetching.mirror import serve_directory
from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.targets.sample_hub import sample_models, serve_sample_hub
from budmodel_pipeline.workflows.remembered_catalogs import Catalogs, KeptCatalog, catalogs, kept_catalog

if TYPE_CHECKING:
    from budmodel_pipeline.services.llm import Llm
    from budmodel_pipeline.targets.hub import Hub

SAMPLE_HUB = SAMPLES / "huggingface.co" / "models"
NO_HUB = "data come from a mirror, and HF_ENDPOINT does not say where it has a hub"
logger = logging.getLogger(__name__)


class ModelsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where models are read from, by the origin of the data; see `targets.opening.Providers`."""

    origin_name: str
    mirror_url: str | None = None
    hub_endpoint: str | None = None
    hub_token: str = ""
    disk_roots: str = ""
    llm_model: str | None = None
    llm_base_url: str = ""
    llm_api_key: str = ""
    llm_usd_per_million_input: str | None = None
    llm_usd_per_million_output: str | None = None
    threads: int = 8
    _sample_endpoint: str | None = PrivateAttr(default=None)
    _catalog_base: str | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, _context: dg.InitResourceContext) -> Iterator["ModelsResource"]:
        with ExitStack() as stack:
            self._catalog_base = self.mirror_url
            if self.origin is Origin.SAMPLE:
                self._catalog_base = stack.enter_context(serve_directory(SAMPLES))
                self._sample_endpoint = stack.enter_context(serve_sample_hub(SAMPLE_HUB))
            yield self

    @property
    def origin(self) -> Origin:
        """Where the data come from."""
        return Origin(self.origin_name)

    @property
    def only(self) -> Sequence[str] | None:
        """The repositories that can be had, None for all of the hub."""
        if self.hub_endpoint is None and self.origin is not Origin.LIVE:
            return sample_models(SAMPLE_HUB) if self.origin is Origin.SAMPLE else ()
        return None

    @property
    def hub(self) -> "Hub | None":
        """The hub, None where the data come from a mirror that has none."""
        endpoint = self.hub_endpoint or self._sample_endpoint
        if endpoint is None and self.origin is Origin.MIRROR:
            return None
        # The token is of the configured hub: the bundled one has no use for it.
        token = "" if endpoint is not None and endpoint == self._sample_endpoint else self.hub_token
        return live.hub(endpoint, token, on_retry=logger.warning)

    @property
    def hub_pages(self) -> str | None:
        """Where people see the models of a hub that only this process can reach."""
        return "https://huggingface.co" if self.hub_endpoint is None and self._sample_endpoint else None

    @property
    def roots(self) -> Sequence[Path]:
        """The folders that requests may name models in."""
        return live.disk_roots(self.disk_roots)

    @property
    def llm(self) -> "Llm | None":
        """The language model that writes prose, None where none is named or there is no key for it."""
        return live.language_model(
            self.llm_model,
            self.llm_base_url,
            self.llm_api_key,
            self.llm_usd_per_million_input,
            self.llm_usd_per_million_output,
        )

    def catalogs(self, store: ObjectStore | None, wait: float) -> Catalogs:
        """What the catalogs of closed models say; see `workflows.remembered_catalogs`. Raises FetchError, CatalogError."""
        return catalogs(self.origin.value, self._catalog_base, store, wait)

    def price_catalog(self, name: str, store: ObjectStore) -> KeptCatalog:
        """A catalog that has the prices of providers. Raises FetchError, CatalogError, ObjectStoreError."""
        return kept_catalog(name, self.origin.value, self._catalog_base, store)
