"""Models of CatBoost in its own format, as model.fbs lays them out."""

import struct
from collections.abc import Iterator

from tests.corpus.gadgets import SYSTEM
from tests.corpus.hostile_pickles import reduced_4
from tests.corpus.sample import COMMAND, Sample, benign, hostile

BAD = reduced_4(SYSTEM)


def _text(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data + b"\0" + bytes(-(len(data) + 1) % 4)


def _table(fields: int) -> tuple[bytes, int]:
    """The list of offsets of a table and its beginning; each field is the offset of something and follows."""
    listed = struct.pack(f"<HH{fields}H", 4 + 2 * fields, 4 + 4 * fields, *range(4, 4 + 4 * fields, 4))
    listed = bytes(-len(listed) % 4) + listed
    return listed + struct.pack("<i", 4 + 2 * fields), len(listed)


def _with_fields(values: list[bytes]) -> tuple[bytes, int]:
    """A table of references to `values`, which lie behind it; and where the table starts."""
    head, start = _table(len(values))
    offsets = b""
    target = len(head) + 4 * len(values)
    for number, value in enumerate(values):
        offsets += struct.pack("<I", target - len(head) - 4 * number)
        target += len(value)
    return head + offsets + b"".join(values), start


def catboost(*, value: bytes = b'{"depth": 2}', part: bytes = b"", tables: bytes = b"") -> bytes:
    """`part` names what follows the model: `tables`."""
    pair, start = _with_fields([_text(b"params"), _text(value)])
    parts = struct.pack("<II", 1, 4) + _text(part) if part else struct.pack("<I", 0)
    properties = struct.pack("<II", 1, 4 + start) + pair
    body, start = _with_fields([_text(b"FlabuffersModel_v1"), struct.pack("<I", 0), properties, parts])
    core = struct.pack("<I", 4 + start) + body
    return b"CBM1" + struct.pack("<I", len(core)) + core + tables


def samples() -> Iterator[Sample]:
    statistics = struct.pack("<II", 1, 16) + bytes(16)
    yield from benign(
        "catboost",
        "CatBoost's save_model, without and with categorical features",
        {
            "plain/model.cbm": catboost(),
            "statistics/model.cbm": catboost(part=b"static_provider_v1", tables=statistics),
        },
    )
    yield from hostile(
        "catboost",
        "payloads in a model of CatBoost, where its own reader does not look",
        {
            "behind/model.cbm": catboost() + BAD,
            "behind-statistics/model.cbm": catboost(part=b"static_provider_v1", tables=statistics) + BAD,
            "property/model.cbm": catboost(value=f"__import__('os').system('{COMMAND}')".encode()),
            "cut/model.cbm": catboost()[:-9],
            "disguised/model.json": catboost(),
        },
    )
