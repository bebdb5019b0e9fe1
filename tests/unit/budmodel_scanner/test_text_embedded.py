"""What hides in texts: encoded pickles and programs, textual pickles, binary tails; and what text is at all."""

import base64
import codecs
import pickle
from collections.abc import Iterable, Iterator

import pytest

from budmodel_scanner.content import Content, MemoryContent, Place
from budmodel_scanner.texts.examine import examine_text, looks_like_text
from budmodel_scanner.verdict import Finding, Verdict
from tests.unit.budmodel_scanner.text_examination import findings_of, rules_of, verdict_of_text

PICKLE = pickle.dumps({"a": [1, 2, 3], "b": "text"}, protocol=4)
TEXT_PICKLE = b"cbuiltins\nprint\n(S'x'\ntR."
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 123\n"


@pytest.mark.parametrize(
    "text",
    [
        '{"x": "' + base64.b64encode(PICKLE).decode() + '"}',
        '{"x": "' + base64.urlsafe_b64encode(PICKLE).decode().rstrip("=") + '"}',
        '{"x": "' + PICKLE.hex() + '"}',
        '{"x": "' + base64.b64encode(b"\x7fELF" + bytes(60)).decode() + '"}',
    ],
)
def test_encoded_content_is_suspicious(text: str) -> None:
    assert rules_of("data.json", text) == {"text.encoded-content"}


def test_encoded_content_is_handed_on_decoded() -> None:
    handed: list[bytes] = []

    def nested(source: Content | Iterable[bytes], _place: Place) -> Iterator[Finding]:
        assert isinstance(source, MemoryContent)
        handed.append(source.data)
        yield Finding("inner", Verdict.MALICIOUS, "x")

    text = b'{"policy": {":serialized:": "' + base64.b64encode(PICKLE) + b'"}}'
    found = list(examine_text(MemoryContent(text), Place("data"), nested))
    assert handed == [PICKLE]
    assert [finding.rule for finding in found] == ["inner"]


def test_a_pickle_that_is_text_is_found_wherever_it_stands() -> None:
    assert rules_of("notes.txt", b"some words\n" + TEXT_PICKLE) == {"text.pickle"}
    assert rules_of("notes.txt", b"ibuiltins\nprint\n." + b"\n") == set()
    assert rules_of("notes.txt", b"(S'x'\nibuiltins\nprint\n.") == {"text.pickle"}


def test_vocabularies_that_look_like_pickles_are_safe() -> None:
    assert findings_of("vocab.txt", "cat\ndog\n(\n)\ncos\nsystem\n.\nI\nR\nis\nit\n0\n[unused1]\n\x1b\n") == []
    merges = "#version: 0.2\n" + "\n".join(f"Ġ{a} {b}" for a in "cithe" for b in "nerdq")
    assert findings_of("merges.txt", merges) == []


def test_the_antivirus_test_file_is_malicious() -> None:
    text = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    assert verdict_of_text("eicar.txt", text) is Verdict.MALICIOUS


def test_bytes_behind_a_text_are_suspicious() -> None:
    assert rules_of("config.json", b'{"a": 1}' + PICKLE) == {"text.binary"}
    assert "text.binary" in rules_of("README.md", b"hello\n" * 1000 + b"\x00\xff\xfe\x90")
    assert "text.binary" in rules_of("big.csv", b"a,b\n" * 1_500_000 + b"\x00\x01")


def test_terminal_commands_are_suspicious_and_colors_are_not() -> None:
    assert rules_of("log.txt", "\x1b]0;title\x07") == {"text.terminal-escape"}
    assert rules_of("log.txt", "\x1b[31mred\x1b[0m\n") == set()


def test_an_lfs_pointer_is_no_content() -> None:
    assert verdict_of_text("model.safetensors", POINTER) is Verdict.UNSCANNED
    assert verdict_of_text("model.safetensors", POINTER + "import os\n") is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", True),
        (b"hello\n", True),
        ("grüße € 日本".encode()[:-1], True),
        (codecs.BOM_UTF8 + b"x", True),
        ("hello".encode("utf-16"), True),
        ("Grüße aus Köln".encode("latin-1"), True),
        (b"\x1b[0m", True),
        (b"a\x00b", False),
        (b"\x80\x04\x95" + bytes(20), False),
        (b"\x89PNG\r\n\x1a\n", False),
        (bytes(range(160, 256)), False),
    ],
)
def test_what_text_is(head: bytes, expected: bool) -> None:
    assert looks_like_text(head) is expected


def test_other_encodings_are_examined_as_well() -> None:
    assert findings_of("requirements.txt", "torch\n".encode("utf-16")) == []
    assert rules_of("requirements.txt", "a @ https://x.invalid/a\n".encode("utf-16")) == {"requirements.direct"}


def test_an_empty_file_of_any_kind_is_safe() -> None:
    assert all(
        findings_of(name, "") == [] for name in ["__init__.py", "config.json", "a.yaml", "README.md", "x.xml", ".gitkeep"]
    )
