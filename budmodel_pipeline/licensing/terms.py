"""What each known license says: one reviewed record per license, read from `records/*.toml`.

A record holds a value for every topic, the clause that says so, and where a plain value says too little, a sentence. It may
start from another record (`like`) and state only what differs; where a value differs, neither clause nor sentence is kept.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

from budmodel_pipeline.licensing.clauses import Clause, parse_clause
from budmodel_pipeline.licensing.model import Value


class Topic(StrEnum):
    """What a license may speak about. What YES means stands beside each."""

    COMMERCIAL_USE = "commercial-use"  # The work may be used to earn money.
    DISTRIBUTION = "distribution"  # Copies may be passed on.
    MODIFICATION = "modification"  # Changed versions may be made.
    PRIVATE_USE = "private-use"  # It may be used and changed without telling anybody.
    PATENT_USE = "patent-use"  # The licensors' patents are licensed; NO: expressly not.
    TRADEMARK_USE = "trademark-use"  # The licensor's marks may be used; NO: expressly not.
    INCLUDE_NOTICE = "include-notice"  # Copies carry the license and copyright notices; CONDITIONAL: source copies only.
    CREDIT = "credit"  # The authors are named; CONDITIONAL: by the notices alone.
    DOCUMENT_CHANGES = "document-changes"  # Changes are said to be changes.
    DISCLOSE_SOURCE = "disclose-source"  # Whoever passes on a version gives its source as well.
    NETWORK_DISCLOSE = "network-disclose"  # Offering it over a network counts as passing it on.
    SHARE_ALIKE = "share-alike"  # Derived works go under the same terms; CONDITIONAL: only some of them. See Copyleft.
    BINDING = "binding"  # Recipients must be bound by the restrictions on use.
    NAMING = "naming"  # Rules for the names of derived works.
    LIABILITY = "liability"  # The licensor's liability is limited.
    WARRANTY = "warranty"  # Warranties are disclaimed.
    USE_LIMITS = "use-limits"  # Some purposes are forbidden.
    THRESHOLD = "threshold"  # The grant ends above a number of users or an amount of revenue.
    ROYALTIES = "royalties"  # Money is owed.
    PATENT_RETALIATION = "patent-retaliation"  # Whoever sues over patents loses rights.
    REVOCATION = "revocation"  # It may be taken back at will; CONDITIONAL: after a breach; NO: it is irrevocable.
    OUTPUT_LIMITS = "output-limits"  # What the model generates may not be used at will.
    PERSONAL_DATA = "personal-data"  # There are duties about the data of persons.
    TERRITORY = "territory"  # It is not granted everywhere; CONDITIONAL: some of its works are not.
    DUTIES = "duties"  # Something has to be done before use, as to register; CONDITIONAL: before some uses.
    SERVICE_PRODUCTS = "service-products"  # Products may be built on the service.
    SERVICE_QUOTAS = "service-quotas"  # Its use is limited in number or manner.
    SERVICE_SUSPENSION = "service-suspension"  # Access may be cut off.


_WAIVABLE = (
    Topic.INCLUDE_NOTICE,
    Topic.DOCUMENT_CHANGES,
    Topic.DISCLOSE_SOURCE,
    Topic.NETWORK_DISCLOSE,
    Topic.SHARE_ALIKE,
)
SERVICE_TOPICS = (Topic.SERVICE_PRODUCTS, Topic.SERVICE_QUOTAS, Topic.SERVICE_SUSPENSION)


class Work(StrEnum):
    """What a license is written for."""

    SOFTWARE = "software"
    CONTENT = "content"
    DATA = "data"
    MODEL = "model"
    SERVICE = "service"


class Copyleft(StrEnum):
    """How much of a derived work goes under the same terms, from nothing to all of it."""

    NONE = "none"
    FILE = "file"
    LIBRARY = "library"
    MODULE = "module"
    STRONG = "strong"
    UNKNOWN = "unknown"


_SHARE_ALIKE = {
    Copyleft.NONE: Value.NO,
    Copyleft.FILE: Value.CONDITIONAL,
    Copyleft.LIBRARY: Value.CONDITIONAL,
    Copyleft.MODULE: Value.CONDITIONAL,
    Copyleft.STRONG: Value.YES,
    Copyleft.UNKNOWN: Value.UNKNOWN,
}


class TermsError(Exception):
    """A record contradicts itself or leaves something out; the message names the record."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a license says. `open`: made by a community for everybody's use (OSI, FSF, Creative Commons or Open Data)."""

    license_id: str
    title: str
    work: Work | None
    open: bool
    copyleft: Copyleft
    values: Mapping[Topic, Value]
    clauses: Mapping[Topic, tuple[Clause, ...]] = field(default_factory=dict)
    notes: Mapping[Topic, str] = field(default_factory=dict)

    def __getitem__(self, topic: Topic) -> Value:
        return self.values[topic]

    @property
    def was_read(self) -> bool:
        """Whether the values were taken from the text, rather than from what is said of it elsewhere."""
        return bool(self.clauses)


