"""Raw weights are safe where the header beside them describes every byte, and unknown wherever it does not."""

import pytest

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.described_weights import WeightRanges, joined, note, notes_of_json
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Finding, Verdict, verdict_of
from tests.unit.budmodel_scanner.format_samples import checkpoint_index

UNKNOWN = Finding("content.unknown-format", Verdict.UNSCANNED, "is of no known format")
HIDDEN = Finding("content.hidden", Verdict.SUSPICIOUS, "holds a pickle")


def settled(size: int, *findings: Finding, header: Finding | None = None, name: str = "a/w.bin") -> Verdict:
    """The verdict of weights of `size` bytes beside a header that describes 64 bytes of w.bin."""
    told = header or note(["w.bin"], 64, Place("a/m.onnx"))
    files = {"a/m.onnx": (9, [told]), name: (size, findings)}
    return verdict_of(dict(joined(files)).get(name, findings))


def test_weights_are_known_where_all_of_them_are_described() -> None:
    assert settled(64, UNKNOWN) is Verdict.SAFE


@pytest.mark.parametrize("size", [63, 65, 0])
def test_other_sizes_stay_unknown(size: int) -> None:
    assert settled(size, UNKNOWN) is Verdict.UNSCANNED


def test_whatever_else_was_found_stands() -> None:
    assert settled(64, HIDDEN) is Verdict.SUSPICIOUS
    assert settled(64, UNKNOWN, HIDDEN) is Verdict.SUSPICIOUS


def test_paths_are_relative_to_the_header() -> None:
    assert settled(64, UNKNOWN, name="w.bin") is Verdict.UNSCANNED


def test_other_engines_cannot_describe_weights() -> None:
    said = note(["w.bin"], 64, Place("a/m.onnx"))
    assert settled(64, UNKNOWN, header=Finding(said.rule, said.verdict, said.what, engine="modelscan")) is Verdict.UNSCANNED


def test_one_file_named_twice_describes_nothing() -> None:
    assert settled(32, UNKNOWN, header=note(["w.bin", "w.bin"], 64, Place("a/m.onnx"))) is Verdict.UNSCANNED


@pytest.mark.parametrize(
    ("ranges", "described"),
    [
        ([(0, 4), (4, 4)], "describes all 8 bytes of w"),
        ([(4, 4), (0, 4)], "describes all 8 bytes of w"),
        ([(0, 4), (0, 4)], "describes all 4 bytes of w"),
        ([(0, 4), (4096, 4)], "describes all 4,100 bytes of w"),
        ([(0, 4), (1 << 20, 4)], None),
        ([(1 << 20, 4)], None),
    ],
)
def test_gaps_are_those_of_alignment(ranges: list[tuple[int, int]], described: str | None) -> None:
    gathered = WeightRanges()
    for start, size in ranges:
        gathered.add("w", start, size)
    assert [found.what for found in gathered.notes(Place("m"))] == ([described] if described else [])


@pytest.mark.parametrize(
    ("weight", "size"),
    [
        ({"shape": [2, 3], "dtype": "float32"}, 24),
        ({"shape": [], "dtype": "int32"}, 4),
        ({"shape": [6], "dtype": "float32", "quantization": {"dtype": "uint16"}}, 12),
        ({"shape": [6], "dtype": "string"}, None),
        ({"shape": [-6], "dtype": "bool"}, None),
        ({"shape": ["6"], "dtype": "bool"}, None),
        ({"dtype": "bool"}, None),
        ("kernel", None),
    ],
)
def test_sizes_of_tensorflow_js(weight: object, size: int | None) -> None:
    manifest = [{"paths": ["a.bin", "b.bin"], "weights": [weight]}]
    found = [finding.what for finding in notes_of_json({"weightsManifest": manifest}, Place("model.json"))]
    assert found == ([f"describes all {size} bytes of a.bin, b.bin"] if size else [])


@pytest.mark.parametrize("manifest", [None, {}, [1], [{"paths": "a", "weights": []}], [{"paths": [1], "weights": []}]])
def test_odd_manifests_describe_nothing(manifest: object) -> None:
    assert list(notes_of_json({"weightsManifest": manifest}, Place("model.json"))) == []


def test_the_index_of_a_checkpoint_describes_its_data() -> None:
    index = MemoryContent(checkpoint_index((b"bias", b"kernel")))
    notes = [found.what for found in examine_file(index, Place("variables/variables.index"))]
    assert notes == ["describes all 16 bytes of variables.data-00000-of-00001"]
