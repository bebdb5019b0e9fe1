"""Models on a Hugging Face hub: what the hub says of them, and their files by range, pinned to one commit.

Two or three requests open a model, whatever its weights: the API's record of it and the listing of its files. Protocol:
https://huggingface.co/docs/hub/api. The client library brings session, proxies, headers and offline mode. Its retries are
not used, because they wait as long as a server asks for; nor are its result classes, which fail on records of odd shape.
"""

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx2
import orjson
from huggingface_hub import constants
from huggingface_hub.errors import HFValidationError, OfflineModeIsEnabled
from huggingface_hub.utils import (
    build_hf_headers,
    fix_hf_endpoint_in_url,
    get_session,
    parse_ratelimit_headers,
    validate_repo_id,
)

from budmodel_pipeline.model_info.repository import RepositoryFile
from budmodel_pipeline.resources.provider import FileUnavailableError, ProviderError, State
from budmodel_pipeline.resources.retry import GiveUp, Schedule, Trouble, decide, may_pass, retry_after_seconds

EXPAND = (
    "author",
    "baseModels",
    "cardData",
    "childrenModelCount",
    "config",
    "createdAt",
    "disabled",
    "downloads",
    "downloadsAllTime",
    "evalResults",
    "gated",
    "gguf",
    "inferenceProviderMapping",
    "lastModified",
    "library_name",
    "likes",
    "model-index",
    "pipeline_tag",
    "private",
    "safetensors",
    "sha",
    "tags",
    "transformersInfo",
    "usedStorage",
)
"""What the API is asked to tell about a model: `ExpandModelProperty_T` of huggingface_hub without the listing of files."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 64 * 1024
_LATER = "try again later"


@dataclass(frozen=True, slots=True)
class HubPolicy:
    """How patient and how greedy the reading of one model is; seconds and bytes.

    `total_timeout` bounds one request with its attempts and waits; a server that asks for more than `longest_wait` is not
    waited for. `max_file_bytes` bounds a read without a length, `max_bytes` everything that one model moves, `max_files` its
    listing.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    total_timeout: float = 300.0
    attempts: int = 4
    backoff: float = 1.0
    longest_wait: float = 60.0
    max_answer_bytes: int = 16 * 1024 * 1024
    max_file_bytes: int = 64 * 1024 * 1024
    max_bytes: int = 256 * 1024 * 1024
    max_files: int = 100_000


@dataclass(slots=True)
class Traffic:
    """What a model has cost so far: requests, and bytes of bodies as they came, redirects and failed attempts included.

    Threads may share it.
    """

    requests: int = 0
    bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, response: httpx2.Response) -> None:
        steps = (*response.history, response)
        with self._lock:
            self.requests += len(steps)
            self.bytes += sum(step.num_bytes_downloaded for step in steps)


