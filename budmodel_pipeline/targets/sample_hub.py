"""The bundled sample models behind the hub's own protocol, on loopback: what reads them is the code that reads the hub.

A folder `<org>/<name>/` holds the files of a model, and `.hub.json` what the API tells about it beyond them.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

RECORD = ".hub.json"


def sample_models(directory: Path) -> list[str]:
    """The names of the models in `directory`, as `org/name`."""
    return sorted(f"{folder.parent.name}/{folder.name}" for folder in directory.glob("*/*") if (folder / RECORD).is_file())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments: Any, directory: Path) -> None:
        self.directory = directory
        super().__init__(*arguments)

    def log_message(self, *_: object) -> None:
        """Silence: the reading side reports."""

    def do_GET(self) -> None:
        parts = [unquote(part) for part in urlsplit(self.path).path.split("/") if part]
        if parts[:2] == ["api", "models"]:
            owner, name, *rest = (*parts[2:], "", "")[: max(2, len(parts) - 2)]
            folder = self._model(owner, name)
            if folder is None:
                return self._missing("RepoNotFound")
            return self._json(_listing(folder) if rest[:1] == ["tree"] else _record(folder))
        if len(parts) > 4 and parts[2] == "resolve" and (folder := self._model(parts[0], parts[1])) is not None:
            return self._file(folder, "/".join(parts[4:]))
        return self._missing("EntryNotFound")

    def _model(self, owner: str, name: str) -> Path | None:
        return self.directory / owner / name if f"{owner}/{name}" in sample_models(self.directory) else None

    def _file(self, folder: Path, path: str) -> None:
        if path not in _files(folder):
            return self._missing("EntryNotFound")
        content, status, headers = (folder / path).read_bytes(), HTTPStatus.OK, {}
        unit, _, asked = self.headers.get("Range", "").partition("=")
        first, _, last = asked.partition("-")
        if unit == "bytes" and first.isdigit() and int(first) < len(content):
            end = min(int(last) if last.isdigit() else len(content), len(content) - 1)
            headers["Content-Range"] = f"bytes {first}-{end}/{len(content)}"
            content, status = content[int(first) : end + 1], HTTPStatus.PARTIAL_CONTENT
        return self._send(status, content, {**headers, "X-Repo-Commit": _revision(folder), "ETag": f'"{_digest(content)}"'})

    def _json(self, value: Any) -> None:
        self._send(HTTPStatus.OK, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _missing(self, code: str) -> None:
        self._send(HTTPStatus.NOT_FOUND, b"not among the bundled samples", {"X-Error-Code": code})

    def _send(self, status: HTTPStatus, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _files(folder: Path) -> dict[str, int]:
    return {
        file.relative_to(folder).as_posix(): file.stat().st_size
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != RECORD
    }


def _record(folder: Path) -> dict[str, Any]:
    stated: dict[str, Any] = json.loads((folder / RECORD).read_text())
    name = f"{folder.parent.name}/{folder.name}"
    return {"id": name, "author": folder.parent.name, **stated, "sha": _revision(folder), "gated": False, "disabled": False}


def _listing(folder: Path) -> list[dict[str, Any]]:
    return [
        {"type": "file", "path": path, "size": size, "oid": _digest((folder / path).read_bytes())}
        for path, size in _files(folder).items()
    ]


def _revision(folder: Path) -> str:
    """A commit that names the content, as a real one does."""
    return _digest(b"".join(path.encode() + (folder / path).read_bytes() for path in _files(folder)))


def _digest(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may drop a connection that it kept; anything else is a mistake in this file."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve_sample_hub(directory: Path) -> Iterator[str]:
    """Serves the models in `directory` on a free port of the loopback interface; yields the endpoint."""
    with _Server(("127.0.0.1", 0), partial(_Handler, directory=directory)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="sample hub", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
