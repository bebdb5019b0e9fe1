"""Connections under a time limit."""

import socket
import threading
from collections.abc import Iterator

import pytest

from budmodel_pipeline.fetching.deadline import Deadline


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # A failing test must not hang.
        ours.settimeout(30)
        theirs.settimeout(30)
        yield ours, theirs


def test_a_blocked_read_ends_with_the_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    with Deadline(0.05) as deadline:
        deadline.watch(ours)
        assert ours.recv(1) == b""
        assert deadline.expired
        assert deadline.remaining == 0


def test_a_connection_opened_too_late_ends_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    with Deadline(0) as deadline:
        deadline.watch(ours)
        assert ours.recv(1) == b""


def test_within_the_deadline_nothing_is_touched_and_nothing_stays_open(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    with Deadline(3600) as deadline:
        deadline.watch(ours)
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"
        assert not deadline.expired
    ours.sendall(b"y")
    assert theirs.recv(1) == b"y"
    ours.close()
    assert theirs.recv(1) == b""
    waiting = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert all(thread.finished.is_set() for thread in waiting)
