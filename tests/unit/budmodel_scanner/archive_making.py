"""Archives for tests: the standard library's, those that only torch and 7-Zip write, and what is inside of them."""

import io
import os
import pickle
import tarfile
import zipfile
from collections.abc import Mapping
from typing import Any

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Finding, Verdict, verdict_of
from tests.corpus import zips
from tests.corpus.torch_files import aligned


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


def torch_zip(members: Mapping[str, bytes], filling: bytes = b"Z") -> bytes:
    """As torch lays out its archives, with any members."""
    return zips.zipped(aligned(members, "archive", filling), zips.Ending(zip64=True))


TORCH_MEMBERS = {"data.pkl": PICKLE, "byteorder": b"little", "data/0": bytes(range(256)), "version": b"3\n"}


def seven_zipped(members: Mapping[str, bytes]) -> bytes:
    """As far as anybody looks at it: its magic number, its version, and contents that are stored as they are."""
    return b"7z\xbc\xaf\x27\x1c\0\4" + bytes(24) + b"".join(members.values())
