"""The bytes of a pickle, seen through a window that the walk reads by index."""

from budmodel_scanner.content import CHUNK, Stream, UnscannedError
from budmodel_scanner.pickles.report import MalformedError

# More than the longest opcode that the walk reads without asking whether it ends inside the window.
_MARGIN = 264
_FIRST, _LARGEST = 4096, 256 * 1024
_LONGEST_KEPT_LINE = 1 << 16


class Reader:
    """`data[at]` is the next byte. Up to `last`, an opcode and its argument lie inside `data`; beyond it, `refill` first."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.data = b""
        self.at = 0
        self.last = -1
        self._end = 0
        self._size = _FIRST  # Grows, because many small pickles may follow each other.

    @property
    def position(self) -> int:
        """Of the next byte, in the stream."""
        return self.stream.position + self.at

    def refill(self) -> None:
        """Moves the window to the next byte. Raises MalformedError where the stream has ended."""
        self.leave()
        data = self.stream.peek(self._size)
        if not data:
            raise MalformedError("ends without a STOP")
        self._end = len(data)
        if self._end < self._size:
            self.data, self.last = data + bytes(_MARGIN), self._end - 1
        else:
            self.data, self.last = data, self._end - _MARGIN
            self._size = min(4 * self._size, _LARGEST)

    def leave(self) -> None:
        """Closes the window; the stream then stands at the next byte. Raises MalformedError where that is beyond its end."""
        at, self.data, self.at, self.last, self._end = self.at, b"", 0, -1, 0
        self._skip(at)

    def take(self, length: int) -> bytes:
        """The next bytes. Raises MalformedError where the stream ends in them."""
        end = self.at + length
        if end > self._end:
            self.leave()
            try:
                return self.stream.take(length)
            except UnscannedError as error:
                raise _malformed(error) from error
        found = self.data[self.at : end]
        self.at = end
        return found

    def skip(self, length: int) -> None:
        """Passes over bytes. Raises MalformedError where the stream ends in them."""
        end = self.at + length
        if end > self._end:
            self.leave()
            self._skip(length)
        else:
            self.at = end

    def line(self) -> bytes:
        """The next line without its end. Only the beginning of a very long one is given."""
        end = self.data.find(b"\n", self.at, self._end)
        if end >= 0:
            line = self.data[self.at : end]
            self.at = end + 1
            return line
        self.leave()
        kept = b""
        while True:
            found = self.stream.peek(CHUNK)
            if not found:
                raise MalformedError("ends inside a line")
            end = found.find(b"\n")
            kept += found[: end if end >= 0 else None][: _LONGEST_KEPT_LINE - len(kept)]
            self._skip(end + 1 if end >= 0 else len(found))
            if end >= 0:
                return kept

    def _skip(self, length: int) -> None:
        try:
            self.stream.skip(length)
        except UnscannedError as error:
            raise _malformed(error) from error


def _malformed(error: UnscannedError) -> Exception:
    """An end in the middle is a fault of the pickle; a budget spent while its bytes were unpacked is not."""
    return MalformedError(str(error)) if error.rule == "truncated" else error
