"""The bytes of a pickle, seen through a window that the walk reads by index.

Protocol 4 puts opcodes into frames. Readers disagree about one that ends elsewhere than between two opcodes: CPython's in C
drops what is left of it and reads on in the file, its Python one refuses, and a pickle in memory is read as if there were no
frames. No pickler writes such a frame, so whoever does wants one reader to see other opcodes than the next.
"""

from collections.abc import Callable

from budmodel_scanner.content import CHUNK, Stream, UnscannedError
from budmodel_scanner.pickles.report import MalformedError

# More than the longest opcode that the walk reads without asking whether it ends inside the window.
_MARGIN = 264
_FIRST, _LARGEST = 4096, 256 * 1024
LONGEST_KEPT_LINE = 1 << 16


class Reader:
    """`data[at]` is the next byte. Up to `last`, an opcode and its argument lie inside `data`; beyond it, `refill` first.

    `last` lies inside the frame of the opcode. `misframed` is told of each frame that ends in the wrong place.
    """

    def __init__(self, stream: Stream, misframed: Callable[[str], None]) -> None:
        self.stream = stream
        self._misframed = misframed
        self._frame_end: int | None = None  # In the stream, of the frame that the opcode at work began in.
        self.data = b""
        self.at = 0
        self.last = -1
        self._end = 0
        self.seen = 0  # How much of the window other windows held before; each frame begins a window of its own.
        self._seen_to = 0
        self._size = _FIRST  # Grows, because many small pickles may follow each other.

    @property
    def position(self) -> int:
        """Of the next byte, in the stream."""
        return self.stream.position + self.at

    def refill(self) -> None:
        """Moves the window to the next byte. Raises MalformedError where the stream has ended."""
        self._pass(0)
        self.leave()
        data = self.stream.peek(self._size)
        if not data:
            self.end_frame()
            raise MalformedError("ends without a STOP")
        self._end = len(data)
        self.seen = max(0, min(self._end, self._seen_to - self.stream.position))
        self._seen_to = max(self._seen_to, self.stream.position + self._end)
        if self._end < self._size:
            self.data, self.last = data + bytes(_MARGIN), self._end - 1
        else:
            self.data, self.last = data, self._end - _MARGIN
            self._size = min(4 * self._size, _LARGEST)
        if self._frame_end is not None:
            self.last = min(self.last, self._frame_end - self.stream.position - 1)

    def leave(self) -> None:
        """Closes the window; the stream then stands at the next byte. Raises MalformedError where that is beyond its end."""
        at, self.data, self.at, self.last, self._end = self.at, b"", 0, -1, 0
        self._skip(at)

    def begin_frame(self, length: int) -> None:
        """The next bytes, so many, are a frame."""
        self.end_frame()
        self.leave()  # The window was made for the frame before.
        self._frame_end = self.position + length

    def end_frame(self) -> None:
        """Here a frame should have ended, if one was begun."""
        if self._frame_end is not None and self.position < self._frame_end:
            self._misframed("states a frame that is longer than what it holds")
        self._frame_end = None

    def take(self, length: int) -> bytes:
        """The next bytes. Raises MalformedError where the stream ends in them."""
        self._pass(length)
        end = self.at + length
        if end > self._end:
            self.leave()
            try:
                return self.stream.take(length)
            except UnscannedError as error:
                raise self._malformed(error) from error
        found = self.data[self.at : end]
        self.at = end
        return found

    def skip(self, length: int) -> None:
        """Passes over bytes. Raises MalformedError where the stream ends in them."""
        self._pass(length)
        end = self.at + length
        if end > self._end:
            self.leave()
            self._skip(length)
        else:
            self.at = end

    def line(self) -> bytes:
        """The next line without its end. Only the beginning of a very long one is given.

        Where the stream ends before the line, its last byte counts as the end: so do CPython's unpicklers.
        """
        end = self.data.find(b"\n", self.at, self._end)
        if end >= 0:
            line = self.data[self.at : end]
            self._pass(end + 1 - self.at)
            self.at = end + 1
            return line
        self.leave()
        kept = b""
        while True:
            found = self.stream.peek(CHUNK)
            end = found.find(b"\n")
            self._pass(end + 1 if end >= 0 else len(found))
            kept += found[: end if end >= 0 else None][: LONGEST_KEPT_LINE - len(kept)]
            self._skip(end + 1 if end >= 0 else len(found))
            if end >= 0:
                return kept
            if not found:
                return kept[:-1]

    def _pass(self, length: int) -> None:
        """So many bytes are about to be read: they belong to the frame of their opcode, or to none."""
        if self._frame_end is None:
            return
        if self.position + length > self._frame_end:
            self._misframed("has an opcode that crosses the end of its frame")
            self._frame_end = None
        elif self.position + length == self._frame_end and not length:
            self._frame_end = None

    def _skip(self, length: int) -> None:
        try:
            self.stream.skip(length)
        except UnscannedError as error:
            raise self._malformed(error) from error

    def _malformed(self, error: UnscannedError) -> Exception:
        """An end in the middle is a fault of the pickle; a budget spent while its bytes were unpacked is not."""
        if error.rule != "truncated":
            return error
        self.end_frame()
        return MalformedError(str(error))
