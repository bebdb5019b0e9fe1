"""A time limit on everything that a download does with its connections."""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self


class Deadline:
    """Ends all watched connections when `seconds` have passed.

    Timeouts of sockets bound the silence between two packets only: a server that drips a byte now and then, in the headers
    or between two chunks, keeps a reader busy for ever. Shutting the connection down from outside ends any read.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.cancel()
        with self._lock:
            for handle in self._watched:
                handle.close()
            self._watched.clear()

    @property
    def remaining(self) -> float:
        """Seconds left, not below zero."""
        return max(self._end - time.monotonic(), 0.0)

    @property
    def expired(self) -> bool:
        return self.remaining == 0.0

    def watch(self, connection: socket.socket) -> None:
        """Puts an open connection under the limit."""
        # A second handle on the connection: TLS takes over the first one, and http.client drops it before the body is read.
        handle = connection.dup()
        with self._lock:
            self._watched.append(handle)
            if self.expired:
                _shut_down(handle)

    def _expire(self) -> None:
        with self._lock:
            for handle in self._watched:
                _shut_down(handle)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):  # The other side was faster.
        connection.shutdown(socket.SHUT_RDWR)
