"""Content that is recognized and not examined further: programs, archives, models of runtimes."""

import re
from collections.abc import Callable, Iterator
from functools import cache

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious, unscanned
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.payloads import signature
from budmodel_scanner.verdict import Finding
from budmodel_scanner.word_lists import lines

HEAD_BYTES = 4096
_MAGIC_BYTES = 16
_HUNTED_BYTES = 1 << 20
_SECTOR = 2048
_VOLUMES = (b"CD001", b"BEA01", b"NSR02", b"NSR03")
# Of a 7z archive, whose names are in UTF-16 at its end.
_LEAVES = expression(rb"\0\0\.\0\.\0[/\\]\0")
_NOT_OPENED = "archive.not-opened"


@cache
def _rows(area: str) -> tuple[tuple[str, str, re.Pattern[bytes]], ...]:
    """Rule, name and expression of each line of `recognized.txt` whose rule begins with `area`."""
    rows = ((*section.split(": ", 1), words[0]) for section, words in lines(__package__, "recognized.txt"))
    return tuple(
        (rule, what, expression(begins.encode(), re.DOTALL)) for rule, what, begins in rows if rule.startswith(area)
    )


def _found(area: str, head: bytes) -> tuple[str, str] | None:
    return next(((rule, what) for rule, what, begins in _rows(area) if begins.match(head)), None)


def program(head: bytes) -> tuple[str, str] | None:
    """The rule and the name of programs, bytecode, installers and documents with macros."""
    if head[:2] in (b"MZ", b"ZM"):
        return _dos(head)
    if _is_python_bytecode(head):
        return "executable.python-bytecode", "compiled Python"
    return _found("executable", head)


def archive(head: bytes) -> tuple[str, str] | None:
    return _found("archive", head)


def objects(head: bytes) -> tuple[str, str] | None:
    """The rule and the language whose serialization this is."""
    return _found("serializer", head)


def disk_image(content: Content) -> str | None:
    """What a disk image is, whose marks stand behind its first sectors or at its end."""
    if any(content.read(_SECTOR * number + 1, 5) in _VOLUMES for number in range(16, 20)):
        return "an image of an optical disk"
    return "a disk image of macOS" if content.read(max(0, content.size - 512), 8) == b"koly\0\0\0\4" else None


def recognizes(kind: Callable[[bytes], tuple[str, str] | None]) -> Callable[[bytes, str], bool]:
    return lambda head, _name: kind(head) is not None


def unread(head: bytes, name: str) -> str | None:
    """What content that nothing here reads is, as far as its first bytes or its suffix tell."""
    suffix = "." + name.lower().rsplit(".", 1)[-1]
    found = _found("unread", head) or _found("suffix", suffix.encode())
    return found[1] if found else None


def _dos(head: bytes) -> tuple[str, str] | None:
    start = int.from_bytes(head[60:64], "little")
    usual = head.startswith((b"MZqFpD", b"MZ\x90\0", b"MZ\0\0"))
    if usual or head[start : start + 4] == b"PE\0\0" or b"DOS mode" in head[:512]:
        return "executable.pe", "a program or library of Windows"
    # Text may start with these two letters.
    is_binary = (len(head) >= 28 and not head[:28].isascii()) or b"\0" in head[:28]
    return ("executable.dos", "a program of DOS") if is_binary else None


def _is_python_bytecode(head: bytes) -> bool:
    """A magic number of two bytes and a line end, flags or a date, and marshalled code."""
    if len(head) < 17 or head[2:4] != b"\r\n":
        return False
    version = int.from_bytes(head[:2], "little")
    return (3000 <= version < 4000 or 20121 <= version <= 62211) and any(head[at] & 0x7F == 0x63 for at in (8, 12, 16))


def examine_program(content: Content, place: Place, _nested: Nested) -> Iterator[Finding]:
    if found := program(content.read(0, HEAD_BYTES)):
        yield suspicious(place, found[0], f"is {found[1]}; nothing that is only weights has any", "byte 0")


def examine_archive(content: Content, place: Place, _nested: Nested) -> Iterator[Finding]:
    rule, what = archive(content.read(0, HEAD_BYTES)) or ("", "")
    if rule != _NOT_OPENED:
        yield suspicious(place, rule, f"is {what}; models do not come in these")
        return
    yield unscanned(place, rule, f"is {what}, which is not read here")
    if _LEAVES.search(content.read(max(0, content.size - _HUNTED_BYTES), _HUNTED_BYTES)):
        yield suspicious(place, "archive.member-name", f"is {what}, a member of which leaves it")
    if held := signature(content.read(_MAGIC_BYTES, _HUNTED_BYTES)):
        yield suspicious(place, "archive.holds-program", f"is {what} and holds {held[1]} as it stands")
