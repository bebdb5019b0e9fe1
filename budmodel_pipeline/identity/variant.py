"""How a run was made: the tokens of a name that tell of a variant instead of a model."""

from collections.abc import Sequence
from functools import lru_cache

from budmodel_pipeline.identity.knowledge import Family, Knowledge
from budmodel_pipeline.identity.lexer import Kind, Token

_EFFORT = frozenset({"high", "low", "xhigh", "minimal", "highthinking"})
_EFFORT_WHEN_SAID = frozenset({"medium", "med", "max", "none", "auto", "unknown", "default"})
_OFF = frozenset({"nonthinking", "nonreasoning"})
_THINKING = frozenset({"thinking", "think", "reasoner"})
_SERVING = frozenset({"free", "global", "tee", "tput", "maas", "highthroughput", "original", "cheaper", "optimized", "raw"})
_WEB = frozenset({"grounding", "webapp", "online"})
_MODES = frozenset({"diff", "udiff"})
_DETAIL = frozenset({"detailhigh", "detaillow"})
_PRECISION = frozenset({"bf16", "fp16", "fp32"})
_BY_FAMILY = frozenset({"latest", "effort", "instant", "reasoning", "fast", "turbo", "base"})
# In another order or without parentheses these may be read as a remark on the run.
TELLING = _EFFORT | _EFFORT_WHEN_SAID | _OFF | _THINKING | _SERVING | _WEB | _MODES | _DETAIL | _BY_FAMILY
_SAYS_RUN = _EFFORT | _EFFORT_WHEN_SAID | _OFF | _THINKING | _DETAIL
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
            token.text == family.word or token.text in _THINKING for token in tokens if token.kind is Kind.WORD
        ) and not any(token.kind is Kind.DATE for token in tokens)
    return family.hybrid_from != "" and version_tuple(version) >= version_tuple(family.hybrid_from)


def split_variant(tokens: Sequence[Token], family: Family | None, known: Knowledge) -> tuple[list[Token], dict[str, str]]:
    """The tokens that name the model, and the variant that the others tell of."""
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
            segment = tokens[index:end]
            host = known.hosts.get("".join(part.text for part in segment))
            if host:
                _note(variant, "host", host)
                index = end
                continue
            if _is_remark(segment, family, known):
                _note(variant, _topic(segment), " ".join(part.text for part in segment))
                index = end
                continue
        if token.kind is Kind.WORD and token.text not in TELLING and (family is None or token.text not in family.run):
            kept.append(token)
            index += 1
            continue
        previous = tokens[index - 1].text if index else ""
        after_size = index > 0 and tokens[index - 1].kind in (Kind.SIZE, Kind.CONTEXT)
        following = tokens[index + 1].text if index + 1 < count else ""
        noted = _tell(token, previous, following, family, hybrid=hybrid, sized=sized, after_size=after_size)
        if noted:
            _note(variant, *noted)
        # Without a version, `latest` floats over generations and is no name for any one of them.
        if not noted or (noted[0] == "alias" and floating):
            kept.append(token)
        index += 1
    return kept, variant


def _note(variant: dict[str, str], topic: str, value: str) -> None:
    if value not in variant.get(topic, "").split(" "):
        variant[topic] = f"{variant[topic]} {value}" if topic in variant else value


def _is_remark(segment: Sequence[Token], family: Family | None, known: Knowledge) -> bool:
    if any(token.separator == "=" for token in segment):
        return True
    words = [token.text for token in segment if token.kind is Kind.WORD]
    if not words:
        hybrid = family is not None and bool(family.hybrid_from)
        return hybrid and all(token.kind is Kind.CONTEXT for token in segment)
    if words == ["chat"] and family is not None and family.hybrid_from:
        return True
    return all(word in known.remarks or word in _SAYS_RUN for word in words) and not (
        any(token.kind in (Kind.SIZE, Kind.DATE, Kind.QUANT) for token in segment) and words[0] != "fc"
    )


def _topic(segment: Sequence[Token]) -> str:
    texts = {token.text for token in segment}
    if texts & (_THINKING | _OFF):
        return "thinking"
    if texts & (_EFFORT | _EFFORT_WHEN_SAID):
        return "effort"
    if texts & {"fc", "prompt", "diff", "whole", "udiff", "architect"}:
        return "mode"
    return "thinking" if all(token.kind is Kind.CONTEXT for token in segment) else "setting"


def _tell(
    token: Token,
    previous: str,
    following: str,
    family: Family | None,
    *,
    hybrid: bool,
    sized: bool,
    after_size: bool,
) -> tuple[str, str] | None:
    """What a single token tells of the run, as topic and value; None where it names the model."""
    text = token.text
    beside_thinking = previous in _THINKING or following in _THINKING
    if token.kind is Kind.CONTEXT:
        budget = beside_thinking or (hybrid and family is not None and family.closed)
        return ("thinking", text) if budget else None
    if token.kind is Kind.VERSION:
        if previous in _THINKING and token.separator == ":":
            return "thinking", text
        return ("serving", f"context {text}") if text in _CONTEXT_WINDOWS and after_size else None
    if token.kind is Kind.QUANT:
        return ("precision", text) if text in _PRECISION else None
    if token.kind is not Kind.WORD:
        return None
    if family is not None and text in family.drop:
        return None
    if text in _OFF or (text == "instant" and hybrid):
        return "thinking", "off"
    if text in _SERVING:
        return "serving", text
    if text == "latest":
        return "alias", text
    if text in _WEB:
        return "web", text
    if text in _MODES and family is not None:
        return "mode", text
    if text in _DETAIL:
        return "detail", text.removeprefix("detail")
    if text == "effort" and (previous in _EFFORT or previous in _EFFORT_WHEN_SAID):
        return "effort", previous
    said = following in ("effort", "reasoning") or token.separator == ":"
    if text in _EFFORT:
        return ("effort", text) if family is not None or said or beside_thinking else None
    if text in _EFFORT_WHEN_SAID and (said or (family is not None and text in family.effort)):
        return "effort", text
    if family is None:
        return None
    infix = bool(following) and not following[0].isdigit() and following not in _EFFORT
    return _family_tell(text, token, previous, family, hybrid=hybrid, sized=sized, infix=infix)


def _family_tell(
    text: str, token: Token, previous: str, family: Family, *, hybrid: bool, sized: bool, infix: bool
) -> tuple[str, str] | None:
    """What a word tells of the run by the habits of its family."""
    on_request = hybrid or token.aside > 0 or token.separator == ":"
    if text in _THINKING:
        return ("thinking", "on") if on_request and not (text == "think" and infix) else None
    if text == "reasoning" and ((family.reasoning and hybrid) or token.aside or previous in _EFFORT):
        return "thinking", "on"
    if text in family.serving or (text in ("fast", "turbo") and sized and not family.closed):
        return "serving", text
    if text in family.run:
        return "web", text
    if text == "base" and family.base_is_variant:
        return "thinking", "off"
    return None
