"""Regular expressions that are compiled as they are needed: compiling all takes longer than examining most files."""

import re
from typing import Any, AnyStr, cast

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")


class Uncompiled:
    """Stands in the place of a pattern, and takes over what it can do with the first use of any."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags

    def match(self, text: Any, *bounds: int) -> Any:
        """As that of a pattern. Of the hundreds that are tried at the start of a file, few begin with its first byte."""
        pattern = self.pattern if not self.flags & re.IGNORECASE else ""
        begins = _BEGINS.fullmatch(pattern) if isinstance(pattern, bytes) else None
        if begins is None:
            return self.__getattr__("match")(text, *bounds)
        first = begins[1] or bytes.fromhex(begins[2].decode())

        def where_it_begins(text: Any, *bounds: int) -> Any:
            return self.__getattr__("match")(text, *bounds) if bounds or text[:1] == first else None

        vars(self)["match"] = where_it_begins  # Until it is compiled, which sets all of them.
        return where_it_begins(text, *bounds)

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self.pattern, self.flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def expression(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, for the top of a module; a mistake in it is told at its first use, and a test uses all."""
    return cast(re.Pattern[AnyStr], Uncompiled(pattern, flags))


# What such a pattern begins with is a letter of its own, or one by its number.
_BEGINS = expression(rb"(?:([\w<])|\\x([0-9a-f]{2}))(?![+*?{])[^|]*")
