"""Taking a snapshot and publishing its scores: real HTTP, a real store, a real database."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, text

from budmodel_pipeline.fetching.endpoints import SAMPLES, FetchEndpoint, open_leaderboards
from budmodel_pipeline.fetching.http import HttpPolicy, Response, Validators
from budmodel_pipeline.fetching.mirror import mirror_path, mirror_url
from budmodel_pipeline.services.object_store import ObjectStore, open_directory
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Endpoint, Parsed, Source
from budmodel_pipeline.warehouse.engine import open_engine
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.publish import PublishConflictError, register_sources
from budmodel_pipeline.workflows.extraction import (
    NOTHING_ACCEPTED,
    Accepted,
    ExtractionError,
    Published,
    Taken,
    may_replace,
    publish_scores,
    take_snapshot,
)
from tests.hostile_server import HostileServer, Reply, hostile_server

# Its table alone; what a supplement does is told in test_weeks.py.
BOARD = replace(catalog()["alpacaeval"], endpoints=catalog()["alpacaeval"].endpoints[:1])
URL = BOARD.endpoints[0].url
SAMPLE = (SAMPLES / mirror_path(URL)).read_bytes()
CHANGED = SAMPLE.replace(b"Claude 3 Opus", b"Claude 3 Grand Opus")


@dataclass(frozen=True)
class Site:
    """A publisher's site, reached as a mirror, and all that one source is extracted into."""

    server: HostileServer
    engine: Engine
    store: ObjectStore
    fetch: FetchEndpoint

    @property
    def path(self) -> str:
        return urlsplit(mirror_url(self.server.url(""), URL)).path

    def serves(self, *replies: Reply) -> None:
        self.server.on(self.path, *replies)

    def take(self, source: Source = BOARD, origin: Origin = Origin.MIRROR) -> Taken:
        return take_snapshot(source, engine=self.engine, store=self.store, fetch=self.fetch, origin=origin)

    def publish(self, source: Source = BOARD, accepted: Accepted = NOTHING_ACCEPTED) -> Published:
        return publish_scores(source, engine=self.engine, store=self.store, accepted=accepted)

    def extract(self, body: bytes, source: Source = BOARD, **reply: Any) -> Published:
        """Both steps, as a run does them."""
        self.serves(Reply(body=body, **reply))
        self.take(source)
        return self.publish(source)

    @property
    def state(self) -> Mapping[str, Any]:
        """The source's row."""
        with self.engine.connect() as connection:
            return dict(connection.execute(text("select * from budmodel.sources")).mappings().one())

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(f"select count(*) from budmodel.{table}")).scalar_one())

    def statuses(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.execute(text("select status from budmodel.snapshots order by fetched_at")).scalars())


@pytest.fixture
def site(database: str, tmp_path: Path) -> Iterator[Site]:
    engine = open_engine(database)
    migrate(engine)
    with engine.begin() as connection:
        register_sources(connection, {BOARD.slug: BOARD})
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        server = stack.enter_context(hostile_server())
        policy = HttpPolicy(attempts=2, backoff=0.01)
        fetch = stack.enter_context(open_leaderboards(Origin.MIRROR, server.url(""), policy))
        yield Site(server, engine, open_directory(tmp_path / "objects"), fetch)


@pytest.mark.parametrize(
    ("new", "published", "allowed"),
    [
        (Origin.SAMPLE, None, True),
        (Origin.SAMPLE, "sample", True),
        (Origin.SAMPLE, "mirror", False),
        (Origin.SAMPLE, "live", False),
        (Origin.MIRROR, "sample", True),
        (Origin.MIRROR, "live", True),
        (Origin.LIVE, "sample", True),
        (Origin.LIVE, "mirror", True),
        (Origin.LIVE, None, True),
    ],
)
def test_what_may_replace_what(new: Origin, published: str | None, allowed: bool) -> None:
    assert may_replace(new, published) is allowed


def test_the_bytes_are_kept_as_they_came(site: Site) -> None:
    started = datetime.now(UTC)
    site.serves(Reply(body=SAMPLE, headers={"ETag": '"1"', "Last-Modified": "Mon, 02 Mar 2026 03:00:00 GMT"}))
    taken = site.take()
    (file,) = taken.snapshot.files
    assert site.store.get(file.object_key) == site.store.get_content(file.sha256) == SAMPLE
    assert (file.url, file.size_bytes, file.etag) == (URL, len(SAMPLE), '"1"')
    assert started <= taken.snapshot.fetched_at <= datetime.now(UTC)
    assert (site.count("scores"), site.state["current_snapshot_id"], site.state["last_extracted_at"]) == (0, None, None)
    published = site.publish()
    assert (published.snapshot.snapshot_id, published.unchanged) == (taken.snapshot.snapshot_id, False)
    assert site.state["current_snapshot_id"] == taken.snapshot.snapshot_id
    assert site.state["last_extracted_at"] > taken.snapshot.fetched_at


