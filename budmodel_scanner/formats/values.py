"""What formats hold beside their structure: texts for people and programs, cells, constants, numbers, opaque bytes.

Texts go to the rules that hold for them in any carrier. Among bytes, what loads, unpacks or runs is searched for, as it
stands, encoded or packed; what people wrote into tables, such as code, is theirs to read. Long ones are read in pieces,
or at both ends.
"""

from collections.abc import Iterator

from budmodel_scanner.content import CHUNK, Content, MemoryContent, Place, UnscannedError, Window
from budmodel_scanner.encodings import encoded_runs, packed_in, unpacked
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.payloads import begins_as, is_content, payload_in, programs_in, runs_in, worse
from budmodel_scanner.verdict import Finding, Verdict

PIECE = CHUNK
OVERLAP = _HEAD = 4096
_WHOLE_BYTES, _NARROWED_BYTES = 4 << 20, 1 << 20
_LONGEST_NOTE, _MOST_TEXTS = 1 << 18, 1000
_MOST = 10
_MOST_EXAMINED, _MOST_FINDINGS = 200, 5
_COST = 500
# What no code, command, template or program can do without is none of these. There may be hundreds of thousands of labels.
_OF_WORDS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _.,'\0"
_NO_WORDS = expression(
    rb"(?i)__|[a-z0-9_]{24}|\A[a-z_]\w*(?:\.\w+)+\Z|\b(?:powershell|mshta|cmd|certutil|nc|ncat|rm|regsvr32|rundll32|import)\b"
)
# Binary data hold the beginning of one by chance; texts hold no such bytes as these. Each is read as far as the next.
_TEMPLATE = expression(rb"\{[{%](?:(?!\{[{%])[^\x00-\x08]){0,4000}?(?:__|attr|cycler|lipsum|joiner|import|include|popen)")
# What a path, an address, a command, a name that is called, or JSON cannot do without.
_TELLING = expression(
    rb"""(?ix)[|;&$`\\{] | (?<!http:)(?<!https:)//
    | //\S+\.(?:pkl|pickle|joblib|dill|py|sh|ps1|so|dll|exe|whl|jar|zip|t?gz|pth?
    |ckpt|bin|h5|keras|np[yz])\s*$ | (?:file|data|script): | ^[~/.%] | \A[a-z_]\w*(?:\.\w+)+\Z
    | \b(?:powershell|mshta|cmd|certutil|nc|ncat|rm|regsvr32|rundll32)\b"""
)
# What a loader may open; how a model was made is told in paths of its maker's machine.
_OF_MAKING = expression(r"(?:^|\.)(?:quantize|general|imatrix|training|modelspec|ss_\w+)(?:\.|$)")
_PATH_KEY = expression(r"(?:[._]|^)(?:paths?|files?|filenames?|dir|directory|location)$")
_APART = expression(r"[\0\n]+")
_ARCHIVE_ENDS, _END_BYTES = b"PK\5\6", 22
_PROTOCOLS = (b"\2", b"\3", b"\4", b"\5")
# As PyTables and pandas keep objects: they count by what they do.
_KEEPS_PICKLES = ("hdf5",)


def examine_metadata(value: bytes, name: str, area: str, place: Place, nested: Nested) -> Iterator[Finding]:
    """Text or bytes that a format stores for people, and for the programs that know its keys."""
    if _is_of_words(value):
        return
    if _TEMPLATE.search(value):
        # The parser of templates takes longer to import than most headers to read.
        from budmodel_scanner.texts.template import examine_template

        yield from examine_template(value.decode("utf-8", "replace"), place.inside(name))
    for text in value.split(b"\0")[:_MOST_TEXTS] if _TELLING.search(value) else ():
        if len(text) <= _LONGEST_NOTE and _TELLING.search(text):
            yield from _noted(text.decode("utf-8", "replace"), name, place)
    if (found := payload_in(value)) is None:
        return
    what, payload = found
    called = f"payload in {name}" + (".pkl" if what.endswith("pickle") else "")
    inside = () if "code (" in what else list(nested(MemoryContent(payload), place.inside(called)))
    if what.endswith("pickle") and area in _KEEPS_PICKLES:
        yield from inside
        return
    yield suspicious(place, f"{area}.payload-in-metadata", f"{name} holds {what}", name)
    yield from worse(iter(inside))


