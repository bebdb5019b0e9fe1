"""Models at a URL: an archive, which is downloaded, or a single weight file, of which only the parts asked for move."""

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

import requests

from budmodel_pipeline.fetching.http import FetchError, HttpPolicy, Response, fetch
from budmodel_pipeline.fetching.pages import is_blank, is_markup
from budmodel_pipeline.fetching.urls import redact
from budmodel_pipeline.model_info.repository import Repository, RepositoryFile
from budmodel_pipeline.targets.archive_streams import compression_of
from budmodel_pipeline.targets.archives import ArchiveLimits
from budmodel_pipeline.targets.disk import open_disk
from budmodel_pipeline.targets.provider import FileUnavailableError, ProviderError, State

_STATES: Mapping[int, State] = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    410: "not_found",
    429: "rate_limited",
    451: "disabled",
    504: "timeout",
}


@dataclass(frozen=True, slots=True)
class UrlPolicy:
    """How models at URLs are fetched; bytes.

    `http` is for each request; its `total_timeout` must leave time for an archive of `max_archive_bytes`. Redirects may lead
    to any public host. `trusted_hosts` (`host:port`) may be at other addresses: a mirror of the company. `max_bytes` bounds
    what reading one weight file moves, `head` is its beginning that is fetched at once.
    """

    http: HttpPolicy = field(default_factory=lambda: HttpPolicy(total_timeout=3600))
    trusted_hosts: frozenset[str] = frozenset()
    max_archive_bytes: int = 20 * 1024**3
    max_bytes: int = 256 * 1024**2
    head: int = 8 * 1024
    archive: ArchiveLimits = field(default_factory=ArchiveLimits)
    session: requests.Session | None = field(default=None, repr=False)
    on_retry: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True)
class UrlModel:
    """A model at a URL. `url` is redacted; `revision` is taken from the content or from what the server calls its version.

    `archive` is where a downloaded archive lies: whoever opened the model removes it when done.
    """

    url: str
    revision: str
    repository: Repository
    archive: Path | None = None


class UrlRepository:
    """A single weight file at a URL: see `model_info.repository.Repository`. Reads raise FileUnavailableError."""

    def __init__(self, url: str, name: str, policy: UrlPolicy, first: Response, max_bytes: int | None = None) -> None:
        self.bytes = len(first.content or b"")
        self._url = url
        self._name = name
        self._policy = policy
        self._max_bytes = policy.max_bytes if max_bytes is None else max_bytes
        self._first = first
        self._lock = threading.Lock()
        self._files = MappingProxyType({name: RepositoryFile(name, first.size)})

    @property
    def files(self) -> Mapping[str, RepositoryFile]:
        return self._files

    def unbounded(self) -> "UrlRepository":
        """The same file for who bounds by himself what all reads together move; counted anew."""
        return UrlRepository(self._url, self._name, self._policy, self._first, sys.maxsize)

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        try:
            size = self._first.size
            if path != self._name or size is None:
                raise _failure(path, "not_found", "no such file, or of a size that is not known", "check the URL")
            end = size if length is None else min(offset + length, size)
            head = self._first.content or b""
            if offset >= end or end <= len(head):
                return head[offset:end] if offset < end else b""
            return self._fetch(path, range(offset, end), size)
        except ProviderError as failure:
            raise FileUnavailableError(path, failure) from None

    def _fetch(self, path: str, part: range, size: int) -> bytes:
        with self._lock:
            if self.bytes + len(part) > self._max_bytes:
                reason = f"{len(part):,} more bytes, where {self.bytes:,} of {self._max_bytes:,} have moved"
                raise _failure(path, "too_large", reason, "raise the limit if the file is right")
            self.bytes += len(part)
        found = _get(self._url, self._policy, part=part)
        if (found.size, found.etag, found.last_modified) != (size, self._first.etag, self._first.last_modified):
            raise ProviderError(
                path, "changed", "the file has changed since it was opened", hint="read it again", permanent=False
            )
        content = found.content or b""
        if len(content) < len(part):
            reason = f"{len(content):,} bytes came of {len(part):,}"
            raise ProviderError(path, "invalid", reason, hint="try again later", permanent=False)
        return content


