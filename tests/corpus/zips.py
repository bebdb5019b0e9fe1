"""Zip files written field by field, so that any of them can lie.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

STORED, DEFLATED = 0, 8
ENCRYPTED, WITH_DESCRIPTOR, UTF8 = 1, 8, 0x800


@dataclass(frozen=True, slots=True)
class Member:
    """A member; every `local_` or `central_` field takes the place of the true value there."""

    name: str
    data: bytes = b""
    method: int = STORED
    flags: int = 0
    local_flags: int | None = None
    local_name: str | None = None
    local_extra: bytes = b""
    local_crc: int | None = None
    local_method: int | None = None
    local_size: int | None = None
    central_crc: int | None = None
    central_size: int | None = None
    central_compressed: int | None = None
    central_extra: bytes = b""
    central_offset: int | None = None
    in_central: bool = True
    mode: int = 0o100644
    comment: bytes = b""
    before: bytes = b""


@dataclass(frozen=True, slots=True)
class Ending:
    """What follows the members; None for the true number."""

    count: int | None = None
    offset: int | None = None
    comment: bytes = b""
    zip64: bool = False
    before_central: bytes = b""
    after: bytes = b""


def zipped(members: Sequence[Member], ending: Ending | None = None, *, prefix: bytes = b"") -> bytes:
    """A zip file. `prefix` comes before it without being counted in the offsets, as self-extracting files have it."""
    ending = ending or Ending()
    out, central = b"", b""
    count = 0
    for member in members:
        out += member.before
        offset = len(out)
        out += _local(member)
        if member.in_central:
            central += _central(member, offset)
            count += 1
    out += ending.before_central
    start = len(out)
    out += central + _end(ending, count, len(central), start)
    return prefix + out


def zip_of(files: dict[str, bytes], method: int = DEFLATED) -> bytes:
    """An ordinary zip file."""
    return zipped([Member(name, data, method) for name, data in files.items()])


def _packed(member: Member) -> bytes:
    if member.method != DEFLATED:
        return member.data
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(member.data) + deflate.flush()


def _either(lie: int | None, truth: int) -> int:
    return truth if lie is None else lie


def _local(member: Member) -> bytes:
    packed, crc = _packed(member), zlib.crc32(member.data)
    later = bool(member.flags & WITH_DESCRIPTOR)
    name = (member.name if member.local_name is None else member.local_name).encode()
    header = struct.pack(
        "<4sHHHHHIIIHH",
        b"PK\x03\x04",
        20,
        _either(member.local_flags, member.flags),
        _either(member.local_method, member.method),
        0,
        0x21,
        _either(member.local_crc, 0 if later else crc),
        0 if later else len(packed),
        _either(member.local_size, 0 if later else len(member.data)),
        len(name),
        len(member.local_extra),
    )
    descriptor = struct.pack("<4sIII", b"PK\x07\x08", crc, len(packed), len(member.data)) if later else b""
    return header + name + member.local_extra + packed + descriptor


def _central(member: Member, offset: int) -> bytes:
    packed, name = _packed(member), member.name.encode()
    header = struct.pack(
        "<4sHHHHHHIIIHHHHHII",
        b"PK\x01\x02",
        0x314,
        20,
        member.flags,
        member.method,
        0,
        0x21,
        _either(member.central_crc, zlib.crc32(member.data)),
        _either(member.central_compressed, len(packed)),
        _either(member.central_size, len(member.data)),
        len(name),
        len(member.central_extra),
        len(member.comment),
        0,
        0,
        member.mode << 16,
        _either(member.central_offset, offset),
    )
    return header + name + member.central_extra + member.comment


def _end(ending: Ending, count: int, size: int, start: int) -> bytes:
    counted, offset = _either(ending.count, count), _either(ending.offset, start)
    out = b""
    if ending.zip64:
        out += struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 0x31E, 45, 0, 0, counted, counted, size, offset)
        out += struct.pack("<4sIQI", b"PK\x06\x07", 0, start + size, 1)
    out += struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, counted, counted, size, offset, len(ending.comment))
    return out + ending.comment + ending.after