def test_scores_before_any_snapshot(site: Site) -> None:
    with pytest.raises(ExtractionError, match=r"nothing was fetched yet\. Materialize snapshots/alpacaeval first"):
        site.publish()


@pytest.mark.parametrize("headers", [{"ETag": '"1"'}, {"Last-Modified": "Mon, 02 Mar 2026 03:00:00 GMT"}])
def test_not_modified_is_a_success_without_a_download(site: Site, headers: dict[str, str]) -> None:
    site.extract(SAMPLE, headers=headers)
    before = site.state
    site.serves(Reply(304))
    assert site.take().unchanged
    sent = site.server.received[-1].headers
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == (headers.get("ETag"), headers.get("Last-Modified"))
    assert site.publish().unchanged
    assert site.state["last_extracted_at"] > before["last_extracted_at"]
    assert (site.count("snapshots"), site.state["current_snapshot_id"]) == (1, before["current_snapshot_id"])


def test_the_same_bytes_from_a_server_without_validators_are_unchanged(site: Site) -> None:
    site.extract(SAMPLE)
    assert site.extract(SAMPLE).unchanged
    assert site.count("snapshots") == 1


def test_bytes_that_the_store_lost_are_fetched_in_full(site: Site) -> None:
    published = site.extract(SAMPLE, headers={"ETag": '"1"'})
    assert site.store.directory is not None
    (site.store.directory / published.snapshot.files[0].object_key).unlink()
    site.serves(Reply(body=SAMPLE, headers={"ETag": '"1"'}))
    assert site.take().unchanged
    assert site.server.received[-1].headers["If-None-Match"] is None
    assert site.store.get(published.snapshot.files[0].object_key) == SAMPLE


def test_a_better_parser_reads_bytes_that_are_not_sent_again(site: Site) -> None:
    first = site.extract(SAMPLE, headers={"ETag": '"1"'})
    better = replace(BOARD, parser_version=BOARD.parser_version + 1)
    site.serves(Reply(304))
    taken = site.take(better)
    second = site.publish(better)
    assert (taken.unchanged, second.unchanged) == (False, False)
    assert second.snapshot.snapshot_id != first.snapshot.snapshot_id
    assert second.snapshot.content_sha256 == first.snapshot.content_sha256
    assert site.statuses() == ["published", "published"]


def test_killed_between_the_two_steps(site: Site) -> None:
    """Nothing is half-published, and the next run goes on whether the site has moved on or not."""
    first = site.extract(SAMPLE)
    site.serves(Reply(body=CHANGED))
    taken = site.take()
    assert site.state["current_snapshot_id"] == first.snapshot.snapshot_id
    assert site.state["last_extracted_at"] < taken.snapshot.fetched_at
    again = site.extract(CHANGED)
    assert (again.snapshot.snapshot_id, again.unchanged) == (taken.snapshot.snapshot_id, False)
    assert site.state["current_snapshot_id"] == taken.snapshot.snapshot_id


@pytest.mark.parametrize("news", [SAMPLE, CHANGED])
def test_killed_before_the_manifest_was_written(site: Site, news: bytes) -> None:
    published = site.extract(SAMPLE)
    (manifest,) = site.store.list("snapshots/alpacaeval")
    assert published.snapshot.snapshot_id in manifest
    assert site.store.directory is not None
    (site.store.directory / manifest).unlink()
    assert site.extract(news).unchanged is (news == SAMPLE)
    assert manifest in list(site.store.list("snapshots/alpacaeval"))


def test_a_refused_snapshot_is_published_when_the_parser_follows(site: Site) -> None:
    site.extract(SAMPLE)
    site.serves(Reply(body=SAMPLE.replace(b"length_controlled_winrate", b"winrate_raw", 1)))
    site.take()
    with pytest.raises(ExtractionError, match=r"sources/alpacaeval\.py must follow") as raised:
        site.publish()
    assert [outcome.check.name for outcome in raised.value.outcomes if outcome.refuses] == ["columns"]
    assert site.statuses() == ["published", "refused"]

    def parse(files: Mapping[str, bytes]) -> Parsed:
        (content,) = files.values()
        return BOARD.parse({"leaderboard": content.replace(b"winrate_raw", b"length_controlled_winrate", 1)})

    site.publish(replace(BOARD, parse=parse))
    assert site.statuses() == ["published", "published"]
    assert site.state["last_error"] is None


