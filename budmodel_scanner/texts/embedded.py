"""What hides inside texts of any kind: encoded pickles and programs, pickles that are texts, and the antivirus test file."""

import codecs
import json
import pickletools
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from string import ascii_letters

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.encodings import encoded_runs, is_packed, unescaped, unpacked
from budmodel_scanner.examiner import Nested
from budmodel_scanner.expressions import expression
from budmodel_scanner.pickles.unannounced import begins_unannounced, is_unannounced, read_as_pickle
from budmodel_scanner.texts.shell_commands import hostile_command, reads_as_command
from budmodel_scanner.verdict import Finding, Verdict

_MAX_CANDIDATES = 40
_MAX_OPCODES = 5_000
_MAX_ARGUMENTS = 2_000
_MAX_TEXT_PICKLE = 1 << 16
_MAX_DEPTH = 4
# In opcodes: what it costs to look at the beginning of a run, and for how many bytes of what it holds one is spent.
_COST, _BYTES_OF_ONE = 1, 16
# In two pieces, so that no antivirus takes this file for the test file.
_ANTIVIRUS_TEST = b"$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!"
# How programs, archives, and objects of Java and .NET begin.
_KINDS = {
    b"\x7fELF": "a program",
    b"MZ\x90\0": "a Windows program",
    b"MZ\xe8\0": "a Windows program",
    b"MZP\0": "a Windows program",
    b"PK\x03\x04": "a zip file",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\xcf\xfa\xed\xfe": "a program of macOS",
    b"\xca\xfe\xba\xbe": "a Java class",
    b"\xac\xed\0\5": "an object of Java",
    b"\0\1\0\0\0\xff\xff\xff\xff\1": "an object of .NET",
}
_PROTOCOLS = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
# What no text that is encoded for transport alone says.
_CODE = expression(
    r"""__import__\s*\(\s*['"]|\b(?:os\.(?:system|popen|exec\w+)|subprocess\.\w+|pty\.spawn|socket\.socket)\s*\(|\b(?:eval|exec)\s*\(\s*(?:compile|base64|bytes|open|request|__)"""
)
_PICKLE_LINES = expression(
    rb"(?:^|(?<=[\n.(0# \t]))[ci][A-Za-z_][\w.]{0,100}\n[A-Za-z_][\w.]{0,100}\n(?=[()pq.\]}N0-9VSIFgRtd])", re.MULTILINE
)


def examine_embedded(data: bytes, place: Place, nested: Nested) -> Iterator[Finding]:
    """`data` is the text as stored."""
    if _ANTIVIRUS_TEST in data:
        yield Finding("text.antivirus-test", Verdict.MALICIOUS, "the EICAR test signature", place.at(""))
    yield from _encoded(data, place, nested)
    yield from _turned(data, place)
    yield from _text_pickles(data, place, nested)
    yield from _shown(data, place, nested)
    yield from _invisible(data, place)


