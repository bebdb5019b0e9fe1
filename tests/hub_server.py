"""A Hugging Face hub on loopback: the real client talks to it, over repositories that a test makes.

    with hub_server() as hub:
        hub.add("org/model", {"config.json": b"{}", "model.safetensors": Sparse(head, 5_000_000_000)})
        Hub(endpoint=hub.endpoint).open("org/model")
        assert hub.bytes_sent < 1_000_000

Protocol: https://huggingface.co/docs/hub/api and the sources of huggingface_hub. Files that end in a suffix of LFS come by a
redirect to `/cdn/...`, as from the real hub.
"""

import json
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

LFS_SUFFIXES = (".safetensors", ".gguf", ".bin", ".pt", ".onnx", ".msgpack", "tokenizer.json")
_CHUNK = 1024 * 1024
_MODEL = re.compile(r"/api/models/(?P<repo>[^/]+(?:/[^/]+)?)")
_AVATAR = re.compile(r"/api/(?P<owner>(?:organizations|users)/[^/]+)/avatar")


@dataclass(frozen=True, slots=True)
class Sparse:
    """A file of `size` bytes that begins with `head` and goes on in zeros; its weights fill no memory."""

    head: bytes
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self.size)
        return self.head[start:stop].ljust(stop - start, b"\0")

    @property
    def digest(self) -> str:
        """Stands in for the SHA-256, which would take minutes to compute."""
        return sha256(self.head + str(self.size).encode()).hexdigest()


Content = bytes | Sparse


