"""Facts that the knowledge file states as names: releases, their dates, and other names of one release."""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from budmodel_pipeline.identity.canonical import Form, complete_dates, form_of
from budmodel_pipeline.identity.dates import Date, parse_iso
from budmodel_pipeline.identity.knowledge import Family, Knowledge, knowledge
from budmodel_pipeline.identity.lexer import Kind, Token, lex
from budmodel_pipeline.identity.tokens import fold, pieces
from budmodel_pipeline.identity.variant import split_variant


class Facts(NamedTuple):
    """What is known of forms.

    The dates of a name without its date, what another name stands for, official spellings, and what a group is called.
    """

    snapshots: Mapping[Form, tuple[Date, ...]]
    aliases: Mapping[Form, Form]
    spelled: Mapping[Form, str]
    groups: Mapping[Form, Form]


@lru_cache(maxsize=16)
def tokens_of(name: str) -> tuple[Token, ...]:
    """The tokens of a name; kept for a while, since a name's parts are looked at for several reasons."""
    return tuple(lex(pieces(fold(name)), knowledge().phrases))


def family_of(tokens: Iterable[Token], known: Knowledge) -> Family | None:
    """The family that the words of a name show."""
    words = [(token.text, token.aside) for token in tokens if token.kind is Kind.WORD]
    if not words:
        return None
    # Alpaca Farm (GPT-4) is no GPT-4: what stands in parentheses shows the family where nothing else does.
    proper = [word for word, aside in words if not aside]
    return (known.family_of(proper, words[0][0]) if proper else None) or known.family_of((w for w, _ in words), words[0][0])


@cache
def facts() -> Facts:
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
    aliases: dict[Form, Form] = {}
    for alias, name in known.aliases.items():
        target = _dated(_plain_form(name, known), snapshots)
        spelled.setdefault(target, name)
        aliases[_dated(_plain_form(alias, known), snapshots)] = target
    groups = {_dated(_plain_form(name, known), snapshots): _plain_form(group, known) for name, group in known.groups.items()}
    return Facts(snapshots, aliases, spelled, groups)


def _plain_form(name: str, known: Knowledge) -> Form:
    tokens = tokens_of(name)
    family = family_of(tokens, known)
    return form_of(split_variant(tokens, family, known)[0], family, known)


def _dated(form: Form, snapshots: Mapping[Form, tuple[Date, ...]]) -> Form:
    return complete_dates(form, snapshots.get(form._replace(dates=()), ())) if form.dates else form