@dataclass(frozen=True, slots=True)
class _Answer:
    content: bytes
    url: str
    next_page: str | None


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model at one commit.

    `repo_id` is its present name, which differs from `requested_id` after a renaming. `info` is the API's record as sent,
    read as JSON and nothing else; trust none of its shapes. Files of a `gated` model can be listed but perhaps not read.
    """

    repo_id: str
    requested_id: str
    revision: str
    info: Mapping[str, Any]
    repository: "HubRepository"

    @property
    def renamed(self) -> bool:
        return self.repo_id.casefold() != self.requested_id.casefold()

    @property
    def gated(self) -> bool:
        """Whether the owner decides who may read the files (`"auto"` or `"manual"` in the record)."""
        return bool(self.info.get("gated"))

    @property
    def url(self) -> str:
        """The page of this very revision."""
        return f"{self.repository.root}/{self.repo_id}/tree/{self.revision}"


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub and the means to read it. Threads may share it.

    `endpoint` defaults to HF_ENDPOINT, and that to huggingface.co. Without `token` requests are anonymous: a token that lies
    around on this machine is not used. `on_retry` gets a sentence about each failed attempt.
    """

    endpoint: str = constants.ENDPOINT
    token: str | None = field(default=None, repr=False)
    policy: HubPolicy = HubPolicy()
    on_retry: Callable[[str], None] = logging.getLogger(__name__).info
    sleep: Callable[[float], None] = time.sleep

    @property
    def root(self) -> str:
        """The endpoint as URLs begin with it."""
        return self.endpoint.rstrip("/")

    def open(self, repo_id: str, revision: str | None = None) -> HubModel:
        """A model at `revision` (a branch, a tag or a commit), by default that of its main branch.

        Raises ProviderError.
        """
        traffic = Traffic()
        info = self._record(repo_id, revision, EXPAND, traffic)
        sha = _commit(info, repo_id)
        if info.get("disabled"):
            raise ProviderError(
                repo_id, "disabled", "the hub has disabled this repository", hint="nothing to do", permanent=True
            )
        name = info.get("id")
        present = name if isinstance(name, str) and _is_repo_id(name) else repo_id
        files = {entry.path: entry for entry in self._files(present, sha, traffic)}
        repository = HubRepository(self, present, sha, MappingProxyType(files), traffic)
        return HubModel(present, repo_id, sha, info, repository)

    def current_revision(self, repo_id: str) -> str:
        """The commit that the main branch is at, by one small request. Raises ProviderError."""
        return _commit(self._record(repo_id, None, ("sha",), Traffic()), repo_id)

    def avatar(self, owner: str) -> str | None:
        """The address of the picture of an organization or user, None where it has none. Raises ProviderError."""
        for kind in ("organizations", "users"):
            try:
                answer = self.get(owner, f"{self.root}/api/{kind}/{quote(owner, safe='')}/avatar", Traffic())
            except ProviderError as error:
                if error.state != "not_found":
                    raise
                continue
            told = _json(answer.content, owner)
            found = told.get("avatarUrl") if isinstance(told, dict) else None
            return urljoin(f"{self.root}/", found) if isinstance(found, str) and found else None
        return None

    def _record(self, repo_id: str, revision: str | None, expand: tuple[str, ...], traffic: Traffic) -> Mapping[str, Any]:
        if not _is_repo_id(repo_id):
            reason = f"expected the name of a repository, such as org/name; found {repo_id!r}"
            raise ProviderError(repo_id, "not_found", reason, hint="correct the name", permanent=True)
        url = f"{self.root}/api/models/{repo_id}" + (f"/revision/{quote(revision, safe='')}" if revision else "")
        try:
            answer = self.get(repo_id, url, traffic, params={"expand": list(expand)})
        except ProviderError as error:
            if error.state != "unsupported":
                raise
            # Hubs of other versions know other properties and refuse the rest; the plain record has most of them.
            answer = self.get(repo_id, url, traffic)
        record = _json(answer.content, repo_id)
        if not isinstance(record, dict):
            raise _invalid(repo_id, f"expected the record of a model; found {type(record).__name__}")
        return record

    def _files(self, repo_id: str, sha: str, traffic: Traffic) -> Iterator[RepositoryFile]:
        url: str | None = f"{self.root}/api/models/{repo_id}/tree/{sha}"
        params: dict[str, Any] = {"recursive": True, "expand": False}
        count = 0
        while url:
            answer = self.get(repo_id, url, traffic, params=params)
            entries = _json(answer.content, repo_id)
            if not isinstance(entries, list):
                raise _invalid(repo_id, f"expected a listing of files; found {type(entries).__name__}")
            for entry in entries:
                count += 1
                if count > self.policy.max_files:
                    reason = f"more than {self.policy.max_files:,} files and folders"
                    raise ProviderError(repo_id, "too_large", reason, hint="raise the limit if it is right", permanent=True)
                listed = _listed(entry, repo_id)
                if listed:
                    yield listed
            url, params = self._next_page(answer, repo_id) if entries else None, {}

    def _next_page(self, answer: _Answer, repo_id: str) -> str | None:
        if not answer.next_page:
            return None
        # Mirrors pass on links to the original; ours go with a token, so they lead to the endpoint or nowhere.
        target = fix_hf_endpoint_in_url(urljoin(answer.url, answer.next_page), self.root)
        if urlsplit(target)[:2] != urlsplit(self.root)[:2]:
            raise _invalid(repo_id, f"the listing goes on at another host, {urlsplit(target).hostname}")
        return target

    def get(
        self,
        target: str,
        url: str,
        traffic: Traffic,
        *,
        params: Mapping[str, Any] | None = None,
        part: range | None = None,
        limit: int | None = None,
        commit: str | None = None,
    ) -> _Answer:
        """The body of `url`, or the `part` of it, of at most `limit` bytes. Raises ProviderError, which names `target`."""
        policy = self.policy
        end = time.monotonic() + policy.total_timeout
        schedule = Schedule(policy.attempts, policy.backoff, policy.longest_wait)
        request = _Request(target, url, params or {}, part, limit or policy.max_answer_bytes, commit, end)
        attempt = 1
        while True:
            outcome = _attempt(self, request, traffic)
            if isinstance(outcome, _Answer):
                return outcome
            remaining, now = end - time.monotonic(), datetime.now(UTC)
            trouble = Trouble("an answer", outcome.reason, outcome.hint, outcome.permanent, outcome.retry_after)
            verdict = decide(trouble, attempt, schedule, remaining=remaining, now=now, jitter=random.random)
            if isinstance(verdict, GiveUp):
                raise ProviderError(
                    target,
                    outcome.state,
                    outcome.reason if outcome.permanent else f"{outcome.reason} (attempt {attempt} of {policy.attempts})",
                    hint=verdict.hint,
                    permanent=outcome.permanent,
                    retry_after=outcome.retry_after,
                )
            self.on_retry(f"{target}: {outcome.reason}; attempt {attempt + 1} follows in {verdict.seconds:.1f} s")
            self.sleep(verdict.seconds)
            attempt += 1


