"""Mirrors over real sockets: our own server, and Python's as any static file server."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from budmodel_pipeline.fetching.http import FetchError, HttpPolicy, Response, Validators, fetch
from budmodel_pipeline.fetching.mirror import mirror_path, mirror_url, serve_directory
from budmodel_pipeline.fetching.urls import trusted_host

POLICY = HttpPolicy(attempts=1, total_timeout=60)
URLS = [
    "https://raw.githubusercontent.com/tatsu-lab/alpaca_eval/main/docs/a.csv",
    "https://api.zeroeval.com/leaderboard/models/full?justCanonicals=true",
    "https://mteb-leaderboard-backend.hf.space/v1/benchmarks/MTEB(eng%2C%20v2)/scores",
    "https://h.example/rows?dataset=a%2Fb&config=d/e&x=1+2",
    "https://h.example/caf%C3%A9%20100%25.json",
]


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A mirror that holds each URL as its own text, and a file beside it that must stay unread."""
    root = tmp_path / "mirror"
    for url in URLS:
        file = root / mirror_path(url)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(url.encode())
    (tmp_path / "outside.txt").write_text("not for you")
    return root


@pytest.fixture(params=["our server", "python -m http.server"])
def base(request: pytest.FixtureRequest, copies: Path) -> Iterator[str]:
    if request.param == "our server":
        with serve_directory(copies) as base:
            yield base
        return
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(copies)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            announced = re.search(r"port (\d+)", process.stdout.readline())
            assert announced
            yield f"http://127.0.0.1:{announced[1]}"
        finally:
            process.terminate()


def get(base: str, url: str, validators: Validators | None = None) -> Response:
    trusted = frozenset({trusted_host(base)})
    return fetch(mirror_url(base, url), policy=POLICY, max_bytes=10_000, trusted_hosts=trusted, validators=validators)


@pytest.mark.parametrize("url", URLS)
def test_every_copy_is_found(base: str, url: str) -> None:
    assert get(base, url).content == url.encode()


def test_a_url_without_a_copy_is_missing(base: str) -> None:
    with pytest.raises(FetchError, match="404 Not Found") as missing:
        get(base, "https://h.example/rows")
    assert missing.value.permanent


def test_unchanged_copies_are_not_sent_again(base: str) -> None:
    first = get(base, URLS[0])
    again = get(base, URLS[0], first.validators)
    assert (again.status, again.content) == (304, None)
    assert again.validators == first.validators


def test_a_copy_changed_within_the_same_second_is_sent_again(copies: Path) -> None:
    with serve_directory(copies) as base:
        first = get(base, URLS[0])
        file = copies / mirror_path(URLS[0])
        state = file.stat()
        file.write_bytes(b"new" + URLS[0].encode()[3:])
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns + 1000))
        assert get(base, URLS[0], first.validators).content == b"new" + URLS[0].encode()[3:]


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/h.example/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/h.example/%2e%2e%2f%2e%2e%2foutside.txt",
        "/..%5coutside.txt",
        "//etc/passwd",
        "/h.example/",
        "/",
        "/h.example/rows%00",
    ],
)
def test_nothing_but_copies_is_served(copies: Path, path: str) -> None:
    with serve_directory(copies) as base, socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2]))) as raw:
        # Clients tidy such paths up; an attacker does not.
        raw.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split()[1] == b"404"
    assert b"not for you" not in answer


def test_a_mirror_needs_a_directory(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="nowhere"), serve_directory(tmp_path / "nowhere"):
        pass


def test_the_server_is_gone_after_the_block(copies: Path) -> None:
    with serve_directory(copies) as base:
        get(base, URLS[0])
    with pytest.raises(FetchError, match="Connection refused"):
        get(base, URLS[0])
