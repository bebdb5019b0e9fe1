"""HDF5 in both of its forms: links that leave the file, storage elsewhere, Keras configurations at any depth."""

import base64
import json
import marshal
import struct

import pytest

from budmodel_scanner.formats.checksums import lookup3, masked_crc32c
from budmodel_scanner.verdict import Verdict
from tests.corpus.hdf5 import Group, old
from tests.unit.budmodel_scanner import format_samples as sample
from tests.unit.budmodel_scanner.format_examination import rules, verdict

ATTRIBUTE, LINK, EXTERNAL_FILES, FILTERS, LAYOUT = 0x0C, 0x06, 0x07, 0x0B, 0x08
CODE = base64.b64encode(marshal.dumps(compile("print(1)", "x", "exec"))).decode()
LAMBDA = {
    "class_name": "Sequential",
    "config": {"layers": [{"class_name": "Lambda", "config": {"function": [CODE, None, None]}}]},
}


def test_a_lambda_in_an_attribute_of_the_root_or_of_a_nested_object_is_malicious() -> None:
    message = (ATTRIBUTE, sample.hdf5_attribute("anything", json.dumps(LAMBDA).encode()))

    assert verdict(sample.hdf5(message), "m.h5") is Verdict.MALICIOUS
    child = Group(attributes={"anything": json.dumps(LAMBDA).encode()})
    assert verdict(old(Group({"child": child})), "m.h5") is Verdict.MALICIOUS


def test_a_configuration_that_is_no_json_is_not_passed_over() -> None:
    attribute = sample.hdf5_attribute("model_config", b'{"class_name": "Lambda", "config": {')

    assert "keras.config" in rules(sample.hdf5((ATTRIBUTE, attribute)), "m.h5")


def filters(number: int) -> bytes:
    return struct.pack("<BBHHHH", 2, 1, number, 0, 0, 0)


@pytest.mark.parametrize(
    ("message", "rule", "expected"),
    [
        ((LINK, sample.hdf5_external_link(b"/etc/x.h5", b"/a")), "hdf5.external-link", Verdict.MALICIOUS),
        ((LINK, sample.hdf5_external_link(b"../x.h5", b"/a")), "hdf5.external-link", Verdict.MALICIOUS),
        ((LINK, sample.hdf5_external_link(b"other.h5", b"/a")), "hdf5.external-link", Verdict.SUSPICIOUS),
        ((LINK, sample.hdf5_soft_link(b"../../etc/passwd")), "hdf5.soft-link", Verdict.SUSPICIOUS),
        ((FILTERS, filters(31_999)), "hdf5.filter", Verdict.SUSPICIOUS),
        ((FILTERS, struct.pack("<BBHHH", 2, 1, 1, 0, 0)), "", Verdict.SAFE),
        ((LAYOUT, b"\4\3" + bytes(12)), "hdf5.virtual-dataset", Verdict.SUSPICIOUS),
        ((LAYOUT, b"\3\1" + struct.pack("<QQ", 1 << 40, 8)), "hdf5.address", Verdict.SUSPICIOUS),
        ((0x77, b""), "hdf5.unknown-message", Verdict.SUSPICIOUS),
        ((ATTRIBUTE, sample.hdf5_attribute("noted", b"\x7fELF\2\1\1")), "hdf5.payload-in-metadata", Verdict.SUSPICIOUS),
        ((0x10, struct.pack("<QQ", 1 << 50, 64)), "hdf5.address", Verdict.SUSPICIOUS),
    ],
)
def test_messages(message: tuple[int, bytes], rule: str, expected: Verdict) -> None:
    assert rule in (rules(sample.hdf5(message), "m.h5") or {""})
    assert verdict(sample.hdf5(message), "m.h5") is expected


def test_elements_in_another_file_are_malicious_when_it_is_not_beside_the_model() -> None:
    names = b"/etc/passwd\0"
    heap_at = 48 + 10 + 4 + 32 + 4
    message = struct.pack("<B3xHHQ", 1, 1, 1, heap_at) + struct.pack("<QQQ", 0, 0, 8)
    assert len(message) == 40
    heap_at += 8
    message = struct.pack("<B3xHHQ", 1, 1, 1, heap_at) + struct.pack("<QQQ", 0, 0, 8)
    heap = b"HEAP\0\0\0\0" + struct.pack("<QQQ", len(names), 1, heap_at + 32) + names

    assert rules(sample.hdf5((EXTERNAL_FILES, message), unused=heap), "m.h5") == {"hdf5.external-storage"}
    assert verdict(sample.hdf5((EXTERNAL_FILES, message), unused=heap), "m.h5") is Verdict.MALICIOUS


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (sample.hdf5(unused=b"\x7fELF\2\1\1" + bytes(9)), "hdf5.payload-in-unused-space"),
        (sample.hdf5(tail=b"tail"), "hdf5.trailing-bytes"),
        (sample.hdf5(end=1 << 40), "hdf5.truncated"),
        (b"#!/bin/sh\n".ljust(512, b"#") + sample.hdf5(), "hdf5.user-block"),
        (sample.BENIGN["old.h5"]()[:300], "hdf5.truncated"),
    ],
)
def test_bytes_that_belong_to_nothing(data: bytes, rule: str) -> None:
    assert rule in rules(data, "m.h5")
    assert verdict(data, "m.h5") is Verdict.SUSPICIOUS


def test_stale_bytes_in_freed_space_are_ordinary() -> None:
    assert verdict(sample.hdf5(unused=b"stale bytes of a group that was deleted"), "m.h5") is Verdict.SAFE


def test_a_file_that_links_to_itself_is_read_once() -> None:
    loop = struct.pack("<BBB", 1, 0, 1) + b"x" + struct.pack("<Q", 48)

    assert verdict(sample.hdf5((LINK, loop)), "m.h5") is Verdict.SAFE


@pytest.mark.parametrize("at", [20, 44, 52, 60])
def test_a_checksum_guards_the_superblock_and_the_header_of_an_object(at: int) -> None:
    data = bytearray(sample.hdf5((LINK, sample.hdf5_soft_link(b"/model_weights"))))
    data[at] ^= 1
    assert rules(bytes(data), "m.h5") == {"hdf5.checksum"}


def test_checksums_are_those_of_their_authors() -> None:
    """The values that lookup3.c prints for itself, and the check value of CRC-32C, masked."""
    assert [hex(lookup3(text)) for text in (b"", b"Four score and seven years ago")] == ["0xdeadbeef", "0x17770551"]
    assert masked_crc32c(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF
