"""Archives that are refused by their magic: unscanned where people keep data in them, suspicious where nobody does."""

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.archive_making import HOSTILE_PICKLE, TEXT, rules, seven_zipped, verdict


def test_7z_is_not_read() -> None:
    assert rules("a.7z", seven_zipped({"a.txt": TEXT})) == {"archive.not-opened"}
    assert verdict("a.7z", seven_zipped({"a.txt": TEXT})) is Verdict.UNSCANNED


def test_what_stands_in_it_uncompressed_is_told() -> None:
    assert rules("a.7z", seven_zipped({"a.pkl": HOSTILE_PICKLE})) == {"archive.not-opened", "archive.holds-program"}


def test_a_member_that_leaves_it_is_told_by_the_names_at_its_end() -> None:
    def named(*names: str) -> bytes:
        return seven_zipped({"a.txt": TEXT}) + "\0".join(("", *names, "")).encode("utf-16-le")

    assert "archive.member-name" in rules("a.7z", named("b.txt", "../a.txt"))
    assert "archive.member-name" not in rules("a.7z", named("..a.txt", "b../c.txt"))


@pytest.mark.parametrize("name", ["model.pt", "pytorch_model.bin", "model.safetensors", "config.json"])
def test_a_7z_archive_under_another_name_is_a_disguise(name: str) -> None:
    data = seven_zipped({"a.txt": TEXT})
    assert "content.disguised" in rules(name, data)
    assert verdict(name, data) is Verdict.SUSPICIOUS


def test_models_do_not_come_in_rar() -> None:
    assert rules("a.rar", b"Rar!\x1a\7\1\0" + bytes(40)) == {"archive.out-of-place"}
