"""Arrays that joblib writes into the middle of a pickle: after the BUILD of their wrapper come the raw numbers.

joblib.numpy_pickle: `NumpyArrayWrapper.write_array`. Padding (its length in one byte, then as many) aligns the numbers where
the wrapper states an alignment; arrays of objects are a pickle of their own instead.
"""

from math import prod

from budmodel_scanner.content import Stream
from budmodel_scanner.pickles.machine import Machine
from budmodel_scanner.pickles.report import MalformedError, Report
from budmodel_scanner.pickles.values import Dtype, Made, State
from budmodel_scanner.verdict import Finding, Verdict

_WRAPPERS = {(f"{parent}joblib.numpy_pickle", "NumpyArrayWrapper") for parent in ("", "sklearn.externals.")}
_ALIGNMENT = b"numpy_array_alignment_bytes"
_PROBED = 64 * 1024


def is_inline_array(value: object) -> bool:
    """Whether this is the wrapper that announces an array."""
    return isinstance(value, Made) and value.by.key in _WRAPPERS


def read_inline_array(machine: Machine, state: object) -> None:
    """Passes over the array that follows; the stream stands behind it. Raises MalformedError where its length is unknown."""
    if not machine.reads_arrays:
        machine.say("inline-array", Verdict.SUSPICIOUS, "announces an array of joblib where joblib would not read it")
        return
    machine.reader.end_frame()  # joblib reads on in the file, whatever is left of the frame.
    if not isinstance(state, State) or not state.certain:
        raise MalformedError("announces an array of joblib without a plain description of it")
    shape, dtype = state.entries.get(b"shape"), state.entries.get(b"dtype")
    if not isinstance(shape, tuple) or not isinstance(dtype, Dtype) or dtype.item_bytes is None:
        raise MalformedError("announces an array of joblib whose length it does not state")
    if dtype.holds_objects:
        machine.reader.leave()
        inner = Machine(machine.reader.stream, machine.report, machine.walk, reads_arrays=False, nesting=machine.nesting + 1)
        machine.walk(inner)
        return
    sizes = [size for size in shape if isinstance(size, int) and size >= 0]
    if len(sizes) != len(shape):
        raise MalformedError("announces an array of joblib with a length that is no number")
    _probe(machine)
    if isinstance(state.entries.get(_ALIGNMENT), int):
        machine.reader.skip(machine.reader.take(1)[0])
    machine.reader.skip(prod(sizes) * dtype.item_bytes)


def _is_deliberate(finding: Finding) -> bool:
    """Numbers are opcodes for a moment by chance, but they do not spell names."""
    if finding.rule == "pickle.frame":
        return False
    return finding.verdict is Verdict.MALICIOUS or finding.rule == "pickle.unknown-global"


def _probe(machine: Machine) -> None:
    """The plain unpickler takes the numbers for opcodes: nothing may hide there from one of the two readers."""
    reader = machine.reader
    reader.leave()
    head = reader.stream.peek(_PROBED)
    inner = Report(machine.report.place, base=machine.report.base + reader.stream.position)
    other = Machine(Stream([head]), inner, machine.walk, reads_arrays=False, nesting=machine.nesting)
    other.stack, other.marks = [*machine.stack[-1000:]], []
    other.memo, other.sparse = [*machine.memo[:1000]], {}
    try:
        machine.walk(other)
    except MalformedError:
        if other.reader.position < len(head):
            machine.report.add_all(finding for finding in inner.findings if _is_deliberate(finding))
            return
    machine.report.add_all(inner.findings)
    what = "the numbers of an array are opcodes as well: an unpickler other than joblib's would execute them"
    machine.say("opcodes-in-array", Verdict.SUSPICIOUS, what)
