"""What sources of languages that are not parsed here do to the home of whoever runs them: deleted, or rewritten."""

import re
from dataclasses import dataclass, field

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.paths import PARTS, WHOLE
from budmodel_scanner.texts.statements import Statement, assigned_by

_HOME = one_of("flow", "names a home")
_LISTS_FILES = one_of("flow", "lists files", re.IGNORECASE)
_DELETES = one_of("flow", "deletes")
_PROPERTIES = frozenset({"user.home", "HOME", "USERPROFILE"})
_NEXT_STATEMENTS = 6
_MODULE = expression(r"(?:node:)?(?:fs|os|path)(?:/promises)?")


@dataclass(slots=True)
class Homes:
    """Names of variables that hold a home, and how many statements ago its files were listed."""

    names: set[str] = field(default_factory=set)
    since_listed: int = _NEXT_STATEMENTS

    def destroyed_by(self, statement: Statement, names: set[str]) -> str | None:
        """What a statement does to a home; a folder within it is none. `names`: those in it."""
        code = statement.code
        whole = all(
            text in _PROPERTIES or _MODULE.fullmatch(text) or PARTS.fullmatch(text) or WHOLE.fullmatch(text)
            for text in statement.texts
        )
        deletes = _DELETES.search(code)
        self.since_listed += 1
        if not whole:
            return None
        by_name = _HOME.search(code) or names & self.names or any(text in _PROPERTIES for text in statement.texts)
        written = any(text != "/" and WHOLE.fullmatch(text) for text in statement.texts)
        if by_name or (written and deletes):
            self.names |= assigned_by(code)[0] if by_name else set()
            if deletes:
                return "deletes a home"
            if _LISTS_FILES.search(code):
                self.since_listed = 0
        elif deletes and self.since_listed < _NEXT_STATEMENTS:
            return "deletes or rewrites each file of a home"
        return None
