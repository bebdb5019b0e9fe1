import json
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.archive_making import (
    HOSTILE_PICKLE,
    PICKLE,
    TEXT,
    TORCH_MEMBERS,
    findings,
    rules,
    torch_zip,
    verdict,
    zipped,
)

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


@pytest.mark.parametrize("method", METHODS)
def test_members_are_examined_whatever_they_are_packed_with(method: int) -> None:
    assert verdict("a.zip", zipped({"README.md": TEXT, "a.pkl": PICKLE}, method)) is Verdict.SAFE
    assert verdict("a.zip", zipped({"README.md": TEXT, "a.pkl": HOSTILE_PICKLE}, method)) is Verdict.MALICIOUS


def test_what_torch_writes_is_safe() -> None:
    assert findings("pytorch_model.bin", torch_zip(TORCH_MEMBERS)) == []


def test_a_pickle_in_a_torch_zip_is_found_and_located() -> None:
    found = findings("model.pt", torch_zip(TORCH_MEMBERS | {"data.pkl": HOSTILE_PICKLE}))
    assert {finding.verdict for finding in found} == {Verdict.MALICIOUS}
    assert all(finding.where.startswith("archive/data.pkl > byte") for finding in found)


@pytest.mark.parametrize("depth", [1, 3])
def test_zips_in_zips_are_opened(depth: int) -> None:
    data = HOSTILE_PICKLE
    for _ in range(depth):
        data = zipped({"inner.bin": data}, zipfile.ZIP_DEFLATED)
    assert verdict("a.zip", data) is Verdict.MALICIOUS


def test_a_zip_nested_too_deep_is_unscanned() -> None:
    data = PICKLE
    for _ in range(10):
        data = zipped({"inner.bin": data})
    assert verdict("a.zip", data) is Verdict.UNSCANNED


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert data.count(old) == 1
        return data.replace(old, new)

    return change


def flipped(signature: bytes, offset: int, bits: int) -> Callable[[bytes], bytes]:
    """Flips bits in the first record of a kind."""

    def change(data: bytes) -> bytes:
        at = data.index(signature) + offset
        return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]

    return change


LOCAL, LISTED, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
TAMPERED: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("encrypted in the local header only", flipped(LOCAL, 6, 1), "zip.headers-disagree"),
    ("encrypted in the directory only", flipped(LISTED, 8, 1), "zip.headers-disagree"),
    ("another method in the local header", flipped(LOCAL, 8, 8), "zip.headers-disagree"),
    ("another checksum in the local header", flipped(LOCAL, 14, 1), "zip.headers-disagree"),
    ("another name in the local header", flipped(LOCAL, 30, 1), "zip.headers-disagree"),
    ("an unknown method", lambda data: flipped(LOCAL, 8, 77)(flipped(LISTED, 10, 77)(data)), "zip.unknown-method"),
    ("changed bytes", replaced(b"epochs", b"epochS"), "zip.checksum"),
    ("bytes after the end", lambda data: data + b"tail", "zip.trailing-bytes"),
    ("bytes before the beginning", lambda data: b"head" + data, "zip.leading-bytes"),
    ("a number of members that is wrong", flipped(END, 10, 2), "zip.count"),
    ("several disks", flipped(END, 4, 1), "zip.several-disks"),
    ("no directory", lambda data: data[: data.index(END)], "zip.no-directory"),
]


@pytest.mark.parametrize(("what", "change", "rule"), TAMPERED, ids=[case[0] for case in TAMPERED])
def test_what_archivers_never_write_is_suspicious(what: str, change: Callable[[bytes], bytes], rule: str) -> None:
    data = change(zipped({"a.pkl": PICKLE, "b.txt": TEXT}))
    assert rule in rules("a.zip", data), what
    assert verdict("a.zip", data) is Verdict.SUSPICIOUS


def test_members_of_a_zip_without_directory_are_examined() -> None:
    data = zipped({"a.pkl": HOSTILE_PICKLE})
    assert verdict("a.zip", data[: data.index(LISTED)]) is Verdict.MALICIOUS


def test_bytes_between_members_and_members_that_are_not_listed_are_told_apart() -> None:
    hidden = zipped({"hidden.pkl": HOSTILE_PICKLE})
    first, second = zipped({"a.txt": TEXT}), zipped({"b.txt": TEXT})
    body = first[: first.index(LISTED)]
    for gap, rule in ((b"gap!", "zip.bytes-between"), (hidden[: hidden.index(LISTED)], "zip.hidden-member")):
        start = len(body) + len(gap)
        listed = bytearray(second[second.index(LISTED) : second.index(END)])
        listed[42:46] = start.to_bytes(4, "little")
        listing = first[first.index(LISTED) : first.index(END)] + listed
        members = body + gap + second[: second.index(LISTED)]
        data = members + listing + struct.pack("<4s4H2IH", END, 0, 0, 2, 2, len(listing), len(members), 0)
        assert rule in rules("a.zip", data)