class HubRepository:
    """The files of one commit: see `model_info.repository.Repository`. Threads may share it.

    Reads raise FileUnavailableError.
    """

    def __init__(self, hub: Hub, repo_id: str, revision: str, files: Mapping[str, RepositoryFile], traffic: Traffic) -> None:
        self.repo_id = repo_id
        self.revision = revision
        self.traffic = traffic
        self._hub = hub
        self._files = files

    @property
    def root(self) -> str:
        return self._hub.root

    @property
    def files(self) -> Mapping[str, RepositoryFile]:
        return self._files

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        policy, listed = self._hub.policy, self._files.get(path)
        try:
            if listed is None or listed.size is None:
                raise _missing_file(path)
            end = listed.size if length is None else min(offset + length, listed.size)
            if length is None and end - offset > policy.max_file_bytes:
                raise _too_large(path, f"{listed.size:,} bytes, where at most {policy.max_file_bytes:,} are read whole")
            if offset >= end:
                return b""
            return self._fetch(path, range(offset, end), listed.size)
        except ProviderError as failure:
            raise FileUnavailableError(path, failure) from failure

    def _fetch(self, path: str, part: range, size: int) -> bytes:
        policy, moved = self._hub.policy, self.traffic.bytes
        if moved + len(part) > policy.max_bytes:
            raise _too_large(path, f"{len(part):,} more bytes, where this model has moved {moved:,} of {policy.max_bytes:,}")
        url = f"{self.root}/{self.repo_id}/resolve/{self.revision}/{quote(path)}"
        whole = len(part) == size
        answer = self._hub.get(
            f"{self.repo_id}@{self.revision[:12]}/{path}",
            url,
            self.traffic,
            part=None if whole else part,
            limit=len(part),
            commit=self.revision,
        )
        if len(answer.content) < len(part):
            raise ProviderError(
                path,
                "changed",
                f"{len(answer.content):,} bytes came of {len(part):,} that the listing promises",
                hint=_LATER,
                permanent=False,
            )
        return answer.content


