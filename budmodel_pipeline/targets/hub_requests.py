"""One request to a Hugging Face hub: its attempts and waits, its redirects, and what a refusal means.

Protocol: https://huggingface.co/docs/hub/api. The client library brings session, proxies, headers and offline mode. Its
retries are not used, because they wait as long as a server asks for.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
from huggingface_hub.errors import OfflineModeIsEnabled
from huggingface_hub.utils import build_hf_headers, get_session, parse_ratelimit_headers

from budmodel_pipeline.fetching.retry import GiveUp, Schedule, Trouble, decide, may_pass, retry_after_seconds
from budmodel_pipeline.targets.provider import ProviderError, State

LATER = "try again later"
_CHUNK = 64 * 1024


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
class Request:
    """What is asked for: `url`, or the `part` of it, of at most `limit` bytes. Failures name `target`.

    With `commit`, content of another one is refused.
    """

    target: str
    url: str
    limit: int
    params: Mapping[str, Any] = field(default_factory=dict)
    part: range | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, the URL that it came from after redirects, and the link to the next page where there is one."""

    content: bytes
    url: str
    next_page: str | None


def fetch(
    request: Request,
    traffic: Traffic,
    *,
    policy: HubPolicy,
    token: str | None,
    on_retry: Callable[[str], None],
    sleep: Callable[[float], None],
) -> Answer:
    """The answer to `request`, after as many attempts as `policy` allows. Raises ProviderError."""
    end = time.monotonic() + policy.total_timeout
    schedule = Schedule(policy.attempts, policy.backoff, policy.longest_wait)
    attempt = 1
    while True:
        outcome = _attempt(request, traffic, policy, token, end)
        if isinstance(outcome, Answer):
            return outcome
        remaining, now = end - time.monotonic(), datetime.now(UTC)
        trouble = Trouble("an answer", outcome.reason, outcome.hint, outcome.permanent, outcome.retry_after)
        verdict = decide(trouble, attempt, schedule, remaining=remaining, now=now, jitter=random.random)
        if isinstance(verdict, GiveUp):
            raise ProviderError(
                request.target,
                outcome.state,
                outcome.reason if outcome.permanent else f"{outcome.reason} (attempt {attempt} of {policy.attempts})",
                hint=verdict.hint,
                permanent=outcome.permanent,
                retry_after=outcome.retry_after,
            )
        on_retry(f"{request.target}: {outcome.reason}; attempt {attempt + 1} follows in {verdict.seconds:.1f} s")
        sleep(verdict.seconds)
        attempt += 1


def _attempt(request: Request, traffic: Traffic, policy: HubPolicy, token: str | None, end: float) -> Answer | ProviderError:
    def failed(state: State, reason: str, hint: str = LATER, *, permanent: bool = False) -> ProviderError:
        return ProviderError(request.target, state, reason, hint=hint, permanent=permanent)

    remaining = max(end - time.monotonic(), 0.001)
    headers = build_hf_headers(token=token or False, library_name="budmodel-pipeline")
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
                return _read(request, response, end, token is not None)
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


def _read(request: Request, response: httpx2.Response, end: float, has_token: bool) -> Answer | ProviderError:
    part = request.part
    if response.status_code == 416 and part:
        return Answer(b"", str(response.url), None)
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
            return invalid(request.target, f"asked for bytes from {part.start}, got {announced[:80]!r}")
    seen = {step.headers.get("X-Repo-Commit") for step in (*response.history, response)} - {None, request.commit}
    if request.commit and seen:
        return ProviderError(
            request.target, "changed", f"content of the commit {seen.pop()!r} came", hint=LATER, permanent=False
        )
    content = bytearray()
    for chunk in response.iter_bytes(_CHUNK):
        content += chunk
        if part and response.status_code == 200 and len(content) >= request.limit:
            # The server ignores ranges and goes on to the end of the weights. Any other answer is read to its end, so that
            # its connection can be used again.
            break
        if len(content) > request.limit:
            return too_large(request.target, f"more than {request.limit:,} bytes, and stopped reading")
        if time.monotonic() > end:
            return ProviderError(
                request.target, "timeout", "the answer was still under way", hint="allow more time", permanent=False
            )
    return Answer(bytes(content[: request.limit]), str(response.url), response.links.get("next", {}).get("url"))


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
        return ProviderError(target, state, number, hint=LATER, permanent=False, retry_after=wait)
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


def invalid(target: str, reason: str) -> ProviderError:
    """An answer that is not what a hub gives."""
    return ProviderError(target, "invalid", reason, hint="check the hub's endpoint, then try again", permanent=False)


def too_large(target: str, reason: str) -> ProviderError:
    """An answer or file beyond the limits of HubPolicy."""
    return ProviderError(target, "too_large", reason, hint="raise the limit if the file is right", permanent=True)
