"""How assets fetch leaderboards, as a Dagster resource."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import PrivateAttr

from budmodel_pipeline.fetching.endpoints import FetchEndpoint, open_leaderboards
from budmodel_pipeline.fetching.http import HttpPolicy, Response, Validators
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.contract import Endpoint


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
