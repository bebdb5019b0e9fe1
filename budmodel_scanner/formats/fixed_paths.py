"""Operators of TensorFlow that write, move and delete files, given paths that the graph itself fixes.

Every model that can be trained further holds such operators, and whoever calls them says where to. Where that is computed
of constants alone, the author of the graph chose which files of the reader are written over or deleted.
"""

from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.examiner import suspicious
from budmodel_scanner.formats.tensorflow_operators import WRITING
from budmodel_scanner.verdict import Finding

_PASSING = frozenset(
    {b"Pack", b"StringJoin", b"ShardedFilename", b"Identity", b"ConcatV2", b"Reshape", b"ExpandDims", b"Squeeze", b"Add"}
    | {b"StringFormat", b"StringLower", b"Substr", b"DecodeBase64", b"AddV2", b"IdentityN", b"RegexReplace", b"GatherV2"}
    | {b"StaticRegexReplace", b"Const"}
)
_DEEPEST = 20


class FixedPaths:
    """Told of nodes in the order in which they lie."""

    def __init__(self) -> None:
        self.name = self.operator = b""
        self.inputs: list[bytes] = []
        self._nodes: dict[bytes, tuple[bytes, list[bytes]]] = {}
        self._found: dict[str, str] = {}

    def begin_graph(self) -> None:
        """Names hold within a graph or a function."""
        self.begin_node()
        for name, (operator, inputs) in self._nodes.items():
            taken = WRITING.get(operator.decode("utf-8", "replace"))
            # One that moves files is never alone, unless somebody wrote it by hand.
            if taken and (any(self._is_fixed(one, 0) for one in inputs[:taken]) or (not inputs and taken > 1)):
                self._found.setdefault(operator.decode(), name.decode("utf-8", "replace"))
        self._nodes = {}

    def begin_node(self) -> None:
        """What it is called and does, and what it is given, is set after that, in any order."""
        if self.operator in _PASSING or self.operator.decode("utf-8", "replace") in WRITING:
            self._nodes[self.name] = (self.operator, self.inputs)
        self.name, self.operator, self.inputs = b"", b"", []

    def findings(self, place: Place) -> Iterator[Finding]:
        self.begin_graph()
        for operator, name in self._found.items():
            what = f"the operator {operator} writes or deletes files at a path that the graph fixes"
            yield suspicious(place, "tensorflow.fixed-path", what, name[:80])

    def _is_fixed(self, reference: bytes, depth: int) -> bool:
        """Whether it is computed of constants alone; what a caller gives is no node, or none that passes on."""
        found = self._nodes.get(reference.removeprefix(b"^").partition(b":")[0])
        if found is None or depth == _DEEPEST:
            return False
        operator, inputs = found
        return operator == b"Const" or (bool(inputs) and all(self._is_fixed(one, depth + 1) for one in inputs))
