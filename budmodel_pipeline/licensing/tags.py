"""Licenses by name: what a card, a tag or a package states in a word, an expression or a list."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from budmodel_pipeline.licensing.comparison import holds_term
from budmodel_pipeline.licensing.fingerprints import known_fingerprints
from budmodel_pipeline.licensing.model import Identification, State
from budmodel_pipeline.licensing.registry import (
    HUB_IDS,
    NO_LICENSE_NAMED,
    license_id_of,
    spdx_id_of,
    spdx_spelling,
)
from budmodel_pipeline.licensing.terms import family_member, family_members, terms_of

MAX_LENGTH = 300
# Catalogs that allow no dot in a name write 2_0.
_VERSION = re.compile(r"(?<=\d)_(?=\d)")
# All of Unicode's hyphens and dashes: who copies a name from a page gets the page's.
_SEPARATORS = re.compile(r"[\s_/\u2010-\u2015-]+")
_COMMA = re.compile(r"\s*[,;|]\s*")
# `apache2.0`, `gpl3`: a name that runs into its version.
_RUN_TOGETHER = re.compile(r"(?<=[a-z])v(?=\d)|(?<=[a-uw-z])(?=\d)")
_WHOLE_VERSION = re.compile(r"(?<=-)(\d)$")
_LIST = re.compile(r"^\[(.*)\]$", re.DOTALL)
_EXPRESSION = re.compile(r"\s(?:AND|OR|WITH)\s", re.IGNORECASE)
_NOT_DISTINCTIVE = re.compile(r"(?:-(?:the|licen[cs]e|agreement|20\d\d))+-")
_PREFIX = re.compile(r"^(?:spdx-license-identifier|licen[cs]e)\s*:\s*", re.IGNORECASE)
_LONGEST_STATEMENT = 1_000
_STATED = re.compile(
    r"\b(?:licensed|released|distributed|provided|available)\s+under(?:\s+and\s+subject\s+to)?(?:\s+the)?"
    r"(?:\s+terms\s+of(?:\s+the)?)?\s+(?P<name>[\w][\w .+()-]{1,78}?)(?=,|;|\.\s|\.?\s*$|\s+found\s+at\b|\s*\n\s*\n)",
    re.IGNORECASE,
)
# What a card says under a heading, or in a paragraph that begins with the word.
_SECTION = re.compile(
    r"^(?:#{1,6}[^\S\n]*\W{0,8}(?:\w+[^\S\n]+){0,2}licen[cs](?:e|ing)\b[^\n]{0,40}\n(?P<under>.*?)(?=^#{1,6}[^\S\n]|\Z)"
    r"|[*_]{1,3}licen[cs]e[*_:]{1,5}(?P<said>[^\n]*(?:\n[^\n]+)*))",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_NOT_COMMERCIAL = re.compile(
    r"\bnon[- ]?commercial|\bresearch(?:[- ](?:use|purposes?))?[- ]only\b"
    r"|\bonly\b[^.]{0,40}\b(?:research|academic|personal|study)"
    r"|\b(?:not?|never|forbid\w*|prohibit\w*|without)\b[^.]{0,60}\bcommercial|\bcommercial\b[^.]{0,60}"
    r"\b(?:not|forbid\w*|prohibit\w*|requires?|needs?|contact|separate)\b",
    re.IGNORECASE,
)
# Names that cards and people use for licenses of models, with words joined by one hyphen.
_ALSO_CALLED = {
    "llama-2": "llama2",
    "llama-3": "llama3",
    "llama-3.1": "llama3.1",
    "llama-3.2": "llama3.2",
    "llama-3.3": "llama3.3",
    "llama-4": "llama4",
    "meta-llama-3": "llama3",
    "openrail-m": "openrail",
    "open-rail-m": "openrail",
    "creativeml-open-rail-m": "creativeml-openrail-m",
    "creativeml-open-rail++-m": "openrail++",
    "bigscience-open-rail-m": "bigscience-openrail-m",
    "gnu-gpl": "gpl",
    "gnu-gpl-v2": "gpl-2.0",
    "gnu-gpl-v3": "gpl-3.0",
    "gnu-lgpl": "lgpl",
    "gnu-agpl-v3": "agpl-3.0",
    "openrail++-m": "openrail++",
    "creativeml-openrail++-m": "openrail++",
    "stabilityai-openrail++": "openrail++",
    "bigscience-rail-1.0": "bigscience-bloom-rail-1.0",
    "bloom-rail-1.0": "bigscience-bloom-rail-1.0",
    "bigcode-openrail-m-v1": "bigcode-openrail-m",
    "deepfloyd-if": "deepfloyd-if-license",
    "gemma-terms-of-use": "gemma",
    "apple-sample-code-license": "apple-ascl",
    "deepseek-license": "deepseek",
    "tongyi-qianwen-license-agreement": "tongyi-qianwen",
    "nvidia-open-model-license": "nvidia-open-model",
}


def identify_tag(tag: str, *places: str) -> Identification:
    """Which license a name means: an id of the hub or of SPDX in any case, a title, an expression, or a list of them.

    No text was read, so `coverage` is 0. Several licenses, and a choice between them, have no one id. A name that licenses
    share means the family of them, or the one that `places` point to: names of models (`org/name`) and links.
    """
    names = _listed(tag)
    if len(names) != 1:
        return _several(names)
    name = names[0]
    if _EXPRESSION.search(name):
        return _expression(name)
    license_id = license_named(name)
    if license_id is None:
        return _unnamed("unknown", (), f"{name[:80]!r} is no license that is on record")
    if license_id in NO_LICENSE_NAMED:
        reason = f"{license_id!r} names no license: license_name and license_link of the card may, or a license file"
        return _unnamed("unknown", (), reason)
    members = family_members(license_id)
    if not members:
        return _named(license_id)
    member = family_member(license_id, places)
    if member is not None:
        return replace(_named(member), reason=f"{license_id!r} is {member}, going by who uses it; no text was read")
    reason = f"{license_id!r} names a family ({', '.join(members)}): only the text tells which license of it"
    return replace(_named(license_id), spdx_id=spdx_id_of(license_id) if license_id in HUB_IDS else None, reason=reason)


def _named(license_id: str) -> Identification:
    return Identification(license_id, spdx_id_of(license_id), "identified", 0.0, (), (), "tag", (license_id,))


def _several(names: list[str]) -> Identification:
    meant = {name: license_named(name) for name in names}
    strange = [name for name, license_id in meant.items() if license_id is None or license_id in NO_LICENSE_NAMED]
    found = tuple(dict.fromkeys(license_id for name, license_id in meant.items() if license_id and name not in strange))
    if strange or not found:
        return _unnamed("unknown", found, f"a list of {len(names)} names; not on record: {', '.join(strange)[:80]}")
    return _named(found[0]) if len(found) == 1 else _unnamed("several", found, f"a list of {len(names)} names")


def identify_statement(text: str) -> Identification | None:
    """The license that a few words in its place name, as "MIT" or "Licensed under the Llama 3.1 Community License, Copyright
    ..." do; None where they say anything else, or a term."""
    if len(text) > _LONGEST_STATEMENT:
        return None
    alone = _PREFIX.sub("", " ".join(text.split()).rstrip(" .")).strip()
    stated = [(alone, "")] if license_named(alone) else [(found["name"], found.group()) for found in _STATED.finditer(text)]
    rest = text if stated and stated[0][1] else ""
    for _, said in stated:
        rest = rest.replace(said, " ")
    named = {license_named(name) for name, _ in stated}
    license_id = named.pop() if len(named) == 1 else None
    if license_id is None or license_id in NO_LICENSE_NAMED or holds_term(rest):
        return None
    return replace(_named(license_id), reason=f"it says no more than that the license is {license_id}", method="statement")


