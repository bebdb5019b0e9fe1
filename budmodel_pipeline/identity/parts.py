"""Rows that are about more than a model: agents that use one, and several models at once."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

_PLUS = re.compile(r"\s\+\s|(?<=[A-Za-z0-9)])\+(?=[A-Za-z])|\s&\s")
_LOOSE = re.compile(r"\s[x\u00d7]\s|\s-\s|\s\|\s", re.IGNORECASE)
_TRAILING = re.compile(r"^(?P<outside>[^()]+?)\s*\((?P<inside>[^()]+)\)(?P<rest>.*)$")


class Parts(NamedTuple):
    """The models that a row is about (several: a composite) and the agents around them."""

    models: tuple[str, ...]
    agents: tuple[str, ...]


def parts_of(
    name: str,
    shows_model: Callable[[str], bool],
    only_qualifies: Callable[[str], bool],
    runs_unchanged: Callable[[str], bool],
) -> Parts:
    """Takes agents off a name: `OpenHands + GPT-5`, `Kortix AI (claude-3-5-sonnet)`, `o3 (high) + gpt-4.1`.

    `shows_model` tells whether a text names a model, `only_qualifies` whether it merely says how one was tuned, as in
    `Tulu 2+DPO 70B` and `ExPO + Zephyr 7B Beta`; `runs_unchanged` whether a model in parentheses is run as it is.
    """
    if "+" in name or "&" in name:
        pieces = _join_qualifiers(_split_outside(name, _PLUS), only_qualifies)
        if len(pieces) == 1:
            return _agent_around(pieces[0], shows_model, runs_unchanged)
        return _sort_out(pieces, shows_model, runs_unchanged, name)
    if _LOOSE.search(name):
        pieces = [piece.strip() for piece in _LOOSE.split(name)]
        if sum(map(shows_model, pieces)) == 1 and not shows_model(pieces[0]):
            return _sort_out(pieces, shows_model, runs_unchanged, name)
    return _agent_around(name, shows_model, runs_unchanged)


def _split_outside(name: str, pattern: re.Pattern[str]) -> list[str]:
    """The parts of a name between the matches of `pattern` that stand outside parentheses."""
    pieces, start = [], 0
    for match in pattern.finditer(name):
        before = name[: match.start()]
        if before.count("(") == before.count(")") and before.strip() and name[match.end() :].strip():
            pieces.append(name[start : match.start()])
            start = match.end()
    return [piece.strip() for piece in (*pieces, name[start:]) if piece.strip()]


def _join_qualifiers(pieces: Sequence[str], only_qualifies: Callable[[str], bool]) -> list[str]:
    joined: list[str] = []
    for piece in pieces:
        if joined and (only_qualifies(piece) or only_qualifies(joined[-1])):
            joined[-1] = f"{joined[-1]} {piece}"
        else:
            joined.append(piece)
    return joined


def _sort_out(
    pieces: Sequence[str], shows_model: Callable[[str], bool], runs_unchanged: Callable[[str], bool], name: str
) -> Parts:
    models = tuple(piece for piece in pieces if shows_model(piece))
    if not models:
        return Parts((name,), ())
    agents = tuple(piece for piece in pieces if piece not in models)
    if len(models) == 1:
        inner = _agent_around(models[0], shows_model, runs_unchanged)
        return Parts(inner.models, (*agents, *inner.agents))
    return Parts(models, agents)


def _agent_around(name: str, shows_model: Callable[[str], bool], runs_unchanged: Callable[[str], bool]) -> Parts:
    match = _TRAILING.match(name)
    if match and runs_unchanged(match["inside"]) and not shows_model(match["outside"]):
        return Parts((match["inside"] + match["rest"],), (match["outside"].strip(),))
    return Parts((name,), ())
