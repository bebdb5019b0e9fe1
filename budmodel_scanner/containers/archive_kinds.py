"""What a zip file is, told by its members' names, and what each kind asks of its members beyond their own formats."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from budmodel_scanner.containers.anomalies import shown
from budmodel_scanner.containers.skops import examine_skops_schema
from budmodel_scanner.containers.torchscript import examine_torchscript
from budmodel_scanner.content import Content, MemoryContent, Place
from budmodel_scanner.examiner import Nested, suspicious, unscanned
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.keras_config import examine_keras_config
from budmodel_scanner.formats.payloads import begins_as
from budmodel_scanner.verdict import Finding

_MAX_READ_BYTES = 32 << 20
_HEAD_BYTES = 4096
_STORAGE = expression(r"[^/]+/(?:data|constants|tensors|traced_inputs|xl_model_weights)/\d+")
_EXPORTED = expression(r"[^/]+/data/(?:weights/weight|constants/tensor)_\d+")
_TORCH_TEXTS = expression(
    r"[^/]+/(?:version|byteorder|archive_(?:format|version)|\.format_version|\.storage_alignment|\.data/serialization_id)"
)

ExamineMember = Callable[[str, Content, Place, Nested], Iterator[Finding]]
ExamineWhole = Callable[[Iterable[str], Place], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class ArchiveKind:
    """`is_model`: written by a library that saves models, so that extras of archivers (comments) are out of place."""

    is_model: bool
    examine_member: ExamineMember
    examine_whole: ExamineWhole = lambda _names, _place: iter(())


def kind_of(names: Iterable[str]) -> ArchiveKind:
    known = set(names)
    roots = {name.partition("/")[0] for name in known}
    if any(name.count("/") == 1 and name.endswith(("/data.pkl", "/constants.pkl", "/archive_format")) for name in known):
        return ArchiveKind(is_model=True, examine_member=_torch_member, examine_whole=_torch_whole)
    if {"config.json", "metadata.json"} <= known or {"config.json", "model.weights.h5"} <= known:
        return ArchiveKind(is_model=True, examine_member=partial(_with_json, "config.json", examine_keras_config))
    if "schema.json" in known:
        return ArchiveKind(is_model=True, examine_member=partial(_with_json, "schema.json", examine_skops_schema))
    if "MAR-INF" in roots:
        return ArchiveKind(is_model=True, examine_member=partial(_with_json, "MAR-INF/MANIFEST.json", _torchserve_manifest))
    arrays = all(name.endswith(".npy") for name in known)
    return ArchiveKind(is_model=arrays, examine_member=_plain_member)


def _plain_member(_name: str, data: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    yield from nested(data, place)


def _torch_member(name: str, data: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    if _STORAGE.fullmatch(name) or _EXPORTED.fullmatch(name):
        # Raw numbers of any kind: nothing reads them but as such, so only the beginning can be out of place.
        kind = begins_as(data.read(0, _HEAD_BYTES))
        if kind in {"zip", "pickle"} and _EXPORTED.fullmatch(name):
            # A tensor of a class of its own is saved like any other object.
            yield from nested(data, place)
        elif kind and kind != "marshal":
            yield suspicious(place, "torch.storage-with-content", f"a tensor's bytes start as {kind}")
            yield from nested(data, place)
        return
    if "/code/" in name and name.endswith(".py"):
        text = data.read(0, _MAX_READ_BYTES + 1)
        if len(text) > _MAX_READ_BYTES:
            yield unscanned(place, "torchscript.too-large", f"is code of more than {_MAX_READ_BYTES:,} bytes")
        else:
            yield from examine_torchscript(text, place)
        return
    if _TORCH_TEXTS.fullmatch(name):
        value = data.read(0, 65)
        if len(value) > 64 or not re.fullmatch(rb"[\w.-]*\n?", value):
            what = f"is {data.size:,} bytes where a number or a word is written: {shown(repr(value))}"
            yield suspicious(place, "torch.marker", what)
        return
    yield from nested(data, place)


def _torch_whole(names: Iterable[str], place: Place) -> Iterator[Finding]:
    """Readers take the folder of the first member for that of all; a second one is hidden from them or from others."""
    roots = {name.partition("/")[0] for name in names}
    if len(roots) > 1:
        what = f"has members outside of its folder: {', '.join(sorted(map(shown, roots))[:5])}"
        yield suspicious(place, "torch.several-roots", what)


def _torchserve_manifest(manifest: object, place: Place) -> Iterator[Finding]:
    """https://github.com/pytorch/serve/blob/master/model-archiver/README.md"""
    model = manifest.get("model") if isinstance(manifest, dict) else None
    handler = model.get("handler") if isinstance(model, dict) else None
    if isinstance(handler, str) and handler.partition(":")[0].endswith(".py"):
        yield suspicious(place, "torchserve.handler-code", f"serving it runs the code of {shown(handler)}")
    if isinstance(model, dict) and model.get("requirementsFile"):
        yield suspicious(place, "torchserve.requirements", "serving it installs packages of the archive's choice")


def _with_json(
    wanted: str,
    examine: Callable[[object, Place], Iterator[Finding]],
    name: str,
    data: Content,
    place: Place,
    nested: Nested,
) -> Iterator[Finding]:
    """Examines the one member that says what a loader builds; it is a text as well, like all others are what they are."""
    if name != wanted:
        yield from nested(data, place)
        return
    text = data.read(0, _MAX_READ_BYTES + 1)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield suspicious(place, "archive.configuration", f"is no JSON: {str(error)[:100]}")
    else:
        yield from examine(found, place)
    yield from nested(MemoryContent(text) if len(text) <= _MAX_READ_BYTES else data, place)
