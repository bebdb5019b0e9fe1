"""The values of opcodes that state a number or a text, read as generously as the most generous unpickler does.

The one in C takes a number to end at a zero byte, and both take other bases, underscores and blanks: where the walk broke
off earlier than they do, it would miss what comes after.
"""

from _codecs import escape_decode

from budmodel_scanner.expressions import expression
from budmodel_scanner.pickles.evaluated import is_argument_parser
from budmodel_scanner.pickles.reader import LONGEST_KEPT_LINE
from budmodel_scanner.pickles.report import MalformedError
from budmodel_scanner.pickles.values import ARGUMENT_PARSER, LONG_TEXT, PLAIN

_WHOLE_NUMBER = expression(rb"\s*[+-]?[0-9]+L?\s*")
_NUMBER_OF_ANY_BASE = expression(rb"\s*[+-]?(?:0[xXoObB]_?)?[0-9a-fA-F][0-9a-fA-F_]*L?\s*")
_INDEX = expression(rb"\s*\+?[0-9][0-9_]*\s*")
_LONGEST_KEPT_NUMBER = 16
LONGEST_KEPT_TEXT = 255


def whole_number(line: bytes) -> object:
    """Of INT and LONG: digits, where `00` and `01` are the truth values."""
    line, zero, _ = line.partition(b"\0")
    if zero and not line:
        return 0
    if not _NUMBER_OF_ANY_BASE.fullmatch(line):
        raise MalformedError("has a number that is none")
    return int(line.strip().rstrip(b"L")) if len(line) <= _LONGEST_KEPT_NUMBER and _WHOLE_NUMBER.fullmatch(line) else PLAIN


def binary_number(argument: bytes) -> object:
    """Of LONG1 and LONG4."""
    return int.from_bytes(argument, "little", signed=True) if len(argument) <= _LONGEST_KEPT_NUMBER else PLAIN


def fraction(line: bytes) -> object:
    """Of FLOAT."""
    try:
        float(line.partition(b"\0")[0])
    except ValueError as error:
        raise MalformedError("has a number that is none") from error
    return PLAIN


def quoted(line: bytes) -> object:
    """Of STRING: a text as Python 2 writes it, where a name may hide behind escapes."""
    if len(line) >= LONGEST_KEPT_LINE:
        return LONG_TEXT  # Its end may be missing.
    line = line.strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise MalformedError("has a text without its quotes")
    try:
        return kept(_unescape(line[1:-1]))
    except ValueError as error:
        raise MalformedError("has a text with broken escapes") from error


def escaped(line: bytes) -> object:
    """Of UNICODE: a text where a name may hide behind escapes."""
    if len(line) >= LONGEST_KEPT_LINE:
        return LONG_TEXT  # It may end within an escape.
    try:
        return kept(line.decode("raw-unicode-escape").encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise MalformedError("has a text with broken escapes") from error


def memo_index(line: bytes) -> int:
    """Of GET and PUT."""
    line = line.partition(b"\0")[0]
    try:
        if _INDEX.fullmatch(line):
            return int(line)
    except ValueError:
        pass  # Two underscores in a row, or more digits than int() takes.
    raise MalformedError("names no valid entry of its memo")


def _unescape(text: bytes) -> bytes:
    decoded: object = escape_decode(text)[0]  # Bytes, whatever typeshed says.
    return decoded if isinstance(decoded, bytes) else b""


def kept(text: bytes) -> object:
    """A text that could be a name, or a stand-in for a longer one."""
    if is_argument_parser(text):
        return ARGUMENT_PARSER
    return text if len(text) <= LONGEST_KEPT_TEXT else LONG_TEXT
