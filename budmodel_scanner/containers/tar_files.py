"""Tar archives, read forward: .nemo, old torch checkpoints, and what compression is wrapped around.

Formats: POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU long names; https://www.gnu.org/software/tar/manual/html_node/Standard.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from budmodel_scanner.containers.anomalies import examine_names, leaves, shown
from budmodel_scanner.containers.sequential import SequentialContent
from budmodel_scanner.content import CHUNK, Content, MemoryContent, Place, Stream, UnscannedError, Window
from budmodel_scanner.examiner import Nested, suspicious, unscanned
from budmodel_scanner.formats.payloads import payload_in
from budmodel_scanner.verdict import Finding

BLOCK = 512
_MAX_METADATA_BYTES = 1 << 20
_FILE_TYPES = (b"0", b"\0", b"7")
_LINK_TYPES = {b"1": "a hard link", b"2": "a symbolic link"}
_DEVICE_TYPES = {b"3": "a character device", b"4": "a block device", b"6": "a pipe"}
_ORDINARY_PAX = {"path", "linkpath", "size", "mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "comment", "charset"}
_ORDINARY_PAX |= {"hdrcharset", "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink", "SCHILY.fflags"}


class _BrokenError(Exception):
    """A header that is none."""


@dataclass(frozen=True, slots=True)
class _Header:
    name: str
    size: int
    kind: bytes
    link: str
    mode: int


@dataclass(slots=True)
class _Seen:
    """`files` by name, to tell what hard links lead to; `links` to tell members that would be written through them."""

    names: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)


def recognizes_tar(head: bytes) -> bool:
    """The magic word, or where the oldest format lacks it a checksum that is right."""
    block = head[:BLOCK]
    if len(block) < BLOCK or not any(block):
        return False
    try:
        return block[257:262] == b"ustar" or _checksum_right(block)
    except _BrokenError:
        return False


def examine_tar(source: Content | Stream, place: Place, nested: Nested) -> Iterator[Finding]:
    content = None if isinstance(source, Stream) else source
    stream = source if isinstance(source, Stream) else Stream(source)
    seen = _Seen()
    try:
        yield from _members(stream, content, seen, place, nested)
    except _BrokenError as error:
        yield suspicious(place, "tar.broken-header", str(error), f"byte {stream.position:,}")
    except UnscannedError as error:
        if error.rule != "truncated":
            raise
        yield suspicious(place, "tar.truncated", error.what, f"byte {stream.position:,}")
    yield from examine_names(seen.names, "tar", place)


def _members(stream: Stream, content: Content | None, seen: _Seen, place: Place, nested: Nested) -> Iterator[Finding]:
    pax: dict[str, str] = {}
    everywhere: dict[str, str] = {}
    while block := stream.peek(BLOCK):
        if not any(block):
            yield from _end(stream, place)
            return
        header = _header(stream.take(BLOCK))
        if header.kind in (b"L", b"K", b"x", b"g"):
            found = _metadata(stream, header)
            for key, value in found.items():
                if payload := payload_in(value.encode("utf-8", "surrogateescape")):
                    what = f"its header field {shown(key)} holds {payload[0]}"
                    yield suspicious(place, "tar.payload-in-header", what, f"byte {stream.position:,}")
                if key.startswith("GNU.sparse") or (
                    key not in _ORDINARY_PAX and not key.startswith(("LIBARCHIVE.", "SCHILY.xattr.", "MSWINDOWS."))
                ):
                    what = f"has the unusual header field {shown(key)}"
                    yield suspicious(place, "tar.pax-field", what, f"byte {stream.position:,}")
            (everywhere if header.kind == b"g" else pax).update(found)
            continue
        header = _merged(header, everywhere | pax)
        pax = {}
        yield from _member(stream, content, header, seen, place.inside(header.name), nested)
    yield unscanned(place, "tar.no-end", "has no end mark: more members may have followed")


def _metadata(stream: Stream, header: _Header) -> dict[str, str]:
    if header.size > _MAX_METADATA_BYTES:
        raise UnscannedError("tar.large-header", f"a header of {header.size:,} bytes is more than is read")
    data = stream.take(header.size)
    stream.skip(-header.size % BLOCK)
    if header.kind in (b"L", b"K"):
        return {"path" if header.kind == b"L" else "linkpath": data.rstrip(b"\0").decode("utf-8", "surrogateescape")}
    found: dict[str, str] = {}
    while data:
        length, space, _ = data.partition(b" ")
        if not length.isdigit() or len(length) > 9 or not space or not len(length) + 3 <= int(length) <= len(data):
            raise _BrokenError(f"a pax record starts with {data[:20]!r}")
        key, equals, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        if not equals or data[int(length) - 1 : int(length)] != b"\n":
            raise _BrokenError(f"a pax record is not `key=value`: {data[:20]!r}")
        found[key.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
        data = data[int(length) :]
    return found


def _merged(header: _Header, pax: dict[str, str]) -> _Header:
    size = header.size
    if "size" in pax:
        if not pax["size"].isascii() or not pax["size"].isdigit():
            raise _BrokenError(f"a pax header gives the size {pax['size'][:20]!r}")
        size = int(pax["size"])
    return _Header(pax.get("path", header.name), size, header.kind, pax.get("linkpath", header.link), header.mode)


def _member(
    stream: Stream, content: Content | None, header: _Header, seen: _Seen, place: Place, nested: Nested
) -> Iterator[Finding]:
    name = header.name.rstrip("/").removeprefix("./")
    if header.kind == b"5" and not header.size:
        if name not in ("", "."):
            seen.names.append(name)
        return
    seen.names.append(name)
    if any(name.startswith(f"{link}/") for link in seen.links):
        yield suspicious(place, "tar.through-link", "would be written through a link that stands before it")
    if header.mode & 0o6000 and header.kind in _FILE_TYPES:
        yield suspicious(place, "tar.privileged", "would run with the rights of its owner")
    if header.kind in _LINK_TYPES:
        yield from _link(header, name, seen, place)
    elif header.kind in _DEVICE_TYPES:
        yield suspicious(place, "tar.device", f"is {_DEVICE_TYPES[header.kind]}")
    elif header.kind not in _FILE_TYPES:
        yield suspicious(place, "tar.member-type", f"is of the type {header.kind!r}, which no model needs")
    if header.size:
        seen.files.add(name)
        data = (
            SequentialContent(_taken(stream, header.size), header.size)
            if content is None
            else Window(content, stream.position, min(header.size, content.size - stream.position))
        )
        yield from nested(data, place)
        if isinstance(data, SequentialContent):
            data.finish()
        else:
            stream.skip(header.size)
        padding = stream.take(-header.size % BLOCK)
        if any(padding):
            yield suspicious(place, "tar.padding", f"the {len(padding)} bytes after it are not empty")
    elif header.kind in _FILE_TYPES:
        seen.files.add(name)
        yield from nested(MemoryContent(b""), place)


def _link(header: _Header, name: str, seen: _Seen, place: Place) -> Iterator[Finding]:
    what = f"is {_LINK_TYPES[header.kind]} to {shown(header.link)}"
    directory = name.rpartition("/")[0] if header.kind == b"2" else ""
    if header.size:
        yield suspicious(place, "tar.link-with-content", f"{what} and has {header.size:,} bytes of content")
    if leaves(directory, header.link):
        yield suspicious(place, "tar.link-outside", f"{what}, which leaves the archive")
    elif header.kind == b"2":
        seen.links.add(name)
        yield unscanned(place, "tar.link", what)
    elif header.link.removeprefix("./") not in seen.files:
        yield suspicious(place, "tar.link", f"{what}, which is no file before it")


def _taken(stream: Stream, size: int) -> Iterator[bytes]:
    while size:
        found = stream.take(min(size, CHUNK))
        size -= len(found)
        yield found


def _end(stream: Stream, place: Place) -> Iterator[Finding]:
    """Two empty blocks, then nothing but zeros up to the size of a tape record."""
    while data := stream.peek(CHUNK):
        if any(data):
            at = stream.position + len(data) - len(data.lstrip(b"\0"))
            yield suspicious(place, "tar.trailing-bytes", "has content after its end", f"byte {at:,}")
            return
        stream.take(len(data))


def _header(block: bytes) -> _Header:
    if len(block) < BLOCK or not _checksum_right(block):
        raise _BrokenError("the checksum of a header is wrong")
    name = _text(block[:100])
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    mode = _number(block[100:108]) if block[100:108].strip(b" \0") else 0
    path = f"{prefix}/{name}" if prefix else name
    return _Header(path, _number(block[124:136]), block[156:157], _text(block[157:257]), mode)


def _checksum_right(block: bytes) -> bool:
    unsigned = sum(block) - sum(block[148:156]) + 8 * 32
    signed = unsigned - 256 * sum(byte >= 128 for byte in block[:148] + block[156:])
    return _number(block[148:156]) in (unsigned, signed)


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _number(data: bytes) -> int:
    """Octal digits, or base 256 where the first bit is set."""
    if data[0] & 0x80:
        found = int.from_bytes(bytes([data[0] & 0x7F]) + data[1:], "big")
        if found > 1 << 62:
            raise _BrokenError("a header has a negative or absurd number")
        return found
    digits = data.strip(b" \0")
    if not digits or any(digit not in b"01234567" for digit in digits):
        raise _BrokenError(f"a header has {data!r} where a number stands")
    return int(digits, 8)
