"""How leaderboards are fetched: live, from a mirror, or from the samples that ship with the project."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from budmodel_pipeline.resources.http import HttpPolicy, Response, Validators, fetch, refuse_page
from budmodel_pipeline.resources.mirror import mirror_url, serve_directory
from budmodel_pipeline.resources.urls import trusted_host
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.contract import Endpoint

SAMPLES = Path(__file__).parent.parent.parent / "samples"

FetchEndpoint = Callable[[Endpoint, Validators | None], Response]
logger = logging.getLogger(__name__)


@contextmanager
def open_leaderboards(
    origin: Origin, mirror: str | None = None, policy: HttpPolicy | None = None, samples: Path = SAMPLES
) -> Iterator[FetchEndpoint]:
    """A function that fetches an endpoint from `origin` and refuses web pages; samples are served while it is open.

    It raises FetchError. A mirror is the user's own server and may have a private address.
    """
    if origin is Origin.MIRROR and not mirror:
        raise ValueError("the origin is a mirror, but BUDMODEL_MIRROR_URL does not say where it is")
    with serve_directory(samples) if origin is Origin.SAMPLE else nullcontext(mirror) as server:
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


class LeaderboardHttpResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Fetches endpoints of leaderboards; see `open_leaderboards`. Times are in seconds."""

    origin_name: str
    mirror_url: str | None = None
    attempts: int = 4
    backoff: float = 1.0
    read_timeout: float = 30.0
    _fetch: FetchEndpoint | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, _context: dg.InitResourceContext) -> Iterator["LeaderboardHttpResource"]:
        policy = HttpPolicy(attempts=self.attempts, backoff=self.backoff, read_timeout=self.read_timeout)
        with open_leaderboards(self.origin, self.mirror_url, policy) as self._fetch:
            yield self

    @property
    def origin(self) -> Origin:
        """Where the bytes come from."""
        return Origin(self.origin_name)

    def fetch(self, endpoint: Endpoint, validators: Validators | None) -> Response:
        """The bytes of `endpoint`, None as content where they are the ones that `validators` describe."""
        if self._fetch is None:
            raise RuntimeError("the leaderboard resource is used outside a run")
        return self._fetch(endpoint, validators)