@dataclass(frozen=True, slots=True)
class _Request:
    target: str
    url: str
    params: Mapping[str, Any]
    part: range | None
    limit: int
    commit: str | None
    end: float


def _attempt(hub: Hub, request: _Request, traffic: Traffic) -> _Answer | ProviderError:
    def failed(state: State, reason: str, hint: str = _LATER, *, permanent: bool = False) -> ProviderError:
        return ProviderError(request.target, state, reason, hint=hint, permanent=permanent)

    policy, remaining = hub.policy, max(request.end - time.monotonic(), 0.001)
    headers = build_hf_headers(token=hub.token or False, library_name="budmodel-pipeline")
    if request.commit:
        # Ranges count bytes of the file, and the listing its size: neither is that of a compressed body.
        headers["Accept-Encoding"] = "identity"
    if request.part:
        headers["Range"] = f"bytes={request.part.start}-{request.part.stop - 1}"
    timeout = httpx2.Timeout(min(policy.read_timeout, remaining), connect=min(policy.connect_timeout, remaining))
    try:
        with get_session().stream(
            "GET", request.url, params=request.params or None, headers=headers, timeout=timeout
        ) as response:
            try:
                return _read(request, response, hub.token is not None)
            finally:
                traffic.add(response)
    except httpx2.TimeoutException:
        return failed("timeout", f"no answer, or a pause of more than {policy.read_timeout:g} s within it")
    except (httpx2.NetworkError, httpx2.ProxyError) as error:
        return failed("unavailable", f"no connection ({type(error).__name__})", "check the network, then try again")
    except httpx2.RemoteProtocolError:
        return failed("unavailable", "a connection that ended within the answer")
    except httpx2.TooManyRedirects:
        return failed("unavailable", "a circle of redirects")
    except httpx2.DecodingError:
        return failed("invalid", "a broken compressed body")
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL):
        return failed("invalid", "an address that cannot be requested", "check the hub's endpoint", permanent=True)
    except OfflineModeIsEnabled:
        return failed("unavailable", "the hub client is in offline mode", "unset HF_HUB_OFFLINE", permanent=True)


def _read(request: _Request, response: httpx2.Response, has_token: bool) -> _Answer | ProviderError:
    part = request.part
    if response.status_code == 416 and part:
        return _Answer(b"", str(response.url), None)
    if response.status_code not in (200, 206):
        return _refusal(request.target, response, has_token)
    if part and response.status_code == 200 and part.start > 0:
        return ProviderError(
            request.target,
            "unsupported",
            "the whole file came where a part was asked for",
            hint="use a hub or mirror that supports range requests",
            permanent=True,
        )
    if part and response.status_code == 206:
        announced = response.headers.get("Content-Range", "")
        if not announced.startswith(f"bytes {part.start}-"):
            return _invalid(request.target, f"asked for bytes from {part.start}, got {announced[:80]!r}")
    seen = {step.headers.get("X-Repo-Commit") for step in (*response.history, response)} - {None, request.commit}
    if request.commit and seen:
        return ProviderError(
            request.target, "changed", f"content of the commit {seen.pop()!r} came", hint=_LATER, permanent=False
        )
    content = bytearray()
    for chunk in response.iter_bytes(_CHUNK):
        content += chunk
        if part and response.status_code == 200 and len(content) >= request.limit:
            # The server ignores ranges and goes on to the end of the weights. Any other answer is read to its end, so that
            # its connection can be used again.
            break
        if len(content) > request.limit:
            return _too_large(request.target, f"more than {request.limit:,} bytes, and stopped reading")
        if time.monotonic() > request.end:
            return ProviderError(
                request.target, "timeout", "the answer was still under way", hint="allow more time", permanent=False
            )
    return _Answer(bytes(content[: request.limit]), str(response.url), response.links.get("next", {}).get("url"))


