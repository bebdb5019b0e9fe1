"""Files by which several programs sign in, read in one place and an address to send things to beside it.

Which value goes where is not followed: loops, builders and closures hide that in every language in another way. Nobody but a
thief wants the keys of programs that have nothing to do with each other.
"""

import re
from dataclasses import dataclass, field

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.environment import OWNERS
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.known_places import host_of, is_local
from budmodel_scanner.texts.python_deeds import KEY_FILE
from budmodel_scanner.texts.shell_programs import PRIVATE
from budmodel_scanner.texts.statements import Statement

_HANDS_OVER = one_of("flow", "hands over", re.IGNORECASE)
_WRITES = expression(r"(?i)\b(?:write|send|put|copy)")
_BEGINS_WORD = expression(r"[\s/~({=]")
_OF_PROGRAM = expression(r"[a-z][a-z-]{2,}")
_OF_SSH = expression(r"^(?:rsa|dsa|ecdsa|ed)$")
# What a request is given to carry, in blocks as tools have them.
_IN_REQUEST = expression(r"(?i)\b\w{0,20}(?:body|payload|form_?data|postfields)\w{0,20}\s?[=:(]")
_LONGEST_PATH, _NEAR, _ENOUGH, _OF_ONE_REQUEST, _ENOUGH_OWNERS = 200, 60, 2, 6, 3
_NAMED_SECRET = expression(rf"\$?{OWNERS}_\w{{0,40}}(?:TOKEN|SECRET|KEY|PASSWORD)\w{{0,20}}")


@dataclass(slots=True)
class Gathered:
    """When each program's keys were named, an address of a stranger was, and something was handed over."""

    programs: dict[str, int] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    addressed: int | None = None
    handed: int | None = None
    carried: int | None = None
    number: int = 0

    def sent_by(self, statement: Statement, unlisted: list[str], *, connected: bool) -> bool:
        """`unlisted`: the addresses of strangers in a statement, `connected`: whether it has to do with a connection."""
        self.number += 1
        for text in statement.texts:
            if len(text) < _LONGEST_PATH and (found := PRIVATE.search(text)):
                self.programs[_program(found[0])] = self.number
            if len(text) < _LONGEST_PATH and (found := _NAMED_SECRET.fullmatch(text)):
                self.owners[found[1]] = self.number
        # Shells, Perl and Tcl have words without quotes; behind a name or a call it is a member.
        for found in PRIVATE.finditer(statement.code) if "." in statement.code else ():
            if _BEGINS_WORD.search(statement.code, max(0, found.start() - 1), found.start()):
                self.programs[_program(found[0])] = self.number
        if connected or any(not is_local(url) for url in unlisted):
            self.addressed = self.number
        told = _told(statement)
        if _HANDS_OVER.search(told) or (connected and _WRITES.search(told)):
            self.handed = self.number
        if _IN_REQUEST.search(statement.code) and any(
            KEY_FILE.search(it) for it in statement.texts if len(it) < _LONGEST_PATH
        ):
            self.carried = self.number
        if self.carried and self.addressed and abs(self.carried - self.addressed) < _OF_ONE_REQUEST:
            return True
        self.hosts |= {host_of(url) for url in unlisted if not is_local(url)}
        if not all(at is not None and self.number - at < _NEAR for at in (self.addressed, self.handed)):
            return False
        programs, owners = (
            [it for it, at in kept.items() if self.number - at < _NEAR] for kept in (self.programs, self.owners)
        )
        # Programs that know many services have an address for each.
        return len(programs) >= _ENOUGH or (len(owners) >= _ENOUGH_OWNERS and len(self.hosts) == 1)


def _told(statement: Statement) -> str:
    """The code, and texts that are words: methods of requests are written as such."""
    return " ".join((statement.code, *(text for text in statement.texts if text.isalpha())))


def _program(path: str) -> str:
    word = next(iter(_OF_PROGRAM.findall(path.lower())), path)
    return "ssh" if _OF_SSH.match(word) else word
