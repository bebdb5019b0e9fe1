"""7z archives, which hide checkpoints from scanners that know only zip.

Format: https://github.com/ip7z/7zip/blob/main/DOC/7zFormat.txt. Decoded with the standard
library; what it cannot decode is UNSCANNED.
"""

import lzma
import zlib
from collections.abc import Iterator
from typing import Any

from budmodel_scanner.containers.anomalies import Expansion, examine_names, shown, suspicious, unscanned
from budmodel_scanner.containers.decoders import (
    DAMAGED,
    Copy,
    Decoder,
    Inflater,
    bzip2,
    decoded,
    lzma1_filter,
    lzma2_filter,
    raw_lzma,
)
from budmodel_scanner.containers.sequential import SequentialContent
from budmodel_scanner.containers.seven_zip_header import (
    PACKED_HEADER,
    BrokenHeaderError,
    Folder,
    Reader,
    Streams,
    read_contents,
    read_streams,
)
from budmodel_scanner.content import CHUNK, Content, Place, UnscannedError, Window
from budmodel_scanner.examiner import Nested
from budmodel_scanner.verdict import Finding

MAGIC = b"7z\xbc\xaf\x27\x1c"
_START = 32
_MAX_HEADER_BYTES = 16 << 20
_COPY, _LZMA, _LZMA2, _DEFLATE, _BZIP2 = b"\0", b"\3\1\1", b"\x21", b"\4\1\x08", b"\4\2\2"
_FILTERS = {
    b"\3\3\1\3": lzma.FILTER_X86,
    b"\4": lzma.FILTER_X86,
    b"\3\3\2\5": lzma.FILTER_POWERPC,
    b"\5": lzma.FILTER_POWERPC,
    b"\3\3\4\1": lzma.FILTER_IA64,
    b"\6": lzma.FILTER_IA64,
    b"\3\3\5\1": lzma.FILTER_ARM,
    b"\7": lzma.FILTER_ARM,
    b"\3\3\7\1": lzma.FILTER_ARMTHUMB,
    b"\x08": lzma.FILTER_ARMTHUMB,
    b"\3\3\x08\5": lzma.FILTER_SPARC,
    b"\x09": lzma.FILTER_SPARC,
}
_DELTA = b"\3"


