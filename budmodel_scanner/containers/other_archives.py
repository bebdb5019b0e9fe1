"""Archives and documents that are recognized and not opened, because no loader of models reads them."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.examiner import Nested, suspicious, unscanned
from budmodel_scanner.formats.payloads import signature
from budmodel_scanner.verdict import Finding

_MAGIC_BYTES = 16
_HUNTED_BYTES = 1 << 20
# (offset, magic, what it is, whether people keep data sets in it)
_MAGICS = (
    (0, b"Rar!\x1a\x07", "a RAR archive", False),
    (0, b"MSCF\0\0\0\0", "a Windows cabinet", False),
    (0, b"\x60\xea", "an ARJ archive", False),
    (7, b"**ACE**", "an ACE archive", False),
    (2, b"-lh", "an LHA archive", False),
    (0, b"ISc(", "an InstallShield cabinet", False),
    (0, b"xar!", "a xar archive or macOS package", False),
    (0, b"!<arch>\n", "an ar archive, a native library or a Debian package", False),
    (0, b"\xed\xab\xee\xdb", "an RPM package", False),
    (0, b"070701", "a cpio archive", False),
    (0, b"070702", "a cpio archive", False),
    (0, b"070707", "a cpio archive", False),
    (0, b"\xc7\x71", "a cpio archive", False),
    (0, b"hsqs", "a SquashFS image", False),
    (0, b"conectix", "a virtual disk", False),
    (0, b"KDMV", "a virtual disk", False),
    (0, b"QFI\xfb", "a virtual disk", False),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE document or installer, which may hold macros", False),
    (0, b"ITSF", "a compiled help file, which may hold scripts", False),
    (0, b"{\\rtf", "a rich text document, which may hold objects", False),
    (0, b"\x4c\0\0\0\x01\x14\x02\0", "a Windows shortcut, which runs a command", False),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", True),
    (0, b"LZIP", "an lzip stream", True),
    (0, b"\x1f\x9d", "a stream of Unix compress", True),
    (0, b"\x02\x21\x4c\x18", "an LZ4 stream of the legacy format", True),
    (0, b"\x89LZO\0\r\n\x1a\n", "an lzop stream", True),
)


def recognizes_other(head: bytes) -> bool:
    return _kind(head) is not None


def examine_other(content: Content, place: Place, _nested: Nested) -> Iterator[Finding]:
    found = _kind(content.read(0, 64))
    if found is None:
        return
    what, ordinary = found
    if ordinary:
        yield unscanned(place, "archive.not-opened", f"is {what}, which is not read here")
        if held := signature(content.read(_MAGIC_BYTES, _HUNTED_BYTES)):
            yield suspicious(place, "archive.holds-program", f"is {what} and holds {held[1]} as it stands")
    else:
        yield suspicious(place, "archive.out-of-place", f"is {what}; models do not come in these")


def _kind(head: bytes) -> tuple[str, bool] | None:
    for offset, magic, what, ordinary in _MAGICS:
        if head.startswith(magic, offset):
            if magic == b"-lh" and head[6:7] != b"-":
                continue
            if len(magic) == 2 and not _is_short_magic(head, magic):
                continue
            return what, ordinary
    return None


def _is_short_magic(head: bytes, magic: bytes) -> bool:
    """Two bytes turn up by chance, so their headers must make sense."""
    if magic == b"\x60\xea":
        return 0 < int.from_bytes(head[2:4], "little") <= 2600 and head[4:5] >= b"\x1e"
    if magic == b"\x1f\x9d":
        return head[2:3] != b"" and 9 <= head[2] & 0x1F <= 16 and not head[2] & 0x60
    return len(head) >= 26 and 0 < int.from_bytes(head[20:22], "little") <= 4096
