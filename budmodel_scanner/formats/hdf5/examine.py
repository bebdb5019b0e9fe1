"""HDF5 files, as Keras, PyTables, AnnData and MATLAB write them: every object, link, attribute and chunk is walked."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError, Window
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.formats.hdf5 import storage
from budmodel_scanner.formats.hdf5.file import File, Reader, opened, start_of
from budmodel_scanner.formats.hdf5.heaps import fractal_heap, local_heap, name_at, placed_objects, symbol_nodes, tree_records
from budmodel_scanner.formats.hdf5.objects import (
    ATTRIBUTE,
    ATTRIBUTE_INFO,
    DATASPACE,
    DATATYPE,
    EXTERNAL_FILES,
    FILTERS,
    KNOWN_MESSAGES,
    LAYOUT,
    LINK,
    LINK_INFO,
    SYMBOL_TABLE,
    Message,
    attribute,
    messages,
)
from budmodel_scanner.formats.keras_config import examine_keras_config
from budmodel_scanner.formats.locations import objection
from budmodel_scanner.formats.payloads import begins_as, examine_leftover, signature, worse
from budmodel_scanner.formats.reading import MalformedError, all_zero, reports_malformed, swept
from budmodel_scanner.formats.values import examine_numbers, examine_text_value
from budmodel_scanner.texts.decoding import is_utf8
from budmodel_scanner.verdict import Finding, Verdict

_MAX_MESSAGE_BYTES = 64 << 20
_MAX_HUNTED_BYTES = 16 << 20
_HARD, _SOFT, _EXTERNAL = 0, 1, 64


def recognizes(head: bytes, _name: str) -> bool:
    return start_of(head) is not None


@dataclass(slots=True)
class _Walk:
    """What is left to visit. An object may be linked from many places; it is read once."""

    file: File
    place: Place
    nested: Nested
    waiting: list[tuple[int, str]]
    known: set[int] = field(default_factory=set)

    def visit(self, address: int, path: str) -> None:
        if address not in self.known:
            self.known.add(address)
            self.waiting.append((address, path))


@reports_malformed
def examine(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    start = start_of(content.read(0, 4096))
    if start is None:
        raise MalformedError("hdf5.superblock", "has no superblock", 0)
    if start:
        yield from _user_block(content, start, place, nested)
    file = opened(content, start)
    walk = _Walk(file, place, nested, [])
    walk.visit(file.root, "/")
    while walk.waiting:
        address, path = walk.waiting.pop()
        place.budget.spend("opcodes")
        yield from _object(walk, address, path)
    yield from examine_leftover(content, file.end, content.size - file.end, "trailing bytes", "hdf5", place, nested)
    yield from _unused(walk)


def _user_block(content: Content, size: int, place: Place, nested: Nested) -> Iterator[Finding]:
    """MATLAB and MuData write a text there; anything else makes the file look like another format."""
    if not content.read(0, 22).startswith((b"MATLAB 7.3", b"MuData (format-version")) and not all_zero(content, 0, size):
        yield from examine_leftover(content, 0, size, "user block", "hdf5", place, nested)


def _object(walk: _Walk, address: int, path: str) -> Iterator[Finding]:
    file = walk.file
    found = list(messages(file, address, walk.place))
    bodies = {
        message.kind: _body(file, message)
        for message in found
        if message.kind in (DATASPACE, DATATYPE) and not message.shared
    }
    for message in found:
        where = walk.place.at(f"{path} at byte {message.start:,}")
        if message.kind not in KNOWN_MESSAGES:
            yield Finding("hdf5.unknown-message", Verdict.SUSPICIOUS, f"a message has the type {message.kind}", where)
        elif message.shared:
            yield from _shared(walk, message, path)
        elif message.kind == SYMBOL_TABLE:
            yield from _symbols(walk, message, path)
        elif message.kind == LINK:
            yield from _link(walk, _body(file, message), path)
        elif message.kind == LINK_INFO:
            for body in _dense(walk, _body(file, message), is_link=True):
                yield from _link(walk, body, path)
        elif message.kind == ATTRIBUTE:
            yield from _attribute(walk, _body(file, message), path)
        elif message.kind == ATTRIBUTE_INFO:
            for body in _dense(walk, _body(file, message), is_link=False):
                yield from _attribute(walk, body, path)
        elif message.kind == EXTERNAL_FILES:
            yield from storage.external_files(file, _body(file, message), where)
        elif message.kind == FILTERS:
            yield from storage.filters(_body(file, message), where)
        elif message.kind == LAYOUT:
            seen = storage.Seen(path, walk.place, walk.nested)
            yield from storage.layout(file, _body(file, message), bodies, seen, where)


def _body(file: File, message: Message) -> bytes:
    if message.end - message.start > _MAX_MESSAGE_BYTES:
        raise UnscannedError("hdf5.message-size", f"a message has {message.end - message.start:,} bytes")
    return file.content.read(message.start, message.end - message.start)


def _shared(walk: _Walk, message: Message, path: str) -> Iterator[Finding]:
    """A type that several objects share is kept in an object of its own."""
    reader = Reader(walk.file, message.start, message.end)
    version, kind = reader.number("B"), reader.number("B")
    if version == 1:
        reader.skip(6)
    elif version == 3 and kind == 1:
        what = "a message is kept in the file's own heap"
        yield Finding("hdf5.shared-message", Verdict.UNSCANNED, what, walk.place.at(path))
        return
    walk.visit(reader.offset(), f"{path} type")


def _symbols(walk: _Walk, message: Message, path: str) -> Iterator[Finding]:
    """A group of the old kind: names in a heap, entries in the leaves of a tree."""
    file = walk.file
    reader = Reader(file, message.start, message.end)
    tree, heap_address = reader.offset(), reader.offset()
    heap = local_heap(file, heap_address)
    for node in symbol_nodes(file, tree, walk.place):
        head = file.cursor(node, 8).expect(b"SNOD")
        head.skip(2)
        count = head.number("H")
        entries = file.cursor(node + 8, count * (2 * file.offset_bytes + 24))
        for _ in range(count):
            walk.place.budget.spend("opcodes")
            name = name_at(heap, entries.offset())
            address, kind = entries.offset(), entries.number("I")
            entries.skip(4)
            scratch = entries.take(16)
            if kind == 2:
                target = name_at(heap, int.from_bytes(scratch[:4], "little"))
                yield from _soft(target, f"{path.rstrip('/')}/{name}", walk.place)
            else:
                walk.visit(address, _joined(path, name))


def _link(walk: _Walk, body: bytes, path: str) -> Iterator[Finding]:
    """A link message: to an object, to a path in the file, or to another file."""
    reader = walk.file.of(body)
    version, flags = reader.number("B"), reader.number("B")
    if version != 1:
        raise MalformedError("hdf5.structure", f"a link has the version {version}", "link")
    kind = reader.number("B") if flags & 8 else _HARD
    reader.skip((8 if flags & 4 else 0) + (1 if flags & 0x10 else 0))
    path = _joined(path, reader.take(reader.wide(1 << (flags & 3))).decode("utf-8", "replace"))
    if kind == _HARD:
        walk.visit(reader.offset(), path)
        return
    target = reader.take(reader.number("H")).rstrip(b"\0")
    if kind == _SOFT:
        yield from _soft(target.decode("utf-8", "replace"), path, walk.place)
    elif kind == _EXTERNAL:
        shown = target[1:].replace(b"\0", b" : ").decode("utf-8", "replace")
        reason = objection(shown.partition(" : ")[0])
        what = f"links to another file, {shown[:120]!r}" + (f", which {reason}" if reason else "")
        yield Finding("hdf5.external-link", Verdict.MALICIOUS if reason else Verdict.SUSPICIOUS, what, walk.place.at(path))
    else:
        yield suspicious(walk.place, "hdf5.user-defined-link", f"a link has the kind {kind}", path)


def _soft(target: str, path: str, place: Place) -> Iterator[Finding]:
    """A soft link stays in the file; one that reads like a path of the machine is meant for something else."""
    if ".." in target.split("/") or not target.isprintable() or target.startswith(("/etc/", "/proc/", "/home/", "/root/")):
        yield suspicious(place, "hdf5.soft-link", f"links to {target[:120]!r}", path)


def _joined(path: str, name: str) -> str:
    return f"{path.rstrip('/')}/{name}"[-400:]


def _dense(walk: _Walk, body: bytes, is_link: bool) -> Iterator[bytes]:
    """Links or attributes of which there are so many that a heap keeps them; their records refer into it."""
    file = walk.file
    flags = body[1] if len(body) > 1 else 0
    index_bytes = (8 if is_link else 2) if flags & 1 else 0
    if len(body) < 2 + index_bytes + 2 * file.offset_bytes:
        raise MalformedError("hdf5.structure", "a message is too short", "link or attribute information")
    at = 2 + index_bytes
    heap_address = int.from_bytes(body[at : at + file.offset_bytes], "little")
    tree = int.from_bytes(body[at + file.offset_bytes : at + 2 * file.offset_bytes], "little")
    if heap_address == file.undefined or tree == file.undefined:
        return
    heap = fractal_heap(file, heap_address, walk.place)
    for record in tree_records(file, tree, walk.place):
        identifier = record[4 : 4 + heap.id_bytes] if is_link else record[: heap.id_bytes]
        if not is_link and len(record) > heap.id_bytes and record[heap.id_bytes] & 2:
            raise UnscannedError("hdf5.shared-message", "an attribute is kept in the file's own heap")
        yield heap.object(identifier)


def _attribute(walk: _Walk, body: bytes, path: str) -> Iterator[Finding]:
    found = attribute(walk.file, body)
    name = f"{path} attribute {found.name[:80]!r}"
    for value in found.values:
        if found.type.is_text and value.lstrip()[:1] in (b"{", b"["):
            yield from _json(value, name, walk.place)
        yield from examine_text_value(value, name, "hdf5", walk.place, walk.nested)


def _json(value: bytes, name: str, place: Place) -> Iterator[Finding]:
    try:
        config = json.loads(value)
    except (ValueError, RecursionError):
        if b"class_name" in value:
            yield suspicious(place, "keras.config", f"{name} is no JSON", name)
        return
    yield from examine_keras_config(config, place)


def _values(walk: _Walk, begin: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Datasets of texts and arrays of varying length are not read, but their values, which lie in collections of a heap."""
    gap = walk.file.content.read(begin, end - begin)
    for found in re.finditer(rb"GCOL\x01", gap):
        try:
            objects = list(placed_objects(walk.file, begin + found.start() - walk.file.base))
        except MalformedError:
            continue
        yield from ((start, value) for _, start, value in objects)