def test_a_site_that_takes_its_mistake_back_is_unchanged(site: Site) -> None:
    first = site.extract(SAMPLE)
    with pytest.raises(ExtractionError):
        site.extract(SAMPLE.replace(b"length_controlled_winrate", b"winrate_raw", 1))
    assert site.state["last_error"]
    again = site.extract(SAMPLE)
    assert (again.unchanged, again.snapshot.snapshot_id) == (True, first.snapshot.snapshot_id)
    assert site.state["last_error"] is None


def test_samples_never_replace_real_data(site: Site) -> None:
    site.extract(CHANGED)
    before, asked = site.state, len(site.server.received)
    site.serves(Reply(body=SAMPLE))
    with pytest.raises(ExtractionError, match="samples never replace them") as raised:
        site.take(origin=Origin.SAMPLE)
    assert not raised.value.transient
    assert len(site.server.received) == asked
    assert {**site.state, "last_attempt_at": None} == {**before, "last_attempt_at": None}


def test_real_data_replace_samples_however_small_those_were(site: Site) -> None:
    """The sample is no measure for what came from elsewhere: half of its rows are a good first real snapshot."""
    site.serves(Reply(body=SAMPLE, headers={"ETag": '"1"'}))
    site.take(origin=Origin.SAMPLE)
    site.publish()
    half = b"".join(SAMPLE.splitlines(keepends=True)[:10])
    published = site.extract(half)
    assert site.server.received[-1].headers["If-None-Match"] is None
    assert (published.snapshot.origin, published.snapshot.rows_kept) == ("mirror", 9)


def test_the_same_bytes_from_elsewhere_are_a_snapshot_of_their_own(site: Site) -> None:
    site.serves(Reply(body=SAMPLE))
    site.take(origin=Origin.SAMPLE)
    site.publish()
    assert not site.extract(SAMPLE).unchanged
    assert site.statuses() == ["published", "published"]


def test_all_endpoints_or_none(site: Site) -> None:
    """One of two files missing: no snapshot of the other alone."""
    endpoint = BOARD.endpoints[0]
    two = replace(BOARD, endpoints=(endpoint, replace(endpoint, name="more", url=f"{URL}.more")))
    site.serves(Reply(body=SAMPLE))
    with pytest.raises(ExtractionError, match=r"leaderboard\.csv\.more: expected status 200; found 404 Not Found"):
        site.take(two)
    assert site.count("snapshots") == 0


@pytest.mark.parametrize(("reply", "transient"), [(Reply(503), True), (Reply(404), False), (Reply(hang_up=True), True)])
def test_a_failure_is_noted_and_moves_nothing_else(site: Site, reply: Reply, transient: bool) -> None:
    site.extract(SAMPLE)
    before = site.state
    site.serves(reply)
    with pytest.raises(ExtractionError) as raised:
        site.take()
    after = site.state
    assert raised.value.transient is transient
    assert after["last_error"] == str(raised.value)
    assert after["last_failed_at"] >= after["last_attempt_at"] > before["last_attempt_at"]
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {"last_error", "last_failed_at", "last_attempt_at"}
    assert site.statuses() == ["published"]


def test_a_failure_that_nobody_foresaw_is_noted_too(site: Site) -> None:
    def parse(_files: Mapping[str, bytes]) -> Parsed:
        raise KeyError("surprise")

    site.serves(Reply(body=SAMPLE))
    site.take()
    with pytest.raises(KeyError):
        site.publish(replace(BOARD, parse=parse))
    assert "KeyError" in site.state["last_error"]
    assert site.state["current_snapshot_id"] is None


def test_what_another_run_published_meanwhile_is_not_covered_up(site: Site) -> None:
    site.extract(SAMPLE)

    def overtaken(endpoint: Endpoint, validators: Validators | None) -> Response:
        response = site.fetch(endpoint, validators)
        site.extract(CHANGED)
        return response

    site.serves(Reply(body=SAMPLE))
    with pytest.raises(PublishConflictError):
        take_snapshot(BOARD, engine=site.engine, store=site.store, fetch=overtaken, origin=Origin.MIRROR)
    assert site.publish().snapshot.snapshot_id == site.state["current_snapshot_id"]


def test_a_mirrors_password_stays_out_of_errors_and_tables(site: Site) -> None:
    password = "hunter2"
    base = site.server.url("").replace("http://", f"http://user:{password}@")
    site.serves(Reply(404))
    with open_leaderboards(Origin.MIRROR, base, HttpPolicy(attempts=1)) as fetch, pytest.raises(ExtractionError) as raised:
        take_snapshot(BOARD, engine=site.engine, store=site.store, fetch=fetch, origin=Origin.MIRROR)
    assert "404" in str(raised.value)
    assert password not in str(raised.value) + str(site.state)