def _encoded(data: bytes, place: Place, nested: Nested, depth: int = 0) -> Iterator[Finding]:
    """Programs, archives, pickles, commands and code, as often encoded or packed as somebody liked.

    A pickle counts by what it does."""
    count = 0
    told = False

    def is_wanted(head: bytes) -> bool:
        place.budget.spend("opcodes", _COST)
        return head.startswith((*_PROTOCOLS, *_KINDS)) or is_packed(head) or _is_plain(head) or begins_unannounced(head)

    for position, content in encoded_runs(data, is_wanted):
        place.budget.spend("opcodes", len(content) // _BYTES_OF_ONE)
        where = place.at(f"byte {position:,}")
        plain = unpacked(content)
        kind = _kind(plain)
        if kind is not None and count < _MAX_CANDIDATES:
            count += 1
            if kind != "a pickle":
                what = f"{kind} encoded in text, {len(content):,} bytes"
                yield Finding("text.encoded-content", Verdict.SUSPICIOUS, what, where)
            yield from nested(MemoryContent(plain), place.inside(f"{kind} encoded at byte {position:,}"))
        elif kind is None and depth < _MAX_DEPTH and _is_plain(plain[:_HEAD]):
            found = _hostile_text(plain)
            if found and not told:
                told = True
                yield Finding("text.encoded-command", Verdict.SUSPICIOUS, found, where)
            if not found:
                yield from _encoded(plain, place, nested, depth + 1)
    if count == _MAX_CANDIDATES:
        yield Finding("text.encoded-content", Verdict.SUSPICIOUS, "a great many encoded programs or pickles", place.at(""))


_HEAD = 24


def _hostile_text(content: bytes) -> str | None:
    """The command or the code that a decoded text is, in UTF-8 or as PowerShell wants it."""
    plain = content.replace(b"\0", b"").decode("utf-8", "replace")
    if (hostile := hostile_command(plain)) and reads_as_command(plain, hostile.line):
        return str(hostile)
    code = _CODE.search(plain)
    return f"code encoded in text: {plain[code.start() : code.start() + 80]!r}" if code else None


_TURNED_LETTERS = bytes.maketrans(ascii_letters.encode(), codecs.encode(ascii_letters, "rot13").encode())
# The two ways to hide a text that leave it a text and that Python and shells undo by a word, and both of them together.
_TURNS: tuple[Callable[[bytes], bytes], ...] = (
    lambda text: text.translate(_TURNED_LETTERS),
    lambda text: text[::-1],
    lambda text: text.translate(_TURNED_LETTERS)[::-1],
)
# Of these, each command and each code that `_hostile_text` knows holds one.
_TOLD = tuple(b"http: https: import system( subprocess socket exec( eval( curl wget /dev/tcp".split())
_ENDS = (b"\n", b"\\n")
_QUOTATION_MARKS = (b'"', b"'")
_QUOTES = (*_ENDS, *_QUOTATION_MARKS, b"`", b'\\"')
_AROUND, _MOST_TURNED, _MOST_FOUND = 2_000, 400, 20_000


def _between(data: bytes, at: int, ends: tuple[bytes, ...]) -> bytes:
    """What stands around a place, up to the nearest ends."""
    first, last = max(at - _AROUND, 0), at + _AROUND
    before = (found + len(end) for end in ends if (found := data.rfind(end, first, at)) >= 0)
    behind = (found for end in ends if (found := data.find(end, at, last)) >= 0)
    return data[max((first, *before)) : min((last, *behind))]


def _turned(data: bytes, place: Place) -> Iterator[Finding]:
    """A command or code whose letters are turned by thirteen, or that stands backwards: a whole line or what is quoted."""
    for turn in _TURNS:
        seen: set[bytes] = set()
        count = 0
        for told in map(turn, _TOLD):
            at = data.find(told)
            while at >= 0 and len(seen) < _MOST_TURNED and count < _MOST_FOUND:
                count += 1
                line, quoted = _between(data, at, _ENDS), _between(data, at, _QUOTES)
                for piece in {line.replace(b'\\"', b'"'), quoted} - seen:
                    seen.add(piece)
                    if found := _hostile_text(turn(piece)):
                        yield Finding("text.encoded-command", Verdict.SUSPICIOUS, found, place.at(f"byte {at:,}"))
                        return
                at = data.find(told, at + len(told))
            if len(seen) >= _MOST_TURNED or count == _MOST_FOUND:
                yield Finding("text.encoded-command", Verdict.SUSPICIOUS, "a great many turned words", place.at(""))
                return


# An import of a pickle as programs and JSON write it, for want of the signs themselves.
_SHOWN_IMPORT = expression(rb"[ci][A-Za-z_][\w.]{0,100}\\{1,2}n[A-Za-z_][\w.]{0,100}\\{1,2}n|\\{1,2}(?:x|u00)93")


def _shown(data: bytes, place: Place, nested: Nested) -> Iterator[Finding]:
    """A pickle of signs that are escaped, which counts by what it does."""
    seen: set[bytes] = set()
    for found in _SHOWN_IMPORT.finditer(data):
        pieces = {_between(data, found.start(), (quote,)) for quote in _QUOTATION_MARKS} - seen
        seen |= pieces
        place.budget.spend("opcodes", _COST + len(pieces) * _AROUND // _BYTES_OF_ONE)
        for piece in filter(is_unannounced, map(unescaped, pieces)):
            yield from nested(MemoryContent(piece), place.inside(f"a pickle written out at byte {found.start():,}"))


# Tag characters, whose last bits are those of letters, and selectors; the flags of England, Scotland and Wales are six.
_INVISIBLE = expression(rb"(?i)(?:\xf3\xa0[\x80-\x87][\x80-\xbf]){12,}|(?:\\udb40\\ud[cd][0-9a-f]{2}){12,}")


def _invisible(data: bytes, place: Place) -> Iterator[Finding]:
    """A text that nobody sees, but models do."""
    if found := _INVISIBLE.search(data):
        written = found[0].decode() if found[0][0] == 0xF3 else json.loads(b'"' + found[0] + b'"')
        what = f"a text of invisible characters: {''.join(chr(ord(sign) & 0x7F) for sign in written)[:120]!r}"
        yield Finding("text.hidden-characters", Verdict.SUSPICIOUS, what, place.at(f"byte {found.start():,}"))


def _is_plain(content: bytes) -> bool:
    if content[1::2].count(0) == len(content) // 2:
        content = content[::2]
    text = content.translate(None, b"\n\t\r")
    return len(content) > _SHORTEST and text.isascii() and text.decode("ascii").isprintable()


_SHORTEST = 8


def _kind(content: bytes) -> str | None:
    if kind := next((kind for start, kind in _KINDS.items() if content.startswith(start)), None):
        return kind
    if is_unannounced(content) or (content.startswith(_PROTOCOLS) and _runs(content)):
        return "a pickle"
    return None


def _runs(content: bytes) -> bool:
    """Whether bytes read as a pickle to its end, or far enough that chance is out of the question."""
    count = 0
    try:
        for opcode, _, _ in pickletools.genops(BytesIO(content)):
            count += 1
            if count > _MAX_OPCODES:
                return True
            if opcode.name == "STOP":
                return count > 2
    except (ValueError, AttributeError, IndexError, OverflowError):
        return count > 8
    return False


def _text_pickles(data: bytes, place: Place, nested: Nested) -> Iterator[Finding]:
    """A pickle of protocol 0 is a text: a line `cos`, a line `system`. Vocabularies have such lines, so it has to parse."""
    passed = 0
    for found in _PICKLE_LINES.finditer(data):
        start = found.start()
        if start < passed:
            continue
        if found[0].startswith(b"i"):
            # INST takes what was put on the stack after a mark; without one, these are words.
            start = data.rfind(b"(", max(passed, start - _MAX_ARGUMENTS), start)
            if start < 0:
                continue
        length, runs = read_as_pickle(data[start : start + _MAX_TEXT_PICKLE])
        if not runs and data[start - 1 : start] == b"(" and start > passed:
            # OBJ takes its class from behind a mark.
            length, runs = read_as_pickle(data[start - 1 : start + _MAX_TEXT_PICKLE])
            start -= 1
        passed = start + length
        if runs:
            module, name, _ = found[0][1:].split(b"\n", 2)
            what = f"a pickle in text, which calls {module.decode()}.{name.decode()}"
            line = data.count(b"\n", 0, start) + 1
            # By its name it is no text again.
            inner = list(nested(MemoryContent(data[start:passed]), place.inside(f"line {line}.pkl")))
            # PyTables keeps objects in attributes; which, the pickle's own examination says where it sees it to its end.
            if data[passed - 1 : passed] != b"." or any(finding.verdict is not Verdict.SAFE for finding in inner):
                yield Finding("text.pickle", Verdict.SUSPICIOUS, what, place.at(f"line {line}"))
                yield from inner
                return
