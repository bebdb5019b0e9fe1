"""How a run was made: the tokens of a name that tell of a variant instead of a model."""

from collections.abc import Sequence
from functools import lru_cache

from budmodel_pipeline.identity.knowledge import Family, Knowledge
from budmodel_pipeline.identity.lexer import Kind, Token
from budmodel_pipeline.identity.remarks import (
    EFFORT,
    EFFORT_WHEN_SAID,
    HIGH_THINKING,
    OFF,
    PRECISION,
    THINKING,
    WEB,
    Told,
    budget,
    told_by_remark,
)
from budmodel_pipeline.identity.vocabulary import SERVINGS, note

# What routers write behind a colon; `beta` is a release of its own elsewhere.
_ROUTED = frozenset({"beta", "exacto", "extended", "floor", "nitro"})
_SERVING = frozenset(SERVINGS) - {"fast", "turbo"} - _ROUTED
_EDITS = frozenset({"diff", "udiff"})
_DETAIL = {"detailhigh": "high", "detaillow": "low"}
_BY_FAMILY = _ROUTED | frozenset({"latest", "effort", "instant", "reasoning", "fast", "turbo", "base", "cot"})
# In another order or without parentheses these may be read as a remark on the run.
TELLING = (
    EFFORT.keys() | EFFORT_WHEN_SAID.keys() | {HIGH_THINKING} | OFF | THINKING | _SERVING | WEB | _EDITS | _DETAIL.keys()
) | _BY_FAMILY
_CONTEXT_WINDOWS = frozenset({"4096", "8192", "16384", "32768"})


@lru_cache(maxsize=1024)
def version_tuple(text: str) -> tuple[int, ...]:
    """A version such as `3.5` or `4o` as numbers, for comparison."""
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in text.split("."))


def is_hybrid(family: Family, tokens: Sequence[Token]) -> bool:
    """Whether the release that `tokens` name thinks on request."""
    version = next((token.text for token in tokens if token.kind is Kind.VERSION), "0")
    if version in family.plain_hybrids:
        return all(
            token.text == family.word or token.text in THINKING for token in tokens if token.kind is Kind.WORD
        ) and not any(token.kind is Kind.DATE for token in tokens)
    return family.hybrid_from != "" and version_tuple(version) >= version_tuple(family.hybrid_from)


def split_variant(
    tokens: Sequence[Token], family: Family | None, known: Knowledge, *, repository: bool = False
) -> tuple[list[Token], dict[str, str]]:
    """The tokens that name the model, and the variant that the others tell of; `repository` where the name is one."""
    kept: list[Token] = []
    variant: dict[str, str] = {}
    hybrid = family is not None and is_hybrid(family, tokens)
    sized = any(token.kind is Kind.SIZE for token in tokens)
    floating = family is not None and family.closed and not any(token.kind is Kind.VERSION for token in tokens)
    index, count = 0, len(tokens)
    while index < count:
        token = tokens[index]
        if token.aside and (index == 0 or tokens[index - 1].aside != token.aside):
            end = index + 1
            while end < count and tokens[end].aside == token.aside:
                end += 1
            remark = _remark(tokens[index:end], family, known)
            if remark is not None:
                for topic, value in remark:
                    note(variant, topic, value)
                index = end
                continue
        if token.kind is Kind.WORD and token.text not in TELLING and (family is None or token.text not in family.run):
            kept.append(token)
            index += 1
            continue
        previous = tokens[index - 1].text if index else ""
        after_size = index > 0 and tokens[index - 1].kind in (Kind.SIZE, Kind.CONTEXT)
        following = tokens[index + 1].text if index + 1 < count else ""
        if token.text == "cot":
            prompted = family is not None and index == count - 1 and sized and not repository
            told: Told = [("prompt", "cot")] if prompted else []
        else:
            told = _tell(token, previous, following, family, hybrid=hybrid, sized=sized, after_size=after_size)
        for topic, value in told:
            note(variant, topic, value)
        # Without a version, `latest` floats over generations and is no name for any one of them.
        if not told or (told[0][0] == "alias" and floating):
            kept.append(token)
        index += 1
    if "auto" in variant.get("thinking", ""):
        variant["thinking"] = "auto"
    if variant.get("budget") == "0":
        variant["thinking"] = "off"
    return kept, variant


