"""Regular expressions that are compiled as they are needed: compiling all takes longer than examining most files."""

import re
from typing import Any, AnyStr, cast

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")


class Uncompiled:
    """Stands in the place of a pattern, and takes over what it can do with the first use of any."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self.pattern, self.flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def expression(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, for the top of a module; a mistake in it is told at its first use, and a test uses all."""
    return cast(re.Pattern[AnyStr], Uncompiled(pattern, flags))
