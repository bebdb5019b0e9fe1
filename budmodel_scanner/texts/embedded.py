"""What hides inside texts of any kind: encoded pickles and programs, pickles that are texts, and the antivirus test file."""

import base64
import binascii
import pickletools
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.examiner import Nested
from budmodel_scanner.texts.shell_commands import hostile_command, reads_as_command
from budmodel_scanner.verdict import Finding, Verdict

_MAX_CANDIDATES = 40
_MAX_ENCODED = 4 << 20
_MAX_OPCODES = 5_000
_MAX_ARGUMENTS = 2_000
_MAX_TEXT_PICKLE = 1 << 16
# In two pieces, so that no antivirus takes this file for the test file.
_ANTIVIRUS_TEST = b"$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!"
# How a pickle, ELF and Windows programs, zip and gzip files and Java classes begin in base64 and in hexadecimal.
_BASE64_STARTS = (
    *(b"gA", b"f0VMR", b"TVqQAA", b"TVpQAA", b"UEsDB", b"H4sIA", b"yv66v", b"eJ", b"eN", b"rO0ABX", b"AAEAAAD/////AQ"),
    # The oldest pickles: a mark, a list or a dictionary, or the modules that matter.
    *(b"KGRw", b"KGxw", b"KFMn", b"KGlv", b"KGNv", b"Y29zC", b"Y3Bvc2l4", b"Y19fYnVp", b"Y2J1aWx0", b"Y3N1YnBy", b"Y250C"),
)
_HEXADECIMAL_STARTS = (b"8002", b"8003", b"8004", b"8005", b"7f454c46", b"4d5a9000", b"7F454C46", b"4D5A9000")
_BASE64 = re.compile(
    rb"(?:gA[I-X]|f0VMR|TVqQAA|TVpQAA|UEsDB[A-D]|H4sIA|yv66v|e[JN][A-Za-z]|rO0ABX|AAEAAAD/|K[FG][A-Za-z]|Y29zC|Y[123][A-Za-z0-9])[A-Za-z0-9+/_-]{24,}={0,2}"
)
# Long enough for a command that fetches and runs, and read as far as such a command goes.
_ENCODED_TEXT = re.compile(rb"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{32,}={0,2}")
_MAX_SEARCHED = 4 << 20
_MAX_COMMAND = 4096
# What no text that is encoded for transport alone says.
_CODE = re.compile(
    r"""__import__\s*\(\s*['"]|\b(?:os\.(?:system|popen|exec\w+)|subprocess\.\w+|pty\.spawn|socket\.socket)\s*\(|\b(?:eval|exec)\s*\(\s*(?:compile|base64|bytes|open|request|__)"""
)
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{48,}")
_BASE64_BEFORE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-=")
_PICKLE_LINES = re.compile(
    rb"(?:^|(?<=[\n.(0# \t]))[ci][A-Za-z_][\w.]{0,100}\n[A-Za-z_][\w.]{0,100}\n(?=[()pq.\]}N0-9VSIFgRtd])", re.MULTILINE
)
_CALLING = frozenset({"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"})


def examine_embedded(data: bytes, place: Place, nested: Nested) -> Iterator[Finding]:
    """`data` is the text as stored."""
    if _ANTIVIRUS_TEST in data:
        yield Finding("text.antivirus-test", Verdict.MALICIOUS, "the EICAR test signature", place.at(""))
    yield from _encoded(data, place, nested)
    yield from _encoded_commands(data, place)
    yield from _text_pickles(data, place, nested)


def _encoded(data: bytes, place: Place, nested: Nested) -> Iterator[Finding]:
    count = 0
    for starts, pattern, decode in (
        (_BASE64_STARTS, _BASE64, _from_base64),
        (_HEXADECIMAL_STARTS, _HEXADECIMAL, _from_hexadecimal),
    ):
        for position, run in _runs_of(data, starts, pattern):
            try:
                content = decode(run[:_MAX_ENCODED].decode("ascii"))
            except (ValueError, binascii.Error):
                continue
            kind = _kind(content)
            if kind is None:
                continue
            count += 1
            if count > _MAX_CANDIDATES:
                what = "a great many encoded programs or pickles"
                yield Finding("text.encoded-content", Verdict.SUSPICIOUS, what, place.at(""))
                return
            # Agents of Stable-Baselines keep their pickled parts in their JSON under this key, and load them.
            if not data[max(0, position - 60) : position].rstrip(b' "\n').endswith(b':serialized:":'):
                what = f"{kind} encoded in text, {len(content):,} bytes"
                yield Finding("text.encoded-content", Verdict.SUSPICIOUS, what, place.at(f"byte {position:,}"))
            yield from nested(MemoryContent(content), place.inside(f"{kind} encoded at byte {position:,}"))


