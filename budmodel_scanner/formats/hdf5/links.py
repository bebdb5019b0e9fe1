"""Links between objects of HDF5 files, some of which lead out of the file."""

from collections.abc import Iterator
from dataclasses import dataclass

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.examiner import suspicious
from budmodel_scanner.formats.hdf5.file import File
from budmodel_scanner.formats.locations import objection
from budmodel_scanner.formats.reading import Cursor, MalformedError
from budmodel_scanner.verdict import Finding, Verdict

_HARD, _SOFT, _EXTERNAL = 0, 1, 64


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    kind: int
    address: int | None
    target: str


def read(file: File, body: bytes) -> Link:
    """Decodes a link message."""
    cursor = Cursor(MemoryContent(body), "hdf5")
    version, flags = cursor.number("B"), cursor.number("B")
    if version != 1:
        raise MalformedError("hdf5.structure", f"a link has the version {version}", "link")
    kind = cursor.number("B") if flags & 8 else _HARD
    cursor.skip((8 if flags & 4 else 0) + (1 if flags & 0x10 else 0))
    length = int.from_bytes(cursor.take(1 << (flags & 3)), "little")
    name = cursor.take(length).decode("utf-8", "replace")
    if kind == _HARD:
        return Link(name, kind, int.from_bytes(cursor.take(file.offset_bytes), "little"), "")
    target = cursor.take(cursor.number("H"))
    if kind == _EXTERNAL:
        target = target[1:]
    return Link(name, kind, None, target.rstrip(b"\0").replace(b"\0", b" : ").decode("utf-8", "replace"))


def findings(link: Link, path: str, place: Place) -> Iterator[Finding]:
    if link.kind == _SOFT:
        yield from soft(link.target, path, place)
    elif link.kind == _EXTERNAL:
        reason = objection(link.target.partition(" : ")[0])
        what = f"links to another file, {link.target[:120]!r}" + (f", which {reason}" if reason else "")
        yield Finding("hdf5.external-link", Verdict.MALICIOUS if reason else Verdict.SUSPICIOUS, what, place.at(path))
    elif link.kind != _HARD:
        yield suspicious(place, "hdf5.user-defined-link", f"a link has the kind {link.kind}", path)


def soft(target: str, path: str, place: Place) -> Iterator[Finding]:
    """A soft link stays in the file; one that reads like a path of the machine is meant for something else."""
    if ".." in target.split("/") or not target.isprintable() or target.startswith(("/etc/", "/proc/", "/home/", "/root/")):
        yield suspicious(place, "hdf5.soft-link", f"links to {target[:120]!r}", path)
