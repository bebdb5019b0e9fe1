"""How a place where a model can be read is named: the same word for commands, requests, tables and partitions."""

import re
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

Provider = Literal["hugging_face", "disk", "url", "cloud_model"]
_HUB = "hf:"
_CLOUD = "cloud:"
# https://huggingface.co/docs/huggingface_hub/package_reference/utilities (validate_repo_id), with the owner required.
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}")
_NOT_MODELS = frozenset(
    {"datasets", "spaces", "collections", "papers", "blog", "docs", "api", "organizations", "models", "join"}
)
_MODEL_ID = re.compile(r"[a-z0-9][a-z0-9._+-]{0,95}/[a-z0-9][a-z0-9._+:-]{0,190}")
MAX_URI = 1_000


class TargetError(ValueError):
    """A place that no model can be read from; says what was expected."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place of one model. `uri` is `org/name` on the hub, a path, a URL, or the id of a closed model."""

    provider: Provider
    uri: str

    @property
    def key(self) -> str:
        """As people write it: `hf:org/name`, `cloud:maker/name`, a URL or a path."""
        prefix = {"hugging_face": _HUB, "cloud_model": _CLOUD}.get(self.provider, "")
        return f"{prefix}{self.uri}"


def parse_target(word: str) -> Target:
    """The target that a person wrote. Raises TargetError."""
    if word.startswith(_HUB):
        return target_of("hugging_face", word.removeprefix(_HUB))
    if word.startswith(_CLOUD):
        return target_of("cloud_model", word.removeprefix(_CLOUD))
    if "://" in word:
        return target_of("url", word)
    return target_of("disk", word)


def target_of(provider: str, uri: str) -> Target:
    """The target that a row of requests names. Raises TargetError."""
    uri = uri.strip()
    # Three dots mean a range where Dagster reads the names of partitions.
    if not uri or len(uri) > MAX_URI or not uri.isprintable() or "..." in uri:
        raise TargetError(f"expected a uri of 1 to {MAX_URI:,} printable characters without '...'")
    match provider:
        case "hugging_face":
            uri = hub_repository(uri) or uri.removeprefix(_HUB)
            if not _REPOSITORY.fullmatch(uri):
                raise TargetError(f"expected a repository such as org/name; found {uri!r}")
            return Target("hugging_face", uri)
        case "cloud_model":
            uri = uri.removeprefix(_CLOUD)
            if not _MODEL_ID.fullmatch(uri):
                raise TargetError(f"expected the id of a model such as openai/gpt-4o-2024-08-06; found {uri!r}")
            return Target("cloud_model", uri)
        case "url":
            parts = urlsplit(uri)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise TargetError(f"expected an http or https URL; found {uri!r}")
            if parts.username or parts.password:
                raise TargetError("expected a URL without a user and password: it is stored and shown")
            return Target("url", uri)
        case "disk":
            return Target("disk", uri)
    raise TargetError(f"expected one of the providers {', '.join(get_args(Provider))}; found {provider!r}")


def hub_repository(link: str | None) -> str | None:
    """`org/name` of a link to a model's page on the hub; None for anything else."""
    if not link:
        return None
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https") or parts.hostname not in ("huggingface.co", "www.huggingface.co", "hf.co"):
        return None
    found = [segment for segment in parts.path.split("/") if segment][:2]
    name = "/".join(found)
    return name if len(found) == 2 and found[0] not in _NOT_MODELS and _REPOSITORY.fullmatch(name) else None
