"""Published names to models: a pure function of one name, its link and its source."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from budmodel_pipeline.identity.address import Address, address_of
from budmodel_pipeline.identity.canonical import Form
from budmodel_pipeline.identity.dates import MONTHS
from budmodel_pipeline.identity.hub_links import hub_repository
from budmodel_pipeline.identity.knowledge import Knowledge, knowledge, squash
from budmodel_pipeline.identity.lexer import Kind
from budmodel_pipeline.identity.makers import stated_maker
from budmodel_pipeline.identity.parts import parts_of
from budmodel_pipeline.identity.published import Reading, id_of, read_name, settled
from budmodel_pipeline.identity.releases import family_of, tokens_of
from budmodel_pipeline.identity.tokens import UnresolvableName, clean
from budmodel_pipeline.identity.variant import TELLING
from budmodel_pipeline.identity.vocabulary import note, written
from budmodel_pipeline.identity.witnesses import told_by_day, told_by_id

MULTI = "multi"
# Sources where two models in a row are one that plans and one that edits.
_ARCHITECT_BOARDS = frozenset({"aider_polyglot"})
# Words that say something else beside another word or number.
_READ_BY_PLACE = TELLING | MONTHS.keys()
# Sources whose organization of a row is the maker of its model.
_STATE_MAKERS = frozenset(
    {"bfcl", "epoch_ai", "epoch_ai_external", "llm_stats", "lmarena_arenas", "lmarena_text", "openvlm"}
)
# Sizes that may be read as a day and a size, as soon as no colon stands before them.
_LIKE_A_DATE = re.compile("0[0-9]|[0-9]{4}")
# Signs that a variant is written with.
_NO_AGENT = re.compile("[;=+]")
# Sources whose rows are agents.
_AGENT_BOARDS = frozenset({"swebench"})


@dataclass(frozen=True, slots=True)
class Resolution:
    """Which model a published name means.

    `model_id` is `<vendor>/<name>`; `variant` says how the run was made, in one canonical text such as
    `agent=OpenHands; effort=high`, or None; `method` is what decided (override, link, repository, family, name or
    composite); `confidence` is 0..1; `evidence` tells the steps to a person.
    """

    model_id: str
    variant: str | None
    method: str
    confidence: float
    evidence: tuple[str, ...]


class _Witnesses(NamedTuple):
    """What a source says beside a name."""

    link: str | None = None
    organization: str | None = None
    published_id: str | None = None
    released_on: date | None = None


class _Decision(NamedTuple):
    """A resolution whose variant is still apart, by topic."""

    model_id: str
    variant: Mapping[str, str]
    method: str
    confidence: float
    evidence: tuple[str, ...]


def resolve(
    source: str,
    published_name: str,
    link: str | None = None,
    *,
    organization: str | None = None,
    published_id: str | None = None,
    released_on: date | None = None,
) -> Resolution:
    """The model that `source` means by `published_name`.

    `link` is what the source links the name to; only a Hugging Face model repository counts. `published_id` is the id that
    the source gives beside the name: the more exact of the two decides. `released_on` is the day that the source gives for
    the release: an undated name is the one dated release of that day. `organization` is who the source says is behind the
    row: the maker in some sources, where it counts if nothing else tells, and the host in others.

    Raises UnresolvableName for a name that identifies nothing.
    """
    return _resolve(source, clean(published_name), link, organization, published_id, released_on)


@lru_cache(maxsize=32_768)  # One name stands in many files of a source, and on many boards.
def _resolve(
    source: str,
    text: str,
    link: str | None,
    organization: str | None,
    published_id: str | None,
    released_on: date | None,
) -> Resolution:
    decision = _decide(source, text, _Witnesses(link, organization, published_id, released_on))
    return Resolution(decision.model_id, written(decision.variant), decision.method, decision.confidence, decision.evidence)


def _decide(source: str, text: str, witnesses: _Witnesses) -> _Decision:
    known = knowledge()
    address = address_of(text, known)
    if (address.organization or "").casefold() == MULTI:
        return _composite(address.name.split("+"), "", {})
    parts = parts_of(
        address.name,
        lambda part: _shows_model(part, known),
        lambda part: _only_qualifies(part, known),
        lambda part: _runs_unchanged(part, source, known),
    )
    around: dict[str, str] = {}
    for agent in parts.agents:
        note(around, "agent", " ".join(_NO_AGENT.sub(" ", agent).split()))
    if len(parts.models) > 1:
        if source in _ARCHITECT_BOARDS:
            around["mode"] = "architect"
        return _composite(parts.models, source, around)
    reading = read_name(address._replace(name=parts.models[0]), source, known)
    repository = None if parts.agents else hub_repository(witnesses.link)
    owner = repository.partition("/")[0] if repository else ""
    if repository and address.organization and squash(owner) != squash(address.organization):
        repository = None  # The name is a repository itself.
    method = "family" if reading.family else "repository" if address.organization else "name"
    if repository:
        pinned = _pin(reading, repository)
        if pinned:
            reading, method = pinned, "link"
    if witnesses.published_id and not parts.agents:
        reading, method = told_by_id(reading, method, witnesses.published_id, source, known)
    if witnesses.released_on:
        reading = told_by_day(reading, witnesses.released_on)
    if reading.vendor is None and not parts.agents:
        reading = _made_by(reading, source, witnesses, known)
    variant = {**around, **reading.variant}
    override = known.overrides.get(text.casefold())
    if override:
        return _Decision(override, variant, "override", 1.0, (f"reviewed: {text!r} is {override}",))
    model_id = id_of(reading, known)
    if reading.family is None or not _usual(reading.form) or known.may_join(reading.form.words):
        model_id = settled(model_id)
    return _Decision(model_id, variant, method, reading.confidence, tuple(reading.evidence))


def _made_by(reading: Reading, source: str, witnesses: _Witnesses, known: Knowledge) -> Reading:
    organization = witnesses.organization if source in _STATE_MAKERS else None
    stated = stated_maker(organization, witnesses.link, reading.form, known)
    if stated is None:
        return reading
    vendor, how = stated
    return reading._replace(vendor=vendor, confidence=0.7, evidence=[*reading.evidence, how])


def _usual(form: Form) -> bool:
    """Whether an id of this form surely reads as itself."""
    plain = all(version[0] != "0" and (len(version) == 1 or not version[1].isdigit()) for version in form.versions)
    measured = not any(map(_LIKE_A_DATE.match, form.sizes))
    return plain and measured and len(form.versions) <= 1 and not form.revisions and form.words.isdisjoint(_READ_BY_PLACE)


def _composite(models: Iterable[str], source: str, around: Mapping[str, str]) -> _Decision:
    members = [_decide(source, clean(model), _Witnesses()) for model in models]
    names = sorted({member.model_id.split("/", 1)[1] for member in members})
    variant = dict(around)
    for member in members:
        for topic, value in member.variant.items():
            note(variant, topic, value)
    confidence = round(min(member.confidence for member in members) * 0.9, 3)
    evidence = (f"{len(members)} models in one row", *(step for member in members for step in member.evidence))
    return _Decision(f"{MULTI}/{'+'.join(names)}", variant, "composite", confidence, evidence)


def _shows_model(part: str, known: Knowledge) -> bool:
    """Whether a part of a name is a model's: it has a size, or it shows a family and does not call itself an agent."""
    tokens = tokens_of(part)
    if any(token.kind is Kind.SIZE and token.text[-1] != "e" for token in tokens):
        return True
    return family_of(tokens, known) is not None and not any(token.text in known.agents for token in tokens)


