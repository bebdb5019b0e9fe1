"""Where a name comes from: paths, host and vendor prefixes."""

import re
from typing import NamedTuple

from budmodel_pipeline.identity.hub_links import hub_repository
from budmodel_pipeline.identity.knowledge import Knowledge, squash
from budmodel_pipeline.identity.tokens import fold

_SCHEME = re.compile(r"^(?:https?://(?:www\.)?(?:huggingface\.co|hf\.co)/|hf:|~|\*)", re.IGNORECASE)
_SEGMENT = re.compile(r"^(?=.*[A-Za-z])[\w@~*][\w.@~:-]*(?: [0-9])?$", re.ASCII)
_REGION = re.compile(r"^(?:us|eu|au|jp|apac|ca|global|us-gov)\.(?=[a-z0-9]+\.[a-z])", re.IGNORECASE)
_DOTTED = re.compile(r"^([a-z][a-z0-9]*)\.(?=[a-z])", re.IGNORECASE)
_SERVED_REVISION = re.compile(r"[-_ ]v?[1-9](?::[0-9]+(?::[0-9]+k)?)?$", re.IGNORECASE)


class Address(NamedTuple):
    """A name without its surroundings. `organization` is as published, folded; `hosts` served the model."""

    name: str
    organization: str | None
    hosts: tuple[str, ...]


def address_of(text: str, knowledge: Knowledge) -> Address:
    """Takes paths (`accounts/fireworks/models/x`), cloud prefixes (`us.anthropic.x-v1:0`) and schemes off a name."""
    name = hub_repository(text) if "://" in text else None
    name = name or _SCHEME.sub("", text)
    hosts: list[str] = []
    organization: str | None = None
    if "/" in name:
        name, organization = _path(name, hosts, knowledge)
    if organization is None:
        name, organization = _cloud(name, hosts, knowledge)
    return Address(name, organization, tuple(dict.fromkeys(hosts)))


def _path(name: str, hosts: list[str], knowledge: Knowledge) -> tuple[str, str | None]:
    *folders, last = name.split("/")
    if not last.strip() or not all(_SEGMENT.match(folder) for folder in folders):
        return name, None
    organization: str | None = None
    kept: list[str] = []
    for folder in folders:
        plain = squash(folder)
        if plain in knowledge.structure:
            if plain == "models":
                kept.clear()
        elif plain in knowledge.hosts and plain not in knowledge.vendors:
            hosts.append(knowledge.hosts[plain])
        elif organization is None:
            organization = folder
        else:
            kept.append(folder)
    return " ".join((*kept, last)), organization


def _cloud(name: str, hosts: list[str], knowledge: Knowledge) -> tuple[str, str | None]:
    """Amazon Bedrock's `[region.]vendor.model-v1:0`; its revision is one of serving, save for Amazon's own models."""
    if "." not in name:
        return name, None
    region = _REGION.match(name)
    rest = name[region.end() :] if region else name
    dotted = _DOTTED.match(rest)
    if not dotted or squash(dotted[1]) not in knowledge.vendors:
        return name, None
    vendor = knowledge.vendors[squash(dotted[1])]
    if region:
        hosts.append(f"bedrock {region[0].rstrip('.').lower()}")
    rest = rest[dotted.end() :]
    if vendor != "amazon":
        rest = _SERVED_REVISION.sub("", rest) if _SERVED_REVISION.search(rest) and _served(rest) else rest
    folded = fold(rest)
    if not any(word in folded for word in knowledge.words_of.get(vendor, ())):
        rest = f"{dotted[1]} {rest}"  # deepseek.r1: the vendor's name is half of the model's.
    return rest, dotted[1]


def _served(rest: str) -> bool:
    """Whether the last number is a revision of serving: `-v1:0`, `-1:0` or `-v1`, but not the 7 of `opus-4-7`."""
    return ":" in rest or re.search(r"[-_ ]v1$", rest, re.IGNORECASE) is not None


def strip_prefix(folded: str, knowledge: Knowledge) -> tuple[str, str] | None:
    """A leading vendor or host name and what follows it, where a name starts with one."""
    match = knowledge.prefix.match(folded)
    return (squash(match[0]), folded[match.end() :].lstrip("-_ .:")) if match else None
