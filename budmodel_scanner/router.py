"""Recognizes content by itself, not by its name, and hands it to whoever can examine it; then asks whether the name agrees.

Content may be several things at once: readers begin at different ends. So all that recognize it examine it, and the end is
looked at, too, where zip files have their directory.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator

from budmodel_scanner.containers.registry import CONTAINERS
from budmodel_scanner.containers.sequential import KEPT_BYTES, SequentialContent
from budmodel_scanner.containers.zip_files import examine_zip
from budmodel_scanner.containers.zip_reading import find_end, has_directory
from budmodel_scanner.content import Content, Place, Stream, UnscannedError
from budmodel_scanner.examiner import suspicious, unscanned
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.payloads import hidden_in
from budmodel_scanner.formats.recognized import disk_image, unread
from budmodel_scanner.formats.registry import FORMATS, Format
from budmodel_scanner.names import (
    PICKLES,
    WEIGHTS,
    disguises,
    disguises_pickle,
    disguises_text,
    is_owned,
    is_text_name,
    suffix_of,
)
from budmodel_scanner.pickles.examine import examine_pickle, looks_like_pickle
from budmodel_scanner.texts.decoding import begins_as_text
from budmodel_scanner.verdict import Finding, Verdict

_HEAD = 4096
_HUNTED_BYTES = 1 << 20
# What a file may unpack to as a whole, through all its layers: of a single one, deflate makes 1,032 bytes of each at most.
_MOST_GROWTH, _ALWAYS_UNPACKED = 1100, 64 << 20
_CODE_OBJECT = expression(rb"[\xe3c].\0{3}.\0{3}.\0{3}.\0{3}", re.DOTALL)
_PRINTER_SETTINGS = expression(r"(?:^|/)printerSettings\d*\.bin$")


def examine_file(content: Content, place: Place) -> Iterator[Finding]:
    """What is wrong with a file. Never raises for what is in it: what could not be examined is a finding, too."""
    budget = place.budget
    budget.expanded_bytes = min(budget.expanded_bytes, max(_ALWAYS_UNPACKED, _MOST_GROWTH * content.size))
    yield from _guarded(_examine(content, place), place)


def examine_nested(source: Content | Iterable[bytes], place: Place) -> Iterator[Finding]:
    """The same for content inside of a file. A stream of unknown length is read forward, or kept in memory up to a limit."""
    if isinstance(source, Iterable):
        yield from _guarded(_examine_stream(Stream(source), place), place)
    else:
        yield from _guarded(_examine(source, place), place)


def _guarded(findings: Iterator[Finding], place: Place, area: str = "content") -> Iterator[Finding]:
    try:
        yield from findings
    except UnscannedError as stop:
        rule = stop.rule if "." in stop.rule else f"{area}.{stop.rule}"
        yield Finding(rule, Verdict.UNSCANNED, stop.what, place.at(""))
    except Exception as error:  # noqa: BLE001  # Hostile bytes find what tests do not; the file is an error, the others go on.
        what = f"its examination failed: {type(error).__name__}: {str(error)[:200]}"
        yield Finding("scan.examiner-failed", Verdict.ERROR, what, place.at(""))


def _examine_stream(stream: Stream, place: Place) -> Iterator[Finding]:
    head = stream.peek(_HEAD)
    for known in CONTAINERS:
        if known.forward is not None and known.recognizes(head, place.name):
            yield from _mismatch(known, place)
            yield from _guarded(known.forward(stream, place, examine_nested), place, known.name)
            return
    if head and looks_like_pickle(head) and not _is_text(head, place.name):
        yield from _pickle_name(place)
        yield from _guarded(examine_pickle(stream, place), place, "pickle")
        return
    yield from _examine(_gathered(stream), place)


def _gathered(stream: Stream) -> SequentialContent:
    pieces: deque[bytes] = deque()
    size = 0
    while piece := stream.peek(_HUNTED_BYTES):
        stream.take(len(piece))
        pieces.append(piece)
        size += len(piece)
        if size > KEPT_BYTES:
            raise UnscannedError("content.too-large", f"expands to more than {KEPT_BYTES:,} bytes, the most that is kept")
    return SequentialContent((pieces.popleft() for _ in range(len(pieces))), size)


def _examine(content: Content, place: Place) -> Iterator[Finding]:
    head = content.read(0, _HEAD)
    if not content.size:
        if suffix_of(place.name) in WEIGHTS:
            yield unscanned(place, "content.empty", "is empty where weights should be")
        return
    is_pickle = looks_like_pickle(head)
    name = place.name
    found = [known for known in (*CONTAINERS, *FORMATS) if known.recognizes(head, name)]
    certain = [known for known in found if not known.plausible]
    is_text = not certain and _is_text(head, place.name)
    found = certain if certain or is_pickle or is_text else found[:1]
    if len(found) + is_pickle > 1:
        what = " and ".join([*(known.name for known in found), *(["pickle"] if is_pickle else [])])
        yield suspicious(place, "content.polyglot", f"is {what} at once")
    for known in found:
        yield from _mismatch(known, place)
        yield from _guarded(known.examine(content, place, examine_nested), place, known.name)
    if is_pickle:
        yield from _examine_pickle(content, place, is_text)
    if is_text:
        yield from _examine_as_text(content, place)
    elif not found and not is_pickle:
        yield from _unknown(content, head, place)
    if all(known.name != "zip" for known in found):
        yield from _guarded(_appended_zip(content, place, found), place, "zip")


def _is_text(head: bytes, name: str) -> bool:
    """Of pickles, the oldest are lines of text; where the name expects one, they are no texts."""
    return begins_as_text(head) and not (suffix_of(name) in PICKLES and looks_like_pickle(head))


def _mismatch(known: Format, place: Place) -> Iterator[Finding]:
    if disguises(place.name, known):
        yield suspicious(place, "content.disguised", f"is {known.name}, which its name denies")


def _pickle_name(place: Place) -> Iterator[Finding]:
    if disguises_pickle(place.name):
        yield suspicious(place, "content.disguised", "is a pickle, which its name denies")


def _examine_pickle(content: Content, place: Place, is_text: bool) -> Iterator[Finding]:
    """The oldest pickles are lines of text, and a text may look like one by chance: then only what is malicious counts."""
    findings = _guarded(examine_pickle(Stream(content), place), place, "pickle")
    if is_text:
        yield from (finding for finding in findings if finding.verdict is Verdict.MALICIOUS)
        return
    yield from _pickle_name(place)
    yield from findings


def _examine_as_text(content: Content, place: Place) -> Iterator[Finding]:
    # Its parsers take longer to import than weights to examine.
    from budmodel_scanner.texts.examine import examine_text
    from budmodel_scanner.texts.pth_files import is_of_setuptools

    if disguises_text(place.name) and not (place.name.endswith(".pth") and is_of_setuptools(content)):
        yield suspicious(place, "content.disguised", "is a text, which its name denies")
    yield from _guarded(examine_text(content, place, examine_nested), place, "text")


def _unknown(content: Content, head: bytes, place: Place) -> Iterator[Finding]:
    if is_text_name(place.name):
        yield from _examine_as_text(content, place)
        return
    found = ("code of Python", 0) if _CODE_OBJECT.match(head) else _hidden(content)
    if found:
        what, at = found
        yield suspicious(place, "content.hidden", f"is of no known format and holds {what}", f"byte {at:,}")
    elif image := disk_image(content):
        what = f"is {image}; models do not come in these"
        yield suspicious(place, "archive.out-of-place", what)
    elif place.members and _PRINTER_SETTINGS.search(place.name):
        # Of the printer of whoever wrote a document, as its driver has them; nothing was found in them above.
        return
    elif is_owned(place.name):
        what = f"is nothing that a name in {suffix_of(place.name)} stands for: it starts {head[:8].hex(' ')}"
        yield suspicious(place, "content.disguised", what)
    else:
        known = unread(head, place.name)
        what = f"is {known}, which is not read" if known else f"is of no known format: it starts {head[:8].hex(' ')}"
        yield unscanned(place, "content.unknown-format", what)


def _hidden(content: Content) -> tuple[str, int] | None:
    """What loads, unpacks or runs, at the beginning or the end of bytes that are unknown otherwise, and where it starts."""
    for start in sorted({0, max(0, content.size - _HUNTED_BYTES)}):
        if found := hidden_in(content.read(start, _HUNTED_BYTES)):
            return found[0], start + found[1]
    return None


def _appended_zip(content: Content, place: Place, found: list[Format]) -> Iterator[Finding]:
    """A zip file is read from its end, so it may stand behind anything."""
    end = find_end(content)
    if end is None or not has_directory(content, end):
        return
    findings = examine_zip(content, place, examine_nested)
    if any(known.zip_behind for known in found):
        # A zip of labels behind a model of TFLite. A program of its own kind is told by its examiner.
        yield from (finding for finding in findings if finding.rule != "zip.leading-bytes")
        return
    if any(known.forward is not None or known.zip_within for known in found):
        # An archive that ends with a zip file as its last member is no zip file, nor is a table of such.
        yield from (finding for finding in findings if finding.verdict is Verdict.MALICIOUS)
        return
    yield suspicious(place, "content.zip-appended", "has a zip file at its end", f"byte {end:,}")
    yield from findings
