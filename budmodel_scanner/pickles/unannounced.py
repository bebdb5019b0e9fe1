"""Pickles that name no protocol, wherever they lie: nothing tells them but that they read as one, import and call."""

import pickletools
import re
from collections.abc import Iterator
from io import BytesIO

from budmodel_scanner.expressions import expression

_MOST_BYTES = 1 << 16
_IMPORT = expression(rb"[ci][A-Za-z_][\w.]{0,100}\n[A-Za-z_][\w.]{0,100}\n|\x93")
_OPENING = expression(
    rb"""c[A-Za-z_][\w.]{0,100}(?:\n|\Z) | \((?:[dlt]?(?:p\d|q|[\x94NIKLVXUc(\]}]|S['"])|\x8c.[A-Za-z_])
    | [\]})](?:q[\0-\x0f]|\x94|p\d|\(|r[\0-\xff]{4}) | [ILF]-?[\d.]{1,20}L?\n | S['"]\w | V\w{1,22}(?:\n|\Z)
    | \x8c.[A-Za-z_][\w.]{2} | X.\0\0\0[A-Za-z_] | U.[A-Za-z_]\w""",
    re.DOTALL | re.VERBOSE,
)
_IMPORTING, _CALLING = {"GLOBAL", "INST", "STACK_GLOBAL"}, {"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"}
_FEW = 3


def begins_unannounced(head: bytes) -> bool:
    """Whether some bytes may be the first of one, as picklers and those who write pickles by hand begin them."""
    return _OPENING.match(head) is not None


def is_unannounced(data: bytes) -> bool:
    data = data[:_MOST_BYTES]
    return begins_unannounced(data) and _IMPORT.search(data) is not None and read_as_pickle(data)[1]


def read_as_pickle(data: bytes) -> tuple[int, bool]:
    """How many bytes read as opcodes, and whether they make a pickle that imports and calls something."""
    seen: set[str] = set()
    count = position = 0
    try:
        for opcode, at in _as_unpickled(data):
            count += 1
            position = at
            seen.add(opcode.name)
            if opcode.name == "STOP":
                return position + 1, _calls(seen)
    except (ValueError, AttributeError, IndexError, OverflowError):
        # Cut off or broken on purpose: enough of it came before to be no accident.
        return position + 1, _calls(seen) and count > _FEW
    return len(data), _calls(seen)


def _calls(seen: set[str]) -> bool:
    return not (seen.isdisjoint(_IMPORTING) or seen.isdisjoint(_CALLING))


def _as_unpickled(data: bytes) -> Iterator[tuple[pickletools.OpcodeInfo, int]]:
    """Opcodes as far as a stack has what each of them takes, each with its place. Letters run out of it within a few words.

    Raises ValueError where unpickling would."""
    stack: list[object] = []
    memo: dict[object, object] = {}
    for opcode, argument, at in pickletools.genops(BytesIO(data)):
        takes: list[object] = list(opcode.stack_before)
        gives: list[object] = list(opcode.stack_after)
        if opcode.name in {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}:
            memo[len(memo) if opcode.name == "MEMOIZE" else argument] = stack[-1]
        elif opcode.name in {"GET", "BINGET", "LONG_BINGET"}:
            if argument not in memo:
                raise ValueError(f"nothing was kept as {argument}")
            gives = [memo[argument]]
        elif pickletools.markobject in takes:
            last = len(stack) - 1
            while last >= 0 and stack[last] is not pickletools.markobject:
                last -= 1
            if last < 0:
                raise ValueError("no mark")
            if opcode.name == "OBJ" and last + 1 == len(stack):
                raise ValueError("no class")
            del stack[last:]
            takes = takes[: takes.index(pickletools.markobject)]
        if len(takes) > len(stack):
            raise ValueError(f"{opcode.name} of too little")
        del stack[len(stack) - len(takes) :]
        stack += gives
        yield opcode, at or 0
