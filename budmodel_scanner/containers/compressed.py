"""Single compressed streams: gzip, bzip2, xz, LZMA, zlib (bare or behind joblib's header), Zstandard, LZ4, Brotli by name.

Trailing bytes and damage are told after what was inside, for only then are they known.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from budmodel_scanner.containers.anomalies import Expansion, name_problem, shown
from budmodel_scanner.containers.decoders import DAMAGED, MEMORY_LIMIT, Decoder, Inflater, decoded
from budmodel_scanner.containers.frames import LZ4_MAGIC, ZSTANDARD_MAGIC, is_skippable, lz4_frame, unframed, zstandard_frame
from budmodel_scanner.content import CHUNK, Content, Place, Stream, UnscannedError
from budmodel_scanner.examiner import Nested, suspicious, unscanned
from budmodel_scanner.expressions import expression
from budmodel_scanner.verdict import Finding

_INPUT_BYTES = CHUNK // 4
_MAX_HEADER_TEXT = 4096
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")  # the first, or the end of an empty file
# Of a name, what is left when its content is unwrapped.
_UNWRAPPED_SUFFIX = {
    **dict.fromkeys((".gz", ".gzip", ".bz2", ".bz", ".xz", ".lzma", ".zst", ".zstd", ".lz4", ".z", ".zlib", ".br"), ""),
    **dict.fromkeys((".tgz", ".tbz2", ".tbz", ".txz", ".tzst", ".tlz"), ".tar"),
    ".svgz": ".svg",
}


@dataclass(frozen=True, slots=True)
class Codec:
    """`parts` decodes one stream of a file that may hold several, one after the other."""

    area: str
    recognizes: Callable[[bytes], bool]
    parts: Callable[["_Unwrapping"], Iterator[bytes]]


@dataclass(slots=True)
class _Unwrapping:
    """A compressed stream while it is read, and what was found on the way."""

    codec: Codec
    stream: Stream
    place: Place
    findings: list[Finding]
    expansion: Expansion

    def report(self, rule: str, what: str) -> None:
        self.findings.append(suspicious(self.place, f"{self.codec.area}.{rule}", what, f"byte {self.stream.position:,}"))

    def __iter__(self) -> Iterator[bytes]:
        start = self.stream.position
        try:
            while self.codec.recognizes(self.stream.peek(64)):
                for data in self.codec.parts(self):
                    self.expansion.grew(len(data))
                    self.expansion.packed = self.stream.position - start + _INPUT_BYTES
                    if self.expansion.is_bomb:
                        self.findings.append(self.expansion.finding(self.codec.area))
                        return
                    yield data
        except DAMAGED as error:
            self.report("damaged", f"its compressed bytes are damaged: {error}")
            return
        except UnscannedError as error:
            if error.rule == "truncated":
                self.report("truncated", error.what)
            else:
                rule = error.rule if "." in error.rule else f"{self.codec.area}.{error.rule}"
                self.findings.append(unscanned(self.place, rule, error.what))
            return
        self._after()

    def _after(self) -> None:
        """Zeros are padding of tapes and blocks; anything else is a second file."""
        while data := self.stream.peek(CHUNK):
            if any(data):
                self.report(
                    "trailing-bytes", f"content follows the compressed data, starting {data.lstrip(bytes(1))[:16]!r}"
                )
                return
            self.stream.take(len(data))

    def decoded(self, decoder: Decoder) -> Iterator[bytes]:
        """The output of one stream; what it did not need stays unread. Raises UnscannedError (`truncated`)."""
        while not decoder.eof:
            data = self.stream.peek(_INPUT_BYTES)
            if not data:
                raise UnscannedError("truncated", "ends within its compressed data")
            yield from decoded([data], decoder)
            self.stream.take(len(data) - len(decoder.unused_data))


def _gzip(work: _Unwrapping) -> Iterator[bytes]:
    """RFC 1952."""
    stream = work.stream
    header = stream.take(10)
    flags = header[3]
    if header[2] != 8 or flags & 0xE0:
        work.report("header", f"has the method {header[2]} and the flags {flags:#04x}")
    if flags & 4:
        extra = stream.take(int.from_bytes(stream.take(2), "little"))
        if not (extra[:4] == b"BC\2\0" and len(extra) == 6):  # a block of BGZF
            work.report("extra-field", f"its header carries {len(extra):,} bytes of its own")
    if flags & 8:
        name = _text(stream)
        problem = name_problem(name)
        if problem:
            work.report("member-name", f"the name {shown(name)} in its header {problem}")
    if flags & 16:
        work.report("comment", f"its header carries the comment {shown(_text(stream))}")
    if flags & 2:
        stream.take(2)
    crc, size = 0, 0
    for data in work.decoded(Inflater()):
        crc, size = zlib.crc32(data, crc), size + len(data)
        yield data
    if stream.take(8) != crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"):
        work.report("checksum", "its bytes have another checksum or length than it says")


def _text(stream: Stream) -> str:
    data = stream.peek(_MAX_HEADER_TEXT)
    end = data.find(b"\0")
    if end < 0:
        raise ValueError(f"a text in the header does not end within {_MAX_HEADER_TEXT:,} bytes")
    return stream.take(end + 1)[:-1].decode("latin-1")


def _one(decoder: Callable[[], Decoder]) -> Callable[[_Unwrapping], Iterator[bytes]]:
    return lambda work: work.decoded(decoder())


def _lzma(form: int) -> Decoder:
    return lzma.LZMADecompressor(form, memlimit=MEMORY_LIMIT)


def _brotli(work: _Unwrapping) -> Iterator[bytes]:
    """https://www.rfc-editor.org/rfc/rfc7932: no magic number, and no length."""
    yield from unframed(iter(lambda: work.stream.take(len(work.stream.peek(_INPUT_BYTES))) or None, None), "brotli")


