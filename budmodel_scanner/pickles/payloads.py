"""Bytes and long texts inside a pickle: passed over by length, unless they are a pickle themselves."""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator

from budmodel_scanner.content import CHUNK, Stream, UnscannedError
from budmodel_scanner.encodings import encoded_runs, is_packed, unpacked
from budmodel_scanner.expressions import expression
from budmodel_scanner.pickles.constants import LONGEST_KEPT_TEXT, kept
from budmodel_scanner.pickles.evaluated import LONGEST_PARSER
from budmodel_scanner.pickles.machine import Machine
from budmodel_scanner.pickles.report import MalformedError, Report
from budmodel_scanner.pickles.torch_storages import finish_legacy_file, is_legacy_file
from budmodel_scanner.pickles.unannounced import begins_unannounced, is_unannounced
from budmodel_scanner.pickles.values import EXAMINED, LONG_TEXT, PLAIN
from budmodel_scanner.verdict import Verdict

_MOST_NESTED = 3
_COST = 200  # In opcodes: what setting up an examination takes.
_PROTOCOLS = b"\x02\x03\x04\x05"
_LONGEST_ENCODED = 1 << 20
# How a pickle goes on is too long for chance.
_GOES_ON = rb"[\x02-\x05](?:\x95.{4}\x00{4}|c[A-Za-z_][\w.]{0,60}\n[A-Za-z_]|\x8c.[A-Za-z_]\w)"
_IMPORTS = rb"c(?:os|nt|posix|builtins|__builtin__|subprocess|sys|runpy|importlib)\n\w{1,40}\n"
_HIDDEN = (expression(rb"\x80" + _GOES_ON, re.DOTALL), expression(_IMPORTS))
_AS_LETTERS = expression(rb"\xc2\x80[\x02-\x05](?:[\x00-\x7f]|\xc2[\x80-\xbf]|\xc3[\x80-\xbf]){8,}")
_WANTED = expression(rb"\x80[\x02-\x05][^\x00-\x1f ]|" + _IMPORTS, re.DOTALL)
_SEARCHED = 1 << 16
_SHORTEST_HIDDEN = 12
_COMPRESSED_BYTES = (b"\x1f\x8b", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"\xfd7", b"BZ")
_OVERLAP = 1 << 12


def bytes_payload(machine: Machine, size: int) -> object:
    """Bytes of this length come next."""
    head = _peek(machine, 2, size)
    if len(head) == 2 and head[0] == 0x80 and head[1] in _PROTOCOLS:
        return _nested(machine, _portion(machine, size), size, PLAIN)
    if head in _COMPRESSED_BYTES and size <= _LONGEST_ENCODED:
        _examine(machine, [unpacked(machine.reader.take(size), _LONGEST_ENCODED)], _position(machine))
        return PLAIN
    searched = machine.reader.take(min(size, _SEARCHED))
    if size >= _SHORTEST_HIDDEN:
        start = _position(machine) - len(searched)
        if is_unannounced(searched):
            _examine(machine, [searched], start)
        for found in (found for hidden in _HIDDEN for found in hidden.finditer(searched)):
            machine.report.place.budget.spend("opcodes", _COST)
            _examine(machine, [searched[found.start() :]], start + found.start())
    machine.reader.skip(size - len(searched))
    return PLAIN


def text_payload(machine: Machine, size: int) -> object:
    """A text of this length comes next. Protocol 2 writes bytes as text, one letter for each."""
    if size <= LONGEST_KEPT_TEXT:
        return machine.reader.take(size)
    head = _peek(machine, 3, size)
    if head[:2] == b"\xc2\x80" and head[2] in _PROTOCOLS:
        return _nested(machine, _letters_to_bytes(_portion(machine, size)), size, LONG_TEXT)
    if head[:1] == b"\n" and size <= LONGEST_PARSER:
        return kept(machine.reader.take(size))
    if machine.reader.at + size > len(machine.reader.data):  # Else the walk looks at it with the rest of the window.
        text = machine.reader.take(min(size, _LONGEST_ENCODED))
        examine_encoded(machine, text)
        size -= len(text)
    machine.reader.skip(size)
    return LONG_TEXT


def examine_encoded(machine: Machine, window: bytes, seen: int = 0) -> None:
    """Looks for texts that are a pickle in base64 and the like: nothing but loading it is their use.

    Of the window, so much has been `seen`, but for what its end may have cut off.
    """
    if seen == len(window):
        return
    begin = max(0, seen - _OVERLAP)
    window, start = window[begin:], _position(machine) + begin
    for at, data in encoded_runs(window, _is_wanted, amid_bytes=True):
        machine.report.place.budget.spend("opcodes", _COST + len(data))
        _examine(machine, [unpacked(data, _LONGEST_ENCODED)], start + at)
    for found in _AS_LETTERS.finditer(window):
        machine.report.place.budget.spend("opcodes", _COST + len(found[0]))
        _examine(machine, [found[0].decode().encode("latin-1")], start + found.start())


def _is_wanted(head: bytes) -> bool:
    return is_packed(head) or _WANTED.match(head) is not None or begins_unannounced(head)


def _position(machine: Machine) -> int:
    return machine.report.base + machine.reader.position


def _peek(machine: Machine, length: int, size: int) -> bytes:
    reader = machine.reader
    if reader.at + length > len(reader.data):
        reader.leave()
        return reader.stream.peek(min(length, size))
    return reader.data[reader.at : reader.at + min(length, size)]


def _nested(machine: Machine, chunks: Iterator[bytes], size: int, otherwise: object) -> object:
    """EXAMINED where the bytes are a whole pickle or legacy file of torch, `otherwise` where they only begin like one."""
    machine.report.place.budget.spend("opcodes", _COST)
    machine.reader.leave()
    end = machine.reader.stream.position + size
    whole = _examine(machine, chunks, machine.report.base + end - size)
    machine.reader.skip(end - machine.reader.stream.position)
    return EXAMINED if whole else otherwise


def _examine(machine: Machine, chunks: Iterable[bytes], start: int) -> bool:
    """Says what is wrong with bytes that lie at `start` of the file; gives whether they are whole pickles."""
    inner = Report(machine.report.place, base=start)
    whole = machine.nesting < _MOST_NESTED and _is_whole(machine, Stream(chunks), inner)
    # Numbers can look like a pickle for a while, even with a frame, but they import nothing that is known to be dangerous.
    machine.report.add_all(
        found for found in inner.findings if whole or (found.verdict is Verdict.MALICIOUS and found.rule != "pickle.frame")
    )
    return whole


def _is_whole(machine: Machine, stream: Stream, report: Report) -> bool:
    nested = Machine(stream, report, machine.walk, reads_arrays=False, nesting=machine.nesting + 1)
    try:
        value = machine.walk(nested)
        if is_legacy_file(value):
            finish_legacy_file(stream, report, machine.walk)
        return stream.at_end
    except (MalformedError, UnicodeError):
        return False
    except UnscannedError as error:
        if error.rule != "truncated":
            raise
        return False


def _portion(machine: Machine, size: int) -> Iterator[bytes]:
    while size:
        length = min(size, CHUNK)
        size -= length
        yield machine.reader.take(length)


def _letters_to_bytes(chunks: Iterator[bytes]) -> Iterator[bytes]:
    decoder = getincrementaldecoder("utf-8")()
    for chunk in chunks:
        yield decoder.decode(chunk).encode("latin-1")
