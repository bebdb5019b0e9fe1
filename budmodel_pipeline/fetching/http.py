"""Fetching files over HTTP from servers that fail, stall, lie and move.

A download either gives the whole content or raises FetchError; nothing is returned half. What this module cannot see: a body
that ends early where the server announced no length and used no chunks. The parsers of the formats look for that.
"""

import io
import random
import re
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import BinaryIO
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from budmodel_pipeline.fetching.address_guard import GuardedAdapter, PrivateAddressError
from budmodel_pipeline.fetching.deadline import Deadline
from budmodel_pipeline.fetching.failures import of_exception, of_status
from budmodel_pipeline.fetching.pages import is_blank, is_markup, page_title
from budmodel_pipeline.fetching.retry import GiveUp, Schedule, Trouble, decide, retry_after_seconds
from budmodel_pipeline.fetching.urls import keeps_credentials, redact, redirect_refusal, redirect_target

_CHUNK = 64 * 1024
_ERROR_PAGE = 16 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """How patient a download is; seconds.

    `read_timeout` bounds the silence between two packets, `total_timeout` the whole download: attempts, redirects, waits.
    Waits double from `backoff`; a server that asks for more than `longest_wait` is not waited for.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    total_timeout: float = 300.0
    attempts: int = 4
    backoff: float = 1.0
    longest_wait: float = 120.0
    max_redirects: int = 5
    user_agent: str = "budmodel-pipeline"


@dataclass(frozen=True, slots=True)
class Validators:
    """What an earlier response said about its version; sent back, it lets the server answer "not modified"."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. `content` is decoded from gzip and otherwise as served; None means not modified (304).

    `url` and `final_url` are redacted: they go into tables, and redirects lead to signed URLs. `fetched_at` is UTC. `size`
    is that of the whole file in bytes, where the server states it.
    """

    url: str
    final_url: str
    status: int
    content: bytes | None
    fetched_at: datetime
    content_type: str | None
    etag: str | None
    last_modified: str | None
    attempts: int
    size: int | None = None

    @property
    def validators(self) -> Validators:
        """To be sent with the next request of this URL."""
        return Validators(self.etag, self.last_modified)


class FetchError(Exception):
    """A file could not be fetched. `permanent`: the same request would fail again; `hint` says what to do.

    `status` is that of the last answer, if one came; `retry_after`, the seconds that the server asks to wait. Its text and
    its attributes hold no secrets, and no exception is chained to it that could.
    """

    def __init__(
        self,
        url: str,
        expected: str,
        found: str,
        *,
        permanent: bool,
        hint: str,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.url = redact(url)
        super().__init__(f"{self.url}: expected {expected}; found {found}; {hint}")
        self.expected = expected
        self.found = found
        self.permanent = permanent
        self.hint = hint
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class _Download:
    """What one call of `fetch` asks for, and the means to get it."""

    url: str
    policy: HttpPolicy
    max_bytes: int
    redirect_hosts: tuple[str, ...]
    validators: Validators
    session: requests.Session
    adapter: GuardedAdapter
    deadline: Deadline
    part: range | None
    sink: BinaryIO | None


def fetch(
    url: str,
    *,
    policy: HttpPolicy,
    max_bytes: int,
    redirect_hosts: Iterable[str] = (),
    validators: Validators | None = None,
    trusted_hosts: frozenset[str] = frozenset(),
    session: requests.Session | None = None,
    part: range | None = None,
    sink: BinaryIO | None = None,
    on_retry: Callable[[str], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Response:
    """The content of `url`, of at most `max_bytes` after decoding.

    - Passing failures (no connection, silence, a cut-off body, 408, 425, 429, 5xx) are tried again; `on_retry` gets a
      sentence about each, `sleep` does the waiting.
    - Redirects lead to the same host or to `redirect_hosts` (`*.hf.co` matches any subdomain), never from https to http.
    - Addresses that are not public are refused unless their `host:port` is one of `trusted_hosts`: see `address_guard`.
    - `session` brings credentials, headers, certificates and proxies. Its credentials, cookies and headers go to the host of
      `url` alone. It is only read: no cookie is kept.
    - With `part` only these bytes of the file are asked for, and fewer come at its end. A server without ranges can give a
      part that starts at 0, and no other.
    - With `sink`, a seekable file, the content is written there, whole or not at all, and `content` is empty.

    Raises FetchError.
    """
    schedule = Schedule(policy.attempts, policy.backoff, policy.longest_wait)
    with Deadline(policy.total_timeout) as deadline, closing(GuardedAdapter(trusted_hosts, deadline)) as adapter:
        download = _Download(
            url=url,
            policy=policy,
            max_bytes=max_bytes,
            redirect_hosts=tuple(redirect_hosts),
            validators=validators or Validators(),
            session=session or requests.Session(),
            adapter=adapter,
            deadline=deadline,
            part=part,
            sink=sink,
        )
        attempt = 1
        while True:
            outcome = _attempt(download)
            if isinstance(outcome, Response):
                return replace(outcome, attempts=attempt)
            now, remaining = datetime.now(UTC), deadline.remaining
            verdict = decide(outcome, attempt, schedule, remaining=remaining, now=now, jitter=random.random)
            if isinstance(verdict, GiveUp):
                break
            if on_retry:
                next_one = f"attempt {attempt + 1} of {policy.attempts} follows in {verdict.seconds:.1f} s"
                on_retry(f"{redact(url)}: expected {outcome.expected}; found {outcome.found}; {next_one}")
            sleep(verdict.seconds)
            attempt += 1
    # Raised here, outside of any handler: what requests raises holds whole URLs, and tracebacks show chained exceptions.
    found = f"{outcome.found} (attempt {attempt} of {policy.attempts})" if not outcome.permanent else outcome.found
    raise FetchError(
        url,
        outcome.expected,
        found,
        permanent=outcome.permanent,
        hint=verdict.hint,
        status=outcome.status,
        retry_after=outcome.retry_after,
    )


def refuse_page(content: bytes, content_type: str | None, file_format: str, *, url: str) -> None:
    """Raises a permanent FetchError where data in `file_format` were due and `url` gave nothing or a web page.

    The content decides: there are servers that label good data as text/html.
    """
    if is_blank(content):
        found = "an empty body" if not content else f"{len(content):,} bytes of white space"
    elif is_markup(content):
        title = page_title(content)
        found = f"a web page titled {title!r}" if title else "a web page without a title"
    else:
        return
    served_as = f" (served as {content_type})" if content_type else ""
    hint = "open the URL in a browser: the publisher may have moved the file or put a wall before it"
    raise FetchError(url, f"{file_format} data", found + served_as, permanent=True, hint=hint)


def _attempt(download: _Download) -> Response | Trouble:
    policy = download.policy
    try:
        outcome = _follow(download)
    except PrivateAddressError as refused:
        outcome = Trouble(
            f"{refused.host} at a public address",
            f"{refused.address}, which is private, loopback or otherwise not of the open internet",
            "only the configured mirror may be at such an address",
            permanent=True,
        )
    except (requests.RequestException, HTTPError) as error:
        outcome = of_exception(error, policy.connect_timeout, policy.read_timeout)
    if download.deadline.expired:
        return Trouble(
            f"the whole download within {policy.total_timeout:g} s",
            "that it was still under way",
            "try again later, or allow more time if the server is always this slow",
        )
    return outcome


def _follow(download: _Download) -> Response | Trouble:
    """The answer at the end of all redirects."""
    here, at_home = download.url, True
    for _ in range(download.policy.max_redirects + 1):
        with closing(_send(download, here, at_home)) as answer:
            location = answer.headers.get("Location")
            if answer.status_code not in _REDIRECTS or location is None:
                return _read(download, here, answer)
        try:
            target = redirect_target(here, location)
            refusal = redirect_refusal(download.url, here, target, download.redirect_hosts)
        except ValueError:
            target, refusal = "", "no URL"
        if refusal:
            found = f"a redirect from {redact(here)} to {redact(target)}: {refusal}"
            hint = "check where the publisher has moved the file"
            return Trouble("an answer or a redirect to a known host", found, hint, permanent=True)
        # Once elsewhere, for good: a foreign host must not choose what is asked for in our name.
        at_home = at_home and keeps_credentials(here, target)
        here = target
    expected = f"at most {download.policy.max_redirects} redirects"
    hint = "open the URL in a browser: the server may be sending readers around in a circle"
    return Trouble(expected, f"one more, to {redact(here)}", hint, permanent=True)


def _send(download: _Download, url: str, at_home: bool) -> requests.Response:
    session, policy, remaining = download.session, download.policy, max(download.deadline.remaining, 0.001)
    headers = {"User-Agent": policy.user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
    if download.part:
        headers |= {"Range": f"bytes={download.part.start}-{download.part.stop - 1}", "Accept-Encoding": "identity"}
    if download.validators.etag:
        headers["If-None-Match"] = download.validators.etag
    if download.validators.last_modified:
        headers["If-Modified-Since"] = download.validators.last_modified
    request = requests.Request("GET", url, headers=headers)
    prepared = session.prepare_request(request) if at_home else request.prepare()
    url = prepared.url or url
    settings = session.merge_environment_settings(url, {}, None, None, None)
    # What the session says outright goes before REQUESTS_CA_BUNDLE, which requests would let win.
    verify = settings["verify"] if session.verify is True else session.verify
    # Straight to the adapter: Session.send would follow redirects and keep cookies.
    return download.adapter.send(
        prepared,
        stream=True,
        timeout=(min(policy.connect_timeout, remaining), min(policy.read_timeout, remaining)),
        verify=True if verify is None else verify,
        cert=settings["cert"] if at_home else None,
        proxies={} if _is_loopback(url) else settings["proxies"],
    )


def _is_loopback(url: str) -> bool:
    """Whether a URL names this machine, which a proxy could not reach for us."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _read(download: _Download, here: str, answer: requests.Response) -> Response | Trouble:
    validators, headers = download.validators, answer.headers
    content: bytes | Trouble | None
    if answer.status_code == HTTPStatus.NOT_MODIFIED and (validators.etag or validators.last_modified):
        content = None
    elif answer.status_code == HTTPStatus.OK or (download.part and answer.status_code == HTTPStatus.PARTIAL_CONTENT):
        content = _wrong_part(download, answer) or _content(download, answer)
    elif download.part and answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        content = b""
    else:
        retry_after = retry_after_seconds(headers.get("Retry-After"), datetime.now(UTC))
        content = of_status(answer.status_code, _page_title(answer), retry_after)
    if isinstance(content, Trouble):
        return content
    return Response(
        url=redact(download.url),
        final_url=redact(here),
        status=answer.status_code,
        content=content,
        fetched_at=datetime.now(UTC),
        content_type=headers.get("Content-Type"),
        etag=headers.get("ETag", validators.etag if content is None else None),
        last_modified=headers.get("Last-Modified", validators.last_modified if content is None else None),
        attempts=1,
        size=_size(answer),
    )


