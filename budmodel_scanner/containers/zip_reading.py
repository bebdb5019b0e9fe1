"""The structure of a zip file, read twice: from its central directory and from the headers of its members, which must agree.

Readers differ in which of the two they believe, so a difference shows one archive to a scanner and another to a loader.
Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (6.3.10). Everything unexpected is yielded as a Finding.
"""

import struct
import zlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from budmodel_scanner.containers.anomalies import shown
from budmodel_scanner.content import Content, Place, UnscannedError
from budmodel_scanner.examiner import suspicious
from budmodel_scanner.verdict import Finding

END = b"PK\x05\x06"
DIRECTORY = b"PK\x01\x02"
LOCAL = b"PK\x03\x04"
LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_END_BYTES = 22
_LONGEST_END = _END_BYTES + 0xFFFF
_MAX_DIRECTORY_BYTES = 16 << 20
_ENCRYPTED = 0x2041  # traditional, strong, and a masked directory
_UTF8 = 0x0800
_DESCRIPTOR = 0x0008
# Extra fields that ordinary writers add. https://libzip.org/specifications/extrafld.txt
_ZIP64, _UNICODE_NAME, _UNICODE_COMMENT = 0x0001, 0x7075, 0x6375
_TORCH_PADDING = 0x4246
_ORDINARY_EXTRAS = {
    _ZIP64: 28,
    0x000A: 32,  # NTFS times
    0x5455: 13,  # Unix times
    0x000D: 12,  # Unix, by PKWARE
    0x5855: 12,
    0x7855: 8,
    0x7875: 24,  # owner
    0xCAFE: 0,  # a Java archive
    0xA220: 1 << 16,  # Office documents leave room to grow
    0xD935: 1 << 16,  # Android's alignment
    _UNICODE_NAME: 1 << 16,
    _UNICODE_COMMENT: 1 << 16,
    _TORCH_PADDING: 1 << 16,
}
_UNKNOWN_EXTRA_BYTES = 8
_PADDING = {_TORCH_PADDING: b"Z\0", 0xA220: b"\0", 0xD935: b"\0"}

Findings = Generator[Finding, None, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the central directory says of a member. `offset` is that of its local header in the content."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int
    comment: bytes

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & _ENCRYPTED) or self.method == 99


@dataclass(frozen=True, slots=True)
class Member:
    """An entry and where its packed bytes start."""

    entry: Entry
    start: int


@dataclass(frozen=True, slots=True)
class Directory:
    entries: tuple[Entry, ...]
    start: int
    comment: bytes


def find_end(content: Content) -> int | None:
    """Where the last end-of-directory record starts, the one that readers take; None where there is none."""
    start = max(0, content.size - _LONGEST_END)
    tail = content.read(start, content.size - start)
    at = tail.rfind(END, 0, max(0, len(tail) - _END_BYTES + len(END)))
    return None if at < 0 else start + at


def has_directory(content: Content, end: int) -> bool:
    """Whether an end record is one: its directory stands before it."""
    record = content.read(end, _END_BYTES)
    size = int.from_bytes(record[12:16], "little")
    entries = int.from_bytes(record[10:12], "little")
    zip64 = content.read(end - 20, 4) == b"PK\x06\x07" if end >= 20 else False
    return zip64 or (entries > 0 and size <= end and content.read(end - size, 4) == DIRECTORY)


def read_directory(content: Content, place: Place) -> Generator[Finding, None, Directory | None]:
    """The central directory; None where it cannot be found."""
    end = find_end(content)
    if end is None:
        yield suspicious(place, "zip.no-directory", "starts like a zip file and has no directory at its end")
        return None
    _, disk, first_disk, here, count, size, offset, comment_size = struct.unpack("<4s4H2IH", content.read(end, _END_BYTES))
    after = content.size - end - _END_BYTES
    if after != comment_size:
        yield suspicious(place, "zip.trailing-bytes", f"announces a comment of {comment_size:,} bytes, {after:,} follow")
    if disk or first_disk or here != count:
        yield suspicious(place, "zip.several-disks", "claims to be one part of several")
    stop = end
    if end >= 20 and content.read(end - 20, 4) == b"PK\x06\x07":
        stop, count, size, offset = yield from _zip64_end(content, place, end, (count, size, offset))
    start = stop - size
    if size > _MAX_DIRECTORY_BYTES:
        raise UnscannedError("zip.large-directory", f"the directory has {size:,} bytes, more than are read")
    if start < 0 or (count and content.read(start, 4) != DIRECTORY):
        yield suspicious(place, "zip.no-directory", f"no directory of {size:,} bytes stands before byte {stop:,}")
        return None
    shift = start - offset
    if shift:
        what = f"all offsets are {abs(shift):,} bytes {'short' if shift > 0 else 'long'}"
        yield suspicious(place, "zip.leading-bytes", what)
    entries = yield from _entries(content.read(start, size), start, shift, place)
    if len(entries) != count:
        yield suspicious(place, "zip.count", f"announces {count:,} members, lists {len(entries):,}")
    return Directory(tuple(entries), start, content.read(end + _END_BYTES, after))