def _unused(walk: _Walk) -> Iterator[Finding]:
    """The library leaves stale bytes in space that it freed, so what no structure holds is searched, not refused."""
    file = walk.file
    gaps, _ = swept(file.covered, 0, file.end)
    if sum(end - begin for begin, end in gaps) > _MAX_HUNTED_BYTES:
        raise UnscannedError("hdf5.unused-space", "too many bytes belong to no structure")
    for begin, end in gaps:
        judged = []
        for start, value in _values(walk, begin, end):
            where = f"a value of varying length at byte {start:,}"
            if is_utf8(value):
                yield from examine_text_value(value, where, "hdf5", walk.place, walk.nested)
            else:
                yield from examine_numbers(MemoryContent(value), 0, len(value), where, "hdf5", walk.place, walk.nested)
            if begins_as(value) == "pickle":
                # As PyTables and pandas keep objects: it counts by what it does.
                judged.append((start, start + len(value)))
        for first, last in swept(judged, begin, end)[0]:
            yield from _hunted(walk, first, last)


def _hunted(walk: _Walk, begin: int, end: int) -> Iterator[Finding]:
    if found := signature(walk.file.content.read(begin, end - begin)):
        at, what = begin + found[0], f"space that belongs to no object holds {found[1]}"
        yield suspicious(walk.place, "hdf5.payload-in-unused-space", what, f"byte {at:,}")
        yield from worse(walk.nested(Window(walk.file.content, at, end - at), walk.place.inside("unused space")))
