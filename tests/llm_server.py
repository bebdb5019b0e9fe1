"""An OpenAI-compatible server on loopback whose language model says what a test wants.

with llm_server() as server:
    server.answer = lambda request: {"description": None, ...}
    write_prose(card, Llm(server.base_url, "key", "model"))
"""

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer of the server instead of one of its language model. `stall` gives none at all."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    stall: bool = False
    cut: bool = False


Request = Mapping[str, Any]
Answer = Raw | Mapping[str, Any] | str


class LlmServer(ThreadingHTTPServer):
    """Use it through `llm_server`. `answer` makes of a request what the language model says, or a Raw answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.answer: Callable[[Request], Answer] = lambda _: Raw(500)
        self.finish_reason = "stop"
        self.usage: object = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
        self.closing = threading.Event()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on purpose; anything else is a mistake in this file."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: LlmServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silence."""

    def do_POST(self) -> None:
        with suppress(ConnectionError):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.requests.append(request)
            self.server.keys.append(self.headers.get("Authorization"))
            answer = self.server.answer(request)
            if self.path != "/v1/chat/completions":
                answer = Raw(404)
            self._send(answer if isinstance(answer, Raw) else self._completion(answer))

    def _completion(self, answer: Mapping[str, Any] | str) -> Raw:
        content = answer if isinstance(answer, str) else json.dumps(answer)
        choice = {
            "index": 0,
            "finish_reason": self.server.finish_reason,
            "message": {"role": "assistant", "content": content, "refusal": None},
        }
        completion = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": "served-model-2026-11-01",
            "choices": [choice],
            "usage": self.server.usage,
        }
        return Raw(body=json.dumps(completion).encode())

    def _send(self, raw: Raw) -> None:
        if raw.stall:
            self.server.closing.wait()
            self.close_connection = True
            return
        self.send_response(raw.status)
        for name, value in {"Content-Type": "application/json", **raw.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw.body) + (100 if raw.cut else 0)))
        self.end_headers()
        self.wfile.write(raw.body)
        self.close_connection = raw.cut


@contextmanager
def llm_server() -> Iterator[LlmServer]:
    """A server that is up for the time of the block."""
    with LlmServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