def license_section(card: str) -> str:
    """What the prose of a card says about its license, "" where it says nothing."""
    found = _SECTION.search(card)
    return ((found["under"] or found["said"] or "").strip()[:_LONGEST_STATEMENT]) if found else ""


def forbids_commercial_use(said: str) -> bool:
    """Whether a few sentences of prose keep companies from what they speak of."""
    return _NOT_COMMERCIAL.search(said) is not None


def license_named(name: str) -> str | None:
    """The id of the license, family, or absence of one, that `name` means; None where it means nothing that is known."""
    name = unicodedata.normalize("NFKC", name)
    word = _PREFIX.sub("", name.strip(" \t\r\n'\"")).strip().lower()
    plain = _SEPARATORS.sub("-", _VERSION.sub(".", word))
    if not plain or len(name) > MAX_LENGTH:
        return None
    apart = _RUN_TOGETHER.sub("-", plain)
    spellings = dict.fromkeys((plain, apart, _WHOLE_VERSION.sub(r"\1.0", apart)))
    known = (_by_id(spelling) for spelling in spellings)
    return next(filter(None, known), None) or _titled(plain) or _by_other_spelling(name.strip())


def _by_id(plain: str) -> str | None:
    for candidate in (plain, plain.removeprefix("the-"), plain.removesuffix("-license"), plain.removesuffix("-licence")):
        if candidate in HUB_IDS or candidate in _own_ids():
            return candidate
        if candidate in _ALSO_CALLED:
            return _ALSO_CALLED[candidate]
        recorded = terms_of(candidate)
        if recorded is not None:
            return recorded.license_id
        spelled = spdx_spelling(candidate)
        if spelled is not None:
            return license_id_of(spelled)
    return None