def _runs_unchanged(part: str, source: str, known: Knowledge) -> bool:
    """Whether a model in parentheses is what an agent runs, and not what somebody built on: `PILL (LLaMA-7B)`."""
    family = family_of(tokens_of(part), known)
    return family is not None and (family.closed or source in _AGENT_BOARDS)


def _only_qualifies(part: str, known: Knowledge) -> bool:
    words = [token.text for token in tokens_of(part) if token.kind is Kind.WORD and not token.aside]
    return bool(words) and all(word in known.tuning for word in words)


_TUNED = frozenset({"instruct", "chat"})


@lru_cache(maxsize=4096)
def _repository(repository: str) -> Reading | None:
    known = knowledge()
    organization, _, name = repository.partition("/")
    try:
        return read_name(Address(clean(name), organization, ()), "", known)
    except UnresolvableName:
        return None


def is_repository_of(repository: str, model_id: str) -> bool:
    """Whether a model of the hub is that model itself: not its base, its copy or another form, and no closed model."""
    reading = _repository(repository)
    if reading is None or "host" in reading.variant or (reading.family is not None and reading.family.closed):
        return False
    return resolve("", repository).model_id == model_id


def _pin(reading: Reading, repository: str) -> Reading | None:
    """The reading that a link gives a vague name; None where the name says something that the link does not."""
    linked = _repository(repository)
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
    misspelled = sorted(squash(reading.name)) == sorted(squash(repository.partition("/")[2]))
    if not (misspelled or unsized._replace(words=words).within(theirs)):
        return None
    evidence = [*reading.evidence, f"the link names {repository}"]
    confidence = 0.98 if mine == theirs else 0.9
    return reading._replace(
        form=theirs,
        vendor=linked.vendor,
        family=linked.family,
        variant={**{topic: value for topic, value in linked.variant.items() if topic != "host"}, **reading.variant},
        confidence=confidence,
        evidence=evidence,
    )
