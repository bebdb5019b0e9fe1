"""Whether a pickle file is safe to load, in every shape that such files have; nothing is ever unpickled."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from budmodel_scanner.content import MemoryContent, Place, Stream, UnscannedError
from budmodel_scanner.pickles import opcodes as op
from budmodel_scanner.pickles.leftovers import examine_leftovers
from budmodel_scanner.pickles.machine import Machine
from budmodel_scanner.pickles.names import Standing
from budmodel_scanner.pickles.report import MalformedError, Report
from budmodel_scanner.pickles.torch_storages import finish_legacy_file, is_legacy_file
from budmodel_scanner.pickles.walk import walk_pickle
from budmodel_scanner.verdict import Finding, Verdict

_HIGHEST_PROTOCOL = 5
_OF_TORCH = {"data", "constants", "bytecode", "attributes", "mobile_debug_handles", "traced_inputs"}
_CONVINCING = 16  # Opcodes in a row that make sense: no other content has as many by chance.


def examine_pickle(stream: Stream, place: Place) -> Iterator[Finding]:
    """Of one pickle or several in a row, with arrays of joblib between their opcodes, or storages of legacy torch behind.

    Inside a zip, the names that torch gives to its pickles make it one of torch. Raises UnscannedError (`budget`) after the
    findings made until then.
    """
    stem, _, suffix = place.name.rpartition("/")[2].partition(".")
    of_torch = bool(place.members) and stem in _OF_TORCH and suffix == "pkl"
    yield from _examine(stream, Report(place, torch_archive=of_torch, torch_file=of_torch))


def looks_like_pickle(head: bytes) -> bool:
    """Whether a file that begins so could be a pickle. Protocols 0 and 1 have no signature: opcodes have to make sense."""
    if len(head) > 2 and head[0] == op.PROTO:
        return head[1] <= _HIGHEST_PROTOCOL and op.ARGUMENTS[head[2]] is not None
    # `P` of `PK` is an opcode, too, but no unpickler gets past it without being told what the rest stands for.
    if not head or op.ARGUMENTS[head[0]] is None or head.startswith(b"PK\3\4"):
        return False
    stream, report = Stream(MemoryContent(head)), Report(Place(""))
    machine = Machine(stream, report, walk_pickle)
    try:
        walk_pickle(machine)
    except MalformedError:
        # Cut off by the end of the head rather than broken?
        convincing = machine.opcodes >= _CONVINCING and machine.reader.position >= len(head)
        return convincing or _imports(report)
    return stream.at_end or machine.opcodes >= _CONVINCING or _imports(report)


def _imports(report: Report) -> bool:
    """Whether it imports something known, harmless or not. To an unpickler, `import os` is an opcode and a module's name."""
    return any(
        found.standing is not Standing.UNKNOWN and module.replace(".", "").isidentifier()
        for (module, _), found in report.globals.items()
    )


def _examine(stream: Stream, report: Report) -> Iterator[Finding]:
    try:
        with _without_collector():
            _examine_all(stream, report)
    except UnscannedError:
        yield from report.findings
        raise
    yield from report.findings


@contextmanager
def _without_collector() -> Iterator[None]:
    """A walk keeps millions of objects and makes no circles; looking for some would take as long as the walk."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _examine_all(stream: Stream, report: Report) -> None:
    machine = Machine(stream, report, walk_pickle)
    try:
        first = walk_pickle(machine)
        if is_legacy_file(first):
            finish_legacy_file(stream, report, walk_pickle)
        while not stream.at_end and not report.torch_file and _starts_pickle(stream):
            machine = Machine(stream, report, walk_pickle)
            walk_pickle(machine)
    except MalformedError as error:
        what = f"breaks off: it {error}"
        report.add("malformed", Verdict.SUSPICIOUS, what, stream.position)
        examine_leftovers(stream, report)
        return
    if report.persistent_ids and not report.torch_file:
        what = "names storages of torch that this file does not hold"
        report.add("persistent-id", Verdict.SUSPICIOUS, what, 0)
    if not stream.at_end:
        report.add(
            "trailing-bytes", Verdict.SUSPICIOUS, "has bytes after its end that nothing accounts for", stream.position
        )
        examine_leftovers(stream, report)


def _starts_pickle(stream: Stream) -> bool:
    """Whether another pickle follows, rather than bytes of some other kind."""
    head = stream.peek(2)
    return op.ARGUMENTS[head[0]] is not None and (head[0] != op.PROTO or head[1:2] <= bytes([_HIGHEST_PROTOCOL]))
