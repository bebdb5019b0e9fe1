"""Stack, marks and memo of an unpickler, holding stand-ins for the objects."""

from collections.abc import Callable

from budmodel_scanner.content import Stream, UnscannedError
from budmodel_scanner.pickles.names import module_of_a_family, vocabulary
from budmodel_scanner.pickles.reader import Reader
from budmodel_scanner.pickles.report import MalformedError, Report
from budmodel_scanner.pickles.values import FORGOTTEN, OLD_CONTAINER, PLAIN, Container, Nested
from budmodel_scanner.verdict import Verdict

_MOST_STACKED = 1_000_000
_MOST_REMEMBERED = 5_000_000
_KEPT = 100_000  # Of older values only the kind is kept.

Walk = Callable[["Machine"], object]


class Machine:
    """What one pickle of `stream` has built so far.

    `walk` examines a pickle inside this one. `reads_arrays`: whether an unpickler of joblib could be at work, which
    reads the numbers of an array in the middle of the pickle. `nesting` counts the pickles around this one.
    """

    def __init__(self, stream: Stream, report: Report, walk: Walk, reads_arrays: bool = True, nesting: int = 0) -> None:
        self.reader = Reader(stream, self._misframed)
        self.report = report
        self.walk = walk
        self.reads_arrays = reads_arrays
        self.nesting = nesting
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: list[object] = []
        self.sparse: dict[int, object] = {}  # Memo entries that came out of order.
        self.tracks_states = False
        self.saw_objects = False  # Whether a type of arrays of objects was met.
        self.object_fields = False  # Whether a type of records with objects among its fields was met.
        self.opcode_at = 0  # Of the opcode at work, in the stream.
        self.opcodes = 0  # How many were walked.
        self.appended: list[object] | None = None  # Where set, everything that is appended to lists.
        self._light_memo = 0
        self._light_stack = 0

    @property
    def fence(self) -> int:
        """Below it the stack belongs to what was there before the last mark."""
        return self.marks[-1] if self.marks else 0

    def say(self, rule: str, verdict: Verdict, what: str) -> None:
        """A finding at the opcode at work."""
        self.report.add(rule, verdict, what, self.opcode_at)

    def _misframed(self, what: str) -> None:
        self.report.add("frame", Verdict.MALICIOUS, f"{what}, which readers of pickles disagree about", self.reader.position)

    def pop(self) -> object:
        """The top of the stack. Raises MalformedError where there is none above the last mark."""
        if len(self.stack) <= self.fence:
            raise MalformedError("takes from an empty stack")
        return self.stack.pop()

    @property
    def top(self) -> object:
        """The top of the stack, left there. Raises MalformedError where there is none above the last mark."""
        if len(self.stack) <= self.fence:
            raise MalformedError("looks at an empty stack")
        return self.stack[-1]

    def pop_to_mark(self) -> list[object]:
        """What lies above the last mark, which goes too. Raises MalformedError where there is no mark."""
        if not self.marks:
            raise MalformedError("looks for a mark that it never set")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def put(self, index: int) -> None:
        """Remembers the top of the stack."""
        value = self.top
        if index < len(self.memo):
            self.memo[index] = value
        elif index == len(self.memo):
            self.sparse.pop(index, None)
            self.memo.append(value)
        else:
            self.sparse[index] = value

    def get(self, index: int) -> object:
        """What was remembered. Raises MalformedError where nothing was."""
        if 0 <= index < len(self.memo):
            return self.memo[index]
        if index not in self.sparse:
            raise MalformedError(f"recalls entry {index} of its memo, where it never put anything")
        return self.sparse[index]

    def lighten(self) -> None:
        """Bounds the memory: to be called every few thousand opcodes. Raises UnscannedError (`budget`)."""
        if len(self.stack) > _MOST_STACKED or len(self.memo) + len(self.sparse) > _MOST_REMEMBERED:
            raise UnscannedError("budget", "it holds more objects at a time than are kept track of")
        self._light_memo = self._lightened(self.memo, self._light_memo)
        self._light_stack = self._lightened(self.stack, self._light_stack)

    def _lightened(self, values: list[object], start: int) -> int:
        """Up to where the values are light now, where those before `start` were."""
        if len(values) - start <= _KEPT:
            return min(start, len(values))
        words = [word.encode("utf-8", "replace") for imported in self.report.globals for word in imported]
        kept = dict(zip(words, words, strict=True))
        values[start:] = [_lighter(value, kept) for value in values[start:]]
        return len(values)


def _lighter(value: object, kept: dict[bytes, bytes]) -> object:
    """`kept` are names that were imported before, which classes of other modules may have, too."""
    kind = type(value)
    if isinstance(value, bytes):
        return vocabulary().get(value) or module_of_a_family(value) or kept.get(value, FORGOTTEN)
    if kind is int:
        return PLAIN
    if isinstance(value, Container) and value.weight == 1:
        return OLD_CONTAINER
    return FORGOTTEN if kind is tuple or kind is Nested else value
