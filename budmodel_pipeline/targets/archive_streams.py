"""Decompressing an archive that may be a bomb: no more memory than a chunk, no more output than a ceiling."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Literal

Compression = Literal["gzip", "bzip2", "xz"]

_MAGIC: dict[bytes, Compression] = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_CHUNK = 256 * 1024
# The dictionary of `xz -9` takes 64 MB; a header may ask for 4 GB.
_XZ_MEMORY = 256 * 1024**2
# tarfile keeps headers, and nested ones are all in memory at once; honest ones take a few kilobytes at most.
_LARGEST_HEADER = 1024**2
_ALL_HEADERS = 256 * 1024**2


class UnsafeArchiveError(Exception):
    """An archive that would do harm when unpacked; the text says how."""


def compression_of(head: bytes) -> Compression | None:
    """How a file is compressed, by its first bytes."""
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


class DecompressedStream:
    """What a compressed file holds, read forward, with no more than `ceiling` bytes altogether.

    It offers what tarfile asks of a file. Seeking is by reading, backwards not at all. Reads raise UnsafeArchiveError beyond
    the ceiling, and ValueError or EOFError where the compressed bytes are broken.
    """

    def __init__(self, file: BinaryIO, compression: Compression | None, ceiling: int) -> None:
        self._file = file
        self._compression = compression
        self._ceiling = ceiling
        self._position = 0
        self._buffer = b""
        self._headers = 0
        self._decompressor: Any = None
        file.seek(0)

    def tell(self) -> int:
        return self._position

    def seek(self, position: int, _whence: int = 0) -> int:
        if self._compression is None:
            # tarfile seeks to the end of a file to see whether it is whole; a plain one knows.
            self._position = self._file.seek(position)
            return self._position
        if position < self._position:
            raise ValueError(f"a compressed stream cannot go back from {self._position:,} to {position:,}")
        while self._position < position and self._next(min(position - self._position, _CHUNK)):
            pass
        return self._position

    def read(self, size: int = -1) -> bytes:
        """The next bytes, for tarfile: of a header."""
        self._headers += size
        if not 0 <= size <= _LARGEST_HEADER or self._headers > _ALL_HEADERS:
            raise UnsafeArchiveError(f"a header that claims {size:,} bytes after {self._headers - size:,} bytes of others")
        return self._next(size)

    def take(self, size: int) -> bytes:
        """The next bytes, of a file's content: `size` of them or fewer at the end."""
        content = bytearray()
        while len(content) < size and (more := self._next(min(size - len(content), _CHUNK))):
            content += more
        return bytes(content)

    def _next(self, size: int) -> bytes:
        if self._compression is None:
            content = self._file.read(size)
        else:
            while len(self._buffer) < size and (more := self._more()):
                self._buffer += more
            content, self._buffer = self._buffer[:size], self._buffer[size:]
        self._position += len(content)
        return content

    def _more(self) -> bytes:
        """The next decompressed bytes, at most a chunk; b"" at the end."""
        if self._position + len(self._buffer) > self._ceiling:
            raise UnsafeArchiveError(f"it unpacks to more than {self._ceiling:,} bytes: a bomb")
        pending = b""
        while True:
            if self._decompressor is None or self._decompressor.eof:
                # Archives may be several compressed streams one after the other.
                pending = self._left_over() or self._file.read(_CHUNK)
                pending = pending.lstrip(b"\0") if self._decompressor else pending
                if not pending:
                    return b""
                self._decompressor = _decompressor(self._compression)
            elif self._needs_input():
                pending = self._file.read(_CHUNK)
                if not pending:
                    raise EOFError("the compressed file ends early")
            else:
                pending = self._unconsumed()
            try:
                content: bytes = self._decompressor.decompress(pending, _CHUNK)
            except (zlib.error, OSError, lzma.LZMAError) as error:
                raise ValueError(f"broken {self._compression} data: {error}") from None
            if content:
                return content

    def _left_over(self) -> bytes:
        return self._decompressor.unused_data if self._decompressor else b""

    def _needs_input(self) -> bool:
        if self._compression == "gzip":
            return not self._decompressor.unconsumed_tail
        return bool(self._decompressor.needs_input)

    def _unconsumed(self) -> bytes:
        return self._decompressor.unconsumed_tail if self._compression == "gzip" else b""


def _decompressor(compression: Compression | None) -> Any:
    makers: dict[Compression | None, Callable[[], Any]] = {
        "gzip": lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
        "bzip2": bz2.BZ2Decompressor,
        "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
    }
    return makers[compression]()
