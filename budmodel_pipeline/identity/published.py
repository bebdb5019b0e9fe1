"""One name as read: what it says of the model, of its vendor and of the run."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from budmodel_pipeline.identity.address import Address, address_of, strip_prefix
from budmodel_pipeline.identity.canonical import UNKNOWN_VENDOR, Form, complete_dates, form_of, render
from budmodel_pipeline.identity.knowledge import Family, Knowledge, knowledge, squash
from budmodel_pipeline.identity.lexer import Kind, Token
from budmodel_pipeline.identity.makers import slug_of
from budmodel_pipeline.identity.releases import facts, family_of, tokens_of
from budmodel_pipeline.identity.tokens import UnresolvableName
from budmodel_pipeline.identity.variant import split_variant
from budmodel_pipeline.identity.vocabulary import note

# Sources that write the day of a run behind a name, as others write the day of a release.
_RUN_DATES = frozenset({"swebench"})
# Sources that list what hosts serve.
_CATALOGS = frozenset({"models_dev"})
# Sizes that closed models are not stated to have, unless their vendor says so.
_LOCAL_SIZE = re.compile(r"^[0-9]{1,2}(?:\.[0-9]+)?b$")


class Reading(NamedTuple):
    """One name as read: its form, who claims it, and what it says of the run."""

    name: str
    form: Form
    vendor: str | None
    family: Family | None
    variant: dict[str, str]
    confidence: float
    evidence: list[str]


def read_name(address: Address, source: str, known: Knowledge) -> Reading:
    evidence: list[str] = []
    variant: dict[str, str] = {}
    if address.hosts:
        for host in address.hosts:
            note(variant, "host", host)
        evidence.append(f"served by {', '.join(address.hosts)}")
    name, prefixed = _without_prefix(address.name, variant, evidence, known)
    tokens = _without_suffix(tokens_of(name), variant, known)
    family = family_of(tokens, known)
    if family is not None and address.organization and _merely_implied(family, tokens, address.organization, known):
        family = None
    tokens, told = split_variant(tokens, family, known, repository=address.organization is not None)
    for topic, value in told.items():
        note(variant, topic, value)
    if told:
        evidence.append("run: " + ", ".join(f"{topic} {value}" for topic, value in told.items()))
    form = form_of(tokens, family, known)
    if not any(form):
        raise UnresolvableName("nothing in the name tells a model")
    if form.words <= known.routers and not any(form[1:]):
        raise UnresolvableName(f"{' '.join(sorted(form.words))} chooses a model and is none")
    vendor, confidence = _vendor(address.organization or prefixed, form, family, variant, evidence, known)
    if family is not None and vendor == family.vendor:
        if source in _CATALOGS and family.served and form.sizes and form.words <= {family.word, "vision"}:
            form = form._replace(words=form.words | {family.served})
            confidence = 0.7
            evidence.append(f"a host serves the {family.served} model under this name")
        settled_form = _by_facts(form, source, tokens, evidence, closed=family.closed)
        if settled_form != form:
            form, confidence = settled_form, min(confidence, 0.85)
    return Reading(name, form, vendor, family, variant, confidence, evidence)


def _merely_implied(family: Family, tokens: Sequence[Token], organization: str, known: Knowledge) -> bool:
    """Whether only words that stand for a family show it, under an organization of others: `dreamgen/opus-v1.2-7b`."""
    plain = squash(organization)
    if plain == UNKNOWN_VENDOR or plain in known.hosts or plain in known.uploaders:
        return False
    own = known.vendors.get(plain) == family.vendor or plain in family.also
    return not own and all(token.text != family.word for token in tokens)


def _without_prefix(name: str, variant: dict[str, str], evidence: list[str], known: Knowledge) -> tuple[str, str | None]:
    """Takes vendor and host names off the front, where what follows is a model that they can stand before."""
    prefixed: str | None = None
    for _ in range(3):
        split = strip_prefix(name, known)
        if split is None:
            break
        prefix, rest = split
        family = family_of(tokens_of(rest), known)
        if family is None:
            break
        if known.vendors.get(prefix) == family.vendor or prefix in family.also:
            prefixed = prefix
        elif prefix in known.hosts:
            variant["host"] = known.hosts[prefix]
            evidence.append(f"served by {known.hosts[prefix]}")
        else:
            break
        name = rest
    return name, prefixed


def _without_suffix(tokens: Sequence[Token], variant: dict[str, str], known: Knowledge) -> Sequence[Token]:
    last = tokens[-1] if len(tokens) > 2 else None
    if last is not None and last.kind is Kind.WORD and last.text in known.hosts and last.text not in known.plain:
        variant["host"] = known.hosts[last.text]
        return tokens[:-1]
    return tokens


def _vendor(
    organization: str | None,
    form: Form,
    family: Family | None,
    variant: dict[str, str],
    evidence: list[str],
    known: Knowledge,
) -> tuple[str | None, float]:
    """Who released the model, and how sure that is."""
    foreign = _foreign(form, family, known)
    plain = squash(organization or "")
    claimed = known.vendors.get(plain)
    if not organization or plain == UNKNOWN_VENDOR:
        if family is None:
            evidence.append("no known family and no organization")
            return None, 0.5
        if foreign:
            evidence.append(f"{family.word} with {', '.join(sorted(foreign))}: a derivative by somebody unknown")
            return None, 0.6
        evidence.append(f"the family {family.word} is {family.vendor}'s")
        return family.vendor, 0.9
    if (
        family is not None
        and (claimed == family.vendor or squash(claimed or plain) in family.also)
        and not foreign & known.derived
    ):
        evidence.append(f"published under {family.vendor}, whose family {family.word} is")
        return family.vendor, 0.95
    if family is not None and plain in known.hosts and not foreign:
        variant["host"] = known.hosts[plain]
        return family.vendor, 0.85
    if family is not None and plain in known.uploaders and not foreign and not form.quants:
        variant["host"] = f"re-upload {organization}"
        evidence.append(f"{organization} uploads the weights of {family.vendor}")
        return family.vendor, 0.85
    slug = slug_of(organization, known)
    evidence.append(f"published under {slug}" + (f", not by {family.vendor}" if family else ""))
    return slug, 0.85


def _foreign(form: Form, family: Family | None, known: Knowledge) -> set[str]:
    """The words that a family's own vendor would not use."""
    if family is None:
        return set()
    derived = form.words & known.derived
    if family.closed:
        built = {word for word in form.words & known.families.keys() if known.families[word].vendor != family.vendor}
        sizes = set() if family.sized else {size for size in form.sizes if _LOCAL_SIZE.match(size)}
        return {*derived, *built, *sizes}
    if not family.base:
        return set(derived)
    return {
        word
        for word in form.words
        if word in derived or not (word in known.plain or word in family.words or word in known.families)
    }


