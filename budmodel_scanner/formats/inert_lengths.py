"""The usual ways in which a format says where it ends: a stated size, a chain of parts, a mark at the end."""

import re
import struct
from collections.abc import Callable

from budmodel_scanner.content import Content
from budmodel_scanner.formats.reading import MalformedError, exactly

# Where a file of these bytes ends by its own lengths; it raises MalformedError where they make no sense.
End = Callable[[Content], int]
_LAST_BYTES = 128 << 10


def numbers(content: Content, code: str, offset: int) -> tuple[int, ...]:
    """Whole numbers of a header, as struct writes them."""
    return tuple(map(int, struct.unpack(code, exactly(content, offset, struct.calcsize(code), "inert"))))


def number(content: Content, code: str, offset: int) -> int:
    return numbers(content, code, offset)[0]


def stated(code: str, offset: int, *, times: int = 1, plus: int = 0) -> End:
    """The header states a size or a count."""
    return lambda content: plus + times * number(content, code, offset)


def chunks(first: int, header: int, code: str, at: int = 0, *, align: int = 1, whole: bool = False) -> End:
    """Parts from `first` on, each with a header that has its length at `at`; `whole`: the length counts the header, too.

    A length of all ones reaches to the end: such a part was written as a stream.
    """
    streamed = {(1 << 8 * struct.calcsize(code)) - 1, -1}

    def end(content: Content) -> int:
        position = first
        while position + header <= content.size:
            length = number(content, code, position + at)
            if length in streamed:
                return content.size
            length += 0 if whole else header
            if length < header:
                raise MalformedError("inert.length", f"a part claims {length} bytes", position)
            position += length + -length % align
        return position

    return end


def boxes(content: Content) -> int:
    """Of MP4 and JPEG 2000, ISO/IEC 14496-12: a length of 0 reaches to the end, one of 1 is in 64 bits behind the kind."""
    position = 0
    while position + 8 <= content.size:
        length = number(content, ">I", position)
        if not length:
            return content.size
        length = number(content, ">Q", position + 8) if length == 1 else length
        if length < 8:
            raise MalformedError("inert.length", f"a part claims {length} bytes", position)
        position += length
    return position


def closed(ending: re.Pattern[bytes]) -> End:
    """The file has such an end."""

    def end(content: Content) -> int:
        if not ending.search(content.read(max(0, content.size - _LAST_BYTES), _LAST_BYTES)):
            raise MalformedError("inert.end", "does not end as it should", "the end")
        return content.size

    return end
