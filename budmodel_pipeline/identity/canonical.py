"""The normal form of a name: what stays when order, spelling and decoration are gone, and the id that shows it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from budmodel_pipeline.identity.dates import Date
from budmodel_pipeline.identity.knowledge import Family, Knowledge
from budmodel_pipeline.identity.lexer import Kind, Token
from budmodel_pipeline.identity.variant import version_tuple

UNKNOWN_VENDOR = "unknown"
TUNINGS = frozenset({"instruct", "chat", "base", "thinking", "reasoning"})


class Form(NamedTuple):
    """What identifies a model apart from its vendor.

    Words, sizes and quantizations have no order; versions keep theirs, so that Hermes 2 on Llama 3 is not Hermes 3 on
    Llama 2.
    """

    words: frozenset[str]
    versions: tuple[str, ...] = ()
    sizes: frozenset[str] = frozenset()
    revisions: tuple[str, ...] = ()
    quants: frozenset[str] = frozenset()
    dates: tuple[Date, ...] = ()

    def within(self, other: "Form") -> bool:
        """Whether everything that this form says is said by `other` too."""
        return (
            self.words <= other.words
            and self.sizes <= other.sizes
            and self.quants <= other.quants
            and _in_order(self.versions, other.versions)
            and _in_order(self.revisions, other.revisions)
            and all(any(mine == theirs or mine.covers(theirs) for theirs in other.dates) for mine in self.dates)
        )

    def agrees(self, other: "Form") -> bool:
        """Whether neither form denies what the other says: in each part, one of them says no more than the other."""
        return all(
            one <= two or two <= one
            for one, two in (
                (self.words - TUNINGS, other.words - TUNINGS),
                (self.sizes, other.sizes),
                (self.quants, other.quants),
                (set(self.versions), set(other.versions)),
                (set(self.revisions), set(other.revisions)),
                (set(self.dates), set(other.dates)),
            )
        )


def _in_order(few: Sequence[str], many: Sequence[str]) -> bool:
    rest = iter(many)
    return all(text in rest for text in few)


def lead_version(versions: Sequence[str]) -> tuple[int, ...]:
    """The first version as numbers; zero where there is none."""
    return version_tuple(versions[0]) if versions else (0,)


def form_of(tokens: Iterable[Token], family: Family | None, knowledge: Knowledge) -> Form:
    """The form that the tokens of a model's name come to."""
    words: set[str] = set()
    versions: list[str] = []
    sizes: set[str] = set()
    revisions: list[str] = []
    quants: set[str] = set()
    dates: list[Date] = []
    for token in tokens:
        text = token.text
        if token.kind is Kind.WORD:
            word = knowledge.synonyms.get(text, text)
            if word not in knowledge.noise and not (family is not None and word in family.drop):
                words.add(word)
        elif token.kind is Kind.VERSION:
            if family is not None and family.short and len(text) == 2 and text.isdigit() and text[1] != "0":
                text = f"{text[0]}.{text[1]}"
            versions.append(text)
        elif token.kind is Kind.SIZE or token.kind is Kind.CONTEXT:
            sizes.add(text)
        elif token.kind is Kind.REVISION:
            revisions.append(text)
        elif token.kind is Kind.QUANT:
            quants.add(text)
        elif token.date is not None and token.date not in dates:
            dates.append(token.date)
    if family is not None:
        if family.word not in words and words & family.implied_by:
            words.add(family.word)
        first = lead_version(versions)
        if family.chat_from and len(words) <= 2 and first >= version_tuple(family.chat_from):
            words.discard("chat")
        if sizes and words & family.instruct_with and not words & TUNINGS and first >= version_tuple(family.instruct_from):
            words.add("instruct")
        if dates and family.dated_drops and "base" not in words:
            words -= family.dated_drops
    return Form(frozenset(words), tuple(versions), frozenset(sizes), tuple(revisions), frozenset(quants), tuple(dates))


_RANKS = {
    word: rank
    for rank, words in enumerate(
        (
            (
                "mini",
                "nano",
                "lite",
                "micro",
                "tiny",
                "small",
                "medium",
                "large",
                "air",
                "flash",
                "pro",
                "max",
                "plus",
                "ultra",
            ),
            ("instruct", "chat", "base", "thinking", "think", "reasoning", "it"),
            ("preview", "exp", "beta", "alpha"),
        ),
        start=1,
    )
    for word in words
}
# Behind other words it would be read as a remark on the run.
_RANKS["think"] = -1
# Letters that stand before a version: the r of R1, the k of K2.5. Not those that make a size or a quantization of it.
_VERSION_LETTERS = frozenset("cdfghijklmnoprstuxyz")
_SIZE_ORDER = {"a": 1, "e": 2}


def render(form: Form, family: Family | None, phrases: Mapping[str, Sequence[tuple[tuple[str, ...], str]]]) -> str:
    """The form as the name part of an id; reading it again gives the same form."""
    words = sorted(form.words, key=lambda word: (_RANKS.get(word, 0), word))
    head: list[str] = []
    if family is not None and family.word in form.words:
        words.remove(family.word)
        head.append(family.spelled or family.word)
    names = [word for word in words if _RANKS.get(word, 0) <= 1]
    stages = [word for word in words if _RANKS.get(word, 0) > 1]
    sizes = sorted(form.sizes, key=lambda size: (_SIZE_ORDER.get(size[0], 0), "bmtek".find(size[-1]), size))
    if not head and names:
        head.append(names.pop(0))
    first, rest = form.versions[:1], form.versions[1:]
    last: list[str] = []
    letter = next((word for word in names if word in _VERSION_LETTERS), "") if first else ""
    if letter:
        names.remove(letter)
        first = (letter + first[0],)
    elif first and family is not None and family.trailing and (names or sizes or stages):
        if version_tuple(first[0]) >= version_tuple(family.trailing):
            last, first = [family.joint[1:] + first[0]], ()
    elif first and family is not None and family.joint != "-" and head == [family.spelled or family.word]:
        head, first = [f"{head[0]}{family.joint}{first[0]}"], ()
    for index in range(len(names) - 1):
        if any(tuple(names[index : index + len(spelled)]) == spelled for spelled, _ in phrases.get(names[index], ())):
            # Side by side these two would be read as one word.
            names[index], names[index + 1] = names[index + 1], names[index]
    if family is not None and family.instruct != "instruct":
        stages = [family.instruct if word == "instruct" else word for word in stages]
    parts = [
        *head,
        *first,
        *names,
        *(
            ("v" + size if first and not names and position == 0 and _clashes(first[0], size) else size)
            for position, size in enumerate(sizes)
        ),
        *stages,
        *last,
        *(f"v{version}" for version in rest),
        *form.revisions,
        *sorted(form.quants),
        *map(str, form.dates),
    ]
    return "-".join(parts)


def _clashes(version: str, size: str) -> bool:
    return version in ("0", "1", "10") and size[0].isdigit() and "." not in size


def complete_dates(form: Form, snapshots: Sequence[Date]) -> Form:
    """The form with partial dates made full where exactly one of `snapshots` fits."""
    dates = []
    for date in form.dates:
        fitting = [known for known in snapshots if date.covers(known)] if not (date.year and date.day) else []
        dates.append(fitting[0] if len(fitting) == 1 else date)
    return form._replace(dates=tuple(dates))
