"""Decompressors of the standard library behind one face, fed piecewise and with bounded output."""

import bz2
import lzma
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

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


def raw_lzma(chain: list[dict[str, Any]]) -> Decoder:
    """An LZMA stream without container, with the filters before it."""
    return Library(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain))


def lzma1_filter(properties: bytes, unpacked: int) -> dict[str, Any]:
    """From the five bytes that LZMA's containers store. A dictionary need not be larger than what it unpacks."""
    packed, wanted = properties[0], int.from_bytes(properties[1:5], "little")
    if packed >= 225:
        raise UnscannedError("lzma.properties", f"the LZMA properties {properties.hex()} are out of range")
    return {
        "id": lzma.FILTER_LZMA1,
        "lc": packed % 9,
        "lp": packed // 9 % 5,
        "pb": packed // 45,
        "dict_size": dictionary_size(wanted, unpacked),
    }


def dictionary_size(wanted: int, unpacked: int) -> int:
    """Raises UnscannedError (`lzma.dictionary`) where decoding would need more memory than a scan may use."""
    needed = max(4096, min(wanted, unpacked))
    if needed > MEMORY_LIMIT:
        raise UnscannedError("lzma.dictionary", f"decoding would need {needed:,} bytes of memory")
    return needed


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
