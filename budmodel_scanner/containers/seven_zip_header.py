"""The header of a 7z archive, which says what is packed, how, and under which names.

Format: https://github.com/ip7z/7zip/blob/main/DOC/7zFormat.txt
"""

from dataclasses import dataclass, field

from budmodel_scanner.content import UnscannedError

_MAX_COUNT = 1_000_000
_END, _HEADER, _MAIN_STREAMS, _FILES = 0, 1, 4, 5
_PACK, _UNPACK, _SUBSTREAMS, _SIZE, _CRC, _FOLDER_LIST, _UNPACK_SIZES, _COUNTS = 6, 7, 8, 9, 10, 11, 12, 13
_EMPTY_STREAM, _NAMES, _ATTRIBUTES, PACKED_HEADER = 14, 17, 21, 23
_AES = b"\6\xf1\7\1"
_UNIX_MODE, _LINK = 0x8000, 0o120000


class BrokenHeaderError(Exception):
    """The header is not what the format demands."""


@dataclass(frozen=True, slots=True)
class Coder:
    method: bytes
    properties: bytes


@dataclass(slots=True)
class Folder:
    """`coders` in the order in which they decode; empty where they form more than a chain."""

    coders: list[Coder] = field(default_factory=list)
    encrypted: bool = False
    packed_streams: int = 1
    size: int = 0
    crc: int | None = None
    outputs: int = 1
    final: int = 0
    parts: list[tuple[int, int | None]] = field(default_factory=list)


@dataclass(slots=True)
class Streams:
    offset: int = 0
    packed: list[int] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)


class Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, length: int) -> bytes:
        found = self._data[self._at : self._at + length]
        if len(found) < length:
            raise BrokenHeaderError("the header is cut off")
        self._at += length
        return found

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """As many leading ones as bytes follow, little end first; the rest of the first byte is the highest."""
        first, mask, found = self.byte(), 0x80, 0
        for position in range(8):
            if not first & mask:
                return found | (first & (mask - 1)) << (8 * position)
            found |= self.byte() << (8 * position)
            mask >>= 1
        return found

    def count(self) -> int:
        found = self.number()
        if found > _MAX_COUNT:
            raise BrokenHeaderError(f"announces {found:,} entries")
        return found

    def bits(self, count: int) -> list[bool]:
        data = self.take(-(-count // 8))
        return [bool(data[index // 8] & 0x80 >> index % 8) for index in range(count)]

    def flags(self, count: int) -> list[bool]:
        return [True] * count if self.byte() else self.bits(count)

    def checksums(self, count: int) -> list[int | None]:
        return [int.from_bytes(self.take(4), "little") if given else None for given in self.flags(count)]

    def expect(self, kind: int) -> None:
        found = self.byte()
        if found != kind:
            raise BrokenHeaderError(f"has the property {found} where {kind} stands")


def read_streams(reader: Reader) -> Streams:
    streams = Streams()
    while (kind := reader.byte()) != _END:
        if kind == _PACK:
            streams.offset = reader.number()
            count = reader.count()
            while (inner := reader.byte()) != _END:
                if inner == _SIZE:
                    streams.packed = [reader.number() for _ in range(count)]
                elif inner == _CRC:
                    reader.checksums(count)
                else:
                    raise BrokenHeaderError(f"has the property {inner} among the packed streams")
        elif kind == _UNPACK:
            streams.folders = _folders(reader)
        elif kind == _SUBSTREAMS:
            _substreams(reader, streams.folders)
        else:
            raise BrokenHeaderError(f"has the property {kind} among the streams")
    if sum(folder.packed_streams for folder in streams.folders) > len(streams.packed):
        raise BrokenHeaderError("has fewer packed streams than its members need")
    return streams


def _folders(reader: Reader) -> list[Folder]:
    reader.expect(_FOLDER_LIST)
    count = reader.count()
    if reader.byte():
        raise UnscannedError("7z.external", "keeps its folders elsewhere")
    folders = [_one_folder(reader) for _ in range(count)]
    reader.expect(_UNPACK_SIZES)
    for folder in folders:
        folder.size = [reader.number() for _ in range(folder.outputs)][folder.final]
    while (kind := reader.byte()) != _END:
        if kind != _CRC:
            raise BrokenHeaderError(f"has the property {kind} among the folders")
        for folder, crc in zip(folders, reader.checksums(count), strict=True):
            folder.crc = crc
    for folder in folders:
        folder.parts = [(folder.size, folder.crc)]
    return folders


def _one_folder(reader: Reader) -> Folder:
    coders, simple = [], True
    inputs = outputs = 0
    for _ in range(min(reader.count(), 33)):
        flags = reader.byte()
        method = reader.take(flags & 0x0F)
        taken, given = (reader.count(), reader.count()) if flags & 0x10 else (1, 1)
        simple = simple and taken == given == 1
        inputs, outputs = inputs + taken, outputs + given
        coders.append(Coder(method, reader.take(reader.count()) if flags & 0x20 else b""))
    if not coders or len(coders) > 32 or not 1 <= outputs <= 64 or inputs > 64 or inputs < outputs - 1:
        raise BrokenHeaderError(f"a folder has {len(coders)} coders with {inputs} inputs and {outputs} outputs")
    bound = {reader.count(): reader.count() for _ in range(outputs - 1)}
    packed = inputs - len(bound)
    first = [reader.count() for _ in range(packed)] if packed > 1 else [free for free in range(inputs) if free not in bound]
    final = [free for free in range(outputs) if free not in bound.values()]
    if len(final) != 1 or packed < 1:
        raise BrokenHeaderError("the coders of a folder are bound in a circle")
    folder = Folder(packed_streams=packed, outputs=outputs, final=final[0])
    folder.encrypted = any(coder.method == _AES for coder in coders)
    if simple and packed == 1:
        after = {given: taken for taken, given in bound.items()}
        at: int | None = first[0]
        while at is not None and at < len(coders) and len(folder.coders) < len(coders):
            folder.coders.append(coders[at])
            at = after.get(at)
        if len(folder.coders) != len(coders):
            raise BrokenHeaderError("the coders of a folder are bound in a circle")
    return folder


def _substreams(reader: Reader, folders: list[Folder]) -> None:
    kind = reader.byte()
    counts = [1] * len(folders)
    if kind == _COUNTS:
        counts = [reader.count() for _ in folders]
        kind = reader.byte()
    if sum(counts) > _MAX_COUNT:
        raise BrokenHeaderError(f"announces {sum(counts):,} members")
    sizes = []
    for folder, count in zip(folders, counts, strict=True):
        given = [reader.number() for _ in range(count - 1)] if kind == _SIZE else []
        if len(given) != max(0, count - 1) or sum(given) > folder.size:
            raise BrokenHeaderError("the sizes of members do not add up")
        sizes.append([*given, folder.size - sum(given)] if count else [])
    if kind == _SIZE:
        kind = reader.byte()
    known = [len(part) == 1 and folder.crc is not None for part, folder in zip(sizes, folders, strict=True)]
    missing = sum(len(part) for part, is_known in zip(sizes, known, strict=True) if not is_known)
    checksums = iter(reader.checksums(missing) if kind == _CRC else [None] * missing)
    for folder, part, is_known in zip(folders, sizes, known, strict=True):
        folder.parts = [(size, folder.crc if is_known else next(checksums)) for size in part]
    if kind == _CRC:
        kind = reader.byte()
    if kind != _END:
        raise BrokenHeaderError(f"has the property {kind} among the members")


def read_contents(reader: Reader) -> tuple[Streams, list[str], list[bool], list[str]]:
    """Streams, names of files, which of them have no stream, and which are symbolic links."""
    reader.expect(_HEADER)
    streams, names, empty, links = Streams(), list[str](), list[bool](), list[str]()
    while (kind := reader.byte()) != _END:
        if kind == _MAIN_STREAMS:
            streams = read_streams(reader)
        elif kind == _FILES:
            names, empty, links = _files(reader)
        else:
            raise UnscannedError("7z.header", f"the property {kind} of the header is not read here")
    if sum(len(folder.parts) for folder in streams.folders) != empty.count(False):
        raise BrokenHeaderError(f"lists {empty.count(False):,} members with content, and content for another number")
    return streams, names, empty, links


def _files(reader: Reader) -> tuple[list[str], list[bool], list[str]]:
    count = reader.count()
    names, empty, links = [""] * count, [False] * count, list[int]()
    while (kind := reader.number()) != _END:
        inner = Reader(reader.take(reader.number()))
        if kind == _EMPTY_STREAM:
            empty = inner.bits(count)
        elif kind == _NAMES and not inner.byte():
            text = inner.rest().decode("utf-16-le", "replace")
            names = text.split("\0")[:count]
            if len(names) != count or text.count("\0") != count:
                raise BrokenHeaderError(f"has other than {count:,} names")
        elif kind == _ATTRIBUTES:
            given = inner.flags(count)
            if not inner.byte():
                for index in (index for index in range(count) if given[index]):
                    attributes = int.from_bytes(inner.take(4), "little")
                    if attributes & _UNIX_MODE and (attributes >> 16) & 0o170000 == _LINK:
                        links.append(index)
    return names, empty, [names[index] for index in links]