def terms_of(license_id: str) -> Terms | None:
    """The terms of a license by its id (the hub's, or SPDX's in lower case), or None where nobody has recorded them.

    A family such as `gpl` has the terms on which all its members agree; the rest is UNKNOWN. An exception (`gpl-2.0 with
    classpath-exception-2.0`) may waive what a license asks for, so that this is UNKNOWN; it takes back nothing.
    """
    known, _, exception = license_id.casefold().partition(" with ")
    for ending in ("-only", "-or-later", "+"):
        known = known if known in known_terms() else known.removesuffix(ending)
    found = known_terms().get(known)
    return _with_exception(license_id.casefold(), found) if found is not None and exception else found


def _with_exception(license_id: str, terms: Terms) -> Terms:
    waived = {topic: Value.UNKNOWN for topic in _WAIVABLE if terms[topic] is not Value.NO}
    return replace(
        terms,
        license_id=license_id,
        title=f"{terms.title} with an exception",
        copyleft=terms.copyleft if terms.copyleft is Copyleft.NONE else Copyleft.UNKNOWN,
        values={**terms.values, **waived},
    )


@cache
def known_terms() -> Mapping[str, Terms]:
    """Every recorded license by its ids."""
    return read_terms(text for _, text in _files())


def family_members(license_id: str) -> tuple[str, ...]:
    """The licenses that the name of a family may mean; none for a license."""
    return tuple(_families().get(license_id.casefold(), ()))


def family_member(license_id: str, places: Iterable[str]) -> str | None:
    """The one license of a family that a model's name or an address points to; None where that does not tell.

    `places` are such as `org/name` and the link of a card; a member knows its own by the parts of their paths.
    """
    parts = {part for place in places for part in re.split(r"[/@?#]+", place.casefold())}
    found = [member for member, where in _families().get(license_id.casefold(), {}).items() if where & parts]
    return found[0] if len(found) == 1 else None


@cache
def _families() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """For the names of each family its members, and where each of these is used."""
    records = {name: record for _, text in _files() for name, record in tomllib.loads(text).items()}
    return {
        name: {member: frozenset(records[member].get("where", ())) for member in record["members"]}
        for family, record in records.items()
        if "members" in record
        for name in (family, *record.get("also", ()))
    }


@cache
def terms_version() -> str:
    """Names the state of all records: the beginning of the SHA-256 of their files."""
    return sha256("\0".join(part for file in _files() for part in file).encode()).hexdigest()[:12]


def read_terms(texts: Iterable[str]) -> Mapping[str, Terms]:
    """The licenses that TOML texts record, by every id. Raises TermsError where a record is incomplete or an id is taken."""
    raw: dict[str, dict[str, Any]] = {}
    for text in texts:
        for license_id, record in tomllib.loads(text).items():
            if license_id in raw:
                raise TermsError(f"two records are called {license_id!r}")
            raw[license_id] = record
    found: dict[str, Terms] = {}
    for license_id, record in raw.items():
        if record.get("template") or "members" in record:
            continue
        terms = _terms(license_id, _inherited(license_id, raw))
        for name in (license_id, *record.get("also", ())):
            if found.setdefault(name, terms) is not terms:
                raise TermsError(f"{name!r} is claimed by {found[name].license_id} and {license_id}")
    for license_id, record in raw.items():
        if "members" in record:
            family = _family(license_id, record["title"], [found[member] for member in record["members"]])
            for name in (license_id, *record.get("also", ())):
                if found.setdefault(name, family) is not family:
                    raise TermsError(f"{name!r} is a family and a license")
    return found