def digest_of(content: Content) -> str:
    return content.digest if isinstance(content, Sparse) else sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that goes wrong, for requests whose path and query hold a given text.

    It is given `times` times (-1: always). `cut_after` sends the right answer but closes after so many bytes of its body;
    `stall` holds the connection open without an answer; `body` replaces a good answer where the status is 200.
    """

    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"error":"scripted"}'
    times: int = -1
    cut_after: int | None = None
    stall: bool = False


@dataclass(slots=True)
class HubRepo:
    """A repository; `commits` maps a sha to its files, `branches` a name to a sha. `info` overrides the API's record.

    `access` is what a request without `token` may do: "open", "gated" (the record but no file) or "private" (nothing).
    """

    repo_id: str
    commits: dict[str, dict[str, Content]]
    branches: dict[str, str]
    info: dict[str, Any]
    access: str = "open"
    token: str | None = None

    def resolve(self, revision: str) -> str | None:
        sha = self.branches.get(revision, revision)
        return sha if sha in self.commits else None


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    query: str
    range: str | None
    authorization: str | None


class HubServer(ThreadingHTTPServer):
    """Use it through `hub_server`. Switches: `ranges` (206 or the whole file), `old` (refuses expand), `page_size`.

    `avatars` are the pictures of `organizations/NAME` and `users/NAME`.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, HubRepo] = {}
        self.renamed: dict[str, str] = {}
        self.avatars: dict[str, str] = {}
        self.received: list[Received] = []
        self.bytes_sent = 0
        self.ranges = True
        self.old = False
        self.page_size = 1000
        self.closing = threading.Event()
        self._failures: list[tuple[str, Failure]] = []
        self._lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def cdn(self) -> str:
        """The same server under another name, as the real CDN is another host."""
        return f"http://localhost:{self.server_address[1]}"

    def add(
        self,
        repo_id: str,
        files: Mapping[str, Content],
        info: Mapping[str, Any] | None = None,
        *,
        access: str = "open",
        token: str | None = None,
    ) -> str:
        """Adds a repository with one commit on its main branch; returns the sha of the commit."""
        self.repos[repo_id] = HubRepo(repo_id, {}, {}, dict(info or {}), access, token)
        return self.commit(repo_id, files)

    def commit(self, repo_id: str, files: Mapping[str, Content], branch: str = "main") -> str:
        """Replaces the files at the head of a branch; returns the sha of the new commit."""
        repo = self.repos[repo_id]
        listing = "".join(f"{path}\0{digest_of(content)}\n" for path, content in sorted(files.items()))
        sha = sha1(f"{repo_id}\n{listing}".encode(), usedforsecurity=False).hexdigest()
        repo.commits[sha] = dict(files)
        repo.branches[branch] = sha
        return sha

    def rename(self, old: str, new: str) -> None:
        self.repos[new] = self.repos.pop(old)
        self.repos[new].repo_id = new
        self.renamed[old] = new

    def fail(self, where: str, failure: Failure) -> None:
        """Scripts a failure for requests whose `METHOD /path?query` holds `where`. Failures are used in the order given."""
        self._failures.append((where, failure))

    def count(self, where: str = "") -> int:
        """How many requests came whose `METHOD /path?query` holds `where`."""
        return sum(where in f"{one.method} {one.path}?{one.query}" for one in self.received)

    def reset(self) -> None:
        self.received, self.bytes_sent = [], 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on purpose; anything else is a mistake in this file."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def record(self, received: Received) -> Failure | None:
        with self._lock:
            self.received.append(received)
            line = f"{received.method} {received.path}?{received.query}"
            for number, (where, failure) in enumerate(self._failures):
                if where in line and failure.times:
                    self._failures[number] = where, replace(failure, times=failure.times - 1)
                    return failure
        return None

    def sent(self, count: int) -> None:
        with self._lock:
            self.bytes_sent += count

    def find(self, digest: str) -> Content | None:
        for repo in self.repos.values():
            for files in repo.commits.values():
                for content in files.values():
                    if digest_of(content) == digest:
                        return content
        return None


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: dict[str, str]
    body: Content = b""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HubServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silence."""

    def do_GET(self) -> None:
        with suppress(ConnectionError):  # Clients stop reading on purpose.
            self._answer()

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        path, query = unquote(url.path), url.query
        received = Received(self.command, path, query, self.headers.get("Range"), self.headers.get("Authorization"))
        failure = self.server.record(received)
        if failure and failure.stall:
            self.server.closing.wait()
            self.close_connection = True
            return
        if failure and failure.cut_after is None:
            self._send(_Reply(failure.status, dict(failure.headers), failure.body))
        else:
            self._send(self._route(path, query), failure.cut_after if failure else None)

    def _send(self, reply: _Reply, cut_after: int | None = None) -> None:
        status, headers, body = reply.status, reply.headers, reply.body
        start, stop = 0, len(body)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if status == 200 and wanted and self.server.ranges and "Accept-Ranges" in headers:
            start, stop = int(wanted[1]), min(int(wanted[2] or len(body)) + (1 if wanted[2] else 0), len(body))
            status = 206 if start < len(body) else 416
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}" if status == 206 else f"bytes */{len(body)}"
            start, stop = (start, stop) if status == 206 else (0, 0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        if self.command == "HEAD":
            return
        if cut_after is not None:
            stop, self.close_connection = min(stop, start + cut_after), True
        for offset in range(start, stop, _CHUNK):
            chunk = body[offset : min(offset + _CHUNK, stop)]
            self.server.sent(len(chunk))
            self.wfile.write(chunk)

    def _route(self, path: str, query: str) -> _Reply:
        if path.startswith("/cdn/"):
            content = self.server.find(path.removeprefix("/cdn/"))
            return _Reply(200, {"Accept-Ranges": "bytes"}, content) if content is not None else _Reply(403, {})
        if match := _AVATAR.fullmatch(path):
            avatar = self.server.avatars.get(match["owner"])
            return _json({"avatarUrl": avatar}) if avatar else _error(404, "", "This owner does not exist")
        if match := _MODEL.match(path):
            names = (match["repo"], match["repo"].split("/")[0])
            name = next((name for name in names if name in self.server.repos or name in self.server.renamed), names[0])
            rest = path.removeprefix(f"/api/models/{name}")
            return self._found(name, f"/api/models/{{}}{rest}", query) or self._api(name, rest, query)
        name, _, rest = path.removeprefix("/").partition("/resolve/")
        if rest:
            return self._found(name, f"/{{}}/resolve/{rest}", query) or self._file(name, *rest.partition("/")[::2])
        return _error(404, "RepoNotFound", "Repository not found")

    def _found(self, name: str, template: str, query: str) -> _Reply | None:
        """What a request gets before its repository is looked into: a redirect, a refusal, or None."""
        if name in self.server.renamed:
            location = quote(template.format(self.server.renamed[name])) + (f"?{query}" if query else "")
            return _Reply(307, {"Location": location}, b"Temporary Redirect.")
        repo, authorization = self.server.repos.get(name), self.headers.get("Authorization")
        if authorization and authorization == "Bearer wrong":
            return _error(401, "", "Invalid credentials in Authorization header")
        admitted = repo and repo.token and authorization == f"Bearer {repo.token}"
        if repo is None or (repo.access == "private" and not admitted):
            return _error(404 if authorization else 401, "RepoNotFound", "Repository not found")
        if repo.access == "disabled":
            return _error(403, "", "Access to this resource is disabled.")
        if repo.access == "gated" and "/resolve/" in template and not admitted:
            said = f"Access to model {name} is restricted. You must have access to it and be authenticated to access it."
            return _error(403 if authorization else 401, "GatedRepo", said)
        return None

    def _api(self, name: str, rest: str, query: str) -> _Reply:
        repo, parameters = self.server.repos[name], parse_qs(query)
        match rest.removeprefix("/").split("/", 2):
            case [""]:
                kind, revision = "info", "main"
            case ["revision", revision]:
                kind = "info"
            case ["tree" | "paths-info" as kind, revision, *_]:
                pass
            case _:
                return _error(404, "", "Not Found")
        sha = repo.resolve(revision)
        if sha is None:
            return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if kind == "info":
            return self._info(repo, sha, parameters)
        if kind == "tree":
            return self._tree(repo, sha, parameters)
        paths = parse_qs(self.body.decode())["paths"]
        return _json([_entry(path, content) for path, content in repo.commits[sha].items() if path in paths])

    def _info(self, repo: HubRepo, sha: str, parameters: Mapping[str, list[str]]) -> _Reply:
        expand = parameters.get("expand", [])
        if expand and self.server.old:
            return _error(400, "", '"expand" must be one of [author]')
        siblings = [{"rfilename": path} for path in repo.commits[sha]]
        if "blobs" in parameters:
            entries = [_entry(path, content) for path, content in repo.commits[sha].items()]
            siblings = [
                {"rfilename": entry["path"], "size": entry["size"], "blobId": entry["oid"]}
                | ({"lfs": entry["lfs"] | {"sha256": entry["lfs"]["oid"]}} if "lfs" in entry else {})
                for entry in entries
            ]
        record = {
            "author": repo.repo_id.rpartition("/")[0],
            "createdAt": "2026-01-02T03:04:05.000Z",
            "lastModified": "2026-05-06T07:08:09.000Z",
            "downloads": 1234,
            "likes": 56,
            "private": repo.access == "private",
            "gated": "manual" if repo.access == "gated" else False,
            "disabled": False,
            "tags": [],
            "sha": sha,
            "siblings": siblings,
        } | repo.info
        if expand:
            record = {key: value for key, value in record.items() if key in expand}
        return _json({"_id": "0123456789abcdef01234567", "id": repo.repo_id, **record})

    def _tree(self, repo: HubRepo, sha: str, parameters: Mapping[str, list[str]]) -> _Reply:
        files = repo.commits[sha]
        folders = sorted({path.rpartition("/")[0] for path in files if "/" in path})
        entries = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": folder} for folder in folders]
        entries += [_entry(path, content) for path, content in sorted(files.items())]
        first = int(parameters.get("cursor", ["0"])[0])
        last = first + self.server.page_size
        reply = _json(entries[first:last])
        if last < len(entries):
            kept = {key: value[0] for key, value in parameters.items()} | {"cursor": str(last)}
            # As the real hub: an absolute link.
            link = f"{self.server.endpoint}/api/models/{repo.repo_id}/tree/{sha}?{urlencode(kept)}"
            reply.headers["Link"] = f'<{link}>; rel="next"'
        return reply

    def _file(self, name: str, revision: str, path: str) -> _Reply:
        repo = self.server.repos[name]
        sha = repo.resolve(revision)
        if sha is None:
            return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        content = repo.commits[sha].get(path)
        if content is None:
            return _error(404, "EntryNotFound", "Entry not found")
        headers = {"X-Repo-Commit": sha, "Accept-Ranges": "bytes", "ETag": f'"{_blob_id(content)}"'}
        if not path.endswith(LFS_SUFFIXES):
            return _Reply(200, headers, content)
        digest = digest_of(content)
        headers |= {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{digest}"'}
        return _Reply(
            302, headers | {"Location": f"{self.server.cdn}/cdn/{digest}?Signature=signed"}, b"Found. Redirecting."
        )


def _entry(path: str, content: Content) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "oid": _blob_id(content), "size": len(content), "path": path}
    if path.endswith(LFS_SUFFIXES):
        entry["lfs"] = {"oid": digest_of(content), "size": len(content), "pointerSize": 135}
    return entry


def _blob_id(content: Content) -> str:
    return sha1(digest_of(content).encode(), usedforsecurity=False).hexdigest()


def _json(value: Any) -> _Reply:
    return _Reply(200, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(value).encode())


def _error(status: int, code: str, message: str) -> _Reply:
    headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return _Reply(status, headers, json.dumps({"error": message}).encode())


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """A hub that is up for the time of the block."""
    with HubServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
