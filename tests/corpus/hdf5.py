"""HDF5 files written by hand, in the old layout that h5py chooses and in the new one of `libver="latest"`.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from budmodel_scanner.formats.checksums import lookup3

NOWHERE = (1 << 64) - 1
SIGNATURE = b"\x89HDF\r\n\x1a\n"
FLOAT32 = bytes([0x11, 0x20, 0x1F, 0]) + struct.pack("<IHHBBBBI", 4, 0, 32, 23, 8, 0, 23, 127)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Floats in one piece; with `external`, in another file of that name."""

    data: bytes
    external: str | None = None


@dataclass(frozen=True, slots=True)
class Soft:
    target: str


@dataclass(frozen=True, slots=True)
class External:
    file: str
    target: str


@dataclass(frozen=True, slots=True)
class Group:
    members: Mapping[str, "Group | Dataset | Soft | External"] = field(default_factory=dict)
    attributes: Mapping[str, bytes] = field(default_factory=dict)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def _space(size: int | None = None) -> bytes:
    return struct.pack("<BBB5x", 1, 0, 0) if size is None else struct.pack("<BBB5xQ", 1, 1, 0, size)


def _attribute(name: str, value: bytes) -> bytes:
    kind = bytes([0x13, 1, 0, 0]) + struct.pack("<I", len(value))
    encoded, space = name.encode() + b"\0", _space()
    sizes = struct.pack("<BBHHH", 1, 0, len(encoded), len(kind), len(space))
    return sizes + _padded(encoded) + _padded(kind) + _padded(space) + value


class Old:
    """Superblock 0, symbol tables, headers without checksums."""

    def __init__(self, root: Group) -> None:
        self.out = bytearray(96)
        header, tree, heap = self.group(root)
        entry = struct.pack("<QQII", 0, header, 1, 0) + struct.pack("<QQ", tree, heap)
        sizes = struct.pack("<BBBBBBBBHHI", 0, 0, 0, 0, 0, 8, 8, 0, 4, 16, 0)
        self.out[:96] = SIGNATURE + sizes + struct.pack("<QQQQ", 0, NOWHERE, len(self.out), NOWHERE) + entry

    def put(self, data: bytes) -> int:
        self.out += bytes(-len(self.out) % 8)
        address = len(self.out)
        self.out += data
        return address

    def header(self, messages: list[tuple[int, bytes]]) -> int:
        body = b""
        for kind, data in messages:
            body += struct.pack("<HHB3x", kind, len(_padded(data)), 0) + _padded(data)
        return self.put(struct.pack("<BBHII4x", 1, 0, len(messages), 1, len(body)) + body)

    def heap(self, names: list[str]) -> tuple[int, dict[str, int]]:
        data, offsets = bytes(8), {}
        for name in names:
            offsets[name] = len(data)
            data += _padded(name.encode() + b"\0")
        segment = self.put(data)
        return self.put(b"HEAP" + struct.pack("<B3xQQQ", 0, len(data), 1, segment)), offsets

    def group(self, group: Group) -> tuple[int, int, int]:
        names = sorted(group.members)
        targets = [member.target for member in group.members.values() if isinstance(member, Soft)]
        entries = {}
        for name in names:
            match group.members[name]:
                case Group() as inner:
                    address, tree, heap = self.group(inner)
                    entries[name] = struct.pack("<QII", address, 1, 0) + struct.pack("<QQ", tree, heap)
                case Dataset() as dataset:
                    entries[name] = struct.pack("<QII16x", self.dataset(dataset), 0, 0)
                case _:
                    entries[name] = b""
        heap, offsets = self.heap([*names, *targets])
        table = b""
        for name in names:
            member = group.members[name]
            soft = struct.pack("<QIII12x", NOWHERE, 2, 0, offsets[member.target]) if isinstance(member, Soft) else b""
            table += struct.pack("<Q", offsets[name]) + (entries[name] or soft)
        leaf = self.put((b"SNOD" + struct.pack("<BBH", 1, 0, len(names)) + table).ljust(328, b"\0"))
        last = offsets[names[-1]] if names else 0
        keys = struct.pack("<QQQ", 0, leaf, last) if names else b""
        node = b"TREE" + struct.pack("<BBHQQ", 0, 0, bool(names), NOWHERE, NOWHERE) + keys
        tree = self.put(node.ljust(544, b"\0"))
        attributes = [(0xC, _attribute(name, value)) for name, value in group.attributes.items()]
        return self.header([(0x11, struct.pack("<QQ", tree, heap)), *attributes]), tree, heap

    def dataset(self, dataset: Dataset) -> int:
        count = len(dataset.data) // 4
        messages = [(0x1, _space(count)), (0x3, FLOAT32), (0x5, struct.pack("<BBBB", 2, 2, 2, 0))]
        if dataset.external is None:
            where = self.put(dataset.data) if dataset.data else NOWHERE
            return self.header([*messages, (0x8, struct.pack("<BBQQ", 3, 1, where, len(dataset.data)))])
        heap, offsets = self.heap([dataset.external])
        slots = struct.pack("<B3xHHQ", 1, 1, 1, heap) + struct.pack("<QQQ", offsets[dataset.external], 0, len(dataset.data))
        return self.header([*messages, (0x7, slots), (0x8, struct.pack("<BBQQ", 3, 1, NOWHERE, len(dataset.data)))])


