"""How leaderboards are fetched: live, from a mirror, or from the samples that ship with the project."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from budmodel_pipeline.fetching.http import HttpPolicy, Response, Validators, fetch, refuse_page
from budmodel_pipeline.fetching.mirror import mirror_url, serve_directory
from budmodel_pipeline.fetching.urls import trusted_host
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Endpoint

SAMPLES = Path(__file__).parent.parent.parent / "samples"

FetchEndpoint = Callable[[Endpoint, Validators | None], Response]
logger = logging.getLogger(__name__)


def sample_directories() -> Sequence[Path]:
    """Where samples lie, laid out as a mirror: those of this project, and of packages that bring sources with samples."""
    return [SAMPLES, *sorted({Path(source.samples) for source in catalog().values() if source.samples is not None})]


@contextmanager
def open_leaderboards(
    origin: Origin, mirror: str | None = None, policy: HttpPolicy | None = None
) -> Iterator[FetchEndpoint]:
    """A function that fetches an endpoint from `origin` and refuses web pages; samples are served while it is open.

    It raises FetchError. A mirror is the user's own server and may have a private address.
    """
    if origin is Origin.MIRROR and not mirror:
        raise ValueError("the origin is a mirror, but BUDMODEL_MIRROR_URL does not say where it is")
    with serve_directory(*sample_directories()) if origin is Origin.SAMPLE else nullcontext(mirror) as server:
        base = None if origin is Origin.LIVE else server

        def fetch_endpoint(endpoint: Endpoint, validators: Validators | None) -> Response:
            url = mirror_url(base, endpoint.url) if base else endpoint.url
            response = fetch(
                url,
                policy=policy or HttpPolicy(),
                max_bytes=endpoint.max_bytes,
                redirect_hosts=() if base else endpoint.redirect_hosts,
                validators=validators,
                trusted_hosts=frozenset({trusted_host(base)}) if base else frozenset(),
                on_retry=logger.warning,
            )
            if response.content is not None:
                refuse_page(response.content, response.content_type, endpoint.format, url=url)
            return response

        yield fetch_endpoint
