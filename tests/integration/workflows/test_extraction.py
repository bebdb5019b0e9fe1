"""Taking a snapshot and publishing its scores: real HTTP, a real store, a real database."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from budmodel_pipeline.fetching.endpoints import open_leaderboards
from budmodel_pipeline.fetching.http import HttpPolicy, Response, Validators
from budmodel_pipeline.services.object_store import open_directory
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.contract import Endpoint, Parsed
from budmodel_pipeline.warehouse.publish import PublishConflictError
from budmodel_pipeline.workflows.extraction import (
    ExtractionError,
    may_replace,
    take_snapshot,
)
from tests.board import FIRST, SECOND, SOURCE, URL, Board, empty_board
from tests.hostile_server import Reply


@pytest.fixture
def board(database: str, tmp_path: Path) -> Iterator[Board]:
    with empty_board(database, open_directory(tmp_path / "objects"), HttpPolicy(attempts=2, backoff=0.01)) as board:
        yield board


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


def test_the_bytes_are_kept_as_they_came(board: Board) -> None:
    started = datetime.now(UTC)
    board.serves(Reply(body=FIRST, headers={"ETag": '"1"', "Last-Modified": "Mon, 02 Mar 2026 03:00:00 GMT"}))
    taken = board.take()
    (file,) = taken.snapshot.files
    assert board.store.get(file.object_key) == board.store.get_content(file.sha256) == FIRST
    assert (file.url, file.size_bytes, file.etag) == (URL, len(FIRST), '"1"')
    assert started <= taken.snapshot.fetched_at <= datetime.now(UTC)
    assert (board.count("scores"), board.state["current_snapshot_id"], board.state["last_extracted_at"]) == (0, None, None)
    published = board.publish()
    assert (published.snapshot.snapshot_id, published.unchanged) == (taken.snapshot.snapshot_id, False)
    assert board.state["current_snapshot_id"] == taken.snapshot.snapshot_id
    assert board.state["last_extracted_at"] > taken.snapshot.fetched_at


def test_scores_before_any_snapshot(board: Board) -> None:
    with pytest.raises(ExtractionError, match=r"nothing was fetched yet\. Materialize snapshots/alpacaeval first"):
        board.publish()


@pytest.mark.parametrize("headers", [{"ETag": '"1"'}, {"Last-Modified": "Mon, 02 Mar 2026 03:00:00 GMT"}])
def test_not_modified_is_a_success_without_a_download(board: Board, headers: dict[str, str]) -> None:
    board.extract(FIRST, headers=headers)
    before = board.state
    board.serves(Reply(304))
    assert board.take().unchanged
    sent = board.site.received[-1].headers
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == (headers.get("ETag"), headers.get("Last-Modified"))
    assert board.publish().unchanged
    assert board.state["last_extracted_at"] > before["last_extracted_at"]
    assert (board.count("snapshots"), board.state["current_snapshot_id"]) == (1, before["current_snapshot_id"])


def test_the_same_bytes_from_a_server_without_validators_are_unchanged(board: Board) -> None:
    board.extract(FIRST)
    assert board.extract(FIRST).unchanged
    assert board.count("snapshots") == 1


def test_bytes_that_the_store_lost_are_fetched_in_full(board: Board) -> None:
    published = board.extract(FIRST, headers={"ETag": '"1"'})
    assert board.store.directory is not None
    (board.store.directory / published.snapshot.files[0].object_key).unlink()
    board.serves(Reply(body=FIRST, headers={"ETag": '"1"'}))
    assert board.take().unchanged
    assert board.site.received[-1].headers["If-None-Match"] is None
    assert board.store.get(published.snapshot.files[0].object_key) == FIRST


def test_a_better_parser_reads_bytes_that_are_not_sent_again(board: Board) -> None:
    first = board.extract(FIRST, headers={"ETag": '"1"'})
    better = replace(SOURCE, parser_version=SOURCE.parser_version + 1)
    board.serves(Reply(304))
    taken = board.take(better)
    second = board.publish(better)
    assert (taken.unchanged, second.unchanged) == (False, False)
    assert second.snapshot.snapshot_id != first.snapshot.snapshot_id
    assert second.snapshot.content_sha256 == first.snapshot.content_sha256
    assert board.statuses() == ["published", "published"]


def test_killed_between_the_two_steps(board: Board) -> None:
    """Nothing is half-published, and the next run goes on whether the site has moved on or not."""
    first = board.extract(FIRST)
    board.serves(Reply(body=SECOND))
    taken = board.take()
    assert board.state["current_snapshot_id"] == first.snapshot.snapshot_id
    assert board.state["last_extracted_at"] < taken.snapshot.fetched_at
    again = board.extract(SECOND)
    assert (again.snapshot.snapshot_id, again.unchanged) == (taken.snapshot.snapshot_id, False)
    assert board.state["current_snapshot_id"] == taken.snapshot.snapshot_id


@pytest.mark.parametrize("news", [FIRST, SECOND])
def test_killed_before_the_manifest_was_written(board: Board, news: bytes) -> None:
    published = board.extract(FIRST)
    (manifest,) = board.store.list("snapshots/alpacaeval")
    assert published.snapshot.snapshot_id in manifest
    assert board.store.directory is not None
    (board.store.directory / manifest).unlink()
    assert board.extract(news).unchanged is (news == FIRST)
    assert manifest in list(board.store.list("snapshots/alpacaeval"))


def test_a_refused_snapshot_is_published_when_the_parser_follows(board: Board) -> None:
    board.extract(FIRST)
    board.serves(Reply(body=FIRST.replace(b"length_controlled_winrate", b"winrate_raw", 1)))
    board.take()
    with pytest.raises(ExtractionError, match=r"sources/alpacaeval\.py must follow") as raised:
        board.publish()
    assert [outcome.check.name for outcome in raised.value.outcomes if outcome.refuses] == ["columns"]
    assert board.statuses() == ["published", "refused"]

    def parse(files: Mapping[str, bytes]) -> Parsed:
        (content,) = files.values()
        return SOURCE.parse({"leaderboard": content.replace(b"winrate_raw", b"length_controlled_winrate", 1)})

    board.publish(replace(SOURCE, parse=parse))
    assert board.statuses() == ["published", "published"]
    assert board.state["last_error"] is None


def test_a_site_that_takes_its_mistake_back_is_unchanged(board: Board) -> None:
    first = board.extract(FIRST)
    with pytest.raises(ExtractionError):
        board.extract(FIRST.replace(b"length_controlled_winrate", b"winrate_raw", 1))
    assert board.state["last_error"]
    again = board.extract(FIRST)
    assert (again.unchanged, again.snapshot.snapshot_id) == (True, first.snapshot.snapshot_id)
    assert board.state["last_error"] is None


def test_samples_never_replace_real_data(board: Board) -> None:
    board.extract(SECOND)
    before, asked = board.state, len(board.site.received)
    board.serves(Reply(body=FIRST))
    with pytest.raises(ExtractionError, match="samples never replace them") as raised:
        board.take(origin=Origin.SAMPLE)
    assert not raised.value.transient
    assert len(board.site.received) == asked
    assert {**board.state, "last_attempt_at": None} == {**before, "last_attempt_at": None}


def test_real_data_replace_samples_however_small_those_were(board: Board) -> None:
    """The sample is no measure for what came from elsewhere: half of its rows are a good first real snapshot."""
    board.serves(Reply(body=FIRST, headers={"ETag": '"1"'}))
    board.take(origin=Origin.SAMPLE)
    board.publish()
    half = b"".join(FIRST.splitlines(keepends=True)[:10])
    published = board.extract(half)
    assert board.site.received[-1].headers["If-None-Match"] is None
    assert (published.snapshot.origin, published.snapshot.rows_kept) == ("mirror", 9)


def test_the_same_bytes_from_elsewhere_are_a_snapshot_of_their_own(board: Board) -> None:
    board.serves(Reply(body=FIRST))
    board.take(origin=Origin.SAMPLE)
    board.publish()
    assert not board.extract(FIRST).unchanged
    assert board.statuses() == ["published", "published"]


def test_all_endpoints_or_none(board: Board) -> None:
    """One of two files missing: no snapshot of the other alone."""
    endpoint = SOURCE.endpoints[0]
    two = replace(SOURCE, endpoints=(endpoint, replace(endpoint, name="more", url=f"{URL}.more")))
    board.serves(Reply(body=FIRST))
    with pytest.raises(ExtractionError, match=r"leaderboard\.csv\.more: expected status 200; found 404 Not Found"):
        board.take(two)
    assert board.count("snapshots") == 0


@pytest.mark.parametrize(("reply", "transient"), [(Reply(503), True), (Reply(404), False), (Reply(hang_up=True), True)])
def test_a_failure_is_noted_and_moves_nothing_else(board: Board, reply: Reply, transient: bool) -> None:
    board.extract(FIRST)
    before = board.state
    board.serves(reply)
    with pytest.raises(ExtractionError) as raised:
        board.take()
    after = board.state
    assert raised.value.transient is transient
    assert after["last_error"] == str(raised.value)
    assert after["last_failed_at"] >= after["last_attempt_at"] > before["last_attempt_at"]
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {"last_error", "last_failed_at", "last_attempt_at"}
    assert board.statuses() == ["published"]


def test_a_failure_that_nobody_foresaw_is_noted_too(board: Board) -> None:
    def parse(_files: Mapping[str, bytes]) -> Parsed:
        raise KeyError("surprise")

    board.serves(Reply(body=FIRST))
    board.take()
    with pytest.raises(KeyError):
        board.publish(replace(SOURCE, parse=parse))
    assert "KeyError" in board.state["last_error"]
    assert board.state["current_snapshot_id"] is None


def test_what_another_run_published_meanwhile_is_not_covered_up(board: Board) -> None:
    board.extract(FIRST)

    def overtaken(endpoint: Endpoint, validators: Validators | None) -> Response:
        response = board.fetch(endpoint, validators)
        board.extract(SECOND)
        return response

    board.serves(Reply(body=FIRST))
    with pytest.raises(PublishConflictError):
        take_snapshot(SOURCE, engine=board.engine, store=board.store, fetch=overtaken, origin=Origin.MIRROR)
    assert board.publish().snapshot.snapshot_id == board.state["current_snapshot_id"]


def test_a_mirrors_password_stays_out_of_errors_and_tables(board: Board) -> None:
    password = "hunter2"
    base = board.site.url("").replace("http://", f"http://user:{password}@")
    board.serves(Reply(404))
    with open_leaderboards(Origin.MIRROR, base, HttpPolicy(attempts=1)) as fetch, pytest.raises(ExtractionError) as raised:
        take_snapshot(SOURCE, engine=board.engine, store=board.store, fetch=fetch, origin=Origin.MIRROR)
    assert "404" in str(raised.value)
    assert password not in str(raised.value) + str(board.state)
