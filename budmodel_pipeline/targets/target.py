"""How a place where a model can be read is named: the same word for commands, requests, tables and partitions.

hf:owner/name              a model of the hub; hf:owner/name@revision at a branch, a tag or a commit
https://huggingface.co/... its page is the same place
cloud:maker/name           a closed model, by its id
https://...                an archive or a weight file
anything else              a directory, an archive or a file on disk
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

from budmodel_pipeline.identity.hub_links import hub_repository, is_repository, split_link

Provider = Literal["hugging_face", "disk", "url", "cloud_model"]
_HUB = "hf:"
_CLOUD = "cloud:"
_MODEL_ID = re.compile(r"[a-z0-9][a-z0-9._+-]{0,95}/[a-z0-9][a-z0-9._+:-]{0,190}")
# What git allows in a name, without what is special in a URL or to a reader: https://git-scm.com/docs/git-check-ref-format
_REVISION = re.compile(r"(?!.*(?:\.\.|//|\.lock$))\w(?:[\w./+-]{0,198}[\w+-])?", re.ASCII)
MAX_URI = 1_000
_EXPECTED = f"expected a uri of 1 to {MAX_URI:,} printable characters"


class TargetError(ValueError):
    """A place that no model can be read from; says what was expected."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place of one model. `uri` is `owner/name` on the hub, a path, a URL, or the id of a closed model.

    `revision` is a branch, a tag or a commit of a model of the hub; None is its main branch, wherever that is.
    """

    provider: Provider
    uri: str
    revision: str | None = None

    @property
    def place(self) -> str:
        """The `uri`, with the revision where there is one."""
        return f"{self.uri}@{self.revision}" if self.revision else self.uri

    @property
    def key(self) -> str:
        """As people write it; `parse_target` reads it back."""
        return {"hugging_face": _HUB, "cloud_model": _CLOUD}.get(self.provider, "") + self.place


def is_written_as_target(word: str) -> bool:
    """Whether a word can be nothing but a target; a path looks like any other name."""
    return word.startswith((_HUB, _CLOUD)) or "://" in word


def instead_of_a_path(word: str) -> str:
    """What to do where nothing lies at the path `word`: it may be meant for a model of the hub."""
    return f"check the path; a model of the hub is {_HUB}{word if is_repository(word) else 'org/name'}"


def parse_target(word: str) -> Target:
    """The target that a person wrote. Raises TargetError."""
    if word.startswith(_HUB):
        return _hub_model(word.removeprefix(_HUB))
    if word.startswith(_CLOUD):
        return _closed_model(word.removeprefix(_CLOUD))
    if "://" in word:
        return _page_of_hub(word) or _url(word)
    if not word or "\0" in word:
        raise TargetError(f"{_EXPECTED}: hf:org/name, cloud:maker/name, a URL, or a path")
    return Target("disk", word)


def target_of(provider: str, uri: str) -> Target:
    """The target that a row of requests names: one that can be read again and again. Raises TargetError."""
    uri = uri.strip()
    # Three dots mean a range where Dagster reads the names of partitions.
    if not uri or len(uri) > MAX_URI or not uri.isprintable() or "..." in uri:
        raise TargetError(f"{_EXPECTED} without '...'")
    match provider:
        case "hugging_face":
            target = _page_of_hub(uri) or _hub_model(hub_repository(uri) or uri.removeprefix(_HUB))
        case "cloud_model":
            target = _closed_model(uri.removeprefix(_CLOUD))
        case "url":
            target = _page_of_hub(uri) or _url(uri)
        case "disk":
            target = Target("disk", uri)
        case _:
            raise TargetError(f"expected one of the providers {', '.join(get_args(Provider))}; found {provider!r}")
    if (found := parse_target(target.key)) != target:
        raise TargetError(f"{uri!r} names no place of the provider {provider}, but one of {found.provider}")
    if target.revision is not None:
        expected = "expected a repository such as org/name without a revision: a request follows the main branch"
        raise TargetError(f"{expected}; ask for {_HUB}{target.uri}, or inspect {target.key}")
    return target


def _hub_model(written: str) -> Target:
    name, at, revision = written.partition("@")
    if not is_repository(name):
        raise TargetError(f"expected a repository such as org/name; found {name!r}")
    if at and not _REVISION.fullmatch(revision):
        raise TargetError(f"expected a branch, a tag or a commit after {_HUB}{name}@; found {revision!r}")
    return Target("hugging_face", name, revision or None)


def _page_of_hub(link: str) -> Target | None:
    """A model by its page, or by that of a revision; None for the pages of its files, and for other links."""
    name, parts = hub_repository(link), split_link(link)
    if name is None or parts is None:
        return None
    match [unquote(part) for part in parts.path.split("/")[3:] if part]:
        case ["blob" | "resolve" | "raw", *_]:
            return None
        case ["tree" | "commit", revision, *_] if revision != "main":
            return _hub_model(f"{name}@{revision}")
    return Target("hugging_face", name)


def _closed_model(uri: str) -> Target:
    if not _MODEL_ID.fullmatch(uri):
        raise TargetError(f"expected the id of a model such as openai/gpt-4o-2024-08-06; found {uri!r}")
    return Target("cloud_model", uri)


def _url(uri: str) -> Target:
    try:
        parts = urlsplit(uri)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise TargetError("expected an http or https URL; what was given is none") from None
    if parts.username or parts.password:
        raise TargetError("expected a URL without a user and password: it is stored and shown")
    if parts.scheme not in ("http", "https") or not host or not uri.isprintable() or " " in uri:
        raise TargetError(f"expected an http or https URL; found {uri!r}")
    return Target("url", uri)
