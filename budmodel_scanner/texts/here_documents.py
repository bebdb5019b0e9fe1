"""Where here-documents of shells, Perl, Ruby, PHP and Terraform end: at a line that begins with their mark."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator

from budmodel_scanner.expressions import expression

# A sign more, an arrow or none, and its mark, in quotes or not.
_OPENS = expression(r"""<<(<?)[-~]?[ \t]*(["']?)([A-Za-z_]\w*)\2""")
FIRST_WORD = expression(r"^[ \t]*([A-Za-z_]\w*)", re.MULTILINE)
# With nothing behind it but what closes a call, as all of them but PHP ask for.
ONLY_WORD = expression(r"^[ \t]*([A-Za-z_]\w*)[;,) \t\r]*$", re.MULTILINE)


def ends_in(text: str, mark_lines: re.Pattern[str]) -> Callable[[str, int], int | None]:
    """Gives where the first line with a mark begins, from a position on. The text is read once for all of them."""
    starts: dict[str, list[int]] = {}
    for word in mark_lines.finditer(text) if "<<" in text else ():
        starts.setdefault(word[1], []).append(word.start())

    def end(mark: str, after: int) -> int | None:
        lines = starts.get(mark, [])
        number = bisect_left(lines, after)
        return lines[number] if number < len(lines) else None

    return end


def documents_in(text: str, mark_lines: re.Pattern[str] = FIRST_WORD) -> Iterator[tuple[re.Match[str], int, int]]:
    """What opens each, and where its lines begin and end."""
    ends = ends_in(text, mark_lines)
    position = begin = 0
    while found := _OPENS.search(text, position):
        if found.end() > begin:
            begin = text.find("\n", found.end()) + 1 or len(text)
        position = found.end()
        if (end := ends(found[3], begin)) is not None:
            yield found, begin, end
            position = end