def _remark(segment: Sequence[Token], family: Family | None, known: Knowledge) -> Told | None:
    said = "".join(part.text for part in segment)
    if host := known.hosts.get(said):
        return [("host", host)]
    if family is not None and known.vendors.get(said) == family.vendor:
        return []
    hybrid = family is not None and bool(family.hybrid_from)
    return told_by_remark(segment, hybrid=hybrid, closed=family is not None and family.closed)


def _tell(
    token: Token,
    previous: str,
    following: str,
    family: Family | None,
    *,
    hybrid: bool,
    sized: bool,
    after_size: bool,
) -> Told:
    """What a single token tells of the run; nothing where it names the model."""
    text = token.text
    beside_thinking = previous in THINKING or following in THINKING
    if token.kind is Kind.CONTEXT:
        allowed = beside_thinking or (hybrid and family is not None and family.closed)
        return [("budget", text), ("thinking", "on")] if allowed else []
    if token.kind is Kind.VERSION:
        if previous in THINKING and token.separator == ":" and text.isdigit():
            return [("budget", budget(text)), ("thinking", "on")]
        return [("context", text)] if text in _CONTEXT_WINDOWS and after_size else []
    if token.kind is Kind.QUANT:
        return [("precision", text)] if text in PRECISION else []
    if token.kind is not Kind.WORD or (family is not None and text in family.drop):
        return []
    plain = _plain_tell(text, hybrid=hybrid)
    if plain:
        return plain
    if text in _ROUTED and token.separator == ":" and family is not None:
        return [("serving", text)]
    if text in _EDITS and family is not None:
        return [("mode", text)]
    if text == "effort" and (previous in EFFORT or previous in EFFORT_WHEN_SAID):
        return [("effort", (EFFORT | EFFORT_WHEN_SAID)[previous])]
    said = following in ("effort", "reasoning") or token.separator == ":"
    if text == HIGH_THINKING and (family is not None or said or beside_thinking):
        return [("effort", "high"), ("thinking", "on")]
    if text in EFFORT and (family is not None or said or beside_thinking):
        return [("effort", EFFORT[text])]
    if text == "auto" and previous in THINKING and following in EFFORT.keys() | EFFORT_WHEN_SAID.keys():
        return [("thinking", "auto")]
    if text in EFFORT_WHEN_SAID and (said or (family is not None and text in family.effort)):
        return [("effort", EFFORT_WHEN_SAID[text])]
    if family is None:
        return []
    infix = bool(following) and not following[0].isdigit() and following not in EFFORT and following != "auto"
    return _family_tell(text, token, previous, family, hybrid=hybrid, sized=sized, infix=infix)


def _plain_tell(text: str, *, hybrid: bool) -> Told:
    """What a word tells of the run, whatever the family."""
    if text in OFF or (text == "instant" and hybrid):
        return [("thinking", "off")]
    if text in _SERVING:
        return [("serving", text)]
    if text == "latest":
        return [("alias", text)]
    if text in WEB:
        return [("web", "on")]
    return [("detail", _DETAIL[text])] if text in _DETAIL else []


def _family_tell(text: str, token: Token, previous: str, family: Family, *, hybrid: bool, sized: bool, infix: bool) -> Told:
    """What a word tells of the run by the habits of its family."""
    on_request = hybrid or token.aside > 0 or token.separator == ":"
    if text in THINKING:
        return [("thinking", "on")] if on_request and not (text == "think" and infix) else []
    if text == "reasoning" and ((family.reasoning and hybrid) or token.aside or previous in EFFORT):
        return [("thinking", "on")]
    if text in family.serving or (text in ("fast", "turbo") and sized and not family.closed):
        return [("serving", text)]
    if text in family.run:
        return [("web", "on")]
    if text == "base" and family.base_is_variant:
        return [("thinking", "off")]
    return []
