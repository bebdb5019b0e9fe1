"""What opcodes give to objects that are there already: the items of a container, the state of an object."""

from budmodel_scanner.pickles import opcodes as op
from budmodel_scanner.pickles.calls import PARTIAL, restore_partial
from budmodel_scanner.pickles.evaluated import evaluated_entry, evaluates_state
from budmodel_scanner.pickles.joblib_arrays import check_neighbor, is_inline_array, is_neighbor, read_inline_array
from budmodel_scanner.pickles.machine import Machine
from budmodel_scanner.pickles.report import shorten
from budmodel_scanner.pickles.values import (
    HEAVY,
    PLAIN,
    Container,
    Dtype,
    Global,
    Made,
    State,
    hold,
    is_object_bytes,
    weigh,
    weight_of,
)
from budmodel_scanner.verdict import Verdict

_HAS_OBJECTS = 1  # A flag of numpy.dtype: https://numpy.org/doc/stable/reference/generated/numpy.dtype.flags.html


def fill(machine: Machine, code: int, target: object, items: list[object]) -> None:
    """SETITEMS, APPENDS and their kin, which call methods of what they fill."""
    hold(items)
    if machine.saw_objects and not machine.object_fields:
        machine.object_fields = any(isinstance(item, tuple) and _names_objects(item) for item in items)
    if isinstance(target, Global):
        _changes_a_global(machine, target)
    elif isinstance(target, State) and code == op.SETITEMS:
        for name, value in zip(items[::2], items[1::2], strict=False):
            if isinstance(name, bytes):
                target.entries[name] = value
            else:
                target.certain = False
    elif isinstance(target, Made) and target.by.module == "torch._utils" and target.by.name.startswith("_rebuild"):
        # CVE-2026-24747: torch's own reader writes where the tensor does not reach.
        what = f"fills what {target.by} made, a tensor, as if it were a dictionary or a list"
        machine.say("fills-tensor", Verdict.MALICIOUS, what)
    elif isinstance(target, Container):
        weigh(target, items)
        expect_modest(machine, target)
        if machine.appended is not None and code == op.APPENDS:
            machine.appended += items


def _names_objects(field: tuple[object, ...]) -> bool:
    """Whether this is a field of an array's type, (type, offset), that holds objects."""
    return len(field) in (2, 3) and isinstance(field[0], Dtype) and field[0].holds_objects


def expect_modest(machine: Machine, value: object) -> None:
    if weight_of(value) >= HEAVY:
        what = "holds the same objects in each other so often that to copy, compare or print them would never end"
        machine.say("expansion", Verdict.SUSPICIOUS, what)


def build(machine: Machine, _: bytes) -> None:
    """BUILD, which gives an object its state."""
    state = machine.pop()
    target = machine.top
    hold([state])
    if isinstance(target, Global):
        _changes_a_global(machine, target)
    elif isinstance(target, Dtype) and isinstance(state, tuple):
        # version, byte order, sub-array, names, fields, bytes, alignment, flags, metadata
        flags = state[7] if len(state) > 7 else 0
        target.holds_objects |= not isinstance(flags, int) or bool(flags & _HAS_OBJECTS)
        if machine.object_fields and len(state) > 4 and isinstance(state[4], Container) and not target.holds_objects:
            says_object_bytes(machine)
    elif isinstance(target, Made) and target.by.key in PARTIAL:
        restore_partial(machine.report, state, machine.opcode_at)
    elif isinstance(target, Made) and is_object_bytes(state):
        says_object_bytes(machine)
    elif isinstance(target, Made) and evaluates_state(target):
        if problem := evaluated_entry(target.by, state):
            machine.say("evaluated", Verdict.SUSPICIOUS, f"an instance of {shorten(str(target.by))} {problem}")
    elif is_neighbor(target):
        check_neighbor(machine, state)
    elif is_inline_array(target):
        read_inline_array(machine, state)
    elif target is PLAIN or isinstance(target, bytes | int | tuple | State | Container):
        machine.say("malformed", Verdict.SUSPICIOUS, "restores the state of something that has none")


def _changes_a_global(machine: Machine, target: Global) -> None:
    what = f"loading it changes {shorten(str(target))} itself, not an object made by it"
    machine.say("changes-a-global", Verdict.MALICIOUS, what)


def says_object_bytes(machine: Machine) -> None:
    what = "makes an array of objects whose addresses are bytes of the file: numpy would follow them"
    machine.say("object-bytes", Verdict.SUSPICIOUS, what)
