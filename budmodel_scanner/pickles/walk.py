"""Walks one pickle from its first opcode to its STOP, without making any of its objects.

The loop is written out for the opcodes that large pickles consist of: calling a function for each would halve its speed.
"""

from itertools import count
from struct import Struct
from typing import Final

from budmodel_scanner.pickles import opcodes as op
from budmodel_scanner.pickles.effects import perform, result
from budmodel_scanner.pickles.filling import fill
from budmodel_scanner.pickles.machine import Machine
from budmodel_scanner.pickles.payloads import examine_encoded
from budmodel_scanner.pickles.report import MalformedError
from budmodel_scanner.pickles.values import HEAVY, HOLDABLE, PLAIN, Container, State, hold, pack, weight_of

# What takes more time than an opcode of the loop, in such opcodes: setting up a walk, and an opcode that calls a function.
_COST_OF_A_PICKLE: Final = 60
_COST_OF_A_CALL: Final = 7
_ATOMS: Final = {op.NONE: PLAIN, op.NEWTRUE: 1, op.NEWFALSE: 0, op.EMPTY_TUPLE: ()}
_WEIGH: Final = {Container, *HOLDABLE}
_int32: Final = Struct("<i").unpack_from
_uint32: Final = Struct("<I").unpack_from
_uint16: Final = Struct("<H").unpack_from


def walk_pickle(machine: Machine) -> object:
    """The value that the pickle leaves; the stream then stands behind its STOP.

    Raises MalformedError where no unpickler could go on, and UnscannedError (`budget`).
    """
    budget = machine.report.place.budget
    budget.spend("opcodes", _COST_OF_A_PICKLE)
    reader, stack, marks, memo, sparse = machine.reader, machine.stack, machine.marks, machine.memo, machine.sparse
    push, remember, weightless = stack.append, memo.append, _WEIGH.isdisjoint
    data, at, last = reader.data, reader.at, reader.last
    fence = machine.fence
    paid = 0
    try:
        for machine.opcodes in count():
            if at > last:
                reader.at = at
                budget.spend("opcodes", machine.opcodes - paid)
                paid = machine.opcodes
                reader.refill()
                examine_encoded(machine, reader.data, reader.seen)
                machine.lighten()
                data, at, last = reader.data, 0, reader.last
            code = data[at]
            at += 1
            if code == op.SHORT_BINUNICODE:
                end = at + 1 + data[at]
                push(data[at + 1 : end])
                at = end
            elif code == op.MEMOIZE:
                if sparse or len(stack) <= fence:
                    machine.put(len(memo) + len(sparse))
                else:
                    remember(stack[-1])
            elif code == op.BININT1:
                push(data[at])
                at += 1
            elif code == op.BINGET:
                index = data[at]
                at += 1
                push(memo[index] if index < len(memo) else machine.get(index))
            elif code == op.BINPUT:
                if data[at] == len(memo) and not sparse and len(stack) > fence:
                    remember(stack[-1])
                else:
                    machine.put(data[at])
                at += 1
            elif code == op.MARK:
                fence = len(stack)
                marks.append(fence)
            elif code == op.BINFLOAT:
                push(PLAIN)
                at += 8
            elif code == op.BINUNICODE and data[at + 1 : at + 4] == b"\0\0\0":
                end = at + 4 + data[at]
                push(data[at + 4 : end])
                at = end
            elif code == op.BININT:
                push(_int32(data, at)[0])
                at += 4
            elif code == op.BININT2:
                push(_uint16(data, at)[0])
                at += 2
            elif code in _ATOMS:
                push(_ATOMS[code])
            elif code == op.EMPTY_DICT:
                push(State({}) if machine.tracks_states else Container())
            elif code == op.EMPTY_LIST or code == op.EMPTY_SET:
                push(Container())
            elif code == op.SETITEMS or code == op.APPENDS:
                start = marks.pop()
                items = stack[start:]
                del stack[start:]
                fence = marks[-1] if marks else 0
                if start <= fence:
                    raise IndexError
                target = stack[-1]
                if type(target) is not Container or machine.appended is not None or machine.saw_objects:
                    machine.opcode_at = reader.stream.position + at - 1
                    fill(machine, code, target, items)
                elif not weightless(map(type, items)):
                    weight = target.weight
                    for item in items:
                        if type(item) is Container:
                            weight += item.weight
                        elif type(item) in HOLDABLE:
                            weight += weight_of(item)
                            hold([item])
                    target.weight = weight
                    if weight >= HEAVY:
                        machine.opcode_at = reader.stream.position + at - 1
                        fill(machine, code, target, items)
            elif code == op.LONG_BINPUT:
                if _uint32(data, at)[0] == len(memo) and not sparse and len(stack) > fence:
                    remember(stack[-1])
                else:
                    machine.put(_uint32(data, at)[0])
                at += 4
            elif code == op.LONG_BINGET:
                index = _uint32(data, at)[0]
                at += 4
                push(memo[index] if index < len(memo) else machine.get(index))
            elif op.TUPLE1 <= code <= op.TUPLE3:
                start = len(stack) - (code - op.TUPLE1 + 1)
                if start < fence:
                    raise IndexError
                stack[start:] = [pack(stack[start:])]
            elif code == op.TUPLE:
                start = marks.pop()
                stack[start:] = [pack(stack[start:])]
                fence = marks[-1] if marks else 0
            elif code == op.STOP:
                reader.at = at
                machine.opcode_at = reader.position - 1
                reader.leave()
                return result(machine)
            else:
                reader.at = at
                machine.opcode_at = reader.position - 1
                budget.opcodes -= _COST_OF_A_CALL
                perform(machine, code)
                data, at, last = reader.data, reader.at, reader.last
                fence = marks[-1] if marks else 0
    except IndexError as error:
        machine.opcode_at = reader.stream.position + at - 1
        raise MalformedError("takes from an empty stack, or looks for a mark that it never set") from error
    finally:
        budget.opcodes -= machine.opcodes - paid
    raise AssertionError  # The loop ends by STOP or by an error.