def merge(license_id: str, title: str, members: Iterable[Terms]) -> Terms:
    """What all members say alike; everything else is UNKNOWN."""
    return _family(license_id, title, list(members))


def _files() -> list[tuple[str, str]]:
    folder = resources.files(__package__).joinpath("records")
    return sorted((file.name, file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".toml"))


def _inherited(license_id: str, raw: Mapping[str, dict[str, Any]], seen: tuple[str, ...] = ()) -> dict[str, Any]:
    record = raw.get(license_id)
    if record is None or license_id in seen:
        raise TermsError(f"{' > '.join((*seen, license_id))}: no such record to start from")
    own = {
        **record,
        "terms": record.get("terms", {}),
        "clauses": {topic: clause for topics, clause in record.get("clauses", {}).items() for topic in topics.split()},
        "notes": record.get("notes", {}),
    }
    if "copyleft" in own:
        own["terms"] = {**own["terms"], Topic.SHARE_ALIKE.value: _SHARE_ALIKE[Copyleft(own["copyleft"])].value.lower()}
    if "like" not in record:
        return own
    base = _inherited(record["like"], raw, (*seen, license_id))
    changed = {topic for topic, value in own["terms"].items() if base["terms"].get(topic) != value}
    kept = {
        part: {topic: value for topic, value in base[part].items() if topic not in changed} for part in ("clauses", "notes")
    }
    return {
        **base,
        **own,
        "terms": {**base["terms"], **own["terms"]},
        "clauses": {**kept["clauses"], **own["clauses"]},
        "notes": {**kept["notes"], **own["notes"]},
    }


def _terms(license_id: str, record: Mapping[str, Any]) -> Terms:
    try:
        work = Work(record["work"])
        values = {Topic(topic): Value(value.upper().replace("-", "_")) for topic, value in record["terms"].items()}
        if work is not Work.SERVICE:
            values |= dict.fromkeys(SERVICE_TOPICS, Value.NOT_APPLICABLE)
        missing = [topic for topic in Topic if topic not in values]
        if missing:
            raise TermsError(f"{license_id}: nothing is recorded about {', '.join(missing)}")
        return Terms(
            license_id,
            record["title"],
            work,
            record["open"],
            Copyleft(record["copyleft"]),
            values,
            {Topic(topic): _clauses(written) for topic, written in record["clauses"].items()},
            {Topic(topic): note for topic, note in record["notes"].items()},
        )
    except (KeyError, ValueError) as error:
        raise TermsError(f"{license_id}: {error}") from error


def _clauses(written: str | list[str]) -> tuple[Clause, ...]:
    return tuple(map(parse_clause, [written] if isinstance(written, str) else written))


def _family(license_id: str, title: str, members: list[Terms]) -> Terms:
    def agreed(topic: Topic) -> Value:
        values = {member[topic] for member in members}
        return values.pop() if len(values) == 1 else Value.UNKNOWN

    works = {member.work for member in members}
    copylefts = {member.copyleft for member in members}
    return Terms(
        license_id,
        title,
        works.pop() if len(works) == 1 else None,
        all(member.open for member in members),
        copylefts.pop() if len(copylefts) == 1 else Copyleft.UNKNOWN,
        {topic: agreed(topic) for topic in Topic},
        {topic: clauses for topic in Topic if (clauses := tuple(_distinct(members, topic)))},
    )


def _distinct(members: list[Terms], topic: Topic) -> Iterable[Clause]:
    return dict.fromkeys(clause for member in members for clause in member.clauses.get(topic, ()))
