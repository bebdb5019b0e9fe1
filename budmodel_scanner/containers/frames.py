"""Zstandard and LZ4: where their frames end is told by their block headers; Arrow, which is there anyway, decodes them.

https://www.rfc-editor.org/rfc/rfc8878 and https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
"""

import io
from collections.abc import Iterator

from budmodel_scanner.containers.decoders import MEMORY_LIMIT
from budmodel_scanner.content import CHUNK, Stream, UnscannedError

ZSTANDARD_MAGIC = b"\x28\xb5\x2f\xfd"
LZ4_MAGIC = b"\x04\x22\x4d\x18"
_MAX_ZSTANDARD_BLOCK = 128 << 10
_MAX_LZ4_BLOCK = 4 << 20


def is_skippable(head: bytes) -> bool:
    return head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50


def zstandard_frame(stream: Stream) -> Iterator[bytes]:
    """The bytes of the next frame. Raises ValueError where its headers are none, UnscannedError where it needs too much."""
    start = stream.take(5)
    descriptor = start[4]
    single = descriptor & 0x20
    if descriptor & 0x08:
        raise ValueError("a reserved bit of the frame header is set")
    window = b"" if single else stream.take(1)
    if window and (1 << (10 + (window[0] >> 3))) // 8 * (8 + (window[0] & 7)) > MEMORY_LIMIT:
        raise UnscannedError("zstd.window", "decoding would need more memory than a scan may use")
    dictionary = stream.take((0, 1, 2, 4)[descriptor & 3])
    if any(dictionary):
        raise UnscannedError("zstd.dictionary", "was compressed with a dictionary, which is not in the file")
    size = stream.take((1 if single else 0, 2, 4, 8)[descriptor >> 6])
    if single and int.from_bytes(size, "little") > MEMORY_LIMIT:
        raise UnscannedError("zstd.window", "decoding would need more memory than a scan may use")
    yield start + window + dictionary + size
    last = False
    while not last:
        header = stream.take(3)
        number = int.from_bytes(header, "little")
        last, kind, length = bool(number & 1), number >> 1 & 3, number >> 3
        if kind == 3 or length > _MAX_ZSTANDARD_BLOCK:
            raise ValueError(f"a block has the type {kind} and {length:,} bytes")
        yield header + stream.take(1 if kind == 1 else length)
    if descriptor & 0x04:
        yield stream.take(4)


def lz4_frame(stream: Stream) -> Iterator[bytes]:
    """The bytes of the next frame. Raises ValueError where its headers are none."""
    start = stream.take(6)
    flags = start[4]
    if flags >> 6 != 1 or flags & 2:
        raise ValueError(f"the frame has the flags {flags:#04x}")
    yield start + stream.take((8 if flags & 8 else 0) + (4 if flags & 1 else 0) + 1)
    while size := int.from_bytes(header := stream.take(4), "little"):
        length = size & 0x7FFFFFFF
        if length > _MAX_LZ4_BLOCK:
            raise ValueError(f"a block has {length:,} bytes")
        yield header + stream.take(length + (4 if flags & 16 else 0))
    yield header + stream.take(4 if flags & 4 else 0)


class _Pieces(io.RawIOBase):
    """A file to read for Arrow, over the pieces of a frame."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        # Taken away by who raises it, lest it keep the frames that keep it.
        self.failures: list[Exception] = []

    def read(self, length: int = -1) -> bytes:
        while not self._held:
            try:
                found = next(self._pieces, None)
            except (ValueError, UnscannedError) as failure:
                # Arrow makes an error of its own of what passes through it.
                self.failures.append(failure)
                return b""
            if found is None:
                return b""
            self._held = found
        given, self._held = self._held[:length], self._held[length:]
        return given

    def readable(self) -> bool:
        return True


def unframed(pieces: Iterator[bytes], codec: str) -> Iterator[bytes]:
    """What a frame expands to. Raises ValueError where it is damaged, UnscannedError where Arrow is missing."""
    try:
        # Imported late: only files that need it pay for it.
        import pyarrow as pa
    except ImportError as error:
        raise UnscannedError(f"{codec}.no-decoder", f"no decoder for {codec} is installed ({error})") from error
    source = _Pieces(pieces)
    # One for all, because Arrow loses the bytes that a failed `read` was to fill.
    room = bytearray(CHUNK)
    try:
        with pa.CompressedInputStream(pa.PythonFile(source, mode="r"), codec) as stream:
            while size := stream.readinto(room):
                yield bytes(room[:size])
    except OSError as error:
        raise source.failures.pop() if source.failures else ValueError(str(error)) from error
    if source.failures:
        raise source.failures.pop()
    for _ in pieces:
        raise ValueError("the frame goes on after its content")
