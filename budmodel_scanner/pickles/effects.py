"""What the opcodes do that the walk does not do itself: importing, calling, making, and everything rare."""

from collections.abc import Callable

from budmodel_scanner.pickles import constants
from budmodel_scanner.pickles import opcodes as op
from budmodel_scanner.pickles.calls import call, make
from budmodel_scanner.pickles.evaluated import evaluated_argument, evaluates_state
from budmodel_scanner.pickles.filling import build, expect_modest, fill, says_object_bytes
from budmodel_scanner.pickles.joblib_arrays import is_inline_array, is_neighbor
from budmodel_scanner.pickles.machine import Machine
from budmodel_scanner.pickles.names import Standing
from budmodel_scanner.pickles.payloads import bytes_payload, text_payload
from budmodel_scanner.pickles.report import MalformedError, shorten
from budmodel_scanner.pickles.torch_storages import persistent_object
from budmodel_scanner.pickles.values import (
    COMPUTED,
    FORGOTTEN,
    LONG_TEXT,
    OBJECT_BYTES,
    PLAIN,
    Container,
    Dtype,
    Global,
    State,
    pack,
)
from budmodel_scanner.verdict import Verdict

_HIGHEST_PROTOCOL = 5


def perform(machine: Machine, code: int) -> None:
    """Reads the argument of an opcode and applies its effect."""
    length = op.ARGUMENTS[code]
    if length is None:
        raise MalformedError(f"has byte 0x{code:02x} where an opcode should be")
    reader = machine.reader
    if length in op.COUNTED:
        width, signed = op.COUNTED[length]
        size = int.from_bytes(reader.take(width), "little", signed=signed)
        if size < 0:
            raise MalformedError("states a negative length")
        machine.stack.append(_PAYLOADS[code](machine, size))
        return
    argument = reader.line() if length == op.LINE else reader.take(length) if length else b""
    if code in _EFFECTS:
        _EFFECTS[code](machine, argument)
    else:
        machine.stack.append(_VALUES[code](machine, argument))


def result(machine: Machine) -> object:
    """What STOP hands over."""
    machine.marks.clear()
    value = machine.pop()
    machine.report.settle()
    expect_modest(machine, value)
    if machine.stack:
        what = f"leaves {len(machine.stack)} objects behind, as no pickler does"
        machine.say("leftover-objects", Verdict.SUSPICIOUS, what)
    machine.reader.end_frame()
    return value


def _protocol(machine: Machine, argument: bytes) -> None:
    if machine.opcodes:
        machine.say("protocol-again", Verdict.SUSPICIOUS, "states its protocol again, as no pickler does")
    if argument[0] > _HIGHEST_PROTOCOL:
        raise MalformedError(f"states protocol {argument[0]}, higher than any")


def _pop(machine: Machine, _: bytes) -> None:
    if machine.marks and machine.fence == len(machine.stack):
        machine.marks.pop()
    else:
        machine.pop()


def _pop_mark(machine: Machine, _: bytes) -> None:
    machine.pop_to_mark()


def _empty_dict(machine: Machine) -> object:
    return State({}) if machine.tracks_states else Container()


def _filled(machine: Machine, code: int, container: object) -> object:
    """A new container with what lies above the mark."""
    fill(machine, code, container, machine.pop_to_mark())
    return container


def _append(machine: Machine, _: bytes) -> None:
    item = machine.pop()
    fill(machine, op.APPENDS, machine.top, [item])


def _set_item(machine: Machine, _: bytes) -> None:
    value, name = machine.pop(), machine.pop()
    fill(machine, op.SETITEMS, machine.top, [name, value])


def _add_items(machine: Machine, _: bytes) -> None:
    items = machine.pop_to_mark()
    fill(machine, op.APPENDS, machine.top, items)


def _extension(machine: Machine, _: bytes) -> object:
    what = "imports by an extension code, whose meaning depends on where it is loaded"
    machine.say("extension-code", Verdict.SUSPICIOUS, what)
    return COMPUTED


def _out_of_band(machine: Machine, _: bytes) -> object:
    machine.say("out-of-band", Verdict.SUSPICIOUS, "takes a buffer that is not in this file")
    return PLAIN


def _persistent(machine: Machine, identity: object) -> object:
    return persistent_object(machine.report, identity, machine.opcode_at)


def _import(machine: Machine, module: bytes, name: bytes) -> Global:
    return machine.report.import_name(_name(module), _name(name), machine.opcode_at)


def _name(written: bytes) -> str:
    """Names are UTF-8, but those that Python 2 wrote as bytes are read in an encoding of the reader's choice."""
    try:
        return written.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return written.decode("latin-1")


def _global(machine: Machine, line: bytes) -> Global:
    return _import(machine, line, machine.reader.line())


