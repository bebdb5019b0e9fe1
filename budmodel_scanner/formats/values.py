"""Texts and bytes that files of arrays and documents hold as values: commands, code, templates and pickles within them.

Their arrays may be of any length, so they are read in pieces; of bytes that may be anything, long ones at both ends.
"""

import re
from collections.abc import Iterator

from budmodel_scanner.content import CHUNK, Content, MemoryContent, Place, Window
from budmodel_scanner.encodings import encoded_runs
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.formats.payloads import begins_as, examine_metadata, hidden_in, worse
from budmodel_scanner.verdict import Finding

_WHOLE_BYTES = 4 << 20
_NARROWED_BYTES = 1 << 20
_HEAD = 64
_APART = re.compile(r"[\0\n]+")


def examine_texts(
    content: Content, start: int, size: int, where: str, area: str, place: Place, nested: Nested, width: int = 0
) -> Iterator[Finding]:
    """`width`: of each text, where nothing may part it from the next; 0 for one text, or several parted by zeros."""
    step = CHUNK - CHUNK % width if 0 < width < CHUNK else CHUNK
    for at in range(start, start + size, step):
        piece = content.read(at, min(step, start + size - at))
        if 0 < width < step:
            piece = b"\0".join(piece[one : one + width].rstrip(b"\0 ") for one in range(0, len(piece), width))
        yield from examine_text_value(piece, where, area, place, nested)


def examine_text_value(value: bytes, where: str, area: str, place: Place, nested: Nested) -> Iterator[Finding]:
    """One text, or several parted by zeros."""
    lower = value.lower()
    if not any(sign in lower for sign in _TELLING) and not any(encoded_runs(value, bool)):
        return
    found = list(examine_metadata(value, where, area, place, nested))
    if not found:
        # The parser of commands takes longer to import than most files to read.
        from budmodel_scanner.texts.configuration import examine_configuration, written_out
        from budmodel_scanner.texts.embedded import examine_embedded
        from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
        from budmodel_scanner.texts.values import examine_value

        found = list(examine_embedded(value, place, nested))
        text = value.decode("utf-8", "replace")
        for line in _APART.split(text) if any(judge(Leaf(LeafKind.COMMAND, text), place)) else ():
            found.extend(judge(Leaf(LeafKind.VALUE, line, where), place))
        found.extend(examine_value(where, text, where, place) if "\0" not in text else ())
        for tree in map(written_out, text.split("\0")) if "{" in text else ():
            found.extend(examine_configuration(tree, place.inside(where)) if tree is not None else ())
    yield from found[:_MOST]


_MOST = 10
# Without one of these, a text is neither code nor a command nor a template, and holds nothing that is not encoded.
_TELLING = (
    *(b"(", b"{", b"|", b"<", b"`", b"$", b"#!", b";", b"/dev/", b"://", b"import", b"powershell", b"rm -", b" -e", b" -c"),
    *(
        b"__",
        b"lambda",
        b"\n",
        b"\\",
        b"\x80",
        b"\x7felf",
        b"mz",
        b"pk\3\4",
        b"\x1f\x8b",
        b"\xfd7z",
        b"7z",
        b"rar!",
        b"x\x9c",
    ),
)


def examine_records(
    content: Content, start: int, size: int, where: str, area: str, place: Place, nested: Nested
) -> Iterator[Finding]:
    """Texts among other fields: runs of letters."""
    for at in range(start, start + size, CHUNK):
        texts = b"\0".join(_LETTERS.findall(content.read(at, min(CHUNK, start + size - at))))
        yield from examine_text_value(texts, where, area, place, nested)


_LETTERS = re.compile(rb"[\t\n\r -~]{12,}")


def examine_bytes(
    content: Content, start: int, size: int, where: str, area: str, place: Place, nested: Nested
) -> Iterator[Finding]:
    """What numbers of a byte each, and opaque values, hide. A pickle counts only where it is malicious."""
    ends = ((0, size),) if size <= _WHOLE_BYTES else ((0, CHUNK), (size - CHUNK, CHUNK))
    for first, length in ends:
        data = content.read(start + first, length)
        kind = begins_as(data)
        found = (kind, 0) if kind and kind != "marshal" else hidden_in(data)
        if found is None:
            continue
        what, at = found
        if "pickle" not in what:
            yield suspicious(place, f"{area}.content-in-numbers", f"{where} holds {what}", f"byte {start + first + at:,}")
        begin = start + first + at
        yield from worse(nested(Window(content, begin, start + size - begin), place.inside(where)))
        return


def narrowed(content: Content, start: int, size: int) -> bytes | None:
    """The bytes that numbers of two, four or eight bytes are, where they are small; None for any other numbers."""
    head = content.read(start, min(size, _HEAD))
    for width in (8, 4, 2):
        if len(head) >= 4 * width and any(head[::width]) and not any(any(head[rest::width]) for rest in range(1, width)):
            return content.read(start, min(size, _NARROWED_BYTES))[::width]
    return None


def examine_wide(
    content: Content, start: int, size: int, where: str, area: str, place: Place, nested: Nested
) -> Iterator[Finding]:
    """Numbers of more than a byte, which may be bytes or letters one by one."""
    data = narrowed(content, start, size)
    if data is not None:
        yield from examine_bytes(MemoryContent(data), 0, len(data), where, area, place, nested)
