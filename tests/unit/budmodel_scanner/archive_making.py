"""Archives for tests: the standard library's, those that only torch and 7-Zip write, and what is inside of them."""

import io
import os
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Finding, Verdict, verdict_of


class _RunsCommand:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("echo inert",)


HOSTILE_PICKLE = pickle.dumps(_RunsCommand())
PICKLE = pickle.dumps({"epochs": 3, "loss": [0.5, 0.25]})
TEXT = b"Ordinary words of a model card.\n" * 20


def findings(name: str, data: bytes) -> list[Finding]:
    return list(examine_file(MemoryContent(data), Place(name)))


def verdict(name: str, data: bytes) -> Verdict:
    return verdict_of(findings(name, data))


def rules(name: str, data: bytes) -> set[str]:
    return {finding.rule for finding in findings(name, data)}


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
        archive.comment = comment
    return target.getvalue()


def tarred(members: Mapping[str, bytes], layout: int = tarfile.PAX_FORMAT, links: Mapping[str, str] | None = None) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=layout) as archive:
        for name, link in (links or {}).items():
            header = tarfile.TarInfo(name)
            header.type, header.linkname = tarfile.SYMTYPE, link
            archive.addfile(header)
        for name, data in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return target.getvalue()


def torch_zip(members: Mapping[str, bytes], root: str = "archive", padding: bytes = b"Z") -> bytes:
    """As PyTorchStreamWriter lays it out: stored, aligned to 64 bytes, sizes behind the data, zip64 records always."""
    target, listing = bytearray(), bytearray()
    for name, data in members.items():
        path, crc, size, at = f"{root}/{name}".encode(), zlib.crc32(data), len(data), len(target)
        fill = -(at + 30 + len(path) + 4) % 64
        extra = b"FB" + struct.pack("<H", fill) + padding * fill
        target += struct.pack("<4s5H3I2H", b"PK\3\4", 0, 0x808, 0, 0, 0, 0, 0, 0, len(path), len(extra)) + path + extra
        target += data + struct.pack("<4s3I", b"PK\7\x08", crc, size, size)
        record = (b"PK\1\2", 0, 0, 0x808, 0, 0, 0, crc, size, size, len(path), 0, 0, 0, 0, 0, at)
        listing += struct.pack("<4s6H3I5H2I", *record) + path
    start, count = len(target), len(members)
    end = start + len(listing)
    target += listing
    target += struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 0x31E, 45, 0, 0, count, count, len(listing), start)
    target += struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    target += struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(listing), start, 0)
    return bytes(target)


TORCH_MEMBERS = {"data.pkl": PICKLE, "byteorder": b"little", "data/0": bytes(range(256)), "version": b"3\n"}


def seven_zipped(
    members: Mapping[str, bytes], method: bytes = b"\0", properties: bytes = b"", packed: bytes | None = None
) -> bytes:
    """One folder of one coder. `packed` is what all contents are packed to, by default themselves."""
    whole = b"".join(members.values())
    packed = whole if packed is None else packed
    coder = bytes([len(method) | (0x20 if properties else 0)]) + method
    coder += bytes([len(properties)]) + properties if properties else b""
    names = b"\0" + b"".join(f"{name}\0".encode("utf-16-le") for name in members)
    sizes = b"".join(_number(len(data)) for data in list(members.values())[:-1])
    checksums = b"".join(zlib.crc32(data).to_bytes(4, "little") for data in members.values())
    header = b"\x01\x04"
    header += b"\x06" + _number(0) + _number(1) + b"\x09" + _number(len(packed)) + b"\0"
    header += b"\x07\x0b" + _number(1) + b"\0" + _number(1) + coder + b"\x0c" + _number(len(whole)) + b"\0"
    header += b"\x08\x0d" + _number(len(members)) + b"\x09" + sizes + b"\x0a\x01" + checksums + b"\0" + b"\0"
    header += b"\x05" + _number(len(members)) + b"\x11" + _number(len(names)) + names + b"\0\0"
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + zlib.crc32(start).to_bytes(4, "little") + start + packed + header


def _number(value: int) -> bytes:
    """Below 2^14 in one or two bytes, above in five."""
    if value < 0x80:
        return bytes([value])
    if value < 0x4000:
        return bytes([0x80 | value >> 8, value & 0xFF])
    return b"\xf0" + value.to_bytes(4, "little")
