"""A walk over FlatBuffers by a written-down part of a schema: https://flatbuffers.dev/internals/."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from budmodel_scanner.content import Content, Place
from budmodel_scanner.formats.protobuf_schema import Schema
from budmodel_scanner.formats.reading import MalformedError, exactly

# Vectors by what they hold, in bytes of an item; of texts, a zero follows that is not counted.
_WIDTHS = {"text": 1, "numbers": 4, "wide": 8}
_MAX_DEPTH = 32


@dataclass(slots=True)
class Table:
    """A table, and where its fields are by the list of offsets that belongs to it."""

    content: Content
    area: str
    at: int
    end: int = 0
    fields: tuple[int, ...] = field(default=())

    def __post_init__(self) -> None:
        back = int.from_bytes(exactly(self.content, self.at, 4, self.area), "little", signed=True)
        listed = self.at - back
        size = int.from_bytes(exactly(self.content, listed, 2, self.area), "little")
        if size < 4 or size % 2:
            raise MalformedError(f"{self.area}.table", "a table has an impossible list of fields", self.at)
        data = exactly(self.content, listed, size, self.area)
        own = int.from_bytes(data[2:4], "little")
        exactly(self.content, self.at, own, self.area)
        self.fields = tuple(int.from_bytes(data[at : at + 2], "little") for at in range(4, size, 2))
        if any(offset >= max(own, 4) for offset in self.fields):
            raise MalformedError(f"{self.area}.table", "a field lies outside of its table", self.at)
        self.end = max(self.at + own, listed + size)

    def number(self, index: int, width: int) -> int:
        """A number field; 0 where the table does not have it."""
        if index >= len(self.fields) or not self.fields[index]:
            return 0
        return int.from_bytes(exactly(self.content, self.at + self.fields[index], width, self.area), "little")

    def reference(self, index: int) -> int | None:
        """Where the vector or table of a field starts."""
        offset = self.number(index, 4)
        if not offset:
            return None
        target = self.at + self.fields[index] + offset
        if target + 4 > self.content.size:
            raise MalformedError(f"{self.area}.truncated", f"a field points at byte {target:,}, beyond the end", self.at)
        return target

    def items(self, index: int, width: int) -> tuple[int, int]:
        """Where the items of a vector start, and how many bytes they have."""
        start = self.reference(index)
        if start is None:
            return self.at, 0
        count = int.from_bytes(exactly(self.content, start, 4, self.area), "little")
        if start + 4 + count * width > self.content.size:
            raise MalformedError(f"{self.area}.truncated", f"a vector claims {count:,} items", start)
        return start + 4, count * width

    def bytes_of(self, index: int, limit: int) -> bytes:
        start, length = self.items(index, 1)
        return self.content.read(start, min(length, limit))


def tables(root: Table, name: str, schema: Schema, place: Place) -> Iterator[tuple[str, Table, int]]:
    """The table and all below it, each with its name and where its vectors, and the tables and vectors seen so far, end."""
    stack = [(name, root, 0)]
    seen: set[int] = set()
    while stack:
        kind, table, depth = stack.pop()
        place.budget.spend("opcodes")
        if table.at in seen:
            continue
        seen.add(table.at)
        if depth > _MAX_DEPTH:
            raise MalformedError(f"{table.area}.depth", "tables are nested too deep", table.at)
        end = table.end
        for index, holds in schema.get(kind, {}).items():
            start, length = table.items(index, _WIDTHS.get(holds, 4)) if holds in _WIDTHS or holds[-1] == "]" else (0, 0)
            end = max(end, start + length)
            if holds[-1] == "]":
                place.budget.spend("opcodes", length // 4)
                offsets = table.content.read(start, length)
                for at in range(0, length, 4):
                    target = start + at + int.from_bytes(offsets[at : at + 4], "little")
                    stack.append((holds[:-2], Table(table.content, table.area, target), depth + 1))
            elif holds not in _WIDTHS and (one := table.reference(index)) is not None:
                stack.append((holds, Table(table.content, table.area, one), depth + 1))
        yield kind, table, end
