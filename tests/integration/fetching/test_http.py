"""Fetching from a server that fails in the ways that real ones do, over real sockets."""

import gzip
import shutil
import socket
import ssl
import subprocess
import traceback
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from budmodel_pipeline.fetching.http import FetchError, HttpPolicy, Response, Validators, fetch, refuse_page
from tests.hostile_server import HostileServer, Reply, hostile_server

# Generous enough for a busy machine; the tests of timeouts take smaller ones.
POLICY = HttpPolicy(connect_timeout=10, read_timeout=20, total_timeout=60, attempts=3, backoff=1, longest_wait=8)
DATA = b"name,score\nmodel-a,1.5\n"
SECRET = "s3cret"


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as server:
        yield server


class Client:
    """`fetch` from a trusted server, without waiting; `waits` and `notes` tell what it would have waited and said."""

    def __init__(self, server: HostileServer) -> None:
        self.server = server
        self.waits: list[float] = []
        self.notes: list[str] = []

    def fetch(self, path_or_url: str, policy: HttpPolicy = POLICY, max_bytes: int = 1_000_000, **options: Any) -> Response:
        url = self.server.url(path_or_url) if path_or_url.startswith("/") else path_or_url
        options.setdefault("trusted_hosts", frozenset({self.server.host()}))
        try:
            return fetch(
                url, policy=policy, max_bytes=max_bytes, sleep=self.waits.append, on_retry=self.notes.append, **options
            )
        finally:
            assert SECRET not in "".join(self.notes)

    def fail(self, path_or_url: str, **options: Any) -> FetchError:
        with pytest.raises(FetchError) as failed:
            self.fetch(path_or_url, **options)
        assert SECRET not in "".join(traceback.format_exception(failed.value))
        assert failed.value.__context__ is None
        return failed.value


@pytest.fixture
def client(server: HostileServer) -> Client:
    return Client(server)


def test_content_comes_with_what_is_known_about_it(server: HostileServer, client: Client) -> None:
    modified = "Sat, 21 Nov 2026 10:00:00 GMT"
    headers = {"Content-Type": "text/csv", "ETag": '"v1"', "Last-Modified": modified}
    server.on("/a.csv", Reply(headers=headers, body=DATA))
    before = datetime.now(UTC)
    response = client.fetch("/a.csv")
    assert response.content == DATA
    assert (response.status, response.attempts, response.content_type) == (200, 1, "text/csv")
    assert response.url == response.final_url == server.url("/a.csv")
    assert response.validators == Validators('"v1"', modified)
    assert before <= response.fetched_at <= datetime.now(UTC)
    assert response.fetched_at.utcoffset() == timedelta(0)
    assert server.received[0].headers["User-Agent"] == POLICY.user_agent


def test_missing_files_are_asked_for_once(server: HostileServer, client: Client) -> None:
    page = b"<html><title>Page not found</title></html>"
    server.on("/a.csv", Reply(404, body=page))
    error = client.fail("/a.csv")
    assert error.permanent
    assert str(error) == (
        f"{server.url('/a.csv')}: expected status 200; found 404 Not Found (a page titled 'Page not found'); "
        "check whether the publisher has moved the file"
    )
    assert server.count("/a.csv") == 1
    assert client.waits == []


@pytest.mark.parametrize("status", [204, 206, 302, 304, 400, 401, 403, 410, 451, 999])
def test_other_statuses_fail_at_once(server: HostileServer, client: Client, status: int) -> None:
    server.on("/a.csv", Reply(status, announced=None))
    error = client.fail("/a.csv")
    assert error.permanent
    assert error.found.startswith(str(status))
    assert server.count("/a.csv") == 1


def test_server_errors_pass(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(500), Reply(503), Reply(body=DATA))
    response = client.fetch("/a.csv")
    assert response.content == DATA
    assert response.attempts == 3
    first, second = client.waits
    assert 0.5 <= first <= 1
    assert 1 <= second <= 2
    assert "found 500 Internal Server Error; attempt 2 of 3 follows in" in client.notes[0]


def test_server_errors_that_stay(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(502))
    error = client.fail("/a.csv")
    assert not error.permanent
    assert error.found == "502 Bad Gateway (attempt 3 of 3)"
    assert server.count("/a.csv") == 3


def test_retry_after_in_seconds_is_kept(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(429, {"Retry-After": "7"}), Reply(body=DATA))
    assert client.fetch("/a.csv").content == DATA
    assert client.waits == [7]


