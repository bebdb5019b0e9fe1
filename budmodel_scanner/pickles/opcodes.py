"""The opcodes of pickle, protocols 0 to 5, as the table of the standard library has them."""

import pickletools

CODES = {opcode.name: ord(opcode.code) for opcode in pickletools.opcodes}

# By byte: None where there is no such opcode, else the length of its argument as `pickletools` writes it: a number of bytes,
# LINE, or one of COUNTED, where the length comes before the argument.
LINE = pickletools.UP_TO_NEWLINE
COUNTED = {  # How many bytes that length has, and whether it is signed.
    pickletools.TAKEN_FROM_ARGUMENT1: (1, False),
    pickletools.TAKEN_FROM_ARGUMENT4: (4, True),
    pickletools.TAKEN_FROM_ARGUMENT4U: (4, False),
    pickletools.TAKEN_FROM_ARGUMENT8U: (8, False),
}
ARGUMENTS: list[int | None] = [None] * 256
for _opcode in pickletools.opcodes:
    ARGUMENTS[ord(_opcode.code)] = _opcode.arg.n if _opcode.arg else 0

MARK = CODES["MARK"]
NONE = CODES["NONE"]
NEWTRUE = CODES["NEWTRUE"]
NEWFALSE = CODES["NEWFALSE"]
BININT = CODES["BININT"]
BININT1 = CODES["BININT1"]
BININT2 = CODES["BININT2"]
BINFLOAT = CODES["BINFLOAT"]
SHORT_BINUNICODE = CODES["SHORT_BINUNICODE"]
BINUNICODE = CODES["BINUNICODE"]
MEMOIZE = CODES["MEMOIZE"]
BINPUT = CODES["BINPUT"]
LONG_BINPUT = CODES["LONG_BINPUT"]
BINGET = CODES["BINGET"]
LONG_BINGET = CODES["LONG_BINGET"]
EMPTY_LIST = CODES["EMPTY_LIST"]
EMPTY_DICT = CODES["EMPTY_DICT"]
EMPTY_TUPLE = CODES["EMPTY_TUPLE"]
EMPTY_SET = CODES["EMPTY_SET"]
TUPLE = CODES["TUPLE"]
TUPLE1 = CODES["TUPLE1"]
TUPLE3 = CODES["TUPLE3"]
APPENDS = CODES["APPENDS"]
SETITEMS = CODES["SETITEMS"]
STOP = CODES["STOP"]
PROTO = CODES["PROTO"]
