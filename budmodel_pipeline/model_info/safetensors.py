"""The header of a safetensors file, read by range: https://github.com/huggingface/safetensors#format."""

import json
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple, TypeGuard

from budmodel_pipeline.model_info.facts import RefusedError

Read = Callable[[int, int], bytes]
"""`read(offset, length)`: that many bytes, fewer at the end of the file."""
MAX_HEADER_BYTES = 64 * 1024 * 1024
FIRST_READ = 16 * 1024
DTYPE_BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}
_MAX_DIMENSIONS = 32


class Tensor(NamedTuple):
    """One tensor of a weight file. `elements` are those stored; `start` and `end` bound its bytes in the data of `file`."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    elements: int
    start: int
    end: int
    file: str


def read_header(read: Read, size: int | None, file: str) -> list[Tensor]:
    """The tensors of one file, without its data.

    One request where the header fits in FIRST_READ, else two. Raises RefusedError where the header is no header, lies about
    its length, names a tensor twice, or places tensors outside of the file or over each other.
    """
    start = read(0, FIRST_READ if size is None else min(FIRST_READ, size))
    if start.startswith(b"version https://git-lfs"):
        raise RefusedError(f"{file} is a Git LFS pointer, not the content")
    if len(start) < 8:
        raise RefusedError(f"{file} has {len(start)} bytes, too few for a safetensors header")
    length = int.from_bytes(start[:8], "little")
    if length > MAX_HEADER_BYTES or (size is not None and length > size - 8):
        raise RefusedError(
            f"{file} claims a header of {length:,} bytes, beyond the file or the limit of {MAX_HEADER_BYTES:,}"
        )
    header = start[8 : 8 + length]
    if len(header) < length:
        header += read(len(start), length - len(header))
    if len(header) < length:
        raise RefusedError(f"{file} ends within its header of {length:,} bytes")
    return _tensors(_object(header, file), None if size is None else size - 8 - length, file)


def _object(header: bytes, file: str) -> list[tuple[str, Any]]:
    def pairs(found: list[tuple[str, Any]]) -> Any:
        return found

    try:
        found = json.loads(header.decode("utf-8"), object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"the header of {file} is not JSON: {str(error)[:100]}") from error
    if not header.startswith(b"{") or not isinstance(found, list):
        raise RefusedError(f"the header of {file} is not a JSON object")
    return found


def _tensors(entries: list[tuple[str, Any]], data: int | None, file: str) -> list[Tensor]:
    tensors = [_tensor(name, entry, file) for name, entry in entries if name != "__metadata__"]
    names = {tensor.name for tensor in tensors}
    if len(names) != len(tensors):
        raise RefusedError(f"the header of {file} names a tensor twice")
    ranges = sorted({(tensor.start, tensor.end) for tensor in tensors if tensor.end > tensor.start})
    for before, after in pairwise(ranges):
        if after[0] < before[1]:
            raise RefusedError(f"tensors of {file} overlap at byte {after[0]:,} of its data")
    if data is not None and ranges and ranges[-1][1] > data:
        raise RefusedError(f"{file} has {data:,} bytes of data, its header places a tensor up to {ranges[-1][1]:,}")
    return tensors


def _tensor(name: str, entry: Any, file: str) -> Tensor:
    fields = dict(entry) if isinstance(entry, list) and all(isinstance(pair, tuple) for pair in entry) else {}
    dtype, shape, offsets = fields.get("dtype"), fields.get("shape"), fields.get("data_offsets")
    where = f"tensor {name[:80]!r} of {file}"
    bits = DTYPE_BITS.get(dtype) if isinstance(dtype, str) else None
    if bits is None:
        raise RefusedError(f"{where} has the dtype {str(dtype)[:40]!r}, which is not known")
    if not _whole(shape) or len(shape) > _MAX_DIMENSIONS or not _whole(offsets) or len(offsets) != 2:
        raise RefusedError(f"{where} has no valid shape and offsets")
    start, end = offsets
    elements = math.prod(shape)
    if end - start != (elements * bits + 7) // 8:
        raise RefusedError(f"{where} has {elements:,} elements of {dtype} in {end - start:,} bytes")
    return Tensor(name, str(dtype), tuple(shape), elements, start, end, file)


def _whole(numbers: Any) -> TypeGuard[list[int]]:
    return isinstance(numbers, list) and all(type(number) is int and 0 <= number < 1 << 62 for number in numbers)