@pytest.mark.parametrize("name", ["../a.txt", "/etc/a.txt", "C:\\a.txt", "a/../../b.txt", "a\x1b[2J.txt", "..\\a.txt"])
def test_member_names_that_leave_or_deceive(name: str) -> None:
    assert "zip.member-name" in rules("a.zip", zipped({name: TEXT}))


@pytest.mark.parametrize("twin", ["archive/data.pkl", "archive/DATA.PKL", "archive//data.pkl"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(twin: str) -> None:
    target = zipped({"archive/data.pkl": PICKLE, "archive/data.pkx": PICKLE})
    data = (
        target.replace(b"archive/data.pkx", twin.encode())
        if len(twin) == 16
        else zipped({"archive/data.pkl": PICKLE, twin: PICKLE})
    )
    assert "zip.duplicate-name" in rules("model.pt", data)


def test_a_symbolic_link() -> None:
    data = bytearray(zipped({"a": b"/etc/passwd"}))
    listed = data.index(LISTED)
    data[listed + 5] = 3
    data[listed + 38 : listed + 42] = (0o120777 << 16).to_bytes(4, "little")
    assert "zip.link" in rules("a.zip", bytes(data))


def test_a_comment_is_ordinary_for_people_and_not_for_models() -> None:
    assert verdict("a.zip", zipped({"a.txt": TEXT}, comment=b"made by hand")) is Verdict.SAFE
    assert "zip.comment" in rules("model.pt", zipped({"archive/data.pkl": PICKLE}, comment=b"made by hand"))
    assert "zip.comment" in rules("a.zip", zipped({"a.txt": TEXT}, comment=HOSTILE_PICKLE))


def test_torch_padding_holds_nothing() -> None:
    assert "zip.extra-field" in rules("model.pt", torch_zip(TORCH_MEMBERS, filling=b"e"))


def test_a_tensor_that_begins_as_a_program() -> None:
    data = torch_zip(TORCH_MEMBERS | {"data/0": b"\x7fELF\x02\x01\x01" + bytes(100)})
    assert "torch.storage-with-content" in rules("model.pt", data)


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (bytes(range(64)), Verdict.SAFE),
        (HOSTILE_PICKLE, Verdict.MALICIOUS),
        (b"\x7fELF\2\1\1" + bytes(57), Verdict.SUSPICIOUS),
    ],
)
def test_weights_of_an_exported_program_are_numbers(weight: bytes, expected: Verdict) -> None:
    members = {"a/archive_format": b"pt2", "a/archive_version": b"0", "a/data/weights/weight_0": weight}
    assert verdict("a.pt2", zipped(members)) is expected


def test_members_outside_of_the_folder_that_torch_reads() -> None:
    data = zipped({"archive/data.pkl": PICKLE, "archive/version": b"3", "other/data.pkl": PICKLE})
    assert "torch.several-roots" in rules("model.pt", data)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("return torch.add(input, 1)", Verdict.SAFE),
        ("return ops.aten.relu(input)", Verdict.SAFE),
        ("return ops.stranger.relu(input)", Verdict.SUSPICIOUS),
        ("torch.save(input, 'file')", Verdict.SUSPICIOUS),
        ("return torch.from_file('/etc/passwd')", Verdict.SUSPICIOUS),
        ("import os", Verdict.SUSPICIOUS),
        ("exec('1')", Verdict.SUSPICIOUS),
        ("return input.__class__", Verdict.SUSPICIOUS),
        ("this is no code", Verdict.SUSPICIOUS),
    ],
)
def test_torchscript_may_use_torch_and_nothing_else(line: str, expected: Verdict) -> None:
    head = "class Net(Module):\n  __parameters__ = []\n  def forward(self: __torch__.Net, input: Tensor) -> Tensor:\n    "
    code = f"{head}{line}\n"
    data = torch_zip({"data.pkl": PICKLE, "constants.pkl": PICKLE, "code/__torch__.py": code.encode(), "version": b"3"})
    assert verdict("model.pt", data) is expected


def test_layers_do_not_multiply_what_a_file_may_unpack_to() -> None:
    size = 3 << 20
    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    weights = struct.pack("<Q", len(header)) + header + bytes(size)
    one = zipped({f"{number}.safetensors": weights for number in range(30)}, zipfile.ZIP_DEFLATED)
    assert verdict("a.zip", one) is Verdict.SAFE
    two = zipped({"a.zip": one}, zipfile.ZIP_DEFLATED)
    assert len(two) < 4096
    assert "zip.budget" in rules("b.zip", two)


def test_a_bomb_is_named_and_not_unpacked() -> None:
    found = findings("a.zip", zipped({"zeros.txt": bytes(64 << 20)}, zipfile.ZIP_DEFLATED))
    assert [finding.rule for finding in found if finding.rule.endswith("bomb")] == ["zip.bomb"]


def test_members_that_claim_another_size_than_they_have() -> None:
    data = bytearray(zipped({"a.txt": TEXT}, zipfile.ZIP_DEFLATED))
    for offset in (data.index(LOCAL) + 22, data.index(LISTED) + 24):
        data[offset : offset + 4] = (10).to_bytes(4, "little")
    assert "zip.damaged-member" in rules("a.zip", bytes(data))