def test_retry_after_as_a_date_is_kept(server: HostileServer, client: Client) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=7), usegmt=True)
    server.on("/a.csv", Reply(503, {"Retry-After": soon}), Reply(body=DATA))
    policy = replace(POLICY, backoff=0)
    assert client.fetch("/a.csv", policy).content == DATA
    assert 0 < client.waits[0] <= 7


def test_retry_after_beyond_patience_says_when_to_come_back(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(429, {"Retry-After": "86400"}))
    error = client.fail("/a.csv")
    assert not error.permanent
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert any(f"come back after {day:%Y-%m-%d}" in error.hint for day in (tomorrow, tomorrow - timedelta(minutes=5)))
    assert server.count("/a.csv") == 1


def test_connection_refused(client: Client) -> None:
    with hostile_server() as other:
        gone, trusted = other.url("/a.csv?token=" + SECRET), frozenset({other.host()})
    error = client.fail(gone, trusted_hosts=trusted)
    assert not error.permanent
    assert error.found == "Connection refused (attempt 3 of 3)"
    assert len(client.waits) == 2


def test_a_name_that_does_not_resolve(client: Client) -> None:
    error = client.fail(f"http://nowhere.invalid/a.csv?token={SECRET}")
    assert not error.permanent
    assert error.found == "a name that does not resolve (attempt 3 of 3)"


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://a.example/x", "a.csv", "http://", "http://[::1/", "http://*.x/"),
        *("http+unix://%2Frun%2Fdocker.sock/info", "unix:/run/docker.sock", "http:127.0.0.1/", "http:///x"),
    ],
)
def test_urls_that_cannot_be_fetched(client: Client, url: str) -> None:
    error = client.fail(url)
    assert error.permanent
    assert error.expected == "an http or https URL"


def test_a_connection_closed_without_an_answer_is_tried_again(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(hang_up=True), Reply(body=DATA))
    assert client.fetch("/a.csv").content == DATA
    assert "found a connection that ended without one" in client.notes[0]


@pytest.mark.parametrize("stall_after", [-1, 0, 10])
def test_silence_is_tried_again(server: HostileServer, client: Client, stall_after: int) -> None:
    server.on("/a.csv", Reply(body=DATA, stall_after=stall_after), Reply(body=DATA))
    assert client.fetch("/a.csv", replace(POLICY, read_timeout=0.2)).content == DATA
    assert "found silence for 0.2 s" in client.notes[0]


def test_silence_that_stays(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(body=DATA, stall_after=10))
    error = client.fail("/a.csv", policy=replace(POLICY, read_timeout=0.1))
    assert not error.permanent
    assert server.count("/a.csv") == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=DATA * 100, drip=0.05),
        Reply(body=DATA * 100, drip=0.05, announced=None),
        Reply(body=DATA * 100, drip=0.05, chunked=True),
        Reply(body=DATA, headers={"X-Long": "x" * 5000}, drip=0.05, drip_headers=True),
    ],
    ids=["body", "body of unknown length", "chunks", "headers"],
)
def test_a_drip_ends_with_the_total_timeout(server: HostileServer, client: Client, reply: Reply) -> None:
    server.on("/a.csv", reply)
    error = client.fail("/a.csv", policy=replace(POLICY, total_timeout=0.4))
    assert not error.permanent
    assert error.expected == "the whole download within 0.4 s"
    assert server.count("/a.csv") == 1
    assert client.waits == []


@pytest.mark.parametrize(
    "cut",
    [
        Reply(body=DATA[:10], announced=len(DATA)),
        Reply(body=gzip.compress(DATA)[:-5], announced=len(gzip.compress(DATA)), headers={"Content-Encoding": "gzip"}),
        Reply(body=DATA[:10], chunked=True, unfinished=True),
        Reply(body=b"", announced=len(DATA)),
    ],
    ids=["length", "gzip", "chunks", "nothing"],
)
def test_cut_off_bodies(server: HostileServer, client: Client, cut: Reply) -> None:
    server.on("/once.csv", cut, Reply(body=DATA))
    response = client.fetch("/once.csv")
    assert response.content == DATA
    assert response.attempts == 2
    server.on("/always.csv", cut)
    error = client.fail("/always.csv")
    assert not error.permanent
    assert error.found == "a connection that ended within it (attempt 3 of 3)"


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (Reply(body=b"x" * 5000), "5,000 bytes announced"),
        (Reply(body=b"x" * 5000, announced=None), "more, and stopped reading"),
        (Reply(body=b"x" * 5000, chunked=True), "more, and stopped reading"),
        (Reply(body=b"", announced=10**18, stall_after=0), "1,000,000,000,000,000,000 bytes announced"),
        (Reply(headers={"Content-Length": "9" * 5000}, announced=None), f"{10**20 - 1:,} bytes announced"),
        (Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"x" * 5000)), "more, and stopped reading"),
    ],
)
def test_too_large_bodies(server: HostileServer, client: Client, reply: Reply, found: str) -> None:
    server.on("/a.csv", reply)
    error = client.fail("/a.csv", max_bytes=4999)
    assert error.permanent
    assert (error.expected, error.found) == ("at most 4,999 bytes", found)
    assert server.count("/a.csv") == 1


