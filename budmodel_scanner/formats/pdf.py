"""PDF (ISO 32000): its names tell what a viewer would run; they are looked for in plain objects and in compressed ones."""

import re
from base64 import a85decode
from collections.abc import Iterator
from contextlib import suppress

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.encodings import unpacked
from budmodel_scanner.examiner import Nested, suspicious, unscanned
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.payloads import begins_as, examine_leftover, program_in, worse
from budmodel_scanner.formats.reading import MalformedError, reports_malformed
from budmodel_scanner.formats.values import examine_text_value
from budmodel_scanner.verdict import Finding
from budmodel_scanner.word_lists import sections

_MAX_BYTES = 128 << 20
_MAX_UNPACKED_BYTES = 16 << 20
_MAX_UNPACKED_TOTAL_BYTES = 256 << 20
_MAX_DICTIONARY_BYTES = 4096
_HEAD = 1024
_ESCAPED = expression(rb"#([0-9A-Fa-f]{2})")
_NAME = expression(rb"/([^\x00\t\n\x0c\r ()<>\[\]{}/%]{1,127})")
_STREAM = expression(rb"(?<!end)stream\r?\n")
_HEXADECIMAL = expression(rb"[0-9A-Fa-f\s]+>?\s*")
_REMOTE_FILE = expression(
    rb"(?i)/(?:U?F|URI)\s{0,9}\(((?:\\\\\\\\|smb:)[^()\n]{1,80}|(?:javascript|vbscript|ms-[a-z-]+|search-ms|mhtml|shell|data:text/html)[:;,]"
    rb"|(?:file:)?//[^()\n]{1,200}\.(?:exe|bat|cmd|com|ps1|sh|lnk|scf|hta|jse?|vbs|jar|msi|docm?|xlsm?)\b)"
)
# What is written for people about the document, and what they fill in or read beside it.
_TOLD = expression(
    rb"/(Title|Author|Subject|Keywords|Creator|Producer|Contents|Alt|DV|V|TU|Desc)\s{0,9}\(((?:[^()\\]|\\.|\([^()\\]*\)){6,100000})\)"
    rb"|/(?:Title|Author|Subject|Keywords|Creator|Producer|Contents)\s{0,9}<([0-9A-Fa-f\s]{12,100000})>",
    re.DOTALL,
)
_MAX_LAYERS = 4
_ACTIONS = {word.encode(): what for what, words in sections(__package__, "pdf.txt").items() for word in words}


def recognizes(head: bytes, _name: str) -> bool:
    return b"%PDF-" in head[:_HEAD]


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    if content.size > _MAX_BYTES:
        raise UnscannedError("pdf.too-large", f"a document of {content.size:,} bytes is not read")
    data = content.read(0, content.size)
    start = data.find(b"%PDF-")
    yield from examine_leftover(content, 0, start, "leading bytes", "pdf", place, nested)
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise MalformedError("pdf.truncated", "has no end mark", len(data))
    after = end + len(b"%%EOF")
    if data[after:].strip(b"\r\n\0 \t"):
        yield from examine_leftover(content, after, len(data) - after, "trailing bytes", "pdf", place, nested)
    if b"/Encrypt" in data:
        yield unscanned(place, "pdf.encrypted", "the document is encrypted", "trailer")
    found: set[bytes] = set()
    position = total = 0
    for start, begin, stop in _streams(data):
        place.budget.spend("opcodes")
        found |= _named(data[position:start])
        position = stop
        body, is_packed = _unpacked(data, begin, stop)
        total += len(body) if is_packed else 0
        if total > _MAX_UNPACKED_TOTAL_BYTES or (is_packed and len(body) >= _MAX_UNPACKED_BYTES):
            raise UnscannedError("pdf.too-large", f"a stream at byte {begin:,} expands to more than is read")
        # Images and fonts may hold a name by chance; objects, and text that only claims to be a stream, do not.
        if _is_objects(data, start) or (not is_packed and body.isascii()):
            found |= _named(body)
        yield from _held(body, is_packed, begin, place, nested)
    found |= _named(data[position:])
    for told in _TOLD.finditer(data):
        yield from examine_text_value(_plain(told), (told[1] or b"a text").decode(), "pdf", place, nested)
    if remote := _REMOTE_FILE.search(data):
        yield suspicious(place, "pdf.remote-file", f"opens {remote[1]!r}", f"byte {remote.start():,}")
    for name in sorted(found & set(_ACTIONS)):
        yield suspicious(place, "pdf.action", f"/{name.decode()}: holds {_ACTIONS[name]}", f"/{name.decode()}")


def _held(body: bytes, is_packed: bool, begin: int, place: Place, nested: Nested) -> Iterator[Finding]:
    """What a stream hides: pages and images hold neither pickles nor programs, and what is for people no code."""
    where = f"the stream at byte {begin:,}"
    kind = begins_as(body[:_HEAD])
    found = (kind, 0) if kind not in (None, "gzip", "marshal") else program_in(body)
    if found and "pickle" in (what := found[0] or ""):
        yield from worse(nested(MemoryContent(body[found[1] :]), place.inside(where)))
    elif found:
        yield suspicious(place, "pdf.payload-in-stream", f"a stream holds {what}", f"byte {begin:,}")
    elif body[:_HEAD].isascii() and (not is_packed or body.lstrip().startswith((b"<?x", b"#!", b"<x:"))):
        yield from examine_text_value(body, where, "pdf", place, nested)


def _plain(told: re.Match[bytes]) -> bytes:
    """A text in parentheses or in digits, in UTF-16 or in letters of a byte."""
    if told[3]:
        digits = told[3].translate(None, b" \r\n\t")
        text = bytes.fromhex(digits[: len(digits) // 2 * 2].decode())
        text = text[1::2] if not any(text[::2]) else text
    else:
        text = re.sub(rb"\\([()\\])", rb"\1", told[2])
    return text.decode("utf-16", "replace").encode() if text[:2] in (b"\xfe\xff", b"\xff\xfe") else text


def _named(data: bytes) -> set[bytes]:
    """Names, their escapes (`/J#61vaScript`) undone."""
    return {_ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), name) for name in _NAME.findall(data)}


def _streams(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Where the word `stream` is, and where the bytes after it begin and end."""
    position = 0
    while found := _STREAM.search(data, position):
        end = data.find(b"endstream", found.end())
        position = len(data) if end < 0 else end
        yield found.start(), found.end(), position


def _is_objects(data: bytes, start: int) -> bool:
    """Whether the stream at `start` holds objects: its dictionary says so, with or without escapes."""
    window = data[max(0, start - _MAX_DICTIONARY_BYTES) : start]
    begin = window.rfind(b"obj")
    return begin < 0 or b"ObjStm" in _named(window[begin:])


def _unpacked(data: bytes, begin: int, stop: int) -> tuple[bytes, bool]:
    """The content of a stream as far as it is read, and whether it was compressed."""
    plain = data[begin:stop]
    with suppress(ValueError):
        if _HEXADECIMAL.fullmatch(plain):
            plain = bytes.fromhex(plain.decode().strip().rstrip(">"))
        elif plain.rstrip().endswith(b"~>"):
            plain = a85decode(plain.strip().removeprefix(b"<~").removesuffix(b"~>"))
    packed = plain
    for _ in range(_MAX_LAYERS):
        body = unpacked(packed, _MAX_UNPACKED_BYTES) if packed[:1] == b"x" else packed
        if body is packed:
            break
        packed = body
    return packed, packed is not plain
