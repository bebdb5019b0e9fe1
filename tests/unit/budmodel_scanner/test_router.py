import gzip
import pickle
import random
import struct
from collections.abc import Iterator

import pytest

from budmodel_scanner import router
from budmodel_scanner.containers.registry import CONTAINERS
from budmodel_scanner.content import Content, MemoryContent, Place, UnscannedError
from budmodel_scanner.formats.registry import FORMATS, Format
from budmodel_scanner.names import MIXED, TEXTS, disguises_text, is_owned, is_text_name
from budmodel_scanner.verdict import Finding, Verdict
from tests.unit.budmodel_scanner.archive_making import (
    HOSTILE_PICKLE,
    PICKLE,
    TEXT,
    TORCH_MEMBERS,
    findings,
    rules,
    seven_zipped,
    tarred,
    torch_zip,
    verdict,
    zipped,
)

NOISE = random.Random(7).randbytes(200_000)
SAFETENSORS = struct.pack("<Q", 2) + b"{}"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
ELF = b"\x7fELF\x02\x01\x01" + bytes(100)


CLAIMING = [known for known in (*FORMATS, *CONTAINERS) if known.claims]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model.safetensors", PICKLE),
        ("model.safetensors", torch_zip(TORCH_MEMBERS)),
        ("model.safetensors", TEXT),
        ("model.safetensors", NOISE),
        ("config.json", PICKLE),
        ("config.json", zipped({"a.txt": TEXT})),
        ("notes.txt", gzip.compress(TEXT)),
        ("logo.png", ELF),
        ("logo.png", TEXT),
        ("logo.png", zipped({"a.txt": TEXT})),
        ("weights.npy", PICKLE),
        ("weights.npz", PICKLE),
        ("model.gguf", SAFETENSORS),
        ("model.pt", seven_zipped({"a.txt": TEXT})),
        ("model.onnx", zipped({"a.txt": TEXT})),
        ("model.h5", PICKLE),
        ("modeling.py", PICKLE),
    ],
)
def test_a_name_that_denies_the_content_is_suspicious(name: str, data: bytes) -> None:
    assert verdict(name, data) is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("pytorch_model.bin", torch_zip(TORCH_MEMBERS)),
        ("model.pt", torch_zip(TORCH_MEMBERS)),
        ("checkpoint.pth.tar", torch_zip(TORCH_MEMBERS)),
        ("checkpoint-500", torch_zip(TORCH_MEMBERS)),
        ("step.500", torch_zip(TORCH_MEMBERS)),
        ("optimizer.pkl", torch_zip(TORCH_MEMBERS)),
        ("model.pkl", PICKLE),
        ("model.pkl", pickle.dumps({"a": [1, 2, 3]}, 0)),
        ("model.joblib", PICKLE),
        ("vocabulary", PICKLE),
        ("model.nemo", tarred({"model_config.yaml": b"a: 1\n", "model_weights.ckpt": torch_zip(TORCH_MEMBERS)})),
        ("model.safetensors", SAFETENSORS),
        ("data.jsonl.gz", gzip.compress(b'{"a": 1}\n')),
        ("LICENSE", TEXT),
        ("vocab.txt", TEXT),
        # The ranks of tiktoken, which Llama 3 keeps under this name.
        ("tokenizer.model", b"IQ== 0\nIg== 1\nIw== 2\nJA== 3\nJQ== 4\n"),
        ("__init__.py", b""),
        (".gitkeep", b""),
    ],
)
def test_ordinary_names_of_ordinary_content_are_safe(name: str, data: bytes) -> None:
    assert findings(name, data) == []


def test_what_nobody_recognizes_is_unscanned() -> None:
    assert rules("weights.bin", NOISE) == {"content.unknown-format"}
    assert verdict("weights.bin", NOISE) is Verdict.UNSCANNED


@pytest.mark.parametrize(
    "hidden",
    [HOSTILE_PICKLE, ELF, seven_zipped({"a": TEXT}), zipped({"a": TEXT}), b"\0powershell -enc AAAA", b"\0os.system('true')"],
)
@pytest.mark.parametrize("before", [3, 150_000])
def test_what_hides_in_unknown_bytes_is_suspicious(hidden: bytes, before: int) -> None:
    assert verdict("weights.bin", NOISE[:before] + hidden + NOISE[:before]) is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("name", "front"),
    [("weights.bin", NOISE), ("notes.txt", TEXT), ("model.pkl", PICKLE), ("model.safetensors", SAFETENSORS)],
)
def test_a_zip_behind_anything_is_found_and_opened(name: str, front: bytes) -> None:
    data = front + zipped({"a.pkl": HOSTILE_PICKLE})
    assert "content.zip-appended" in rules(name, data)
    assert verdict(name, data) is Verdict.MALICIOUS


