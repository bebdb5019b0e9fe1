"""Remarks on a run, in parentheses or after a comma: `(FC thinking)`, `(temperature=1, reasoning=high)`, `(best-of-16)`."""

from collections.abc import Sequence

from budmodel_pipeline.identity.lexer import Kind, Token
from budmodel_pipeline.identity.vocabulary import LANGUAGES, MODES

OFF = frozenset({"nonthinking", "nonreasoning"})
THINKING = frozenset({"thinking", "think", "reasoner"})
PRECISION = frozenset({"bf16", "fp16", "fp32"})
WEB = frozenset({"grounding", "online"})
# Words for an effort, and what each says. Those of the second line are an effort only where that is said.
EFFORT = {"high": "high", "low": "low", "xhigh": "xhigh", "minimal": "minimal"}
EFFORT_WHEN_SAID = {word: word for word in ("medium", "max", "none", "auto", "unknown", "default")} | {"med": "medium"}
# Publishers who write the two as one word.
HIGH_THINKING = "highthinking"
_EFFORTS = EFFORT | EFFORT_WHEN_SAID
_SPOKEN = {"zero": "0", "one": "1", "few": "few"}
_MODES = {**dict.fromkeys(MODES), "prompting": "prompt"}
_PAIRS = {
    "cot": ("prompt", "cot"),
    "adversarial": ("prompt", "adversarial"),
    "adaptive": ("thinking", "auto"),
    "reproduced": ("claim", "reproduced"),
    "community": ("claim", "community"),
    "verified": ("claim", "verified"),
    "greedy": ("sampling", "greedy"),
    "sampling": ("sampling", "sampled"),
    "recommended": ("settings", "recommended"),
    "detailhigh": ("detail", "high"),
    "detaillow": ("detail", "low"),
}
# A word and the topic of the number behind it.
_NUMBERED = {
    "temperature": "temperature",
    "t": "temperature",
    "length": "length",
    "run": "run",
    "n": "samples",
    "bo": "samples",
}
_FILLERS = frozenset(
    {
        "with",
        "w",
        "of",
        "effort",
        "reasoning",
        "tokens",
        "token",
        "budget",
        "length",
        "settings",
        "setting",
        "text",
        "only",
        "no",
    }
)

Told = list[tuple[str, str]]


def budget(text: str) -> str:
    """A number of tokens as the vocabulary writes it: 32000 is 32k, and 32768 stays."""
    return f"{int(text) // 1000}k" if text.isdigit() and int(text) and int(text) % 1000 == 0 else text


def told_by_remark(segment: Sequence[Token], *, hybrid: bool, closed: bool) -> Told | None:
    """What a remark tells of the run, by topic; None where it is none, or holds anything that is not understood.

    `hybrid` tells whether the model thinks on request, `closed` whether only its maker releases it.
    """
    texts = [token.text for token in segment]
    for whole in (_harness(segment), _window(segment), _language(texts, closed=closed), _setting(segment)):
        if whole:
            return whole
    told: Told = []
    index = 0
    while index < len(segment):
        found = _at(segment, index, texts, hybrid=hybrid)
        if found is None:
            return None
        pairs, taken = found
        told.extend(pairs)
        index += taken
    return told or None


def _harness(segment: Sequence[Token]) -> Told | None:
    others = [token.text for token in segment if token.text != "harness"]
    return [("harness", "-".join(others))] if others and len(others) == len(segment) - 1 else None


def _window(segment: Sequence[Token]) -> Told | None:
    days = [token.date for token in segment if token.date is not None and token.date.year and token.date.day]
    between = [token.text for token in segment if token.date is None]
    return [("window", f"{days[0]}..{days[1]}")] if len(days) == 2 and between in ([], ["to"]) else None


def _language(texts: Sequence[str], *, closed: bool) -> Told | None:
    """The language of the tasks. An open model with a language behind it may have been tuned for that language."""
    return [("language", texts[0])] if closed and len(texts) == 1 and texts[0] in LANGUAGES else None


