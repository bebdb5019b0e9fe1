"""Zip files: torch checkpoints, npz, Keras, skops, TorchServe and wheels are all of them."""

import bz2
import posixpath
import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence

from budmodel_scanner import described_weights
from budmodel_scanner.containers.anomalies import Expansion, examine_names, shown
from budmodel_scanner.containers.archive_kinds import ArchiveKind, kind_of
from budmodel_scanner.containers.decoders import DAMAGED, Decoder, Inflater, decoded, lzma1
from budmodel_scanner.containers.sequential import SequentialContent
from budmodel_scanner.containers.zip_reading import LOCAL, LOCAL_HEADER, Entry, Member, read_directory, read_members, text_of
from budmodel_scanner.content import CHUNK, Content, Place, UnscannedError, Window
from budmodel_scanner.examiner import Nested, suspicious, unscanned
from budmodel_scanner.verdict import Finding

_STORED, _DEFLATED, _BZIP2, _LZMA = 0, 8, 12, 14
# Registered methods that nothing here can decode.
_OTHER_METHODS = {9: "Deflate64", 93: "Zstandard", 95: "xz", 98: "PPMd"}
_MAX_COMMENT_BYTES = 512
# Descriptions of arrays, whose numbers are members of their own.
_OF_ZARR = {".zarray", "zarr.json"}
_MOST_OVERLAPPING, _MOST_OVERLAPPING_BYTES = 100, 64 << 20


