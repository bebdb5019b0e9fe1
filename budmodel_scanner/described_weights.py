"""Raw weights in files of their own (ONNX external data, OpenVINO, TensorFlow.js, glTF, Zarr), which only a header explains.

Alone they are bytes of no known format. A header that says where each tensor lies, up to the last byte, makes them known:
the examination of the header notes what it describes, and the scan of the whole repository joins the two.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath

from budmodel_scanner.content import Place
from budmodel_scanner.engines import OURS
from budmodel_scanner.expressions import expression
from budmodel_scanner.verdict import Finding, Verdict

_RULE = "weights.described"
_NOTE = expression(r"describes all ([\d,]{1,24}) bytes of (.+)", re.DOTALL)
_CHUNKS = "describes the chunks of an array below it"
_CHUNK = expression(r"(?:c[/.])?\d{1,9}(?:[/.]\d{1,9})*|(?:[^/]+/)*d/[0-9a-f]{32}")
# Writers begin a tensor at a page or at what a system maps at once; what lies between is read by nobody.
_ALIGNMENT = 1 << 16
_MOST_FILES = 16
_MOST_DIMENSIONS = 16
_UNKNOWN = "content.unknown-format"
_SHARD = "zstd.trailing-bytes"

# Sizes and findings by path.
Files = Mapping[str, tuple[int | None, Sequence[Finding]]]


def note(locations: Sequence[str], size: int, place: Place) -> Finding:
    """That the content describes `size` bytes, all that the files of these relative paths hold together."""
    return Finding(_RULE, Verdict.SAFE, f"describes all {size:,} bytes of {', '.join(locations)}", place.at(""))


@dataclass(slots=True)
class WeightRanges:
    """Where tensors lie in other files, gathered while a header is read: ranges (start, end) by location."""

    ranges: dict[str, set[tuple[int, int]]] = field(default_factory=lambda: defaultdict(set))

    def add(self, location: str, start: int, size: int) -> None:
        self.ranges[location].add((start, start + size))

    def notes(self, place: Place) -> Iterator[Finding]:
        """One for each file whose bytes are described without a gap that alignment does not explain."""
        for location in sorted(self.ranges)[:_MOST_FILES]:
            position = 0
            for start, end in sorted(self.ranges[location]):
                if start - position >= _ALIGNMENT:
                    break
                position = max(position, end)
            else:
                yield note([location], position, place)


# Bytes per element by TensorFlow.js's names of types; of texts the manifest does not say how long they are.
_WIDTHS = {"float32": 4, "int32": 4, "complex64": 8, "float16": 2, "uint16": 2, "uint8": 1, "int8": 1, "bool": 1}


def notes_of_json(value: Mapping[str, object], place: Place) -> Iterator[Finding]:
    """Of a model of TensorFlow.js, a scene in glTF, or an array of Zarr, each of whose chunks is a file."""
    yield from _notes_of_tensorflow_js(value.get("weightsManifest"), place)
    buffers = value.get("buffers") if "asset" in value else None
    for buffer in buffers if isinstance(buffers, list) else []:
        uri, size = (buffer.get("uri"), buffer.get("byteLength")) if isinstance(buffer, dict) else (None, None)
        if isinstance(uri, str) and type(size) is int and not uri.startswith("data:"):
            yield note([uri], size, place)
    if "zarr_format" in value and "shape" in value and not _UNPICKLED.search(str(value)):
        yield note_of_chunks(place)


# Codecs of arrays of objects by which their chunks are unpickled.
_UNPICKLED = expression(r"(?i:pickle|dill)")


def note_of_chunks(place: Place) -> Finding:
    """That the files below the content's folder, named as the chunks of an array are, hold its numbers and no more."""
    return Finding(_RULE, Verdict.SAFE, _CHUNKS, place.at(""))


def _notes_of_tensorflow_js(manifest: object, place: Place) -> Iterator[Finding]:
    """Of the `weightsManifest` of a model.json: groups of files, and the tensors that lie in them one after the other."""
    for group in manifest if isinstance(manifest, list) else []:
        paths, weights = (group.get("paths"), group.get("weights")) if isinstance(group, dict) else (None, None)
        if isinstance(paths, list) and isinstance(weights, list) and all(isinstance(path, str) for path in paths):
            sizes = [_size(weight) for weight in weights]
            if paths and None not in sizes:
                yield note(paths, sum(filter(None, sizes)), place)


def _size(weight: object) -> int | None:
    if not isinstance(weight, dict) or not isinstance(weight.get("shape"), list):
        return None
    quantization = weight.get("quantization")
    kind = quantization.get("dtype") if isinstance(quantization, dict) else weight.get("dtype")
    width = _WIDTHS.get(str(kind))
    shape = [length for length in weight["shape"] if type(length) is int and 0 <= length < 1 << 40]
    if width is None or len(shape) < len(weight["shape"]):
        return None
    return math.prod(shape[:_MOST_DIMENSIONS]) * width


def joined(files: Files) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    """The findings of each file that was unknown by itself and that a neighbor describes to its last byte.

    Whatever else was said of such a file stands.
    """
    for path, (_, findings) in files.items():
        for finding in findings:
            if (finding.rule, finding.engine, finding.what) == (_RULE, OURS, _CHUNKS):
                yield from _chunks(path, files)
            described = _NOTE.fullmatch(finding.what) if (finding.rule, finding.engine) == (_RULE, OURS) else None
            if described is None:
                continue
            locations = [normpath(join(dirname(path), location)) for location in described[2].split(", ")]
            sizes = [files[location][0] if location in files else None for location in locations]
            if None in sizes or len({*locations}) < len(locations) or sum(filter(None, sizes)) != _number(described[1]):
                continue
            for location in locations:
                yield from _told(
                    location, files[location][1], {_UNKNOWN}, f"raw weights, each tensor of which {path} places"
                )


def _chunks(path: str, files: Files) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    """Chunks are numbers, compressed or not; a shard of several is one stream after the other and an index."""
    folder = dirname(path) + "/" if dirname(path) else ""
    for location, (_, findings) in files.items():
        if location.startswith(folder) and _CHUNK.fullmatch(location, len(folder)):
            yield from _told(location, findings, {_UNKNOWN, _SHARD}, f"chunks of the array that {path} describes")


def _told(
    location: str, findings: Sequence[Finding], explained: Set[str], what: str
) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    known = tuple(one for one in findings if one.rule not in explained)
    if len(known) < len(findings):
        yield location, (*known, Finding("weights.raw", Verdict.SAFE, what))


def _number(digits: str) -> int:
    return int(digits.replace(",", ""))