def _encoded_commands(data: bytes, place: Place) -> Iterator[Finding]:
    """Commands in base64, in UTF-8 or as PowerShell wants them."""
    for found in _ENCODED_TEXT.finditer(data, 0, _MAX_SEARCHED):
        run = found[0][:_MAX_COMMAND].rstrip(b"=")
        if not _is_plain(binascii.a2b_base64(run[:32])):
            continue
        plain = _from_base64(run.decode("ascii")).replace(b"\x00", b"").decode("utf-8", "replace")
        if (hostile := hostile_command(plain)) and reads_as_command(plain, hostile.line):
            yield Finding("text.encoded-command", Verdict.SUSPICIOUS, str(hostile), place.at(f"byte {found.start():,}"))
            return
        if code := _CODE.search(plain):
            what = f"code encoded in text: {plain[code.start() : code.start() + 80]!r}"
            yield Finding("text.encoded-command", Verdict.SUSPICIOUS, what, place.at(f"byte {found.start():,}"))
            return


def _is_plain(content: bytes) -> bool:
    if content[1::2].count(0) == len(content) // 2:
        content = content[::2]
    return (
        content.isascii() and content.replace(b"\n", b" ").replace(b"\t", b" ").replace(b"\r", b" ").decode().isprintable()
    )


def _runs_of(data: bytes, starts: tuple[bytes, ...], pattern: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Runs of encoded characters that begin with one of `starts`, each looked at once."""
    for start in starts:
        position = data.find(start)
        while position >= 0:
            found = None
            if position == 0 or data[position - 1] not in _BASE64_BEFORE:
                found = pattern.match(data, position)
            if found:
                yield position, found[0]
            position = data.find(start, found.end() if found else position + 1)


def _from_base64(text: str) -> bytes:
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    text = text[: len(text) - (1 if len(text) % 4 == 1 else 0)]
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _from_hexadecimal(text: str) -> bytes:
    """A last half of a byte is none."""
    return bytes.fromhex(text[: len(text) // 2 * 2])


def _kind(content: bytes) -> str | None:
    if content.startswith(b"\x7fELF"):
        return "a program"
    if content.startswith(b"MZ") and len(content) > 60:
        return "a Windows program"
    if content.startswith(b"PK\x03\x04"):
        return "a zip file"
    if content.startswith(b"\x1f\x8b\x08"):
        return "a gzip file"
    if content.startswith(b"\xca\xfe\xba\xbe"):
        return "a Java class"
    if content.startswith(b"\xac\xed\0\5"):
        return "an object of Java"
    if content.startswith(b"\0\1\0\0\0\xff\xff\xff\xff\1"):
        return "an object of .NET"
    if content[:1] == b"x":
        with suppress(zlib.error):
            inner = _kind(zlib.decompressobj().decompress(content, _MAX_ENCODED))
            return f"{inner}, compressed," if inner else None
    if content[:1] in {b"(", b"c"} and _PICKLE_LINES.search(content) and _read_as_pickle(content[:_MAX_TEXT_PICKLE])[1]:
        return "a pickle"
    if content[:1] == b"\x80" and content[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"} and _runs(content):
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
        length, runs = _read_as_pickle(data[start : start + _MAX_TEXT_PICKLE])
        passed = start + length
        if runs:
            module, name, _ = found[0][1:].split(b"\n", 2)
            what = f"a pickle in text, which calls {module.decode()}.{name.decode()}"
            line = data.count(b"\n", 0, start) + 1
            yield Finding("text.pickle", Verdict.SUSPICIOUS, what, place.at(f"line {line}"))
            yield from nested(MemoryContent(data[start:passed]), place.inside(f"pickle at line {line}"))
            return


def _read_as_pickle(data: bytes) -> tuple[int, bool]:
    """How many bytes read as opcodes, and whether they make a pickle that calls something."""
    calls = False
    count = position = 0
    try:
        for opcode, _, at in pickletools.genops(BytesIO(data)):
            count += 1
            position = at or 0
            calls = calls or opcode.name in _CALLING
            if opcode.name == "STOP":
                return position + 1, calls
    except (ValueError, AttributeError, IndexError, OverflowError):
        # Cut off or broken on purpose: enough of it came before to be no accident.
        return position + 1, calls and count > 3
    return len(data), calls
