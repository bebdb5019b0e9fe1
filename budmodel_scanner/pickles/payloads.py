"""Bytes and long texts inside a pickle: passed over by length, unless they are a pickle themselves."""

import re
from base64 import a85decode, b85decode
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import suppress

from budmodel_scanner.content import CHUNK, Stream, UnscannedError
from budmodel_scanner.encodings import from_base32, from_base64, from_digits, from_signs, unpacked
from budmodel_scanner.pickles.constants import LONGEST_KEPT_TEXT, kept
from budmodel_scanner.pickles.evaluated import LONGEST_PARSER
from budmodel_scanner.pickles.machine import Machine
from budmodel_scanner.pickles.report import MalformedError, Report
from budmodel_scanner.pickles.torch_storages import finish_legacy_file, is_legacy_file
from budmodel_scanner.pickles.values import EXAMINED, LONG_TEXT, PLAIN
from budmodel_scanner.verdict import Verdict

_MOST_NESTED = 3
_COST = 200  # In opcodes: what setting up an examination takes.
_PROTOCOLS = b"\x02\x03\x04\x05"
_LONGEST_ENCODED = 1 << 20
_HEXADECIMAL = b"0123456789abcdefABCDEF"
# A protocol, then a frame, a name, or an empty container: as base64, and as digits. The oldest begin with a name.
# Compressed, they begin in so few letters that only the beginning of a text counts; its length may look like a letter.
_COMPRESSED = rb"(?:\A|(?<=\A.))(?:H4sI|e(?:A[E-H]|F[4-7]|J[w-z]|N[o-r])|1f8b08|78(?:01|5e|9c|da))"
_ENCODED_BEGINNINGS = (
    _COMPRESSED,
    *(b"gASV", b"gAWV", b"gAJj", b"gAJ9", b"gAJd", b"gANj", b"gAN9", b"gANd"),
    *(b"Y29zC", b"Y3Bvc2l4", b"Y2J1aWx0aW5z", b"Y19fYnVpbHRpbl9f", b"Y3N1YnByb2Nlc3M"),
    *(b"QACJ", b"QACZ", b"QABG", b"QABH", b"QABF", b"QABW", b"QABX", b"QABV", b"D6FQ", b"PCO", b"PDN", b"PAA"),
    *(b"800495", b"800595", b"800263", b"80027d", b"80025d", b"800363", b"80037d", b"80035d"),
    *(b"636f730a", b"63706f736978", b"636275696c74696e73", b"635f5f6275696c74696e5f5f", b"6373756270726f63657373"),
)
# The same in base32, which is tried before base64: its letters are among those.
_BASE32 = re.compile(rb"(?:QA[BC][A-Z2-7]|D6FQ|P[ACD][A-Z2-7]{2})[A-Z2-7]{12,}")
# And in base85, as Python and Git write it, and as Adobe does.
_BASE85: tuple[tuple[tuple[bytes, ...], re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    (
        (b"fC", b"ABz", b"c$", b"c%", b"c-"),
        re.compile(rb"(?:fC[QZ67FG]|ABz|c[$%-])[0-9A-Za-z!#$%&()+*;<=>?@^_`{|}~-]{16,}"),
        b85decode,
    ),
    ((b"J-", b"+,^", b"Ga", b"Gb", b"Gh"), re.compile(rb"(?:J-[;D'(01]|\+,\^|G[abh])[!-uz]{16,}"), a85decode),
)
# Bytes that begin as something else: how a pickle goes on is too long for chance.
_HIDDEN = (
    re.compile(rb"\x80[\x02-\x05](?:\x95.{4}\x00{4}|c[A-Za-z_][\w.]{0,60}\n[A-Za-z_]|\x8c.[A-Za-z_]\w)", re.DOTALL),
    re.compile(rb"c(?:os|nt|posix|builtins|__builtin__|subprocess|sys|runpy|importlib)\n\w{1,40}\n"),
)
_SEARCHED = 1 << 16
_SHORTEST_HIDDEN = 12
_ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_ENCODED_LONG = (
    b"gA",
    b"80",
    b"H4",
    b"eA",
    b"eF",
    b"eJ",
    b"eN",
    b"1f",
    b"78",
    b"63",
    b"Y2",
    b"Y1",
    b"QA",
    b"D6",
    b"fC",
    b"AB",
    b"c$",
    b"c%",
    b"c-",
    b"J-",
    b"+,",
)
_COMPRESSED_BYTES = (b"\x1f\x8b", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"\xfd7", b"BZ")
_OVERLAP = 1 << 12
_SHORTEST_RUN = b"a" * 16
_LETTERS = bytes(ord("a") if re.match(rb"[A-Za-z0-9+/_-]", bytes([byte])) else 0 for byte in range(256))
_ENCODED_BEGINNING = re.compile(b"|".join(_ENCODED_BEGINNINGS))


def bytes_payload(machine: Machine, size: int) -> object:
    """Bytes of this length come next."""
    head = _peek(machine, 2, size)
    if len(head) == 2 and head[0] == 0x80 and head[1] in _PROTOCOLS:
        return _nested(machine, _portion(machine, size), size, PLAIN)
    if head in _COMPRESSED_BYTES and size <= _LONGEST_ENCODED:
        examine_decoded(machine, _inflated(machine.reader.take(size)), machine.report.base + machine.reader.stream.position)
        return PLAIN
    searched = machine.reader.take(min(size, _SEARCHED))
    if size >= _SHORTEST_HIDDEN:
        start = machine.report.base + machine.reader.stream.position - len(searched)
        for found in (found for hidden in _HIDDEN for found in hidden.finditer(searched)):
            machine.report.place.budget.spend("opcodes", _COST)
            examine_decoded(machine, searched[found.start() :], start + found.start())
    machine.reader.skip(size - len(searched))
    return PLAIN


def text_payload(machine: Machine, size: int) -> object:
    """A text of this length comes next. Protocol 2 writes bytes as text, one letter for each."""
    if size <= LONGEST_KEPT_TEXT:
        return machine.reader.take(size)
    head = _peek(machine, 3, size)
    if head[:2] == b"\xc2\x80" and head[2] in _PROTOCOLS:
        return _nested(machine, _letters_to_bytes(_portion(machine, size)), size, LONG_TEXT)
    if head[:2] in _ENCODED_LONG and size <= _LONGEST_ENCODED:
        text = machine.reader.take(size)
        examine_encoded(machine, text)
        return LONG_TEXT
    if head[:1] == b"\n" and size <= LONGEST_PARSER:
        return kept(machine.reader.take(size))
    machine.reader.skip(size)
    return LONG_TEXT


def examine_encoded(machine: Machine, window: bytes, seen: int = 0) -> None:
    """Looks for texts that are a pickle in base64 or in hexadecimal digits: nothing but loading it is their use.

    Of the window, so much has been `seen`, but for what its end may have cut off.
    """
    if seen == len(window):
        return
    begin = max(0, seen - _OVERLAP)
    window = window[begin:]
    for starts, runs, _ in _BASE85:
        for run in runs.finditer(window) if any(start in window for start in starts) else ():
            machine.report.place.budget.spend("opcodes", _COST + len(run[0]))
            for data in printed(run[0]):
                examine_decoded(machine, _inflated(data), machine.report.base + machine.reader.stream.position)
    # Long runs of such letters are few, and to tell that there are none costs least.
    if _SHORTEST_RUN not in window.translate(_LETTERS):
        return
    for run in _ENCODED.finditer(window):
        at = 0
        while found := _ENCODED_BEGINNING.search(run[0], at):
            text = run[0][found.start() :]
            at = found.end()
            machine.report.place.budget.spend("opcodes", _COST + len(text))
            start = machine.report.base + machine.reader.stream.position + begin + run.start() + found.start()
            examine_decoded(machine, _decoded(text), start)


def examine_decoded(machine: Machine, data: bytes, start: int) -> None:
    inner = Report(machine.report.place, base=start)
    whole = machine.nesting < _MOST_NESTED and _examine(machine, Stream([data]), inner)
    # What is cut off has no whole frame.
    machine.report.add_all(
        one for one in inner.findings if whole or (one.verdict is Verdict.MALICIOUS and one.rule != "pickle.frame")
    )


def printed(text: bytes) -> Iterator[bytes]:
    """What a text is in base85, where a pickle or something compressed begins so."""
    for _, begins, decode in _BASE85:
        if found := begins.match(text):
            yield from_signs(found[0], decode)


def _decoded(text: bytes) -> bytes:
    """As far as it can be: a window may cut it off."""
    if found := _BASE32.match(text):
        with suppress(ValueError):
            return _inflated(from_base32(found[0]))
    digits = text[: len(text) - len(text.lstrip(_HEXADECIMAL))]
    return _inflated(from_digits(digits) if len(digits) >= 16 else from_base64(text))


def _inflated(data: bytes) -> bytes:
    return unpacked(data, _LONGEST_ENCODED)


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
    inner = Report(machine.report.place, base=machine.report.base + end - size)
    whole = machine.nesting < _MOST_NESTED and _examine(machine, Stream(chunks), inner)
    # Numbers can look like a pickle for a while, even with a frame, but they import nothing that is known to be dangerous.
    machine.report.add_all(
        found for found in inner.findings if whole or (found.verdict is Verdict.MALICIOUS and found.rule != "pickle.frame")
    )
    machine.reader.skip(end - machine.reader.stream.position)
    return EXAMINED if whole else otherwise


def _examine(machine: Machine, stream: Stream, report: Report) -> bool:
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