def examine_seven_zip(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    try:
        yield from _archive(content, place, nested)
    except BrokenHeaderError as error:
        yield suspicious(place, "7z.broken-header", str(error))


def _archive(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    start = content.read(0, _START)
    if len(start) < _START or zlib.crc32(start[12:]) != int.from_bytes(start[8:12], "little"):
        raise BrokenHeaderError("the start header is cut off, or its checksum is wrong")
    offset, size = (int.from_bytes(start[at : at + 8], "little") for at in (12, 20))
    end = _START + offset + size
    if end > content.size or size > _MAX_HEADER_BYTES:
        raise BrokenHeaderError(f"places a header of {size:,} bytes at byte {_START + offset:,} of {content.size:,}")
    if end < content.size:
        yield suspicious(place, "7z.trailing-bytes", f"{content.size - end:,} bytes follow the archive", f"byte {end:,}")
    header = content.read(_START + offset, size)
    if zlib.crc32(header) != int.from_bytes(start[28:32], "little"):
        raise BrokenHeaderError("the checksum of the header is wrong")
    covered = 0
    while header[:1] == bytes([PACKED_HEADER]):
        place.budget.spend("members")
        reader = Reader(header[1:])
        streams = read_streams(reader)
        if not streams.folders:
            raise BrokenHeaderError("a packed header has no data")
        covered += sum(streams.packed)
        folder = streams.folders[0]
        if folder.encrypted:
            yield suspicious(place, "7z.encrypted", "even the names of its members are encrypted")
            return
        if folder.size > _MAX_HEADER_BYTES:
            raise UnscannedError("7z.large-header", f"the header expands to {folder.size:,} bytes, more than are read")
        problems: list[Finding] = []
        header = b"".join(_unpacked(content, streams, 0, place, problems))
        yield from problems
        if folder.crc is not None and zlib.crc32(header) != folder.crc:
            raise BrokenHeaderError("the checksum of the packed header is wrong")
    if not header:
        yield unscanned(place, "7z.empty", "has no members")
        return
    streams, names, empty, links = read_contents(Reader(header))
    covered += sum(streams.packed)
    if covered != offset:
        yield suspicious(place, "7z.unused-bytes", f"its members take {covered:,} of the {offset:,} bytes before its header")
    yield from examine_names(names, "7z", place)
    for link in links:
        yield suspicious(place, "7z.link", f"{shown(link)} is a symbolic link")
    full = iter(name for name, is_empty in zip(names, empty, strict=True) if not is_empty)
    for number in range(len(streams.folders)):
        yield from _folder_members(content, streams, number, full, place, nested)


def _folder_members(
    content: Content, streams: Streams, number: int, names: Iterator[str], place: Place, nested: Nested
) -> Iterator[Finding]:
    folder = streams.folders[number]
    members = [(next(names, "without a name"), *part) for part in folder.parts]
    if folder.encrypted:
        for name, _, _ in members:
            yield suspicious(place.inside(name), "7z.encrypted", "is encrypted: no loader of models asks for a password")
        return
    try:
        _decoder(folder)
    except UnscannedError as stop:
        for name, _, _ in members:
            yield unscanned(place.inside(name), stop.rule, stop.what)
        return
    findings: list[Finding] = []
    unpacked = _Cut(_unpacked(content, streams, number, place, findings))
    for name, size, crc in members:
        inside = place.inside(name)
        part = unpacked.next(size)
        data = SequentialContent(part, size)
        yield from nested(data, inside)
        data.finish()
        if findings:
            break
        if part.left:
            yield suspicious(inside, "7z.truncated", f"ends {part.left:,} bytes early")
            break
        if crc is not None and part.crc != crc:
            yield suspicious(inside, "7z.checksum", f"its bytes have the checksum {part.crc:08x}, the header says {crc:08x}")
    yield from findings


class _Part:
    """The next `size` bytes of a folder."""

    def __init__(self, cut: "_Cut", size: int) -> None:
        self._cut = cut
        self.left = size
        self.crc = 0

    def __iter__(self) -> Iterator[bytes]:
        while self.left and (data := self._cut.take(self.left)):
            self.left -= len(data)
            self.crc = zlib.crc32(data, self.crc)
            yield data


class _Cut:
    """Cuts what a folder expands to into its members."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""

    def next(self, size: int) -> _Part:
        return _Part(self, size)

    def take(self, most: int) -> bytes:
        if not self._held:
            self._held = next(self._chunks, b"")
        found, self._held = self._held[:most], self._held[most:]
        return found


def _unpacked(content: Content, streams: Streams, number: int, place: Place, findings: list[Finding]) -> Iterator[bytes]:
    folder = streams.folders[number]
    before = sum(streams.folders[earlier].packed_streams for earlier in range(number))
    start = _START + streams.offset + sum(streams.packed[:before])
    packed = Window(content, start, max(0, min(streams.packed[before], content.size - start)))
    expansion = Expansion(place, packed.size)
    source = (packed.read(offset, CHUNK // 4) for offset in range(0, packed.size, CHUNK // 4))
    left = folder.size
    try:
        for data in decoded(source, _decoder(folder)):
            expansion.grew(len(data))
            if expansion.is_bomb:
                findings.append(expansion.finding("7z"))
                return
            yield data[:left]
            left -= len(data)
            if left <= 0:
                break
    except DAMAGED as error:
        findings.append(suspicious(place, "7z.damaged", f"its compressed bytes are damaged: {error}"))
    except UnscannedError as stop:
        findings.append(unscanned(place, stop.rule if "." in stop.rule else f"7z.{stop.rule}", stop.what))
    if left < 0:
        findings.append(suspicious(place, "7z.damaged", f"expands to more than the {folder.size:,} bytes it announces"))


def _decoder(folder: Folder) -> Decoder:
    """Raises UnscannedError (`7z.method`) for what the standard library does not decode."""
    if not folder.coders:
        raise UnscannedError("7z.method", "is compressed with several methods at once, which is not read here")
    first, *filters = folder.coders
    if first.method in (_LZMA, _LZMA2) and len(first.properties) == (5 if first.method == _LZMA else 1):
        unpacker = lzma1_filter if first.method == _LZMA else lzma2_filter
        chain: list[dict[str, Any]] = [unpacker(first.properties, folder.size)]
        for coder in filters:
            if coder.method == _DELTA and len(coder.properties) == 1:
                chain.insert(0, {"id": lzma.FILTER_DELTA, "dist": coder.properties[0] + 1})
            elif coder.method in _FILTERS and first.method == _LZMA2:
                # With LZMA 1 the library keeps the last bytes back, because the stream has no end mark.
                chain.insert(0, {"id": _FILTERS[coder.method]})
            else:
                raise UnscannedError("7z.method", f"the filter {coder.method.hex()} is not read here")
        return raw_lzma(chain)
    if not filters and first.method in (_COPY, _DEFLATE, _BZIP2):
        return Copy() if first.method == _COPY else Inflater() if first.method == _DEFLATE else bzip2()
    raise UnscannedError("7z.method", f"the method {first.method.hex()} is not read here")
