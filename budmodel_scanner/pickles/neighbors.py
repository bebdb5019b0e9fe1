"""Arrays that joblib before 0.10 wrote into files beside the pickle: its wrapper names one, which the loader then reads.

joblib.numpy_pickle_compat: `NDArrayWrapper.read` joins the folder of the pickle and the name, and hands the file to
numpy.load. A plain name stays in the folder, whose files are scanned themselves; any other leads elsewhere.
"""

import re

from budmodel_scanner.pickles.machine import Machine
from budmodel_scanner.pickles.values import Made, State
from budmodel_scanner.verdict import Verdict

_WRAPPERS = {
    (f"{parent}joblib.numpy_pickle", name)
    for parent in ("", "sklearn.externals.")
    for name in ("NDArrayWrapper", "ZNDArrayWrapper")
}
_PLAIN_NAME = re.compile(rb"[\w.-]{1,200}\.npy(?:\.z)?")


def is_neighbor(value: object) -> bool:
    """Whether this is the wrapper of an array in a file of its own."""
    return isinstance(value, Made) and value.by.key in _WRAPPERS


def check_neighbor(machine: Machine, state: object) -> None:
    """A finding where the wrapper's state names anything but a file beside it."""
    name = state.entries.get(b"filename") if isinstance(state, State) and state.certain else None
    if not isinstance(name, bytes) or not _PLAIN_NAME.fullmatch(name):
        what = "reads an array from a file that it does not plainly name as one beside it"
        machine.say("neighbor", Verdict.SUSPICIOUS, what)