def open_url(url: str, work: Path, policy: UrlPolicy | None = None) -> UrlModel:
    """The model at `url`; an archive is downloaded into the directory `work`.

    What it is, its first bytes tell. Addresses that are not public are refused, redirects to them as well. Raises
    ProviderError.
    """
    policy = policy or UrlPolicy()
    shown = redact(url)
    first = _get(url, policy, part=range(policy.head))
    head = first.content or b""
    if is_blank(head):
        raise _failure(shown, "invalid", "there is nothing at this URL", "check the URL")
    if is_markup(head):
        hint = "give the URL of the file itself; a model of a hub is named hf:org/name"
        raise _failure(shown, "invalid", "a web page, not a model", hint)
    if _is_archive(head):
        return _archive(url, work, policy, first)
    # Storage behind a redirect calls files by their hash; a download script calls all of them the same.
    paths = [PurePosixPath(unquote(urlsplit(place).path)) for place in (url, first.final_url)]
    name = next((path.name for path in paths if path.suffix), "model")
    version = f"{first.etag}\0{first.last_modified}\0{first.size}\0".encode() + head
    return UrlModel(shown, f"head:{sha256(version).hexdigest()[:40]}", UrlRepository(url, name, policy, first))


def _archive(url: str, work: Path, policy: UrlPolicy, first: Response) -> UrlModel:
    shown = redact(url)
    if first.size is not None and first.size > policy.max_archive_bytes:
        reason = f"an archive of {first.size:,} bytes, where {policy.max_archive_bytes:,} are allowed"
        raise _failure(shown, "too_large", reason, "raise the limit, or download it and read it from disk")
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{sha256(url.encode()).hexdigest()[:40]}.archive"
    try:
        with path.open("w+b") as sink:
            _get(url, policy, sink=sink)
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        model = open_disk(path, policy.archive)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, ProviderError):
            # What is wrong with the archive concerns the URL, not the place where it was for a moment.
            error = ProviderError(
                shown,
                error.state,
                error.reason,
                hint=error.hint,
                permanent=error.permanent,
                retry_after=error.retry_after,
            )
        raise error from None
    return UrlModel(shown, f"sha256:{digest}", model.repository, path)


def _is_archive(head: bytes) -> bool:
    packed = head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\x28\xb5\x2f\xfd")) or compression_of(head) is not None
    return packed or head[257:262] == b"ustar"


def _get(url: str, policy: UrlPolicy, *, part: range | None = None, sink: BinaryIO | None = None) -> Response:
    try:
        return fetch(
            url,
            policy=policy.http,
            max_bytes=policy.max_archive_bytes if sink else policy.max_bytes,
            redirect_hosts=("*",),
            trusted_hosts=policy.trusted_hosts,
            session=policy.session,
            part=part,
            sink=sink,
            on_retry=policy.on_retry,
        )
    except FetchError as error:
        failure = ProviderError(
            error.url,
            _state(error),
            f"expected {error.expected}; found {error.found}",
            hint=error.hint,
            permanent=error.permanent,
            retry_after=error.retry_after,
        )
    raise failure


def _state(error: FetchError) -> State:
    if error.status is not None and error.status in _STATES:
        return _STATES[error.status]
    if error.status == HTTPStatus.OK:
        return "unsupported"
    if error.expected.endswith("at a public address") or "a redirect from" in error.found:
        return "unsafe"
    if error.expected.startswith("at most") and error.expected.endswith("bytes"):
        return "too_large"
    return "invalid" if error.permanent else "unavailable"


def _failure(target: str, state: State, reason: str, hint: str) -> ProviderError:
    return ProviderError(target, state, reason, hint=hint, permanent=True)