def _zip64_end(
    content: Content, place: Place, end: int, short: tuple[int, int, int]
) -> Generator[Finding, None, tuple[int, int, int, int]]:
    offset_said = int.from_bytes(content.read(end - 12, 8), "little")
    at = end - 20 - 56
    record = content.read(max(0, at), 56)
    if at < 0 or record[:4] != b"PK\x06\x06":
        yield suspicious(place, "zip.zip64", f"no zip64 record stands before its locator at byte {end - 20:,}")
        return (end - 20, *short)
    length, _, _, disk, first_disk, here, count, size, offset = struct.unpack("<Q2H2I4Q", record[4:])
    if offset_said != at or length != 44 or disk or first_disk or here != count:
        yield suspicious(place, "zip.zip64", f"the zip64 record at byte {at:,} and its locator disagree")
    for said, long, unknown in zip(short, (count, size, offset), (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF), strict=True):
        if said not in (unknown, long):
            yield suspicious(place, "zip.zip64", f"the end record says {said:,} where the zip64 record says {long:,}")
    return at, count, size, offset


def _entries(listing: bytes, start: int, shift: int, place: Place) -> Generator[Finding, None, list[Entry]]:
    entries: list[Entry] = []
    at = 0
    while at + 46 <= len(listing) and listing[at : at + 4] == DIRECTORY:
        made, _, flags, method, _, _, crc, packed, size = struct.unpack_from("<6H3I", listing, at + 4)
        name_size, extra_size, comment_size, disk, _, attributes, offset = struct.unpack_from("<5H2I", listing, at + 28)
        extra_at = at + 46 + name_size
        name, comment_at = listing[at + 46 : extra_at], extra_at + extra_size
        fields = yield from _extras(listing[extra_at:comment_at], name, place)
        packed, size, offset = yield from _long_numbers(fields, packed, size, offset, name, place)
        if disk:
            yield suspicious(place, "zip.several-disks", f"the member {shown(text_of(name, flags))} is on another disk")
        mode = attributes >> 16 if made >> 8 in (3, 19) else 0
        at = comment_at + comment_size
        sizes = (crc, packed, size, offset + shift)
        entries.append(Entry(text_of(name, flags), name, flags, method, *sizes, mode, listing[comment_at:at]))
    if at != len(listing):
        yield suspicious(place, "zip.directory", "the directory holds bytes that are no entry", f"byte {start + at:,}")
    return entries


def text_of(name: bytes, flags: int) -> str:
    return name.decode("utf-8", "replace") if flags & _UTF8 else name.decode("cp437")


def _extras(extra: bytes, name: bytes, place: Place) -> Generator[Finding, None, dict[int, bytes]]:
    """The extra fields by their id. What is in none, is too long for its purpose or names another member is reported."""
    fields: dict[int, bytes] = {}
    of, at = shown(name.decode("cp437")), 0
    while at + 4 <= len(extra) and any(extra[at:]):
        kind, length = struct.unpack_from("<2H", extra, at)
        value = extra[at + 4 : at + 4 + length]
        problem = None
        if len(value) < length:
            problem = "is cut off"
        elif kind in fields:
            problem = "is there twice"
        elif length > _ORDINARY_EXTRAS.get(kind, _UNKNOWN_EXTRA_BYTES):
            problem = f"has {length:,} bytes, more than its purpose takes"
        elif kind in _PADDING and value[4 if kind == 0xA220 else 2 if kind == 0xD935 else 0 :].strip(_PADDING[kind]):
            problem = "is padding with content"
        elif kind == _UNICODE_NAME and (value[1:5] != zlib.crc32(name).to_bytes(4, "little") or value[5:] != name):
            problem = f"calls the member {shown(value[5:].decode('utf-8', 'replace'))}"
        if problem:
            yield suspicious(place, "zip.extra-field", f"the extra field {kind:#06x} of {of} {problem}")
        fields[kind] = value
        at += 4 + length
    if at < len(extra) and any(extra[at:]):
        yield suspicious(place, "zip.extra-field", f"bytes after the extra fields of {of}")
    return fields