class New:
    """Superblock 2, links and attributes in headers with checksums."""

    def __init__(self, root: Group) -> None:
        self.out = bytearray(48)
        address = self.group(root)
        head = SIGNATURE + struct.pack("<BBBBQQQQ", 2, 8, 8, 0, 0, NOWHERE, len(self.out), address)
        self.out[:48] = head + struct.pack("<I", lookup3(head))

    def put(self, data: bytes) -> int:
        self.out += bytes(-len(self.out) % 8)
        address = len(self.out)
        self.out += data
        return address

    def header(self, messages: list[tuple[int, bytes]]) -> int:
        body = b"".join(struct.pack("<BHB", kind, len(data), 0) + data for kind, data in messages)
        head = b"OHDR" + struct.pack("<BBI", 2, 2, len(body)) + body
        return self.put(head + struct.pack("<I", lookup3(head)))

    def group(self, group: Group) -> int:
        messages = [(0x2, struct.pack("<BBQQ", 0, 0, NOWHERE, NOWHERE)), (0xA, struct.pack("<BB", 0, 0))]
        for name, member in group.members.items():
            match member:
                case Group() as inner:
                    messages.append((0x6, self.link(name, 0, struct.pack("<Q", self.group(inner)))))
                case Dataset(data):
                    where = self.put(data)
                    space = struct.pack("<BBBBQ", 2, 1, 0, 1, len(data) // 4)
                    layout = struct.pack("<BBQQ", 3, 1, where, len(data))
                    fill = struct.pack("<BB", 3, 0x0A)
                    address = self.header([(0x1, space), (0x3, FLOAT32), (0x5, fill), (0x8, layout)])
                    messages.append((0x6, self.link(name, 0, struct.pack("<Q", address))))
                case Soft(target):
                    messages.append((0x6, self.link(name, 1, struct.pack("<H", len(target)) + target.encode())))
                case External(file, target):
                    value = b"\0" + file.encode() + b"\0" + target.encode() + b"\0"
                    messages.append((0x6, self.link(name, 64, struct.pack("<H", len(value)) + value)))
        for name, data in group.attributes.items():
            kind = bytes([0x13, 1, 0, 0]) + struct.pack("<I", len(data))
            space = struct.pack("<BBBB", 2, 0, 0, 0)
            encoded = name.encode() + b"\0"
            sizes = struct.pack("<BBHHHB", 3, 0, len(encoded), len(kind), len(space), 0)
            messages.append((0xC, sizes + encoded + kind + space + data))
        return self.header(messages)

    def link(self, name: str, kind: int, value: bytes) -> bytes:
        flags = struct.pack("<BB", 1, 0x08) + bytes([kind]) if kind else struct.pack("<BB", 1, 0)
        return flags + bytes([len(name)]) + name.encode() + value


def old(root: Group) -> bytes:
    return bytes(Old(root).out)


def new(root: Group) -> bytes:
    return bytes(New(root).out)