def _stack_global(machine: Machine, _: bytes) -> object:
    name, module = machine.pop(), machine.pop()
    if isinstance(module, bytes) and isinstance(name, bytes):
        return _import(machine, module, name)
    if all(isinstance(part, bytes) or part is FORGOTTEN for part in (module, name)):
        machine.say("odd-name", Verdict.SUSPICIOUS, "imports a name that was stated very long before")
    elif all(isinstance(part, bytes) or part in (LONG_TEXT, FORGOTTEN) for part in (module, name)):
        machine.say("odd-name", Verdict.MALICIOUS, "imports a name that is longer than any")
    else:
        machine.say("computed-name", Verdict.MALICIOUS, "imports a name that it computes while loading, which hides it")
    return COMPUTED


def _instance(machine: Machine, line: bytes) -> object:
    of = _global(machine, line)
    return _instantiate(machine, of, machine.pop_to_mark())


def _object(machine: Machine, _: bytes) -> object:
    items = machine.pop_to_mark()
    if not items:
        raise MalformedError("makes an object of no class")
    return _instantiate(machine, items[0], items[1:])


def _instantiate(machine: Machine, of: object, arguments: list[object]) -> object:
    """INST and OBJ call a class only if there are arguments, and a function always."""
    if not arguments and isinstance(of, Global) and of.standing is Standing.CLASS:
        return _watched(machine, make(machine.report, of, machine.opcode_at))
    return call(machine.report, of, pack(arguments), machine.opcode_at)


def _reduce(machine: Machine, _: bytes) -> object:
    arguments, callee = machine.pop(), machine.pop()
    expect_modest(machine, arguments)
    if isinstance(arguments, tuple) and OBJECT_BYTES in arguments:
        says_object_bytes(machine)
    return _watched(machine, call(machine.report, callee, arguments, machine.opcode_at))


def _new(machine: Machine, _: bytes) -> object:
    arguments, of = machine.pop(), machine.pop()
    if problem := evaluated_argument(of, arguments):
        machine.say("evaluated", Verdict.SUSPICIOUS, f"an instance of {shorten(str(of))} {problem}")
    return _watched(machine, make(machine.report, of, machine.opcode_at))


def _new_with_keywords(machine: Machine, _: bytes) -> object:
    machine.pop()
    return _new(machine, b"")


def _watched(machine: Machine, made: object) -> object:
    machine.saw_objects |= isinstance(made, Dtype) and made.holds_objects
    machine.tracks_states |= is_inline_array(made) or is_neighbor(made) or evaluates_state(made)
    machine.tracks_states |= machine.report.holds_code
    return made


def _long(machine: Machine, size: int) -> object:
    if size > constants.LONGEST_KEPT_TEXT:
        machine.reader.skip(size)
        return PLAIN
    return constants.binary_number(machine.reader.take(size))


# Opcodes that push what these return, and the others.
_VALUES: dict[int, Callable[[Machine, bytes], object]] = {
    op.CODES[name]: value
    for name, value in {
        "INT": lambda _, line: constants.whole_number(line),
        "LONG": lambda _, line: constants.whole_number(line),
        "FLOAT": lambda _, line: constants.fraction(line),
        "STRING": lambda _, line: constants.quoted(line),
        "UNICODE": lambda _, line: constants.escaped(line),
        "DUP": lambda machine, _: machine.top,
        "GET": lambda machine, line: machine.get(constants.memo_index(line)),
        "LIST": lambda machine, _: _filled(machine, op.APPENDS, Container()),
        "DICT": lambda machine, _: _filled(machine, op.SETITEMS, _empty_dict(machine)),
        "FROZENSET": lambda machine, _: _filled(machine, op.APPENDS, Container()),
        "EXT1": _extension,
        "EXT2": _extension,
        "EXT4": _extension,
        "NEXT_BUFFER": _out_of_band,
        "READONLY_BUFFER": lambda machine, _: machine.pop(),
        "PERSID": _persistent,
        "BINPERSID": lambda machine, _: _persistent(machine, machine.pop()),
        "GLOBAL": _global,
        "STACK_GLOBAL": _stack_global,
        "INST": _instance,
        "OBJ": _object,
        "REDUCE": _reduce,
        "NEWOBJ": _new,
        "NEWOBJ_EX": _new_with_keywords,
    }.items()
}

_EFFECTS: dict[int, Callable[[Machine, bytes], None]] = {
    op.CODES[name]: effect
    for name, effect in {
        "PROTO": _protocol,
        "FRAME": lambda machine, length: machine.reader.begin_frame(int.from_bytes(length, "little")),
        "POP": _pop,
        "POP_MARK": _pop_mark,
        "PUT": lambda machine, line: machine.put(constants.memo_index(line)),
        "APPEND": _append,
        "SETITEM": _set_item,
        "ADDITEMS": _add_items,
        "BUILD": build,
    }.items()
}

_PAYLOADS: dict[int, Callable[[Machine, int], object]] = {
    op.CODES[name]: payload
    for payload, names in {
        _long: ["LONG1", "LONG4"],
        text_payload: ["BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "BINUNICODE8"],
        bytes_payload: ["SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"],
    }.items()
    for name in names
}
