import lzma

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.archive_making import HOSTILE_PICKLE, PICKLE, TEXT, rules, seven_zipped, verdict

FILTERS = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]


def test_stored_members() -> None:
    assert verdict("a.7z", seven_zipped({"a.txt": TEXT, "b.pkl": PICKLE})) is Verdict.SAFE
    assert verdict("a.7z", seven_zipped({"a.txt": TEXT, "b.pkl": HOSTILE_PICKLE})) is Verdict.MALICIOUS


def test_packed_members() -> None:
    members = {"a.txt": TEXT, "b.pkl": HOSTILE_PICKLE}
    packed = lzma.compress(b"".join(members.values()), lzma.FORMAT_RAW, filters=FILTERS)
    assert verdict("a.7z", seven_zipped(members, b"\x21", b"\x08", packed)) is Verdict.MALICIOUS


def test_a_checkpoint_that_torch_would_not_load_is_looked_into() -> None:
    data = seven_zipped({"data.pkl": HOSTILE_PICKLE})
    assert {"content.disguised", "pickle.dangerous-call"} <= rules("model.pt", data)


def test_encryption_is_suspicious() -> None:
    assert rules("a.7z", seven_zipped({"a.pkl": PICKLE}, b"\x06\xf1\x07\x01", b"\x00")) == {"7z.encrypted"}


def test_a_method_that_is_not_read_is_unscanned() -> None:
    assert verdict("a.7z", seven_zipped({"a.pkl": PICKLE}, b"\x03\x04\x01", bytes(5))) is Verdict.UNSCANNED


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda data: data + b"tail", "7z.trailing-bytes"),
        (lambda data: data[:-1], "7z.broken-header"),
        (lambda data: data[:-5] + b"!" + data[-4:], "7z.broken-header"),
        (lambda data: data.replace(b"Ordinary words", b"ordinary words", 1), "7z.checksum"),
        (lambda data: data[:12] + b"\1" + data[13:], "7z.broken-header"),
    ],
)
def test_damage_is_suspicious(change, rule: str) -> None:  # type: ignore[no-untyped-def]
    assert rule in rules("a.7z", change(seven_zipped({"a.txt": TEXT, "b.pkl": PICKLE})))


@pytest.mark.parametrize("name", ["../a.txt", "/a.txt"])
def test_members_that_leave(name: str) -> None:
    assert "7z.member-name" in rules("a.7z", seven_zipped({name: TEXT}))
