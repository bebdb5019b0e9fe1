"""Published names to models: a pure function of one name, its link and its source."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from budmodel_pipeline.identity.address import Address, address_of, repository_of, strip_prefix
from budmodel_pipeline.identity.canonical import STAGES, UNKNOWN_VENDOR, Form, complete_dates, form_of, render
from budmodel_pipeline.identity.dates import Date, parse_iso
from budmodel_pipeline.identity.knowledge import Family, Knowledge, knowledge, squash
from budmodel_pipeline.identity.lexer import Kind, Token, lex
from budmodel_pipeline.identity.parts import parts_of
from budmodel_pipeline.identity.tokens import UnresolvableName, clean, fold, pieces
from budmodel_pipeline.identity.variant import split_variant

MULTI = "multi"
# Sources where two models in a row are one that plans and one that edits.
_ARCHITECT_BOARDS = frozenset({"aider_polyglot"})
# Sources that write the day of a run behind a name, as others write the day of a release.
_RUN_DATES = frozenset({"swebench"})
# Sources that list what hosts serve.
_CATALOGS = frozenset({"models_dev"})
# Sources whose rows are agents.
_AGENT_BOARDS = frozenset({"swebench"})


@dataclass(frozen=True, slots=True)
class Resolution:
    """Which model a published name means.

    `model_id` is `<vendor>/<name>`; `variant` says by topic how the run was made; `method` is what decided (override,
    link, repository, family, name or composite); `confidence` is 0..1; `evidence` tells the steps to a person.
    """

    model_id: str
    variant: Mapping[str, str]
    method: str
    confidence: float
    evidence: tuple[str, ...]

    @property
    def variant_text(self) -> str | None:
        """The variant as one canonical text, such as `agent=OpenHands; effort=high`; None for none."""
        return "; ".join(f"{topic}={value}" for topic, value in sorted(self.variant.items())) or None


class _Reading(NamedTuple):
    """One name as read: its form, who claims it, and what it says of the run."""

    name: str
    form: Form
    vendor: str | None
    family: Family | None
    variant: dict[str, str]
    confidence: float
    evidence: list[str]


class _Facts(NamedTuple):
    """Facts of the knowledge file that are stated as names, read like any other name."""

    snapshots: Mapping[Form, tuple[Date, ...]]
    aliases: Mapping[Form, Form]
    spelled: Mapping[Form, str]


def resolve(source: str, published_name: str, link: str | None = None, organization: str | None = None) -> Resolution:
    """The model that `source` means by `published_name`.

    `link` is what the source links the name to; only a Hugging Face model repository counts. `organization` is who the
    source says is behind the row; it is the maker in some sources and the host in others, so it decides nothing.

    Raises UnresolvableName for a name that identifies nothing.
    """
    del organization
    known = knowledge()
    text = clean(published_name)
    address = address_of(text, known)
    if (address.organization or "").casefold() == MULTI:
        return _composite(address.name.split("+"), "", {})
    parts = parts_of(
        address.name,
        lambda part: _shows_model(part, known),
        lambda part: _only_qualifies(part, known),
        lambda part: _runs_unchanged(part, source, known),
    )
    around = {"agent": " + ".join(parts.agents)} if parts.agents else {}
    if len(parts.models) > 1:
        if source in _ARCHITECT_BOARDS:
            around["mode"] = "architect"
        return _composite(parts.models, source, around)
    reading = _read(address._replace(name=parts.models[0]), source, known)
    repository = None if parts.agents else repository_of(link)
    if repository and address.organization and squash(repository[0]) != squash(address.organization):
        repository = None  # The name is a repository itself.
    method = "family" if reading.family else "repository" if address.organization else "name"
    if repository:
        pinned = _pin(reading, repository, known)
        if pinned:
            reading, method = pinned, "link"
    variant = {**around, **reading.variant}
    override = known.overrides.get(text.casefold())
    if override:
        return Resolution(override, variant, "override", 1.0, (f"reviewed: {text!r} is {override}",))
    model_id = _id_of(reading, known)
    usual = len(reading.form.versions) <= 1 and all(len(version) < 3 or "." in version for version in reading.form.versions)
    if reading.family is None or not usual or reading.form.revisions or known.may_join(reading.form.words):
        model_id = _settled(model_id)
    return Resolution(model_id, variant, method, reading.confidence, tuple(reading.evidence))


def _id_of(reading: _Reading, known: Knowledge) -> str:
    vendor = reading.vendor or UNKNOWN_VENDOR
    official = _facts().spelled.get(reading.form) if reading.family and reading.family.vendor == vendor else None
    return f"{vendor}/{official or render(reading.form, reading.family, known.phrases)}"


def _settled(model_id: str) -> str:
    """The id that reads as itself: unusual parts may tell something else in the order of an id than where they stood."""
    known = knowledge()
    seen: list[str] = []
    while model_id not in seen:
        seen.append(model_id)
        try:
            model_id = _id_of(_read(address_of(model_id, known), "", known), known)
        except UnresolvableName:
            return seen[0]
    return min(seen[seen.index(model_id) :])


def _composite(models: Iterable[str], source: str, around: Mapping[str, str]) -> Resolution:
    members = [resolve(source, model) for model in models]
    names = sorted({member.model_id.split("/", 1)[1] for member in members})
    variant = dict(around)
    for member in members:
        for topic, value in member.variant.items():
            variant[topic] = f"{variant[topic]} {value}" if topic in variant else value
    confidence = round(min(member.confidence for member in members) * 0.9, 3)
    evidence = (f"{len(members)} models in one row", *(step for member in members for step in member.evidence))
    return Resolution(f"{MULTI}/{'+'.join(names)}", variant, "composite", confidence, evidence)


def _tokens(name: str, known: Knowledge) -> list[Token]:
    return lex(pieces(fold(name)), known.phrases)


def _family_of(tokens: Iterable[Token], known: Knowledge) -> Family | None:
    words = [token.text for token in tokens if token.kind is Kind.WORD]
    return known.family_of(words, words[0]) if words else None


def _shows_model(part: str, known: Knowledge) -> bool:
    """Whether a part of a name is a model's: it has a size, or it shows a family and does not call itself an agent."""
    tokens = _tokens(part, known)
    if any(token.kind is Kind.SIZE and token.text[-1] != "e" for token in tokens):
        return True
    return _family_of(tokens, known) is not None and not any(token.text in known.agents for token in tokens)