def test_a_body_of_exactly_the_limit_passes(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(body=b"x" * 5000))
    assert client.fetch("/a.csv", max_bytes=5000).content == b"x" * 5000


def test_a_gzip_bomb_is_not_unpacked(server: HostileServer, client: Client) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    server.on("/a.csv", Reply(headers={"Content-Encoding": "gzip"}, body=bomb))
    tracemalloc.start()
    try:
        error = client.fail("/a.csv", max_bytes=100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.permanent
    assert peak < 5_000_000


def test_gzip_is_unpacked_and_the_rest_is_left_alone(server: HostileServer, client: Client) -> None:
    content = b"\xef\xbb\xbf" + DATA.replace(b"\n", b"\r\n")
    server.on("/gzip", Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(content)))
    server.on("/plain", Reply(headers={"Content-Type": "text/csv; charset=latin-1"}, body=content))
    server.on("/chunks", Reply(body=content, chunked=True))
    assert [client.fetch(path).content for path in ("/gzip", "/plain", "/chunks")] == [content] * 3


def test_a_broken_gzip_body_is_tried_again(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(headers={"Content-Encoding": "gzip"}, body=b"no gzip at all"), Reply(body=DATA))
    assert client.fetch("/a.csv").content == DATA
    assert "found a broken one" in client.notes[0]


@pytest.mark.parametrize("length", ["-5", "five", "²"])
def test_a_senseless_content_length_does_no_harm(server: HostileServer, client: Client, length: str) -> None:
    server.on("/a.csv", Reply(headers={"Content-Length": length}, announced=None, body=DATA))
    assert client.fetch("/a.csv").content == DATA


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (Reply(), "an empty body"),
        (Reply(body=b"<html><title>Just a moment...</title></html>"), "a web page titled 'Just a moment...'"),
        (
            Reply(headers={"Content-Type": "text/html"}, body=b"<html><title>Sign in</title></html>", chunked=True),
            "a web page titled 'Sign in' (served as text/html)",
        ),
    ],
)
def test_pages_with_status_200_are_refused(server: HostileServer, client: Client, reply: Reply, found: str) -> None:
    server.on(f"/a.csv?key={SECRET}", reply)
    response = client.fetch(f"/a.csv?key={SECRET}")
    assert response.content is not None
    with pytest.raises(FetchError) as refused:
        refuse_page(response.content, response.content_type, "csv", url=response.url)
    assert refused.value.permanent
    assert refused.value.found == found
    assert refused.value.url == server.url("/a.csv?key=***")


def test_a_file_on_disk_holds_nothing_of_an_attempt_that_failed(
    server: HostileServer, client: Client, tmp_path: Path
) -> None:
    server.on("/a.csv", Reply(body=b"x" * 200_000, announced=400_000), Reply(body=DATA))
    with (tmp_path / "a.csv").open("w+b") as sink:
        response = client.fetch("/a.csv", sink=sink)
    assert (response.content, response.attempts) == (b"", 2)
    assert (tmp_path / "a.csv").read_bytes() == DATA


def test_unchanged_files_are_not_sent_again(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(304, announced=None))
    response = client.fetch("/a.csv", validators=Validators('"v1"', "Sat, 21 Nov 2026 10:00:00 GMT"))
    assert (response.status, response.content) == (304, None)
    assert response.validators == Validators('"v1"', "Sat, 21 Nov 2026 10:00:00 GMT")
    sent = server.received[0].headers
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == ('"v1"', "Sat, 21 Nov 2026 10:00:00 GMT")


def test_unasked_not_modified_is_an_error(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(304, announced=None))
    assert client.fail("/a.csv", validators=Validators()).found == "304 Not Modified"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_on_the_same_host(server: HostileServer, client: Client, status: int) -> None:
    server.on("/old.csv", Reply(status, {"Location": "new.csv?sig=" + SECRET}))
    server.on(f"/new.csv?sig={SECRET}", Reply(body=DATA))
    response = client.fetch("/old.csv")
    assert response.content == DATA
    assert response.url == server.url("/old.csv")
    assert response.final_url == server.url("/new.csv?sig=***")


