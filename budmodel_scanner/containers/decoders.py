"""Decompressors of the standard library, used alike, fed piecewise and with bounded output."""

import bz2
import lzma
import zlib
from collections.abc import Iterable, Iterator

from budmodel_scanner.content import UnscannedError

_OUTPUT_BYTES = 1 << 20
# xz -9 needs 65 MB to decode; a header may ask for 4 GiB.
MEMORY_LIMIT = 80 << 20
DAMAGED = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


class Inflater:
    """Deflate: raw (-15), in zlib's wrapping (15); used like the decompressors of bz2 and lzma."""

    def __init__(self, window: int = -15) -> None:
        self._decoder = zlib.decompressobj(window)
        self.needs_input = True

    def decompress(self, data: bytes, max_length: int) -> bytes:
        found = self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)
        self.needs_input = not self._decoder.unconsumed_tail and len(found) < max_length
        return found

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data


Decoder = Inflater | bz2.BZ2Decompressor | lzma.LZMADecompressor


def lzma1(properties: bytes, expanded: int) -> Decoder:
    """An LZMA stream without container, by the five bytes that stand before it. Raises UnscannedError for too large a need.

    A dictionary need not be larger than what it unpacks.
    """
    packed, dictionary = properties[0], max(4096, min(int.from_bytes(properties[1:5], "little"), expanded))
    if packed >= 225 or dictionary > MEMORY_LIMIT:
        raise UnscannedError("lzma.properties", f"the LZMA properties {properties.hex()} are out of range")
    parts = {"lc": packed % 9, "lp": packed // 9 % 5, "pb": packed // 45, "dict_size": dictionary}
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, **parts}])


def decoded(source: Iterable[bytes], decoder: Decoder) -> Iterator[bytes]:
    """The output while there is input. Raises one of DAMAGED where the stream breaks its format."""
    for data in source:
        while found := decoder.decompress(data, _OUTPUT_BYTES):
            yield found
            data = b""
            if decoder.eof or decoder.needs_input:
                break
        if decoder.eof:
            return
