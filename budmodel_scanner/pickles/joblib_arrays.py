"""Arrays that joblib writes into the middle of a pickle, and before 0.10 into files beside it.

joblib.numpy_pickle: `NumpyArrayWrapper.write_array`. After the BUILD of their wrapper come the raw numbers. Padding (its
length in one byte, then as many) aligns them where the wrapper states an alignment; arrays of objects are a pickle.

joblib.numpy_pickle_compat: `NDArrayWrapper.read` joins the folder of the pickle and the name, and hands the file to
numpy.load. A plain name stays in the folder, whose files are scanned themselves; any other leads elsewhere.
"""

from math import prod

from budmodel_scanner.content import Stream
from budmodel_scanner.expressions import expression
from budmodel_scanner.pickles.machine import Machine
from budmodel_scanner.pickles.report import MalformedError, Report
from budmodel_scanner.pickles.values import Dtype, Made, State
from budmodel_scanner.verdict import Finding, Verdict

_MODULES = [f"{parent}joblib.numpy_pickle" for parent in ("", "sklearn.externals.")]
_INLINE = {(module, "NumpyArrayWrapper") for module in _MODULES}
_BESIDE = {(module, name) for module in _MODULES for name in ("NDArrayWrapper", "ZNDArrayWrapper")}
_PLAIN_NAME = expression(rb"[\w.-]{1,200}\.npy(?:\.z)?")
_ALIGNMENT = b"numpy_array_alignment_bytes"
_PROBED = 64 * 1024


def is_inline_array(value: object) -> bool:
    """Whether this is the wrapper that announces an array."""
    return isinstance(value, Made) and value.by.key in _INLINE


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


def is_neighbor(value: object) -> bool:
    """Whether this is the wrapper of an array in a file of its own."""
    return isinstance(value, Made) and value.by.key in _BESIDE


def check_neighbor(machine: Machine, state: object) -> None:
    """A finding where the wrapper's state names anything but a file beside it."""
    name = state.entries.get(b"filename") if isinstance(state, State) and state.certain else None
    if not isinstance(name, bytes) or not _PLAIN_NAME.fullmatch(name):
        what = "reads an array from a file that it does not plainly name as one beside it"
        machine.say("neighbor", Verdict.SUSPICIOUS, what)