def test_redirects_to_an_unknown_host_are_refused(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(302, {"Location": server.url(f"/b.csv?token={SECRET}", "localhost")}))
    error = client.fail("/a.csv", trusted_hosts=frozenset({server.host(), server.host("localhost")}))
    assert error.permanent
    assert error.found == (
        f"a redirect from {server.url('/a.csv')} to {server.url('/b.csv?token=***', 'localhost')}: "
        "a host that is not known for this source"
    )
    assert [received.path for received in server.received] == ["/a.csv"]


def test_redirects_to_a_known_host_carry_no_credentials(server: HostileServer, client: Client) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {SECRET}"
    session.headers["X-Api-Key"] = SECRET
    session.cookies.set("login", SECRET)
    server.on("/a.csv", Reply(302, {"Location": "/b.csv", "Set-Cookie": "tracked=1"}))
    server.on("/b.csv", Reply(302, {"Location": f"http://u:p@localhost:{server.port}/c.csv"}))
    server.on("/c.csv", Reply(302, {"Location": "/d.csv"}))
    server.on("/d.csv", Reply(302, {"Location": server.url("/e.csv")}))
    server.on("/e.csv", Reply(body=DATA))
    trusted = frozenset({server.host(), server.host("localhost")})
    response = client.fetch("/a.csv", session=session, redirect_hosts=["localhost"], trusted_hosts=trusted)
    assert response.content == DATA
    secrets = ("Authorization", "X-Api-Key", "Cookie")
    sent = {received.path: [received.headers[name] for name in secrets] for received in server.received}
    ours = [f"Bearer {SECRET}", SECRET, f"login={SECRET}"]
    assert sent == {"/a.csv": ours, "/b.csv": ours} | dict.fromkeys(("/c.csv", "/d.csv", "/e.csv"), [None] * 3)
    assert session.cookies.get_dict() == {"login": SECRET}


def test_credentials_in_the_url_are_used_and_not_shown(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(302, {"Location": f"http://localhost:{server.port}/b.csv"}))
    server.on("/b.csv", Reply(403))
    error = client.fail(
        f"http://me:{SECRET}@127.0.0.1:{server.port}/a.csv",
        redirect_hosts=["localhost"],
        trusted_hosts=frozenset({server.host(), server.host("localhost")}),
    )
    assert error.url == f"http://***@127.0.0.1:{server.port}/a.csv"
    first, second = (received.headers["Authorization"] for received in server.received)
    assert first.startswith("Basic ")
    assert second is None


def test_redirect_loops_end(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(302, {"Location": "/b.csv"}))
    server.on("/b.csv", Reply(302, {"Location": "/a.csv"}))
    error = client.fail("/a.csv", policy=replace(POLICY, max_redirects=3))
    assert error.permanent
    assert error.expected == "at most 3 redirects"
    assert len(server.received) == 4


@pytest.mark.parametrize("location", ["http://[::1", "file:///etc/passwd", "gopher://127.0.0.1/", "http://a.example:x/"])
def test_redirects_to_no_web_address(server: HostileServer, client: Client, location: str) -> None:
    server.on("/a.csv", Reply(302, {"Location": location}))
    error = client.fail("/a.csv")
    assert error.permanent
    assert len(server.received) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_addresses_of_this_machine_are_refused_before_anything_is_sent(
    server: HostileServer, client: Client, host: str
) -> None:
    server.on("/a.csv", Reply(body=DATA))
    error = client.fail(
        server.url(f"/a.csv?token={SECRET}", host), trusted_hosts=frozenset({"127.0.0.1:1", "mirror.corp:80"})
    )
    assert error.permanent
    assert error.expected == f"{host}:{server.port} at a public address"
    assert error.found.startswith("127.0.0.1, which is private")
    assert server.received == []


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "localhost.", "127.0.0.1.nowhere.example"),
        # Octal and hexadecimal parts, dots left out and put on, digits and dots of other scripts, users, punycode.
        *("017700000001", "0x7f.1", "127.0.0.1.", "[0:0:0:0:0:ffff:7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]"),
        *("①②⑦.⓪.⓪.①", "127。0。0。1", "\uff11\uff12\uff17.0.0.1", "ⓛocalhost", "LOCALHOST", "publisher.example@127.0.0.1"),
        *("127.0.0.1:80@localhost", "xn--bcher-kva.nowhere.example", "0", "169.254.169.254", "0xa9fea9fe", "2852039166"),
    ],
)
def test_nobody_learns_which_ports_of_this_machine_are_open(
    client: Client, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Refused before a connection is made, in the same words for an open port and a closed one."""
    resolve = socket.getaddrinfo

    def rebound(name: str, *rest: Any) -> Any:
        """A name of the open internet that a stranger made to lead here."""
        return resolve("127.0.0.1" if name.endswith("nowhere.example") else name, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as other:
        ports = listener.getsockname()[1], other.getsockname()[1]
        other.close()
        told = [str(client.fail(f"http://{host}:{port}/a.csv")).replace(str(port), "PORT") for port in ports]
        # What clients and resolvers read in different ways is not even looked up.
        assert ("at a public address" if host.isascii() else "cannot be requested") in told[0]
        assert told[0] == told[1]
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_the_connection_goes_to_the_address_that_was_checked(
    server: HostileServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is asked for once, whatever it leads to afterwards; what is asked of the server is asked in its name."""
    asked: list[str] = []

    def addresses(name: str, *_: Any) -> Any:
        asked.append(name)
        # The public address stands for the server, which is here.
        address = "192.88.99.2" if name == "publisher.example" else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, server.port))]

    server.on("/a.csv", Reply(body=DATA))
    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    assert client.fetch(f"http://publisher.example:{server.port}/a.csv").content == DATA
    assert asked == ["publisher.example", "192.88.99.2"]
    assert [received.headers["Host"] for received in server.received] == [f"publisher.example:{server.port}"]


