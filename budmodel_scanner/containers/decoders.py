"""Decompressors of the standard library behind one face, fed piecewise and with bounded output."""

import bz2
import lzma
import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

from budmodel_scanner.content import UnscannedError

_OUTPUT_BYTES = 1 << 20
# xz -9 needs 65 MB to decode; a header may ask for 4 GiB.
MEMORY_LIMIT = 80 << 20
DAMAGED = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


class Decoder(Protocol):
    """`decode` may be called with no bytes to fetch output that was held back."""

    def decode(self, data: bytes) -> bytes: ...

    @property
    def ended(self) -> bool: ...

    @property
    def hungry(self) -> bool:
        """Whether more input is needed for more output."""
        ...

    @property
    def leftover(self) -> bytes:
        """Input after the end of the compressed stream."""
        ...


class Inflater:
    """Deflate: raw (-15), in zlib's wrapping (15)."""

    def __init__(self, window: int = -15) -> None:
        self._decoder = zlib.decompressobj(window)
        self._held = False

    def decode(self, data: bytes) -> bytes:
        found = self._decoder.decompress(self._decoder.unconsumed_tail + data, _OUTPUT_BYTES)
        self._held = len(found) == _OUTPUT_BYTES
        return found

    @property
    def ended(self) -> bool:
        return self._decoder.eof

    @property
    def hungry(self) -> bool:
        return not self._decoder.unconsumed_tail and not self._held

    @property
    def leftover(self) -> bytes:
        return self._decoder.unused_data


class Library:
    """bz2 and lzma, whose objects agree with each other."""

    def __init__(self, decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._decoder = decoder

    def decode(self, data: bytes) -> bytes:
        return self._decoder.decompress(data, _OUTPUT_BYTES)

    @property
    def ended(self) -> bool:
        return self._decoder.eof

    @property
    def hungry(self) -> bool:
        return self._decoder.needs_input

    @property
    def leftover(self) -> bytes:
        return self._decoder.unused_data


def bzip2() -> Decoder:
    return Library(bz2.BZ2Decompressor())


def lzma1(properties: bytes, expanded: int) -> Decoder:
    """An LZMA stream without container, by the five bytes that stand before it. Raises UnscannedError for too large a need.

    A dictionary need not be larger than what it unpacks.
    """
    packed, dictionary = properties[0], max(4096, min(int.from_bytes(properties[1:5], "little"), expanded))
    if packed >= 225 or dictionary > MEMORY_LIMIT:
        raise UnscannedError("lzma.properties", f"the LZMA properties {properties.hex()} are out of range")
    parts = {"lc": packed % 9, "lp": packed // 9 % 5, "pb": packed // 45, "dict_size": dictionary}
    return Library(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, **parts}]))


def decoded(source: Iterable[bytes], decoder: Decoder) -> Iterator[bytes]:
    """The output while there is input. Raises one of DAMAGED where the stream breaks its format."""
    for data in source:
        while True:
            found = decoder.decode(data)
            if found:
                yield found
            data = b""
            if decoder.ended or decoder.hungry:
                break
        if decoder.ended:
            return
