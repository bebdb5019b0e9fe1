"""A walk over a message in Thrift's compact protocol: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md."""

from budmodel_scanner.content import Place
from budmodel_scanner.formats.reading import MalformedError

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)
_MAX_DEPTH = 64
_MAX_TEXTS = 100_000


class ThriftReader:
    """Passes over a message; `texts` keeps its strings, each with how deep the structure is that holds it."""

    def __init__(self, data: bytes, area: str, place: Place) -> None:
        self._data = data
        self._area = area
        self._place = place
        self._position = 0
        self.texts: list[tuple[int, bytes]] = []

    @property
    def left(self) -> int:
        return len(self._data) - self._position

    def skip_struct(self, depth: int) -> None:
        """Raises MalformedError where the bytes are no such structure."""
        if depth > _MAX_DEPTH:
            raise MalformedError(f"{self._area}.depth", "the footer is nested too deep", "footer")
        while True:
            self._place.budget.spend("opcodes")
            head = self._byte()
            if head == 0:
                return
            if not head >> 4:
                self._number()
            if head & 15 not in (_TRUE, _FALSE):
                self._skip(head & 15, depth)

    def _skip(self, kind: int, depth: int) -> None:
        if kind in _INTEGERS:
            self._number()
        elif kind in (_TRUE, _FALSE, _BYTE):
            self._byte()
        elif kind == _DOUBLE:
            self._take(8)
        elif kind == _BINARY:
            text = self._take(self._number())
            if len(self.texts) < _MAX_TEXTS:
                self.texts.append((depth, text))
        elif kind in (_LIST, _SET):
            head = self._byte()
            count = head >> 4 if head >> 4 != 15 else self._number()
            self._repeat((head & 15,), count, depth)
        elif kind == _MAP:
            count = self._number()
            kinds = self._byte() if count else 0
            self._repeat((kinds >> 4, kinds & 15), count, depth)
        elif kind == _STRUCT:
            self.skip_struct(depth + 1)
        else:
            raise MalformedError(f"{self._area}.footer", f"the footer holds a value of the type {kind}", "footer")

    def _repeat(self, kinds: tuple[int, ...], count: int, depth: int) -> None:
        if count > self.left:
            raise MalformedError(f"{self._area}.footer", f"the footer claims {count:,} items", "footer")
        if depth > _MAX_DEPTH:
            raise MalformedError(f"{self._area}.depth", "the footer is nested too deep", "footer")
        self._place.budget.spend("opcodes", count)
        for _ in range(count):
            for kind in kinds:
                self._skip(kind, depth + 1)

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, length: int) -> bytes:
        if length > self.left:
            raise MalformedError(f"{self._area}.truncated", "the footer ends within a value", "footer")
        self._position += length
        return self._data[self._position - length : self._position]

    def _number(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise MalformedError(f"{self._area}.footer", "a number has more than 10 bytes", "footer")