def _runs_unchanged(part: str, source: str, known: Knowledge) -> bool:
    """Whether a model in parentheses is what an agent runs, and not what somebody built on: `PILL (LLaMA-7B)`."""
    family = _family_of(_tokens(part, known), known)
    return family is not None and (family.closed or source in _AGENT_BOARDS)


def _only_qualifies(part: str, known: Knowledge) -> bool:
    words = [token.text for token in _tokens(part, known) if token.kind is Kind.WORD and not token.aside]
    return bool(words) and all(word in known.tuning for word in words)


def _read(address: Address, source: str, known: Knowledge) -> _Reading:
    evidence: list[str] = []
    variant: dict[str, str] = {}
    if address.hosts:
        variant["host"] = " ".join(address.hosts)
        evidence.append(f"served by {variant['host']}")
    name, prefixed = _without_prefix(address.name, variant, evidence, known)
    tokens = _without_suffix(_tokens(name, known), variant, known)
    family = _family_of(tokens, known)
    tokens, told = split_variant(tokens, family, known)
    for topic, value in told.items():
        variant[topic] = f"{variant[topic]} {value}" if topic in variant else value
    if told:
        evidence.append("run: " + ", ".join(f"{topic} {value}" for topic, value in told.items()))
    form = form_of(tokens, family, known)
    if not any(form):
        raise UnresolvableName("nothing in the name tells a model")
    vendor, confidence = _vendor(address.organization or prefixed, form, family, variant, evidence, known)
    if family is not None and vendor == family.vendor:
        if source in _CATALOGS and family.served and form.sizes and not form.words & STAGES:
            form = form._replace(words=form.words | {family.served})
            confidence = 0.7
            evidence.append(f"a host serves the {family.served} model under this name")
        form = _by_facts(form, source, tokens, evidence, _facts(), closed=family.closed)
    return _Reading(name, form, vendor, family, variant, confidence, evidence)


def _without_prefix(
    name: str, variant: dict[str, str], evidence: list[str], known: Knowledge
) -> tuple[str, str | None]:
    """Takes vendor and host names off the front, where what follows is a model that they can stand before."""
    prefixed: str | None = None
    for _ in range(3):
        split = strip_prefix(name, known)
        if split is None:
            break
        prefix, rest = split
        family = _family_of(_tokens(rest, known), known)
        if family is None:
            break
        if known.vendors.get(prefix) in {family.vendor} or prefix in family.also:
            prefixed = prefix
        elif prefix in known.hosts:
            variant["host"] = known.hosts[prefix]
            evidence.append(f"served by {known.hosts[prefix]}")
        else:
            break
        name = rest
    return name, prefixed


def _without_suffix(tokens: list[Token], variant: dict[str, str], known: Knowledge) -> list[Token]:
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
    if family is not None and (claimed == family.vendor or squash(claimed or plain) in family.also) and not foreign & known.derived:
        evidence.append(f"published under {family.vendor}, whose family {family.word} is")
        return family.vendor, 0.95
    if family is not None and plain in known.hosts and not foreign:
        variant["host"] = known.hosts[plain]
        return family.vendor, 0.85
    if family is not None and plain in known.uploaders and not foreign and not form.quants:
        variant["host"] = f"re-upload {organization}"
        evidence.append(f"{organization} uploads the weights of {family.vendor}")
        return family.vendor, 0.85
    slug = claimed or "-".join(fold(organization).replace("_", "-").replace(".", "-").split())
    evidence.append(f"published under {slug}" + (f", not by {family.vendor}" if family else ""))
    return slug, 0.85