def _is_of_words(value: bytes) -> bool:
    return not value.translate(None, _OF_WORDS) and not _NO_WORDS.search(value)


def _noted(text: str, key: str, place: Place) -> Iterator[Finding]:
    """A text by the rules for values in any carrier. `key` is what the format calls it."""
    # Their parsers take longer to import than most headers to read.
    from budmodel_scanner.texts.configuration import examine_configuration, written_out
    from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
    from budmodel_scanner.texts.values import examine_value

    if (tree := written_out(text) if text[:1] in ("{", "[") else None) is not None:
        yield from examine_configuration(tree, place.inside(key))
        return
    yield from examine_value(key, text, key, place)
    yield from judge(Leaf(LeafKind.VALUE, text, key), place, worst=Verdict.SUSPICIOUS)
    of_file = _PATH_KEY.search(key) and not _OF_MAKING.search(key) and "://" not in text and "\n" not in text
    yield from judge(Leaf(LeafKind.FILE if of_file else LeafKind.REFERENCE, text, key, key), place)


def examine_texts(
    content: Content, start: int, size: int, where: str, area: str, place: Place, nested: Nested, width: int = 0
) -> Iterator[Finding]:
    """`width`: of each text, where nothing may part it from the next; 0 for one text, or several parted by zeros."""
    step = PIECE - PIECE % width if 0 < width < PIECE else PIECE
    for at in range(start, start + size, step):
        piece = content.read(at, min(step, start + size - at))
        if 0 < width < step:
            piece = b"\0".join(piece[one : one + width].rstrip(b"\0 ") for one in range(0, len(piece), width))
        yield from examine_text_value(piece, where, area, place, nested)


def examine_records(
    content: Content, start: int, size: int, where: str, area: str, place: Place, nested: Nested
) -> Iterator[Finding]:
    """Texts among other fields: runs of letters, which numbers are by chance, but no whole template."""
    for at in range(start, start + size, PIECE):
        texts = b"\0".join(runs_in(content.read(at, min(PIECE, start + size - at))))
        found = examine_text_value(texts, where, area, place, nested)
        yield from (finding for finding in found if finding.rule != "template.malformed")


def examine_text_value(value: bytes, where: str, area: str, place: Place, nested: Nested) -> Iterator[Finding]:
    """A text that an array or a document holds as a value, or several parted by zeros."""
    found = list(examine_metadata(value, where, area, place, nested))
    if not found and not _is_of_words(value):
        # The parser of commands takes longer to import than most files to read.
        from budmodel_scanner.texts.embedded import examine_embedded
        from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge

        found = list(examine_embedded(value, place, nested))
        text = value.decode("utf-8", "replace")
        for line in _APART.split(text) if any(judge(Leaf(LeafKind.COMMAND, text), place)) else ():
            found.extend(judge(Leaf(LeafKind.VALUE, line, where), place))
    yield from found[:_MOST]


def examine_numbers(
    content: Content, start: int, size: int, where: str, area: str, place: Place, nested: Nested
) -> Iterator[Finding]:
    """The numbers of a tensor may be anything, and no loader minds. Those that begin as a program are there to be dropped.

    Two bytes of a pickle are met by chance, so a pickle counts only where it is malicious.
    """
    kind = _beginning(content.read(start, min(size, _HEAD)))
    if kind is None or kind == "marshal":
        return
    if kind != "pickle":
        yield suspicious(place, f"{area}.content-in-numbers", f"the numbers of {where} begin as {kind}", where)
    yield from worse(nested(Window(content, start, size), place.inside(where)))


def _beginning(head: bytes) -> str | None:
    """What values begin as. Where a pickle counts by what it does, two bytes of one are enough to look."""
    return begins_as(head) or ("pickle" if head[:1] == b"\x80" and head[1:2] in _PROTOCOLS else None)


