"""Prose for people that turns to agents: what it tells them counts as what files for agents do."""

import re
from collections.abc import Iterator
from itertools import islice

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.orders import wrong_order
from budmodel_scanner.texts.shell_commands import hostile_command

_WHO = (
    r"(?:AI|LLMs?|(?:language|AI)\smodels?|agents?|assistants?|bots?|copilot|claude|cursor|gemini|chat-?gpt"
    r"|triagers?|reviewers?|crawlers?|graders?)"
)
_DOES = r"(?:read|process|summari[sz]|evaluat|review|index|pars|scann?|ingest|crawl|judg|translat)"
_THIS = r"(?:this|these|the\s(?:above|below|following))\b"
_ADDRESSED = expression(
    r"(?i)\b(?:note|notice|instructions?|message|attention|hints?|directions)\s(?:for|to)\s(?:[\w-]+[\s,]+){0,5}?(?:AI|LLMs?|agents?|assistants?"
    r"|(?:language\s)?models?|copilot|claude)\b[^\n.]{0,60}:|\b(?:AI|LLM|coding)\s(?:assistants?|agents?|models?)\s?:|\bto\sthe\s(?:AI|LLM|agent"
    r"|assistant|model)\s(?:that\s|who\s)?(?:is\s)?read(?:s|ing)\sthis"
    rf"|\bif\syou(?:\sare|['\u2019]re)\san?\s(?:\w+\s){{0,2}}{_WHO}\b"
    rf"|\b(?:attention|hey|dear|hello|hi|psst)[,:]?\s(?:(?:all|every|any|the)\s)?(?:(?:coding|AI|LLM|language)\s)?{_WHO}\b[^\n.]{{0,40}}[:;,)!]"
    rf"|\b{_WHO}\s(?:(?:that|which|who)\s)?(?:(?:is|are|was)\s)?{_DOES}(?:s|es|ed|ing)?\s{_THIS}"
    rf"|\b(?:when|while|before|after)\s{_DOES}(?:ing)?\s{_THIS}"
    rf"|(?m:^|[(>-])[ \t]{{0,4}}(?:\*\*)?(?:(?:AI|coding|LLM)\s)?(?:agents?|bots|assistants|LLMs|copilots"
    r"|(?:LLM|AI)\sgraders)(?:\*\*)?\s?:"
    r"|(?m:^|[.:>]\s)(?:(?:AI|coding|LLM)\s){0,2}(?:agents|assistants|tools)\s(?:(?:working\son|in)\sthis\s\w+\s)?(?:must|should|add|copy|run|send|have\sto|need\sto|are\sto)\b"
    r"|\b(?:machine|automated|AI|robot|LLM)\s(?:readers?|contributors?|reviewers?|visitors?)\b[^\n.]{0,20}:"
    rf"|\b{_WHO}\s(?:editing|working|using|looking|that|which|who)\b[^\n.]{{0,40}}:|\bto\swhoever\s{_DOES}"
    r"|\b(?:row|data)\s(?:processors?|readers?)\b[^\n.]{0,40}\blanguage\smodels?\b"
)
_ELSEWHERE = expression(
    rf"(?i)(?:{one_of('orders', 'addressed elsewhere').pattern})[^\n.,:;\u3002\uff0c\uff1a\u3001\u060c]{{0,40}}"
    r"[:,\uff1a\uff0c\u3001\u060c]"
)
# A word of each of those, found before anything that costs more.
_OF_OTHERS = one_of("orders", "words of those")
_NEAR = 60
# What a sentence has of a command, without the marks of one.
_COMMANDS = expression(
    r"`([^`\n]{3,400})`|\b((?:curl|wget)\s[^\n`]{1,200}\|\s{0,3}(?:sudo\s)?(?:ba|z)?sh)\b|\b(pip3?\sinstall\s[^\n`]{1,200})"
)
_MOST_ADDRESSED, _MOST_ELSEWHERE, _MOST_TURNS = 1_500, 400, 50


def wrong_address(text: str) -> str | None:
    """What agents are told there that nobody honest tells them."""
    return next(filter(None, map(_wrong_told, _told(text))), None)


def _told(text: str) -> Iterator[str]:
    for found in islice(_ADDRESSED.finditer(text), _MOST_TURNS):
        yield text[found.start() : found.end() + _MOST_ADDRESSED]
    turns = position = 0
    while turns < _MOST_TURNS and (word := _OF_OTHERS.search(text, position)):
        position = word.end() + _NEAR
        if turn := _ELSEWHERE.search(text, max(0, word.start() - _NEAR), position):
            turns += 1
            yield text[turn.start() : turn.end() + _MOST_ELSEWHERE]


def _wrong_told(told: str) -> str | None:
    if what := wrong_order(told):
        return what
    commands = (_hostile(found) for found in _COMMANDS.finditer(told))
    return next(filter(None, commands), None)


def _hostile(found: re.Match[str]) -> str | None:
    command = found[1] or found[2] or found[3]
    return f"asks agents to run {command[:120]!r}" if hostile_command(command) else None