def examine_zip(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    directory = yield from read_directory(content, place)
    if directory is None:
        yield from _without_directory(content, place, nested)
        return
    members = yield from read_members(content, directory, place)
    kind = kind_of([entry.name for entry in directory.entries])
    yield from examine_names((entry.name for entry in directory.entries), "zip", place)
    yield from _comment(directory.comment, "the archive", kind, place)
    if not directory.entries:
        yield unscanned(place, "zip.empty", "has no members")
    packed = sum(member.entry.packed for member in members)
    if packed > content.size:
        # Members that overlap make a small file cost as much as a large one, and may hold the archive itself.
        place.budget.expanded_bytes = min(place.budget.expanded_bytes, _MOST_OVERLAPPING_BYTES)
        place.budget.members = min(place.budget.members, _MOST_OVERLAPPING)
    for member in members:
        yield from _comment(member.entry.comment, shown(member.entry.name), kind, place)
    if any(posixpath.basename(member.entry.name) in _OF_ZARR for member in members):
        yield from _with_chunks(content, members, kind, place, nested)
    else:
        for member in members:
            yield from _member(content, member, kind, place.inside(member.entry.name), nested)
    yield from kind.examine_whole([entry.name for entry in directory.entries], place)


def _with_chunks(
    content: Content, members: Sequence[Member], kind: ArchiveKind, place: Place, nested: Nested
) -> Iterator[Finding]:
    """As in a folder, chunks of an array are known by what lies beside them."""
    found: dict[str, list[Finding]] = {member.entry.name: [] for member in members}
    sizes = {member.entry.name: member.entry.size for member in members}
    try:
        for member in members:
            name = member.entry.name
            found[name].extend(_member(content, member, kind, place.inside(name), nested))
    except UnscannedError:
        yield from (finding for findings in found.values() for finding in findings)
        raise
    known = dict(described_weights.joined({name: (sizes[name], findings) for name, findings in found.items()}))
    yield from (finding for name, findings in found.items() for finding in known.get(name, findings))


def _comment(comment: bytes, owner: str, kind: ArchiveKind, place: Place) -> Iterator[Finding]:
    if comment and (
        kind.is_model or len(comment) > _MAX_COMMENT_BYTES or not comment.decode("utf-8", "replace").isprintable()
    ):
        what = f"{owner} carries a comment of {len(comment):,} bytes: {shown(repr(comment[:60]))}"
        yield suspicious(place, "zip.comment", what)


def _member(content: Content, member: Member, kind: ArchiveKind, place: Place, nested: Nested) -> Iterator[Finding]:
    entry = member.entry
    kind_of_file = stat.S_IFMT(entry.mode)
    if kind_of_file not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a symbolic link" if kind_of_file == stat.S_IFLNK else "a device or pipe"
        yield suspicious(place, "zip.link", f"is {what}: {shown(repr(content.read(member.start, min(entry.packed, 200))))}")
    if entry.mode & (stat.S_ISUID | stat.S_ISGID) and kind_of_file != stat.S_IFDIR:
        yield suspicious(place, "zip.privileged", "would run with the rights of its owner")
    if entry.name.endswith("/"):
        if entry.size or entry.packed > 2:  # deflate writes nothing in two bytes
            yield suspicious(place, "zip.directory-with-content", f"is a directory and has {entry.size:,} bytes of content")
        return
    if entry.encrypted:
        yield suspicious(place, "zip.encrypted", "is encrypted: no loader of models asks for a password")
    elif entry.method == _STORED:
        yield from _stored(content, member, kind, place, nested)
    elif entry.method in _OTHER_METHODS:
        what = f"is compressed with {_OTHER_METHODS[entry.method]}, which "
        if kind.is_model:
            yield suspicious(place, "zip.method", what + "no loader of models reads")
        else:
            yield unscanned(place, "zip.method", what + "is not read here")
    elif entry.method not in (_DEFLATED, _BZIP2, _LZMA):
        yield suspicious(place, "zip.unknown-method", f"claims the compression method {entry.method}, which does not exist")
    else:
        yield from _compressed(content, member, kind, place, nested)


def _stored(content: Content, member: Member, kind: ArchiveKind, place: Place, nested: Nested) -> Iterator[Finding]:
    entry = member.entry
    if entry.packed != entry.size:
        what = f"is stored as {entry.packed:,} bytes and claims to have {entry.size:,}"
        yield suspicious(place, "zip.headers-disagree", what)
    data = Window(content, member.start, entry.packed)
    yield from kind.examine_member(entry.name, data, place, nested)
    crc = 0
    for offset in range(0, entry.packed, CHUNK):
        crc = zlib.crc32(data.read(offset, CHUNK), crc)
    yield from _checksum(entry, crc, place)


def _checksum(entry: Entry, crc: int, place: Place) -> Iterator[Finding]:
    if crc != entry.crc:
        yield suspicious(place, "zip.checksum", f"its bytes have the checksum {crc:08x}, its header says {entry.crc:08x}")


class _Unpacking:
    """The bytes of a compressed member, once. What went wrong is known when they have been read."""

    def __init__(self, packed: Window, entry: Entry, place: Place) -> None:
        self.crc = 0
        self.problem: Finding | None = None
        self._packed = packed
        self._entry = entry
        self._place = place
        self._expansion = Expansion(place)

    def _input(self, start: int = 0) -> Iterator[bytes]:
        for offset in range(start, self._packed.size, CHUNK // 4):
            data = self._packed.read(offset, CHUNK // 4)
            self._expansion.packed += len(data)
            yield data

    def _decoder(self) -> tuple[Decoder, Iterable[bytes]]:
        if self._entry.method == _DEFLATED:
            return Inflater(), self._input()
        if self._entry.method == _BZIP2:
            return bz2.BZ2Decompressor(), self._input()
        header = self._packed.read(0, 9)
        if len(header) < 9 or header[2:4] != b"\5\0":
            raise ValueError("no LZMA properties stand before the data")
        return lzma1(header[4:], self._entry.size), self._input(9)

    def __iter__(self) -> Iterator[bytes]:
        decoder: Decoder | None = None
        try:
            decoder, source = self._decoder()
            for data in decoded(source, decoder):
                self._expansion.grew(len(data))
                if self._expansion.is_bomb:
                    self.problem = self._expansion.finding("zip")
                    return
                self.crc = zlib.crc32(data, self.crc)
                yield data
                if self._expansion.expanded > self._entry.size:
                    break
        except DAMAGED as error:
            self.problem = self._odd(f"its compressed bytes are damaged: {error}")
            return
        except UnscannedError as stop:
            self.problem = unscanned(self._place, stop.rule if "." in stop.rule else f"zip.{stop.rule}", stop.what)
            return
        if self._expansion.expanded != self._entry.size:
            self.problem = self._odd(f"expands to {self._expansion.expanded:,} bytes, its header says {self._entry.size:,}")
        elif decoder.unused_data or self._expansion.packed < self._packed.size - (9 if self._entry.method == _LZMA else 0):
            self.problem = self._odd("has bytes after the end of its compressed data")

    def _odd(self, what: str) -> Finding:
        return suspicious(self._place, "zip.damaged-member", what)


def _compressed(content: Content, member: Member, kind: ArchiveKind, place: Place, nested: Nested) -> Iterator[Finding]:
    entry = member.entry
    unpacking = _Unpacking(Window(content, member.start, entry.packed), entry, place)
    data = SequentialContent(unpacking, entry.size)
    yield from kind.examine_member(entry.name, data, place, nested)
    data.finish()
    if unpacking.problem:
        yield unpacking.problem
    else:
        yield from _checksum(entry, unpacking.crc, place)


def _without_directory(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    """Looks at the members that forward readers would find, though only those whose header says where they end."""
    offset = 0
    while len(header := content.read(offset, 30)) == 30 and header[:4] == LOCAL:
        _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = LOCAL_HEADER.unpack(header)
        name = content.read(offset + 30, name_size)
        start = offset + 30 + name_size + extra_size
        if flags & 8 and not packed:
            packed = size = content.size - start
        entry = Entry(
            text_of(name, flags), name, flags, method, crc, min(packed, content.size - start), size, offset, 0, b""
        )
        kind = kind_of([entry.name])
        yield from _member(content, Member(entry, start), kind, place.inside(entry.name), nested)
        offset = start + packed
