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


def seven_zipped(members: Mapping[str, bytes]) -> bytes:
    """As far as anybody looks at it: its magic number, its version, and contents that are stored as they are."""
    return b"7z\xbc\xaf\x27\x1c\0\4" + bytes(24) + b"".join(members.values())