def examine_bytes(
    content: Content, start: int, size: int, where: str, rule: str, place: Place, nested: Nested
) -> Iterator[Finding]:
    """An array, or a constant of a graph: what it begins as, and what hides at its ends. A pickle counts by what it does.

    Numbers of several bytes may be bytes one by one.
    """
    whole = Window(content, start, size)
    kind = _beginning(whole.read(0, _HEAD))
    if kind and kind != "marshal":
        if kind != "pickle":
            yield suspicious(place, rule, f"{where} begins as {kind}", f"byte {start:,}")
        yield from worse(nested(whole, place.inside(where)))
        return
    for first, length in ((0, size),) if size <= _WHOLE_BYTES else ((0, PIECE), (size - PIECE, PIECE)):
        yield from examine_cells(whole.read(first, length), where, place, nested, Window(whole, first, size - first), rule)
    if (narrow := narrowed(whole)) is not None:
        yield from examine_bytes(MemoryContent(narrow), 0, len(narrow), where, rule, place, nested)


def narrowed(content: Content) -> bytes | None:
    """The bytes that numbers of two, four or eight bytes are, where they are small; None for any other numbers."""
    head = content.read(0, 64)
    for width in (8, 4, 2):
        for first in (0, width - 1):
            rest = [head[at::width] for at in range(width) if at != first]
            if len(head) >= 4 * width and any(head[first::width]) and not any(map(any, rest)):
                return content.read(0, _NARROWED_BYTES)[first::width]
    return None


def examine_values(content: Content, start: int, size: int, where: str, place: Place, nested: Nested) -> Iterator[Finding]:
    """Cells and the like in a range of a file, read in pieces."""
    for at in range(start, start + size, PIECE - OVERLAP):
        length = min(PIECE, start + size - at)
        yield from examine_cells(content.read(at, length), where, place, nested, Window(content, at, start + size - at))
        if at + length == start + size:
            return


def examine_cells(
    data: bytes, where: str, place: Place, nested: Nested, whole: Content | None = None, rule: str = ""
) -> Iterator[Finding]:
    """Values one after another. `whole`: what `data` begins; `rule`: where not even scripts belong among them."""
    whole = whole or MemoryContent(data)
    examined = told = passed = 0
    for what, at in programs_in(data):
        if what == "a zip file" or (what == "a zip member" and at < passed) or (what == "a script" and not rule):
            continue  # Archives are told by their first member, and scripts are what tables of code are made of.
        if what.startswith("a pickle") or what == "a zip member":
            end = _end_of_archive(data, at) if what == "a zip member" else whole.size
            passed = end if what == "a zip member" else passed
            if examined == _MOST_EXAMINED:
                raise UnscannedError("cells.many", f"{where} holds more than {_MOST_EXAMINED} pickles and archives")
            examined += 1
            found = list(worse(nested(Window(whole, at, end - at), place.inside(f"{what} in {where}"))))
        else:
            found = [suspicious(place, rule or "cells.program", f"{where} holds {what}", where)]
        yield from found
        told += bool(found)
        if told == _MOST_FINDINGS:
            return
    for how, inner in within(data, place):
        kind = begins_as(inner) or "script"
        found = (
            list(worse(nested(MemoryContent(inner), place.inside(f"{how} {kind} in {where}"))))
            if "script" not in kind
            else []
        )
        yield from found
        if found:
            return


def within(data: bytes, place: Place) -> Iterator[tuple[str, bytes]]:
    """What is encoded among bytes that may be anything where it may be more than a text, and what is packed."""
    for _, inner in encoded_runs(data, is_content, amid_bytes=True):
        yield "encoded", unpacked(inner, PIECE)
    for at in packed_in(data):
        place.budget.spend("opcodes", _COST)
        yield "packed", unpacked(data[at:], PIECE)


def _end_of_archive(data: bytes, at: int) -> int:
    end = data.find(_ARCHIVE_ENDS, at)
    return len(data) if end < 0 else min(len(data), end + _END_BYTES)
