import io
import tarfile

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.archive_making import HOSTILE_PICKLE, PICKLE, TEXT, rules, tarred, verdict

LONG = "folder/" + "long-name-" * 20 + "/a.txt"


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_of_every_layout(layout: int) -> None:
    name = "a/b.txt" if layout == tarfile.USTAR_FORMAT else LONG
    assert verdict("a.tar", tarred({name: TEXT, "a.pkl": PICKLE, "empty": b""}, layout)) is Verdict.SAFE
    assert verdict("a.tar", tarred({name: TEXT, "a.pkl": HOSTILE_PICKLE}, layout)) is Verdict.MALICIOUS


@pytest.mark.parametrize("layout", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_that_long_headers_carry_are_judged(layout: int) -> None:
    assert "tar.member-name" in rules("a.tar", tarred({"../" + "x" * 200: TEXT}, layout))


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b"])
def test_members_that_leave(name: str) -> None:
    assert "tar.member-name" in rules("a.tar", tarred({name: TEXT}))


@pytest.mark.parametrize(
    ("link", "target", "rule"),
    [
        ("a", "/etc", "tar.link-outside"),
        ("a", "../b", "tar.link-outside"),
        ("x/a", "../b", "tar.link"),
        ("x/a", "../../b", "tar.link-outside"),
    ],
)
def test_links(link: str, target: str, rule: str) -> None:
    assert rules("a.tar", tarred({"b": TEXT}, links={link: target})) == {rule}


def test_a_member_that_would_be_written_through_a_link() -> None:
    assert "tar.through-link" in rules("a.tar", tarred({"a/passwd": TEXT}, links={"a": "b"}))


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_devices(kind: bytes) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        header = tarfile.TarInfo("device")
        header.type = kind
        archive.addfile(header)
    assert rules("a.tar", target.getvalue()) == {"tar.device"}


def test_two_members_of_one_name() -> None:
    first = tarred({"a.pkl": PICKLE})
    assert "tar.duplicate-name" in rules("a.tar", first[:1024] + tarred({"a.pkl": PICKLE}))


def test_bytes_after_the_end_and_in_the_padding() -> None:
    data = tarred({"a.txt": TEXT})
    assert "tar.trailing-bytes" in rules("a.tar", data[:-10] + b"0123456789")
    assert "tar.trailing-bytes" in rules("a.tar", data + HOSTILE_PICKLE)
    padding = 512 + len(TEXT) + 1
    assert "tar.padding" in rules("a.tar", data[:padding] + b"!" + data[padding + 1 :])


def test_a_tar_that_is_cut_off_is_never_safe() -> None:
    data = tarred({"a.txt": TEXT, "b.txt": TEXT})
    assert rules("a.tar", data[:700]) == {"tar.truncated"}
    assert rules("a.tar", data[: 512 + 1024]) == {"tar.no-end"}


def test_a_header_whose_checksum_is_wrong() -> None:
    data = bytearray(tarred({"a.txt": TEXT}))
    data[0:1] = b"b"
    assert "tar.broken-header" in rules("a.tar", bytes(data))
    assert verdict("a.tar", bytes(data)) is Verdict.SUSPICIOUS
