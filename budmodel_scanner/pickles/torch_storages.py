"""The numbers of tensors, which torch keeps outside the pickle that describes them.

A legacy file of torch is a row of pickles (a magic number, a version, facts of the machine, the object, the keys of its
storages), then for each key a count and the raw numbers: `torch.serialization._legacy_save`.
"""

from budmodel_scanner.content import Stream, UnscannedError
from budmodel_scanner.pickles.machine import Machine, Walk
from budmodel_scanner.pickles.report import MalformedError, Report, shorten
from budmodel_scanner.pickles.values import COMPUTED, Global, Made, Storage
from budmodel_scanner.verdict import Verdict

_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_STORAGES = 200_000
# https://docs.pytorch.org/docs/stable/storage.html
_ITEM_BYTES = {
    **dict.fromkeys(["ByteStorage", "CharStorage", "BoolStorage", "QInt8Storage", "QUInt8Storage", "UntypedStorage"], 1),
    **dict.fromkeys(["QUInt4x2Storage", "QUInt2x4Storage"], 1),
    **dict.fromkeys(["ShortStorage", "HalfStorage", "BFloat16Storage"], 2),
    **dict.fromkeys(["IntStorage", "FloatStorage", "QInt32Storage"], 4),
    **dict.fromkeys(["LongStorage", "DoubleStorage", "ComplexFloatStorage"], 8),
    "ComplexDoubleStorage": 16,
}


def persistent_object(report: Report, identity: object, position: int) -> object:
    """What the loader of torch makes of a persistent id: a storage, or in old files a module with its source."""
    if isinstance(identity, tuple) and len(identity) >= 4 and isinstance(identity[1], Global):
        report.persistent_ids += 1
        kind, of = identity[0], identity[1]
        if kind == b"storage" and of.name in _ITEM_BYTES and of.module.partition(".")[0] == "torch":
            key, elements = identity[2], identity[4] if len(identity) > 4 else None
            if isinstance(key, bytes) and isinstance(elements, int) and elements >= 0:
                if len(report.storages) >= _MOST_STORAGES:
                    raise UnscannedError("budget", f"it names more than {_MOST_STORAGES:,} storages")
                report.storages[key] = Storage(key, elements, _ITEM_BYTES[of.name])
                return Made(of)
        if kind == b"module":
            return of
    what = "names an object by a persistent id of a kind that torch does not write: what it becomes depends on the loader"
    report.add("persistent-id", Verdict.SUSPICIOUS, what, position)
    return COMPUTED


def is_legacy_file(first: object) -> bool:
    """Whether a file whose first pickle leaves this is a legacy file of torch."""
    return first == _MAGIC


def finish_legacy_file(stream: Stream, report: Report, walk: Walk) -> None:
    """Everything after the first pickle, up to the last number of the last storage."""
    report.torch_file = True
    keys: list[object] = []
    for part in ("version", "system", "object", "keys"):
        machine = Machine(stream, report, walk, reads_arrays=False)
        machine.appended = keys if part == "keys" else None
        walk(machine)
    if {key for key in keys if isinstance(key, bytes)} != report.storages.keys():
        what = "the storages that follow are others than those that its tensors name"
        report.add("torch-storages", Verdict.SUSPICIOUS, what, stream.position)
    for key in keys:
        storage = report.storages.get(key) if isinstance(key, bytes) else None
        if storage is None:
            raise MalformedError("lists a storage that no tensor uses, of unknown length")
        position = stream.position
        try:
            elements = int.from_bytes(stream.take(8), "little")
            stream.skip(storage.elements * storage.item_bytes)
        except UnscannedError as error:
            if error.rule != "truncated":
                raise
            raise MalformedError(
                f"ends inside the numbers of storage {shorten(storage.key.decode('utf-8', 'replace'))}"
            ) from error
        if elements != storage.elements:
            what = f"a storage states {elements:,} numbers where its tensors expect {storage.elements:,}"
            report.add("torch-storages", Verdict.SUSPICIOUS, what, position)
