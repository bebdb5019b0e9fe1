"""What stands between us and an S3-compatible server on a bad day: a proxy on loopback that passes on, refuses, waits, dies.

    with failing_store(server) as proxy:
        store = open_s3(proxy.endpoint, server.bucket, server.access_key, server.secret_key)
        proxy.fail("PUT", Fault(500, times=1))
        store.put("key", b"content")

Requests are passed on byte for byte with the host that was signed, so the server behind checks signatures as ever.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.s3_server import S3Server

_OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with a request, `times` times (-1: always).

    It is answered with `status`, where that is not 0 and once the server behind has done it with `done`; after `seconds`;
    or with `dies`, the proxy is gone from then on, in the midst of it.
    """

    status: int = 0
    code: str = "InternalError"
    times: int = -1
    seconds: float = 0.0
    done: bool = False
    dies: bool = False


class FailingStore(ThreadingHTTPServer):
    """Use it through `failing_store`. `asked` are the requests that came, as `METHOD path?query`."""

    daemon_threads = True

    def __init__(self, behind: S3Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(behind.endpoint).netloc
        self.asked: list[str] = []
        self.closing = threading.Event()
        self._dead = False
        self._faults: list[tuple[str, Fault]] = []
        self._lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fail(self, request: str, fault: Fault) -> None:
        """Has requests go wrong that hold this text."""
        self._faults.append((request, fault))

    def recover(self) -> None:
        """All is well again."""
        self._faults.clear()
        self._dead = False

    def fault_of(self, request: str) -> Fault | None:
        with self._lock:
            self.asked.append(request)
            if self._dead:
                return Fault(dies=True)
            for number, (held, fault) in enumerate(self._faults):
                if held in request and fault.times != 0:
                    self._faults[number] = (held, replace(fault, times=fault.times - 1))
                    self._dead = fault.dies
                    return fault
            return None


class _Handler(BaseHTTPRequestHandler):
    server: FailingStore

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the library
        """Silence."""

    def do_GET(self) -> None:
        fault = self.server.fault_of(f"{self.command} {self.path}")
        length = int(self.headers.get("Content-Length", 0))
        with suppress(OSError):  # Clients give up on purpose.
            if fault is not None and fault.dies:
                self.rfile.read(length // 2)
                self.connection.close()
                return
            body = self.rfile.read(length)
            if fault is not None:
                self.server.closing.wait(fault.seconds)
            if fault is None or fault.status == 0 or fault.done:
                answer, headers, status = self._answer_behind(body)
            if fault is not None and fault.status:
                answer = f"<Error><Code>{fault.code}</Code><Message>as the test wants it</Message></Error>".encode()
                headers, status = {"Content-Type": "application/xml", "Content-Length": str(len(answer))}, fault.status
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else answer)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

    def _answer_behind(self, body: bytes) -> tuple[bytes, dict[str, str], int]:
        behind = http.client.HTTPConnection(self.server.behind, timeout=30)
        try:
            behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                behind.putheader(name, value)
            behind.endheaders(body)
            response = behind.getresponse()
            answer = response.read()
            headers = {name: value for name, value in response.getheaders() if name.lower() not in _OF_THE_CONNECTION}
            size = response.getheader("Content-Length") if self.command == "HEAD" else str(len(answer))
            return answer, headers | ({"Content-Length": size} if size is not None else {}), response.status
        finally:
            behind.close()


@contextmanager
def failing_store(behind: S3Server) -> Iterator[FailingStore]:
    """The proxy while it runs."""
    with FailingStore(behind) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
