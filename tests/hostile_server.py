"""A scripted HTTP server on loopback that fails in the ways that real ones do.

    with hostile_server() as server:
        server.on("/scores.csv", Reply(500), Reply(body=b"name,score\\n"))
        fetch(server.url("/scores.csv"), ...)
        assert server.count("/scores.csv") == 2

The replies of a path are given in turn, the last one for ever. It listens on 127.0.0.1, so that `127.0.0.1` and `localhost`
can stand for two hosts.
"""

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.client import parse_headers, responses
from typing import BinaryIO, cast


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request gets.

    `announced` is the Content-Length that is claimed, by default that of `body`; None leaves the header out.
    After `stall_after` bytes of the body nothing more is sent and the connection stays open; -1 stalls before the headers.
    `drip` sends the body (with `drip_headers`, the headers) byte by byte, so many seconds apart.
    `hang_up` closes the connection without an answer.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    announced: int | None = -1
    chunked: bool = False
    unfinished: bool = False
    stall_after: int | None = None
    drip: float = 0.0
    drip_headers: bool = False
    hang_up: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A request that came in. Header names are looked up in any case."""

    path: str
    headers: Message


class HostileServer(socketserver.ThreadingTCPServer):
    """Use it through `hostile_server`."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.scheme = "https" if tls else "http"
        self.received: list[Received] = []
        self.closing = threading.Event()
        self._replies: dict[str, list[Reply]] = {}
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def on(self, path: str, *replies: Reply) -> None:
        """Scripts the replies to `path`, query included."""
        self._replies[path] = list(replies)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def host(self, host: str = "127.0.0.1") -> str:
        """`host:port`, as a trusted host is named."""
        return f"{host}:{self.port}"

    def count(self, path: str) -> int:
        """How often `path` was asked for."""
        return sum(received.path == path for received in self.received)

    def answer(self, received: Received) -> Reply:
        with self._lock:
            self.received.append(received)
            replies = self._replies.get(received.path, [Reply(404)])
            return replies.pop(0) if len(replies) > 1 else replies[0]


class _Handler(socketserver.StreamRequestHandler):
    server: HostileServer

    def handle(self) -> None:
        with suppress(OSError):  # Clients give up on purpose.
            request_line = self.rfile.readline(65536).decode("latin-1").split()
            if len(request_line) == 3:
                headers = parse_headers(cast(BinaryIO, self.rfile))
                self._reply(self.server.answer(Received(request_line[1], headers)))

    def _reply(self, reply: Reply) -> None:
        if reply.hang_up:
            return
        if reply.stall_after == -1:
            self._wait()
            return
        headers = {"Connection": "close"} | reply.headers
        if reply.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif reply.announced is not None:
            headers["Content-Length"] = str(len(reply.body) if reply.announced == -1 else reply.announced)
        head = f"HTTP/1.1 {reply.status} {responses.get(reply.status, '')}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        self._send(head.encode("latin-1"), reply.drip if reply.drip_headers else 0)
        body = reply.body if reply.stall_after is None else reply.body[: reply.stall_after]
        if reply.chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body += b"" if reply.unfinished else b"0\r\n\r\n"
        self._send(body, 0 if reply.drip_headers else reply.drip)
        if reply.stall_after is not None:
            self._wait()

    def _send(self, content: bytes, drip: float) -> None:
        if not drip:
            self.wfile.write(content)
            return
        for offset in range(len(content)):
            self.wfile.write(content[offset : offset + 1])
            if self.server.closing.wait(drip):
                return

    def _wait(self) -> None:
        """Holds the connection open until the client or the test ends."""
        self.server.closing.wait()


@contextmanager
def hostile_server(tls: ssl.SSLContext | None = None) -> Iterator[HostileServer]:
    """A server that is up for the time of the block."""
    with HostileServer(tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
