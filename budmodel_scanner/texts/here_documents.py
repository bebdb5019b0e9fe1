"""Where here-documents of shells, Perl, Ruby, PHP and Terraform end: at a line that begins with their mark."""

import re
from bisect import bisect_left
from collections.abc import Callable

_FIRST_WORD = re.compile(r"^[ \t]*([A-Za-z_]\w*)", re.MULTILINE)


def ends_in(text: str) -> Callable[[str, int], int | None]:
    """Gives where the first line with a mark begins, from a position on. The text is read once for all of them."""
    starts: dict[str, list[int]] = {}
    for word in _FIRST_WORD.finditer(text) if "<<" in text else ():
        starts.setdefault(word[1], []).append(word.start())

    def end(mark: str, after: int) -> int | None:
        lines = starts.get(mark, [])
        number = bisect_left(lines, after)
        return lines[number] if number < len(lines) else None

    return end