def names_on_record() -> Mapping[str, str]:
    """The ids and titles of the licenses that are on record, each with the id that it means."""
    ids = sorted((HUB_IDS | _own_ids()) - NO_LICENSE_NAMED)
    return {**_by_title(), **{license_id: license_id for license_id in ids}}


def _own_ids() -> frozenset[str]:
    return frozenset(known.license_id for known in known_fingerprints() if "/" not in known.license_id)


def _titled(plain: str) -> str | None:
    """By the title of a text that has a fingerprint, without what titles have or have not: "the", "license", a year."""
    return _by_title().get(_reduced(plain))


@cache
def _by_title() -> dict[str, str]:
    known = ((_reduced(one.title), one.license_id) for one in known_fingerprints() if "/" not in one.license_id)
    return dict(reversed(list(known)))


def _reduced(title: str) -> str:
    return _NOT_DISTINCTIVE.sub("-", f"-{_SEPARATORS.sub('-', title.lower())}-").strip("-")


def _by_other_spelling(name: str) -> str | None:
    """By the map of spellings that LicenseLynx collects: "Apache License, Version 2.0", "GPLv3", "BSD 3 clause"."""
    from licenselynx.licenselynx import LicenseLynx

    for spelling in (name, name.lower(), name.upper()):
        found = LicenseLynx.map(spelling)
        # It also knows names of no one license, such as "proprietary".
        if found is not None and spdx_spelling(found.id) is not None:
            return license_id_of(found.id)
    return None


def _listed(tag: str) -> list[str]:
    """The names of a list that was written as text, or the one name, in which a comma may stand."""
    inside = _LIST.match(tag.strip())
    if inside is None:
        names = [name.strip() for name in _COMMA.split(tag) if name.strip()]
        return names if len(names) > 1 and all(map(license_named, names)) else [tag.strip()]
    try:
        names = json.loads(tag)
    except ValueError:
        names = inside[1].split(",")
    return [str(name).strip(" \t\r\n'\"") for name in names if str(name).strip(" \t\r\n'\"")]


def _expression(expression: str) -> Identification:
    """An SPDX expression: one license, with or without an exception to it, or every license of it."""
    from license_expression import ExpressionError, LicenseWithExceptionSymbol, get_spdx_licensing

    licensing = get_spdx_licensing()
    try:
        parsed = licensing.parse(expression, validate=False, strict=False)
        symbols = list(licensing.license_symbols(parsed, unique=True, decompose=False))
    except (ExpressionError, AttributeError, TypeError):
        return _unnamed("unknown", (), f"{expression[:80]!r} is neither a license nor an expression of SPDX")
    found: list[Identification] = []
    strange: list[str] = []
    for symbol in symbols:
        excepted = isinstance(symbol, LicenseWithExceptionSymbol)
        one = _of_symbol(symbol.license_symbol.key, symbol.exception_symbol.key) if excepted else _of_symbol(symbol.key)
        if one is None:
            strange.append(str(symbol.render()))
        else:
            found.append(one)
    candidates = tuple(dict.fromkeys(name for one in found for name in one.candidates))
    if strange:
        return _unnamed("unknown", candidates, f"not on record: {', '.join(strange)[:80]}")
    if len(candidates) == 1:
        return found[0]
    reason = f"an expression of {', '.join(candidates)}; a choice or a combination has no one id"
    return _unnamed("several", candidates, reason)


def _of_symbol(name: str, exception: str | None = None) -> Identification | None:
    """One license of an expression; with its exception it is a license of its own."""
    license_id = license_named(name)
    if license_id is None or license_id in NO_LICENSE_NAMED:
        return None
    if exception is None:
        return _named(license_id)
    spelled = spdx_spelling(exception)
    if spelled is None:
        return None
    spdx_id = f"{spdx_spelling(name) or spdx_id_of(license_id)} WITH {spelled}"
    return replace(_named(f"{license_id} with {spelled.lower()}"), spdx_id=spdx_id)


def _unnamed(state: State, candidates: tuple[str, ...], reason: str) -> Identification:
    return Identification(None, None, state, 0.0, (), (), "tag", candidates, reason)