def test_a_tar_whose_first_name_is_another_format_is_examined_as_both() -> None:
    name = PICKLE[:90].decode("latin-1")
    data = bytearray(tarred({"x" * 90: HOSTILE_PICKLE}))
    data[: len(name)] = PICKLE[:90]
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert verdict("model.pkl", bytes(data)) is Verdict.MALICIOUS
    assert "content.polyglot" in rules("model.pkl", bytes(data))


def test_empty_weights_and_pointers_are_not_safe() -> None:
    assert rules("model.safetensors", b"") == {"content.empty"}
    assert verdict("model.safetensors", POINTER).rank >= Verdict.UNSCANNED.rank
    assert verdict("model.bin", POINTER) is Verdict.UNSCANNED


def failing(error: Exception) -> Format:
    def examine(_content: Content, place: Place, _nested: object) -> Iterator[Finding]:
        yield Finding("made.before", Verdict.SUSPICIOUS, "found before it failed", place.at(""))
        raise error

    return Format("made", lambda head, _: head.startswith(b"MADE"), examine)


@pytest.mark.parametrize(
    ("error", "rule", "expected"),
    [
        (UnscannedError("made.reason", "why"), "made.reason", Verdict.UNSCANNED),
        (UnscannedError("truncated", "why"), "made.truncated", Verdict.UNSCANNED),
        (IndexError("list index out of range"), "scan.examiner-failed", Verdict.ERROR),
        (MemoryError(), "scan.examiner-failed", Verdict.ERROR),
        (RecursionError("too deep"), "scan.examiner-failed", Verdict.ERROR),
    ],
)
def test_an_examiner_that_stops_or_fails_leaves_what_it_found_and_says_so(
    monkeypatch: pytest.MonkeyPatch, error: Exception, rule: str, expected: Verdict
) -> None:
    monkeypatch.setattr(router, "FORMATS", (failing(error),))
    found = list(router.examine_file(MemoryContent(b"MADE up"), Place("a.zip")))
    assert [(finding.rule, finding.verdict) for finding in found] == [("made.before", Verdict.SUSPICIOUS), (rule, expected)]


@pytest.mark.parametrize("plausible", [True, False])
def test_what_is_only_plausible_is_asked_where_nothing_else_recognizes_the_content(
    monkeypatch: pytest.MonkeyPatch, plausible: bool
) -> None:
    def examine(_content: Content, place: Place, _nested: object) -> Iterator[Finding]:
        yield Finding("made.asked", Verdict.SAFE, "was asked", place.at(""))

    monkeypatch.setattr(router, "FORMATS", (Format("made", lambda _head, _name: True, examine, plausible=plausible),))
    assert ("made.asked" in rules("model.pkl", PICKLE)) is not plausible
    assert ("made.asked" in rules("model.safetensors", NOISE)) is True


def test_formats_without_a_magic_number_are_only_plausible() -> None:
    """The others state what they are in their first bytes, whatever follows."""
    assert {known.name for known in CLAIMING if known.plausible} == {
        *("Core ML", "MessagePack", "ONNX", "ONNX value", "SentencePiece", "TensorFlow checkpoint index", "a picture"),
        *("TensorFlow graph", "archive", "brotli", "event log", "lzma", "sound", "zlib"),
    }
    assert [known.name for known in (*FORMATS, *CONTAINERS) if known.zip_behind] == ["TensorFlow Lite"]


CLAIMS = sorted({suffix for known in CLAIMING for suffix in (*known.suffixes, *known.shared)})


@pytest.mark.parametrize("suffix", CLAIMS)
def test_a_suffix_has_one_owner_or_is_mixed_or_of_texts(suffix: str) -> None:
    owners = [known.name for known in CLAIMING if suffix in known.suffixes]
    shared = [known.name for known in CLAIMING if suffix in known.shared]
    name = f"model{suffix}"
    assert len(owners) <= 1
    assert suffix == suffix.lower()
    if owners and not shared and suffix not in MIXED:
        assert is_owned(name)
        assert disguises_text(name)
    assert not (is_owned(name) and is_text_name(name))
    assert not (suffix in MIXED and (suffix in TEXTS or disguises_text(name)))


def test_a_member_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "FORMATS", (failing(ValueError("broken")),))
    found = {finding.rule for finding in findings("a.zip", zipped({"a": b"MADE up", "b.pkl": HOSTILE_PICKLE}))}
    assert {"scan.examiner-failed", "pickle.dangerous-call"} <= found


def test_members_are_counted_across_nested_archives() -> None:
    inner = zipped({f"{number}.txt": b"text" for number in range(150)})
    place = Place("a.zip")
    place.budget.members = 200
    found = list(router.examine_file(MemoryContent(zipped({"a.zip": inner, "b.zip": inner})), place))
    assert {finding.verdict for finding in found} == {Verdict.UNSCANNED}
