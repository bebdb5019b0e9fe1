"""Models on a Hugging Face hub: what the hub says of them, and their files by range, pinned to one commit.

Two or three requests open a model, whatever its weights: the API's record of it and the listing of its files. Protocol:
https://huggingface.co/docs/hub/api. The client library's result classes are not used: they fail on records of odd shape.
"""

import logging
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import orjson
from huggingface_hub import constants
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import fix_hf_endpoint_in_url, validate_repo_id

from budmodel_pipeline.model_info.repository import RepositoryFile
from budmodel_pipeline.targets.hub_requests import (
    LATER,
    Answer,
    HubPolicy,
    Request,
    Traffic,
    fetch,
    invalid,
    too_large,
)
from budmodel_pipeline.targets.provider import FileUnavailableError, ProviderError

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
    policy: HubPolicy = field(default_factory=HubPolicy)
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
            raise invalid(repo_id, f"expected the record of a model; found {type(record).__name__}")
        return record

    def _files(self, repo_id: str, sha: str, traffic: Traffic) -> Iterator[RepositoryFile]:
        url: str | None = f"{self.root}/api/models/{repo_id}/tree/{sha}"
        params: dict[str, Any] = {"recursive": True, "expand": False}
        count = 0
        while url:
            answer = self.get(repo_id, url, traffic, params=params)
            entries = _json(answer.content, repo_id)
            if not isinstance(entries, list):
                raise invalid(repo_id, f"expected a listing of files; found {type(entries).__name__}")
            for entry in entries:
                count += 1
                if count > self.policy.max_files:
                    reason = f"more than {self.policy.max_files:,} files and folders"
                    raise ProviderError(repo_id, "too_large", reason, hint="raise the limit if it is right", permanent=True)
                listed = _listed(entry, repo_id)
                if listed:
                    yield listed
            url, params = self._next_page(answer, repo_id) if entries else None, {}

    def _next_page(self, answer: Answer, repo_id: str) -> str | None:
        if not answer.next_page:
            return None
        # Mirrors pass on links to the original; ours go with a token, so they lead to the endpoint or nowhere.
        target = fix_hf_endpoint_in_url(urljoin(answer.url, answer.next_page), self.root)
        if urlsplit(target)[:2] != urlsplit(self.root)[:2]:
            raise invalid(repo_id, f"the listing goes on at another host, {urlsplit(target).hostname}")
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
    ) -> Answer:
        """The body of `url`, or the `part` of it, of at most `limit` bytes. Raises ProviderError, which names `target`."""
        request = Request(target, url, limit or self.policy.max_answer_bytes, params or {}, part, commit)
        # Whatever a hub says where something lies: the token is for this hub alone.
        token = self.token if urlsplit(url)[:2] == urlsplit(self.root)[:2] else None
        return fetch(request, traffic, policy=self.policy, token=token, on_retry=self.on_retry, sleep=self.sleep)


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

    def unbounded(self) -> "HubRepository":
        """The same files for who bounds by himself what all reads together move; counted anew."""
        hub = replace(self._hub, policy=replace(self._hub.policy, max_bytes=sys.maxsize))
        return HubRepository(hub, self.repo_id, self.revision, self._files, Traffic())

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        policy, listed = self._hub.policy, self._files.get(path)
        try:
            if listed is None or listed.size is None:
                raise _missing_file(path)
            end = listed.size if length is None else min(offset + length, listed.size)
            if length is None and end - offset > policy.max_file_bytes:
                raise too_large(path, f"{listed.size:,} bytes, where at most {policy.max_file_bytes:,} are read whole")
            if offset >= end:
                return b""
            return self._fetch(path, range(offset, end), listed.size)
        except ProviderError as failure:
            raise FileUnavailableError(path, failure) from failure

    def _fetch(self, path: str, part: range, size: int) -> bytes:
        policy, moved = self._hub.policy, self.traffic.bytes
        if moved + len(part) > policy.max_bytes:
            raise too_large(path, f"{len(part):,} more bytes, where this model has moved {moved:,} of {policy.max_bytes:,}")
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
                hint=LATER,
                permanent=False,
            )
        return answer.content


def _listed(entry: Any, repo_id: str) -> RepositoryFile | None:
    """An entry of the tree API as a file; None for a folder."""
    match entry:
        case {"type": "directory"}:
            return None
        case {"type": "file", "path": str(path), "size": int(size)} if _is_plain_path(path) and size >= 0:
            pass
        case _:
            raise invalid(repo_id, f"an entry of the listing is no file: {str(entry)[:120]!r}")
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
            raise invalid(repo_id, f"expected the commit of the model; found {other!r:.80}")


def _json(content: bytes, target: str) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise invalid(target, f"the hub's answer is no JSON ({error})") from None


def _missing_file(path: str) -> ProviderError:
    return ProviderError(path, "not_found", "no such file in this revision", hint="list the model again", permanent=True)
