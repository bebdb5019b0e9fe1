"""Where what is said about a license cannot all be true: a tag against its text, a derivative against its base model.

Every row is for people to read. What is not known is no conflict, but is noted where it keeps one from being seen.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from budmodel_pipeline.licensing.model import Identification, Value
from budmodel_pipeline.licensing.terms import Copyleft, Terms, Topic, family_members, terms_of

_Freedom = Callable[[Terms], int | None]

_SAYS_NOTHING = frozenset({"", "other", "unknown"})


@dataclass(frozen=True, slots=True)
class Conflict:
    """`claimed` is the license that the tag or the derivative names, `found` the one of the text or of the base model.

    `dimension` is what they differ in. A `note` is no conflict, but a reason to look.
    """

    kind: Literal["tag_vs_text", "derivative_vs_base"]
    severity: Literal["conflict", "note"]
    dimension: str
    claimed: str
    found: str
    reason: str


def tag_conflicts(tag: str | None, text: Identification) -> tuple[Conflict, ...]:
    """What a license text says against the tag of the same model.

    One that nobody has understood is a conflict with a tag that permits everything: a person has to read it.
    """
    claimed = (tag or "").casefold()
    if claimed in _SAYS_NOTHING or text.state == "not_a_license":
        return ()

    def row(severity: Literal["conflict", "note"], found: str, reason: str) -> tuple[Conflict, ...]:
        return (Conflict("tag_vs_text", severity, "license", claimed, found, reason),)

    match text.state:
        case "identified" if text.license_id is not None:
            if same_license(claimed, text.license_id):
                return ()
            return row("conflict", text.license_id, f"The tag says {claimed}, the text is {text.license_id}.")
        case "modified":
            names = " and ".join(text.candidates)
            what = "its terms" if any(same_license(claimed, name) for name in text.candidates) else names
            return row("conflict", names, f"The tag says {claimed}, the text adds to or changes {what}.")
        case "several":
            names = " and ".join(text.candidates)
            severity: Literal["conflict", "note"] = (
                "note" if any(same_license(claimed, name) for name in text.candidates) else "conflict"
            )
            return row(severity, names, f"The tag says {claimed}, the text holds {names}.")
        case "near_variant":
            names = ", ".join(name for name, _ in text.near[:2])
            return row("note", names, f"The tag says {claimed}, the text is only like {names}.")
        case _:
            permits = (terms := terms_of(claimed)) is not None and terms[Topic.COMMERCIAL_USE] is Value.YES
            reason = f"The tag says {claimed}, but nobody has understood what the model carries, links to or says beside it."
            return row("conflict" if permits else "note", "unknown", reason)


def lineage_conflicts(license_id: str | None, bases: Iterable[tuple[str, str | None]]) -> tuple[Conflict, ...]:
    """Where the license of a derivative permits more, or asks for less, than those of its base models.

    `bases` are names of base models with their licenses.
    """
    return tuple(conflict for name, base in bases for conflict in _against_base(license_id, name, base))


def _against_base(license_id: str | None, name: str, base: str | None) -> Iterator[Conflict]:
    ours, theirs = (terms_of(known) if known else None for known in (license_id, base))
    claimed, found = license_id or "none", base or "none"
    if ours is None or theirs is None:
        missing = claimed if ours is None else found
        reason = f"Cannot be compared with the base model {name}: the terms of {missing!r} are not known."
        yield Conflict("derivative_vs_base", "note", "license", claimed, found, reason)
        return
    if ours.license_id == theirs.license_id or ours.license_id in family_members(theirs.license_id):
        return
    for dimension, permitted, reason in _DIMENSIONS:
        mine, base_value = permitted(ours), permitted(theirs)
        if mine == 0:
            continue
        if base_value is None or mine is None:
            text = f"Whether {name} ({found}) {reason} and {claimed} does not cannot be told."
            yield Conflict("derivative_vs_base", "note", dimension, claimed, found, text)
        elif mine > base_value:
            text = f"The base model {name} ({found}) {reason}; {claimed} does not."
            yield Conflict("derivative_vs_base", "conflict", dimension, claimed, found, text)


def same_license(claimed: str, found: str) -> bool:
    """Whether the license `found` is the one that the name `claimed` means, or one of its family."""
    if found == claimed or found in family_members(claimed):
        return True
    terms, others = terms_of(claimed), terms_of(found)
    return terms is not None and terms is others


def _permission(topic: Topic) -> _Freedom:
    """How freely the topic is permitted: 0 not, 1 within limits, 2 freely; None where that is not known."""
    ranks = {Value.NO: 0, Value.CONDITIONAL: 1, Value.YES: 2, Value.NOT_APPLICABLE: 2}
    return lambda terms: ranks.get(terms[topic])


def _restriction(topic: Topic) -> _Freedom:
    """The same of a restriction or a duty, where NO is the free end."""
    ranks = {Value.YES: 0, Value.CONDITIONAL: 1, Value.NO: 2, Value.NOT_APPLICABLE: 2}
    return lambda terms: ranks.get(terms[topic])


def _share_alike(terms: Terms) -> int | None:
    """Fine-tuned weights are one work with their base, so that only a license without any copyleft is free of it."""
    return None if terms.copyleft is Copyleft.UNKNOWN else int(terms.copyleft is Copyleft.NONE)


def _attribution(terms: Terms) -> int | None:
    """Any duty to keep notices or give credit keeps the authors known."""
    values = {terms[Topic.INCLUDE_NOTICE], terms[Topic.CREDIT]}
    if values & {Value.YES, Value.CONDITIONAL}:
        return 0
    return None if Value.UNKNOWN in values else 1


_DIMENSIONS: tuple[tuple[str, _Freedom, str], ...] = (
    ("commercial use", _permission(Topic.COMMERCIAL_USE), "forbids or limits commercial use"),
    ("commercial threshold", _restriction(Topic.THRESHOLD), "limits commercial use by a threshold"),
    ("redistribution", _permission(Topic.DISTRIBUTION), "forbids or limits redistribution"),
    ("modification", _permission(Topic.MODIFICATION), "forbids or limits changed versions"),
    ("share-alike", _share_alike, "asks for the same license on what is made from it"),
    ("use restrictions", _restriction(Topic.USE_LIMITS), "forbids some purposes"),
    ("naming", _restriction(Topic.NAMING), "has rules for names"),
    ("attribution", _attribution, "asks for credit or notices"),
)