def _frames(walk: Callable[[Stream], Iterator[bytes]], codec: str) -> Callable[[_Unwrapping], Iterator[bytes]]:
    def parts(work: _Unwrapping) -> Iterator[bytes]:
        magic = work.stream.peek(8)
        if is_skippable(magic):
            size = int.from_bytes(magic[4:8], "little")
            # pzstd notes sizes in four bytes, the seekable format keeps its table under the id 0xE.
            if size != 4 and magic[0] != 0x5E:
                work.report("skippable-frame", f"{size:,} bytes that every reader skips")
            work.stream.skip(8 + size)
            return
        yield from unframed(walk(work.stream), codec)

    return parts


def _is_zlib(head: bytes) -> bool:
    """A header of two bytes is weak evidence, so the beginning must inflate as well."""
    if len(head) < 8 or head[0] & 0x0F != 8 or head[0] >> 4 > 7 or head[1] & 0x20 or int.from_bytes(head[:2], "big") % 31:
        return False
    try:
        found = zlib.decompressobj().decompress(head, 4096)
    except zlib.error:
        return False
    return len(found) > 0 or len(head) >= 64


def _is_lzma(head: bytes) -> bool:
    """No magic: properties below 225, a dictionary of 2^n, and an unpacked size that is unknown or below 2^38."""
    if len(head) < 14 or head[0] != 0x5D or head[13]:
        return False
    dictionary, size = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:13], "little")
    power = dictionary.bit_count() == 1 or dictionary in (0xFFFFFFFF, dictionary & 0xC0000000 | dictionary & 0x30000000)
    return power and dictionary >= 4096 and (size == (1 << 64) - 1 or size < 1 << 38)


# How long the content is, in hexadecimal, and blanks: numpy_pickle_compat.py of joblib.
_ZFILE = expression(rb"ZF0x[0-9a-fA-F]{1,17}L? *(?=[^ ])")


def _zfile_header(head: bytes) -> int:
    """Its length, 0 without one."""
    header = _ZFILE.match(head)
    return header.end() if header and _is_zlib(head[header.end() :]) else 0


def _zfile(work: _Unwrapping) -> Iterator[bytes]:
    """What joblib wrote before 0.10, and still reads."""
    work.stream.skip(_zfile_header(work.stream.peek(64)))
    yield from work.decoded(Inflater(15))


GZIP = Codec("gzip", lambda head: head[:2] == b"\x1f\x8b", _gzip)
BZIP2 = Codec("bzip2", lambda head: head[:3] == b"BZh" and head[4:10] in _BZIP2_BLOCKS, _one(bz2.BZ2Decompressor))
XZ = Codec("xz", lambda head: head[:6] == b"\xfd7zXZ\0", _one(lambda: _lzma(lzma.FORMAT_XZ)))
LZMA = Codec("lzma", _is_lzma, _one(lambda: _lzma(lzma.FORMAT_ALONE)))
ZLIB = Codec("zlib", _is_zlib, _one(lambda: Inflater(15)))
ZFILE = Codec("zlib", lambda head: _zfile_header(head) > 0, _zfile)
BROTLI = Codec("brotli", bool, _brotli)
ZSTANDARD = Codec("zstd", lambda head: head[:4] == ZSTANDARD_MAGIC or is_skippable(head), _frames(zstandard_frame, "zstd"))
LZ4 = Codec("lz4", lambda head: head[:4] == LZ4_MAGIC or is_skippable(head), _frames(lz4_frame, "lz4"))


def examine_compressed(codec: Codec, source: Content | Stream, place: Place, nested: Nested) -> Iterator[Finding]:
    stream = source if isinstance(source, Stream) else Stream(source)
    inner = place.inside(unwrapped_name(place.name))
    unwrapping = _Unwrapping(codec, stream, place, [], Expansion(place))
    chunks = iter(unwrapping)
    yield from nested(chunks, inner)
    for _ in chunks:
        # What the examination left must be read, too: only the end tells of checksums and of bytes that follow.
        continue
    yield from unwrapping.findings


def unwrapped_name(name: str) -> str:
    """`weights.tar` of `weights.tgz`. A name that does not speak of compression stays."""
    last = PurePosixPath(name).name
    suffix = PurePosixPath(last).suffix.lower()
    return last[: -len(suffix)] + _UNWRAPPED_SUFFIX[suffix] if suffix in _UNWRAPPED_SUFFIX else last