def _setting(segment: Sequence[Token]) -> Told | None:
    """`key=value` with a key that has no topic."""
    if len(segment) != 2 or segment[1].separator != "=" or segment[0].kind is not Kind.WORD:
        return None
    key = segment[0].text
    known = key in _NUMBERED or key in _FILLERS or key in THINKING or key in _PAIRS
    return None if known else [("setting", f"{key} {segment[1].text}")]


def _at(segment: Sequence[Token], index: int, texts: Sequence[str], *, hybrid: bool) -> tuple[Told, int] | None:
    """What the token at `index` tells, and how many tokens that takes."""
    token, rest = segment[index], segment[index + 1 :]
    number = rest[0].text if rest and rest[0].kind is Kind.VERSION else None
    if token.kind is Kind.WORD:
        return _word(token.text, rest, number, texts, index, hybrid=hybrid)
    thinks = hybrid or not {"thinking", "think", "reasoning", "tokens", "token", "budget"}.isdisjoint(texts)
    if token.kind is Kind.CONTEXT:
        return ([("budget", token.text), ("thinking", "on")], 1) if thinks else None
    if token.kind is Kind.QUANT:
        return ([("precision", token.text)], 1) if token.text in PRECISION else None
    if token.kind is Kind.VERSION and rest and rest[0].text in ("shot", "beams", "beam"):
        return [("shots" if rest[0].text == "shot" else "beams", token.text)], 2
    spent = index and texts[index - 1] == "budget"
    if token.kind is Kind.VERSION and token.text.isdigit() and (int(token.text) > 99 or spent) and thinks:
        return [("budget", budget(token.text)), ("thinking", "on")], 1
    return None


def _word(
    text: str, rest: Sequence[Token], number: str | None, texts: Sequence[str], index: int, *, hybrid: bool
) -> tuple[Told, int] | None:
    following = rest[0].text if rest else ""
    if text in OFF or (text == "chat" and hybrid and len(texts) == 1):
        return [("thinking", "off")], 1
    if text in THINKING | {"reasoning"} and following in ("on", "off"):
        return [("thinking", following)], 2
    if text in THINKING:
        return [("thinking", "on")], 1
    if text == HIGH_THINKING:
        return [("effort", "high"), ("thinking", "on")], 1
    if text == "reasoning" and number is None and _EFFORTS.keys().isdisjoint(texts):
        return [("thinking", "on")], 1
    if text in _EFFORTS:
        return _effort(text, texts), 1
    if text in _MODES:
        day = str(rest[0].date) if text == "fc" and rest and rest[0].date is not None else None
        return [("mode", _MODES[text] or text), *([("tools", day)] if day else [])], 2 if day else 1
    if text in ("tools", "tool"):
        if rest and rest[0].date is not None:
            return [("tools", str(rest[0].date))], 2
        return [("tools", "off" if index and texts[index - 1] in ("no", "without") else "on")], 1
    if text == "best" and following == "of" and len(rest) > 1 and rest[1].kind is Kind.VERSION:
        return [("samples", rest[1].text)], 3
    if text in _SPOKEN and following == "shot":
        return [("shots", _SPOKEN[text])], 2
    if text in _NUMBERED and number is not None and (len(text) > 1 or rest[0].separator == "="):
        return [(_NUMBERED[text], number)], 2
    if text == "text" and following == "only":
        return [("input", "text")], 2
    if text in _PAIRS:
        return [_PAIRS[text]], 1
    if text in WEB:
        return [("web", "on")], 1
    return ([], 1) if text in _FILLERS else None


def _effort(text: str, texts: Sequence[str]) -> Told:
    effort = _EFFORTS[text]
    if effort == "default" and "settings" in texts:
        return [("settings", "default")]
    if effort in ("default", "unknown") and not THINKING.isdisjoint(texts):
        return [("budget", effort)]
    return [("effort", effort)]