@pytest.mark.cost
def test_a_deflated_member_of_gigabytes_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("budmodel_scanner.containers.anomalies.BOMB_RATIO", 1 << 40)
    monkeypatch.setattr("budmodel_scanner.containers.sequential.KEPT_BYTES", 1 << 20)
    header = json.dumps({"w": {"dtype": "U8", "shape": [40 << 20], "data_offsets": [0, 40 << 20]}}).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(40 << 20)
    assert findings("a.zip", zipped({"model.safetensors": data}, zipfile.ZIP_DEFLATED)) == []
    assert verdict("a.zip", zipped({"model.safetensors": data + b"!"}, zipfile.ZIP_DEFLATED)) is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (
            {"__module__": "sklearn.linear_model._base", "__class__": "LinearRegression", "__loader__": "ObjectNode"},
            Verdict.SAFE,
        ),
        ({"__module__": "os", "__class__": "system", "__loader__": "ObjectNode"}, Verdict.MALICIOUS),
        ({"__module__": "stranger", "__class__": "Thing", "__loader__": "ObjectNode"}, Verdict.SUSPICIOUS),
        ({"__module__": "xgboost.sklearn", "__class__": "XGBClassifier", "__loader__": "ObjectNode"}, Verdict.SAFE),
        ({"__module__": "xgboost.sklearn", "__class__": "XGBClassifier", "__loader__": "ReduceNode"}, Verdict.SUSPICIOUS),
        ({"__module__": "torch.utils.data.datasets", "__class__": "Any", "__loader__": "ObjectNode"}, Verdict.SUSPICIOUS),
        ({"__module__": "operator", "__class__": "add", "__loader__": "OperatorFuncNode"}, Verdict.SUSPICIOUS),
        ({"__module__": "operator", "__class__": "methodcaller", "__loader__": "OperatorFuncNode"}, Verdict.MALICIOUS),
        ({"__module__": "builtins", "__class__": "dict", "__loader__": "MadeUpNode"}, Verdict.SUSPICIOUS),
    ],
)
def test_skops_builds_what_its_schema_names(node: dict[str, str], expected: Verdict) -> None:
    schema = {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "content": {"model": node}}
    assert verdict("model.skops", zipped({"schema.json": json.dumps(schema).encode()})) is expected


def test_torchserve_runs_its_handler() -> None:
    manifest = json.dumps({"model": {"handler": "handler.py", "serializedFile": "model.pt"}}).encode()
    assert "torchserve.handler-code" in rules("model.mar", zipped({"MAR-INF/MANIFEST.json": manifest}))


def test_a_checksum_of_the_whole_content_is_verified_in_tensors_too() -> None:
    data = torch_zip(TORCH_MEMBERS)
    assert data.count(bytes(range(256))) == 1
    broken = data.replace(bytes(range(256)), bytes(range(255)) + b"\0")
    assert zlib.crc32(bytes(range(256))).to_bytes(4, "little") in broken
    assert "zip.checksum" in rules("model.pt", broken)


def test_members_that_share_their_bytes_are_not_all_read() -> None:
    """A small file would cost as much as a large one."""
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, zlib.crc32(TEXT), len(TEXT), len(TEXT), 1, 0) + b"a" + TEXT
    entry = struct.pack("<6H3I5H2I", 20, 20, 0, 0, 0, 0, zlib.crc32(TEXT), len(TEXT), len(TEXT), 1, 0, 0, 0, 0, 0, 0)
    for count, expected in ((1, set()), (90, {"zip.overlap"}), (110, {"zip.overlap", "zip.budget"})):
        directory = (b"PK\1\2" + entry + b"a") * count
        end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(local), 0)
        assert rules("a.zip", local + directory + end) - {"zip.duplicate-name"} == expected


def test_chunks_of_an_array_are_known_in_an_archive_as_in_a_folder() -> None:
    described = b'{"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": "<f4", "compressor": null, "filters": %s}'
    numbers, chunk = described % b"null", bytes(range(200, 216))
    assert verdict("a.zip", zipped({"z/.zarray": numbers, "z/0": chunk})) is Verdict.SAFE
    assert verdict("a.zip", zipped({"z/0": chunk})) is Verdict.UNSCANNED
    assert verdict("a.zip", zipped({"y/.zarray": numbers, "z/0": chunk})) is Verdict.UNSCANNED
    assert verdict("a.zip", zipped({"z/.zarray": described % b'[{"id": "pickle"}]', "z/0": chunk})) is Verdict.SUSPICIOUS
    assert verdict("a.zip", zipped({"z/.zarray": numbers, "z/0": HOSTILE_PICKLE})) is Verdict.MALICIOUS
    assert verdict("a.zip", zipped({"z/.zarray": numbers, "z/0": chunk, "run.pkl": HOSTILE_PICKLE})) is Verdict.MALICIOUS