def test_a_known_redirect_host_at_a_private_address_is_refused(server: HostileServer, client: Client) -> None:
    server.on("/a.csv", Reply(302, {"Location": server.url("/b.csv", "localhost")}))
    server.on("/b.csv", Reply(body=DATA))
    error = client.fail("/a.csv", redirect_hosts=["localhost"])
    assert error.permanent
    assert error.expected == f"localhost:{server.port} at a public address"
    assert [received.path for received in server.received] == ["/a.csv"]


def test_another_port_of_a_trusted_host_is_not_trusted(server: HostileServer, client: Client) -> None:
    with hostile_server() as other:
        server.on("/a.csv", Reply(302, {"Location": other.url("/b.csv")}))
        error = client.fail("/a.csv")
        assert error.expected == f"{other.host()} at a public address"
        assert other.received == []


def test_a_configured_proxy_may_be_anywhere(server: HostileServer, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    monkeypatch.setenv("http_proxy", server.url(""))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server.on("http://a.example/a.csv", Reply(body=DATA))
    assert client.fetch("http://a.example/a.csv", trusted_hosts=frozenset()).content == DATA


def test_a_mirror_on_this_machine_needs_no_proxy(
    server: HostileServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://me:{SECRET}@127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    server.on("/a.csv", Reply(body=DATA))
    assert client.fetch("/a.csv").content == DATA
    assert client.fail("http://a.example/a.csv").expected == "an answer through the configured proxy"


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[HostileServer]:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("no openssl command to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with hostile_server(context) as server:
        yield server


def test_certificates_are_verified(tls_server: HostileServer) -> None:
    client = Client(tls_server)
    trusted = frozenset({tls_server.host("localhost")})
    tls_server.on("/a.csv", Reply(body=DATA))
    error = client.fail(tls_server.url(f"/a.csv?token={SECRET}", "localhost"), trusted_hosts=trusted)
    assert error.permanent
    assert error.expected == "a certificate that can be verified"
    assert tls_server.received == []


def test_tls_keeps_the_guard_and_the_deadline(tls_server: HostileServer, tmp_path: Path) -> None:
    client = Client(tls_server)
    session = requests.Session()
    session.verify = str(tmp_path / "ca.pem")
    trusted = frozenset({tls_server.host("localhost")})
    url = tls_server.url("/a.csv", "localhost")
    tls_server.on("/a.csv", Reply(body=DATA), Reply(body=DATA * 100, drip=0.05))
    assert client.fetch(url, session=session, trusted_hosts=trusted).content == DATA
    assert client.fail(url, session=session, trusted_hosts=frozenset()).expected.endswith("at a public address")
    error = client.fail(url, session=session, trusted_hosts=trusted, policy=replace(POLICY, total_timeout=1))
    assert error.expected == "the whole download within 1 s"
    tls_server.on("/down", Reply(302, {"Location": f"http://localhost:{tls_server.port}/a.csv"}))
    downgrade = client.fail(tls_server.url("/down", "localhost"), session=session, trusted_hosts=trusted)
    assert "from https to unencrypted http" in downgrade.found