def _foreign(form: Form, family: Family | None, known: Knowledge) -> set[str]:
    """The words that a family's own vendor would not use."""
    if family is None:
        return set()
    derived = form.words & known.derived
    if family.closed or not family.base:
        return set(derived)
    return {
        word
        for word in form.words
        if word not in known.plain and word not in family.words and word not in known.families or word in derived
    }


def _by_facts(
    form: Form, source: str, tokens: list[Token], evidence: list[str], facts: _Facts, *, closed: bool
) -> Form:
    """Completes dates from the known snapshots and follows aliases."""
    alias = facts.aliases.get(form)
    if alias is not None:
        evidence.append("another name of the same release")
        return alias
    if form.dates:
        snapshots = facts.snapshots.get(form._replace(dates=()))
        if snapshots:
            completed = complete_dates(form, snapshots)
            if completed != form:
                evidence.append(f"{form.dates[0]} is the snapshot {completed.dates[0]}")
                form = completed
        if source in _RUN_DATES and any(token.date and token.aside and token.date.day and token.date.year for token in tokens):
            dates = tuple(date for date in form.dates if date in (snapshots or ()))
            if dates != form.dates and (snapshots or not closed):
                evidence.append("the date in parentheses is that of the run")
                form = form._replace(dates=dates)
    alias = facts.aliases.get(form)
    if alias is not None:
        evidence.append("another name of the same release")
        return alias
    return form


@cache
def _facts() -> _Facts:
    known = knowledge()
    snapshots: dict[Form, tuple[Date, ...]] = {}
    spelled: dict[Form, str] = {}
    for name, stated in known.releases.items():
        form = _plain_form(name, known)
        date = parse_iso(stated) if stated else form.dates[0]
        base = form._replace(dates=())
        snapshots[base] = (*snapshots.get(base, ()), date)
        spelled[form._replace(dates=(date,))] = name
    for name in known.aliases:
        form = _plain_form(name, known)
        base = form._replace(dates=())
        snapshots[base] = (*snapshots.get(base, ()), *(date for date in form.dates if date.year and date.day))
    bare = _Facts(snapshots, {}, {})
    aliases: dict[Form, Form] = {}
    for alias, name in known.aliases.items():
        target = _dated(_plain_form(name, known), bare)
        spelled.setdefault(target, name)
        aliases[_dated(_plain_form(alias, known), bare)] = target
    return _Facts(snapshots, aliases, spelled)


def _plain_form(name: str, known: Knowledge) -> Form:
    tokens = _tokens(name, known)
    family = _family_of(tokens, known)
    return form_of(split_variant(tokens, family, known)[0], family, known)


def _dated(form: Form, facts: _Facts) -> Form:
    return complete_dates(form, facts.snapshots.get(form._replace(dates=()), ())) if form.dates else form


_TUNED = frozenset({"instruct", "chat"})


@lru_cache(maxsize=4096)
def _repository(organization: str, name: str) -> _Reading | None:
    known = knowledge()
    try:
        return _read(Address(clean(name), organization, ()), "", known)
    except UnresolvableName:
        return None


def _pin(reading: _Reading, repository: tuple[str, str], known: Knowledge) -> _Reading | None:
    """The reading that a link gives a vague name; None where the name says something that the link does not."""
    linked = _repository(*repository)
    if linked is None:
        return None
    mine, theirs = reading.form, linked.form
    if not mine.words:
        return None
    words = mine.words - {"base"} if not theirs.words & _TUNED else mine.words
    if words & _TUNED and theirs.words & _TUNED:
        words = words - _TUNED | theirs.words & _TUNED
    if theirs.quants - mine.quants:
        return None
    unsized = mine._replace(sizes=frozenset()) if not theirs.sizes and len(mine.sizes) == 1 else mine
    misspelled = sorted(squash(reading.name)) == sorted(squash(repository[1]))
    if not (misspelled or unsized._replace(words=words).within(theirs)):
        return None
    del known
    evidence = [*reading.evidence, f"the link names {'/'.join(repository)}"]
    confidence = 0.98 if mine == theirs else 0.9
    return reading._replace(
        form=theirs,
        vendor=linked.vendor,
        family=linked.family,
        variant={**{topic: value for topic, value in linked.variant.items() if topic != "host"}, **reading.variant},
        confidence=confidence,
        evidence=evidence,
    )


def resolve_rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each row with model_id, variant, method and confidence; a name that identifies nothing has `model_id` None and a `reason`."""
    for row in rows:
        try:
            found = resolve(row.get("source") or "", row["published_name"], row.get("link"), row.get("organization"))
        except UnresolvableName as rejection:
            yield {**row, "model_id": None, "variant": None, "method": "rejected", "confidence": 0.0, "reason": rejection.reason}
        else:
            yield {
                **row,
                "model_id": found.model_id,
                "variant": found.variant_text,
                "method": found.method,
                "confidence": found.confidence,
            }


def resolve_lines(source: Path, target: Path) -> int:
    """Resolves a file of JSON lines into another; gives the number of lines."""
    count = 0
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as output:
        for row in resolve_rows(json.loads(line) for line in lines if line.strip()):
            output.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count