def _refusal(target: str, response: httpx2.Response, has_token: bool) -> ProviderError:
    """What an error status means; the hub's X-Error-Code says more than the number."""
    status, headers = response.status_code, response.headers
    code, said = headers.get("X-Error-Code", ""), headers.get("X-Error-Message", "")[:200]
    number = f"status {status}" + (f": {said}" if said else "")

    def refused(state: State, reason: str, hint: str) -> ProviderError:
        return ProviderError(target, state, reason, hint=hint, permanent=True)

    if may_pass(status):
        now = datetime.now(UTC)
        wait = retry_after_seconds(headers.get("Retry-After"), now)
        limit = parse_ratelimit_headers(headers)
        if status == 429 and wait is None and limit and limit.remaining == 0:
            wait = float(limit.reset_in_seconds)
        state: State = "rate_limited" if status == 429 else "timeout" if status in (408, 504) else "unavailable"
        return ProviderError(target, state, number, hint=_LATER, permanent=False, retry_after=wait)
    if code == "GatedRepo":
        hint = "ask for access on its page, then set a token of that account"
        return refused("gated", f"the owner decides who may read this model ({number})", hint)
    if "disabled" in said.lower() or status == 451:
        return refused("disabled", f"the hub has disabled this repository ({number})", "nothing to do")
    if code == "RevisionNotFound":
        return refused("not_found", f"no such revision ({number})", "check the branch, tag or commit")
    if code == "EntryNotFound":
        return refused("not_found", f"no such file in this revision ({number})", "list the model again")
    if status == 401 and code != "RepoNotFound" and has_token:
        return refused("unauthorized", f"the hub does not accept the token ({number})", "set a valid token")
    if code == "RepoNotFound" or status in (404, 410):
        hint = "check the name" if has_token else "check the name; if the model is private, set a token that may read it"
        return refused("not_found", f"no such repository, or a private one ({number})", hint)
    if status == 401:
        return refused("unauthorized", f"the hub wants a token ({number})", "set a token that may read this model")
    if status == 403:
        return refused("forbidden", f"access denied ({number})", "check what the token may do")
    if status == 400:
        return refused("unsupported", f"the hub does not understand the request ({number})", "check the hub's version")
    return refused("invalid", f"an unexpected answer ({number})", "check the hub's endpoint")


def _listed(entry: Any, repo_id: str) -> RepositoryFile | None:
    """An entry of the tree API as a file; None for a folder."""
    match entry:
        case {"type": "directory"}:
            return None
        case {"type": "file", "path": str(path), "size": int(size)} if _is_plain_path(path) and size >= 0:
            pass
        case _:
            raise _invalid(repo_id, f"an entry of the listing is no file: {str(entry)[:120]!r}")
    match entry.get("lfs"):
        case {"oid": str(oid), "size": int(size)} if _SHA256.fullmatch(oid) and size >= 0:
            return RepositoryFile(path, size, oid)
    return RepositoryFile(path, size)


def _is_plain_path(path: str) -> bool:
    """Whether git could have such a path; others would escape the URL of their repository."""
    return "\\" not in path and not any(part in ("", ".", "..") for part in path.split("/"))


def _is_repo_id(name: str) -> bool:
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


def _commit(info: Mapping[str, Any], repo_id: str) -> str:
    match info.get("sha"):
        case str(sha) if _COMMIT.fullmatch(sha):
            return sha
        case other:
            raise _invalid(repo_id, f"expected the commit of the model; found {other!r:.80}")


def _json(content: bytes, target: str) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _invalid(target, f"the hub's answer is no JSON ({error})") from None


def _invalid(target: str, reason: str) -> ProviderError:
    return ProviderError(target, "invalid", reason, hint="check the hub's endpoint, then try again", permanent=False)


def _too_large(target: str, reason: str) -> ProviderError:
    return ProviderError(target, "too_large", reason, hint="raise the limit if the file is right", permanent=True)


def _missing_file(path: str) -> ProviderError:
    return ProviderError(path, "not_found", "no such file in this revision", hint="list the model again", permanent=True)