def _by_facts(form: Form, source: str, tokens: Sequence[Token], evidence: list[str], *, closed: bool) -> Form:
    """Completes dates from the known releases and follows aliases."""
    stated = facts()
    alias = stated.aliases.get(form)
    if alias is not None:
        evidence.append("another name of the same release")
        return alias
    if form.dates:
        snapshots = stated.snapshots.get(form._replace(dates=()))
        if snapshots:
            completed = complete_dates(form, snapshots)
            if completed != form:
                evidence.append(f"{form.dates[0]} is the one release of {completed.dates[0]}")
                form = completed
        if source in _RUN_DATES and any(
            token.date and token.aside and token.date.day and token.date.year for token in tokens
        ):
            dates = tuple(date for date in form.dates if date in (snapshots or ()))
            if dates != form.dates and (snapshots or not closed):
                evidence.append("the date in parentheses is that of the run")
                form = form._replace(dates=dates)
    alias = stated.aliases.get(form)
    if alias is not None:
        evidence.append("another name of the same release")
        return alias
    return form


def id_of(reading: Reading, known: Knowledge) -> str:
    vendor = reading.vendor or UNKNOWN_VENDOR
    official = facts().spelled.get(reading.form) if reading.family and reading.family.vendor == vendor else None
    return f"{vendor}/{official or render(reading.form, reading.family, known.phrases)}"


@lru_cache(maxsize=32_768)  # An id is read again for its group, and names are many where ids are few.
def read_id(model_id: str) -> Reading:
    """What an id says as a name. Raises UnresolvableName."""
    known = knowledge()
    return read_name(address_of(model_id, known), "", known)


def settled(model_id: str) -> str:
    """The id that reads as itself: unusual parts may tell something else in the order of an id than where they stood."""
    seen: list[str] = []
    while model_id not in seen:
        seen.append(model_id)
        try:
            model_id = id_of(read_id(model_id), knowledge())
        except UnresolvableName:
            return seen[0]
    return min(seen[seen.index(model_id) :])
