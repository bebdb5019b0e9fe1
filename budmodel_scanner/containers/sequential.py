"""Compressed content as `Content`: readable at rising offsets, so that headers are parsed and payloads pass by."""

from collections.abc import Iterable, Iterator

from budmodel_scanner.content import CHUNK, UnscannedError

KEPT_BYTES = 64 << 20
_HEAD_CHUNKS = 32
_TAIL_CHUNKS = 3


class SequentialContent:
    """`size` bytes that are produced in order, on demand.

    Up to KEPT_BYTES everything is kept. Of more, the beginning and what was produced last are kept; reading what has passed
    by raises UnscannedError (`content.passed-by`). Where the source ends early, reads are short.
    """

    def __init__(self, source: Iterable[bytes], size: int) -> None:
        self.size = size
        self._source: Iterator[bytes] = iter(source)
        self._kept: dict[int, bytes] = {}
        self._head = _HEAD_CHUNKS if size > KEPT_BYTES else -(-KEPT_BYTES // CHUNK)
        self._produced = 0  # whole chunks
        self._pending = bytearray()
        self._ended = False

    def read(self, offset: int, length: int) -> bytes:
        end = min(self.size, offset + max(0, length))
        pieces = []
        while offset < end:
            number, begin = divmod(offset, CHUNK)
            piece = self._chunk(number)[begin : begin + end - offset]
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
        return b"".join(pieces)

    def finish(self) -> None:
        """Runs the source to its end, so that its checksum can be told."""
        while not self._ended:
            self._advance()

    def _chunk(self, number: int) -> bytes:
        while self._produced <= number and not self._ended:
            self._advance()
        if number < self._produced and number not in self._kept:
            raise UnscannedError("content.passed-by", f"byte {number * CHUNK:,} of a large compressed member had passed by")
        return self._kept.get(number, b"")

    def _advance(self) -> None:
        while len(self._pending) < CHUNK and not self._ended:
            more = next(self._source, None)
            self._ended = more is None
            self._pending += more or b""
        self._kept[self._produced] = bytes(self._pending[:CHUNK])
        del self._pending[:CHUNK]
        self._produced += 1
        if self._ended and self._pending:
            self._kept[self._produced] = bytes(self._pending)
            self._produced += 1
        passed = self._produced - 1 - _TAIL_CHUNKS
        if passed >= self._head:
            self._kept.pop(passed, None)
