"""What a person knows about names: vendors, hosts, families, aliases; read once from `knowledge.toml`."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


class KnowledgeError(Exception):
    """The knowledge file contradicts itself; the message names the entry."""


def squash(text: str) -> str:
    """Letters and digits only, without case: how vendor names are compared."""
    return _NOT_ALPHANUMERIC.sub("", text.casefold())


@dataclass(frozen=True, slots=True)
class Family:
    """A family of names; the fields are explained in `knowledge.toml`. `rank` is its place in that file."""

    word: str
    rank: int
    vendor: str
    spelled: str = ""
    joint: str = "-"
    instruct: str = "instruct"
    trailing: str = ""
    served: str = ""
    base: bool = False
    closed: bool = False
    leads: bool = False
    words: frozenset[str] = frozenset()
    implied_by: frozenset[str] = frozenset()
    hybrid_from: str = ""
    reasoning: bool = False
    effort: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()
    serving: frozenset[str] = frozenset()
    run: frozenset[str] = frozenset()
    short: bool = False
    base_is_variant: bool = False
    chat_from: str = ""
    also: frozenset[str] = frozenset()
    dated_drops: frozenset[str] = frozenset()
    sized: bool = False
    instruct_with: frozenset[str] = frozenset()
    instruct_from: str = ""
    plain_hybrids: frozenset[str] = frozenset()
    one_tuning_from: str = ""
    one_tuning_to: str = ""
    one_tuning_with: frozenset[str] = frozenset()
    revised: bool = False


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The knowledge file, indexed for look-up."""

    vendors: Mapping[str, str]
    hosts: Mapping[str, str]
    uploaders: frozenset[str]
    structure: frozenset[str]
    phrases: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]
    synonyms: Mapping[str, str]
    noise: frozenset[str]
    plain: frozenset[str]
    derived: frozenset[str]
    tuning: frozenset[str]
    agents: frozenset[str]
    routers: frozenset[str]
    families: Mapping[str, Family]
    implied: Mapping[str, Family]
    words_of: Mapping[str, tuple[str, ...]]
    releases: Mapping[str, str]
    aliases: Mapping[str, str]
    groups: Mapping[str, str]
    makers: Mapping[str, str]
    overrides: Mapping[str, str]
    prefix: re.Pattern[str] = field(repr=False)

    def may_join(self, words: frozenset[str]) -> bool:
        """Whether words could be read otherwise in another order: as a phrase, a vendor in front or a host at the end."""
        return len(words & self.families.keys()) > 1 or any(
            word in self.hosts or any(words.issuperset(spelling) for spelling, _ in self.phrases.get(word, ()))
            for word in words
        )

    def family_of(self, words: Iterable[str], first: str) -> Family | None:
        """The family that a name's words show; `first` is its first word."""
        found: Family | None = None
        for word in words:
            family = self.families.get(word)
            if family is not None and (found is None or family.rank < found.rank) and (not family.leads or word == first):
                found = family
        if found is None:
            for word in words:
                if word in self.implied:
                    return self.implied[word]
        return found


def _claims(table: Mapping[str, Iterable[str]], what: str) -> dict[str, str]:
    claimed: dict[str, str] = {}
    for slug, aliases in table.items():
        for name in {squash(slug), *map(squash, aliases)}:
            if claimed.setdefault(name, slug) != slug:
                raise KnowledgeError(f"{what} {name!r} is claimed by {claimed[name]} and {slug}")
    return claimed


def _inverted(table: Mapping[str, Iterable[str]], what: str) -> dict[str, str]:
    inverted: dict[str, str] = {}
    for target, names in table.items():
        for name in names:
            if inverted.setdefault(name, target) != target:
                raise KnowledgeError(f"{what} {name!r} is claimed by {inverted[name]} and {target}")
    return inverted


def _family(word: str, rank: int, facts: Mapping[str, Any]) -> Family:
    lists = {name: frozenset(value) for name, value in facts.items() if isinstance(value, list)}
    if "also" in lists:
        lists["also"] = frozenset(map(squash, lists["also"]))
    return Family(word, rank, **{**facts, **lists})


def read(text: str) -> Knowledge:
    """The knowledge that a TOML text holds. Raises KnowledgeError where two entries claim one name."""
    raw = tomllib.loads(text)
    vendors = _claims(raw["vendors"], "vendor name")
    hosts = _claims(raw["hosts"], "host name")
    families = {word: _family(word, rank, facts) for rank, (word, facts) in enumerate(raw["families"].items())}
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for spelling, joined in _inverted(raw["phrases"], "phrase").items():
        words = tuple(spelling.split())
        phrases.setdefault(words[0], []).append((words, joined))
    for family in families.values():
        if family.vendor not in raw["vendors"]:
            vendors.setdefault(squash(family.vendor), family.vendor)
    words_of: dict[str, tuple[str, ...]] = {}
    for family in families.values():
        words_of[family.vendor] = (*words_of.get(family.vendor, ()), family.spelled or family.word)
    spelled = [name for table in (raw["vendors"], raw["hosts"]) for slug, names in table.items() for name in (slug, *names)]
    return Knowledge(
        vendors=vendors,
        hosts=hosts,
        uploaders=frozenset(map(squash, raw["uploaders"]["names"])),
        structure=frozenset(map(squash, raw["paths"]["structure"])),
        phrases={first: tuple(sorted(found, key=lambda entry: -len(entry[0]))) for first, found in phrases.items()},
        synonyms={word: meaning for meaning, words in raw["synonyms"].items() for word in words},
        noise=frozenset(raw["noise"]["words"]),
        plain=frozenset(raw["plain"]["words"]),
        derived=frozenset(raw["derived"]["words"]),
        tuning=frozenset(raw["tuning"]["words"]),
        agents=frozenset(raw["agents"]["words"]),
        routers=frozenset(raw["routers"]["words"]),
        families=families,
        words_of=words_of,
        implied={word: family for family in families.values() for word in family.implied_by},
        releases={**dict.fromkeys(raw["releases"]["dated"], ""), **raw["releases"]["partial"]},
        aliases=_inverted(raw["aliases"], "alias"),
        groups=_inverted(raw["groups"], "grouped name"),
        makers=raw["makers"],
        overrides={name.casefold(): model for name, model in _inverted(raw["overrides"], "override").items()},
        prefix=_prefix(spelled),
    )


def _prefix(names: Iterable[str]) -> re.Pattern[str]:
    """Matches a vendor or host name before a separator at the start of a name, longest first."""
    spellings = sorted({re.escape(name).replace(r"\ ", "[ _-]").replace(r"\-", "[ _-]") for name in names}, key=len)
    return re.compile(rf"(?:{'|'.join(reversed(spellings))})(?=[-_ .:]+[a-z])", re.IGNORECASE)


@cache
def knowledge() -> Knowledge:
    """The knowledge that ships with the package."""
    return read(resources.files(__package__).joinpath("knowledge.toml").read_text("utf-8"))