def _wrong_part(download: _Download, answer: requests.Response) -> Trouble | None:
    """What is wrong with an answer to a request for a part, if anything."""
    if not download.part or (answer.status_code == HTTPStatus.OK and download.part.start == 0):
        return None
    expected = f"the bytes from {download.part.start:,}"
    if answer.status_code == HTTPStatus.OK:
        hint = "this server cannot give parts of files: download the file and read it from disk"
        return Trouble(expected, "the whole file", hint, permanent=True, status=answer.status_code)
    announced = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if announced and int(announced[1]) == download.part.start:
        return None
    return Trouble(expected, "others", "try again later", status=answer.status_code)


def _size(answer: requests.Response) -> int | None:
    """The size of the whole file in bytes."""
    announced = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if announced:
        return int(announced[2]) if announced[2].isdecimal() else None
    length = answer.headers.get("Content-Length", "")
    plain = answer.status_code == HTTPStatus.OK and "Content-Encoding" not in answer.headers
    return int(length) if plain and length.isdecimal() else None


def _content(download: _Download, answer: requests.Response) -> bytes | Trouble:
    announced = answer.headers.get("Content-Length", "")
    length = int(announced[:20]) if announced.isdecimal() and not download.part else 0
    if length > download.max_bytes:
        return _too_large(download.max_bytes, f"{length:,} bytes announced")
    sink = download.sink or io.BytesIO()
    sink.seek(0)
    sink.truncate()
    for chunk in answer.iter_content(_CHUNK):
        if download.part and sink.tell() + len(chunk) >= len(download.part):
            # A server that ignores ranges would go on to the end of the file.
            sink.write(chunk[: len(download.part) - sink.tell()])
            break
        sink.write(chunk)
        if sink.tell() > download.max_bytes:
            return _too_large(download.max_bytes, "more, and stopped reading")
    return sink.getvalue() if isinstance(sink, io.BytesIO) else b""


def _too_large(max_bytes: int, found: str) -> Trouble:
    hint = "check what the URL serves, and raise the limit of the endpoint if the file has grown"
    return Trouble(f"at most {max_bytes:,} bytes", found, hint, permanent=True)


def _page_title(answer: requests.Response) -> str:
    try:
        content = next(answer.iter_content(_ERROR_PAGE), b"")
    except (requests.RequestException, HTTPError):
        return ""
    return page_title(content) if is_markup(content) else ""
