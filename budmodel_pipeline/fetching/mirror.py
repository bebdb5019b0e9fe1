"""Copies of published files by host and path, in a directory or behind any static file server.

The copy of `https://example.org/a/b.csv?full=1` is the file `example.org/a/b.csv?full=1`. A static server is asked for it
with the `?` written `%3F`, since it would otherwise take what follows for a query and look for the file without it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlsplit


def mirror_path(url: str) -> str:
    """Where the copy of `url` lies under the root of a mirror: host, decoded path, and the query as it is written.

    User, password and fragment are left out; a port stays. Raises ValueError for a URL without a host, and for one whose
    path would lead out of the mirror or cannot be a file name.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"expected an http or https URL to mirror; found the scheme {parts.scheme!r}")
    host = parts.netloc.rpartition("@")[2].lower()
    path = host + unquote(parts.path, errors="strict") + (f"?{parts.query}" if parts.query else "")
    if "\\" in path or not path.isprintable() or any(segment in (".", "..") for segment in path.split("/")):
        raise ValueError(f"expected a path that stays within the mirror; found {path!r}")
    return path


def mirror_url(base: str, url: str) -> str:
    """Where a mirror at `base` serves its copy of `url`. Raises ValueError as `mirror_path` does."""
    return f"{base.rstrip('/')}/{quote(mirror_path(url))}"


class _Handler(SimpleHTTPRequestHandler):
    """Files only, quietly, with an ETag: each from the first of `directories` that has it."""

    def __init__(self, *arguments: Any, directories: Sequence[Path]) -> None:
        self.directories = directories
        super().__init__(*arguments)

    def translate_path(self, path: str) -> str:
        places = []
        for directory in self.directories:
            self.directory = str(directory)
            places.append(super().translate_path(path))
        return next((place for place in places if Path(place).is_file()), places[0])

    def send_head(self) -> BytesIO | BinaryIO | None:
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(HTTPStatus.NOT_FOUND, "the mirror has no such file")
            return None
        state = file.stat()
        self.etag = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'
        if self.headers.get("If-None-Match") == self.etag:
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.end_headers()
            return None
        return super().send_head()

    def end_headers(self) -> None:
        if etag := getattr(self, "etag", None):
            self.send_header("ETag", etag)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Silence: the fetching side reports."""


@contextmanager
def serve_directory(*directories: Path) -> Iterator[str]:
    """Serves the files under `directories`, those of the first before others, on a free port of the loopback interface.

    Yields the base URL. No listing of directories, nothing outside of them. Raises NotADirectoryError.
    """
    for directory in directories:
        if not directory.is_dir():
            raise NotADirectoryError(f"expected a directory of mirrored files; found none at {directory}")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directories=directories)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="mirror", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