def _long_numbers(
    fields: dict[int, bytes], packed: int, size: int, offset: int, name: bytes, place: Place
) -> Generator[Finding, None, tuple[int, int, int]]:
    """Replaces what does not fit into 32 bits by what the zip64 field says, in its order."""
    value, found = fields.get(_ZIP64, b""), {"size": size, "packed": packed, "offset": offset}
    for label in [label for label, number in found.items() if number == 0xFFFFFFFF]:
        if len(value) < 8:
            yield suspicious(place, "zip.zip64", f"no {label} in 64 bits for {shown(name.decode('cp437'))}")
            break
        found[label], value = int.from_bytes(value[:8], "little"), value[8:]
    return found["packed"], found["size"], found["offset"]


def read_members(content: Content, directory: Directory, place: Place) -> Generator[Finding, None, list[Member]]:
    """The members in the order of the file. Every byte up to the directory must belong to exactly one of them."""
    members: list[Member] = []
    ordered = sorted(directory.entries, key=lambda entry: entry.offset)
    at = 0
    for number, entry in enumerate(ordered):
        limit = ordered[number + 1].offset if number + 1 < len(ordered) else directory.start
        yield from _gap(content, at, entry.offset, entry.name, place)
        start = yield from _local_header(content, entry, place)
        if start is None:
            at = max(at, entry.offset)
            continue
        stop = start + entry.packed
        if stop > directory.start:
            yield suspicious(place, "zip.overlap", f"{shown(entry.name)} reaches beyond the start of the directory")
            continue
        if entry.flags & _DESCRIPTOR:
            stop = yield from _descriptor(content, entry, stop, limit, place)
        members.append(Member(entry, start))
        at = max(at, stop)
    yield from _gap(content, at, directory.start, "the directory", place)
    return members


def _gap(content: Content, at: int, offset: int, name: str, place: Place) -> Findings:
    if offset < at:
        yield suspicious(place, "zip.overlap", f"{shown(name)} overlaps what stands before it", f"byte {offset:,}")
    elif offset > at:
        rule, what = "zip.bytes-between" if at else "zip.leading-bytes", "no member"
        if LOCAL in content.read(at, min(offset - at, 1 << 20)):
            rule, what = "zip.hidden-member", "a member that the directory does not list, or to none"
        yield suspicious(place, rule, f"{offset - at:,} bytes before {shown(name)} belong to {what}", f"byte {at:,}")


def _local_header(content: Content, entry: Entry, place: Place) -> Generator[Finding, None, int | None]:
    """Where the data start."""
    header = content.read(entry.offset, 30) if entry.offset >= 0 else b""
    if len(header) < 30 or header[:4] != LOCAL:
        yield suspicious(place, "zip.no-member", f"no member stands where the directory places {shown(entry.name)}")
        return None
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = LOCAL_HEADER.unpack(header)
    rest = content.read(entry.offset + 30, name_size + extra_size)
    name = rest[:name_size]
    fields = yield from _extras(rest[name_size:], name, place)
    packed, size, _ = yield from _long_numbers(fields, packed, size, 0, name, place)
    stated: dict[str, tuple[bytes | int, bytes | int]] = {
        "name": (name, entry.raw_name),
        "flags": (flags, entry.flags),
        "method": (method, entry.method),
    }
    for label, found, listed in (("checksum", crc, entry.crc), ("size", packed, entry.packed), ("size", size, entry.size)):
        if not (flags & _DESCRIPTOR and found == 0):
            stated[label] = (found, listed)
            if found != listed:
                break
    for label, (local, said) in stated.items():
        if local != said:
            what = f"{shown(entry.name)}: its {label} is {said!r} in the directory, {local!r} before it"
            yield suspicious(place, "zip.headers-disagree", what)
    return int(entry.offset + 30 + name_size + extra_size)


def _descriptor(content: Content, entry: Entry, at: int, limit: int, place: Place) -> Generator[Finding, None, int]:
    """Where the member ends: its descriptor repeats checksum and sizes, in one of four shapes."""
    found = content.read(at, 24)
    shapes = []
    for code in ("<III", "<IQQ"):
        if code == "<III" and max(entry.packed, entry.size) > 0xFFFFFFFF:
            continue
        record = struct.pack(code, entry.crc, entry.packed, entry.size)
        shapes += [at + len(shape) for shape in (b"PK\x07\x08" + record, record) if found.startswith(shape)]
    if not shapes and not (limit == at and entry.size == 0):
        what = f"the bytes after {shown(entry.name)} do not repeat its checksum and sizes"
        yield suspicious(place, "zip.headers-disagree", what)
    return limit if limit in shapes or not shapes else shapes[0]
