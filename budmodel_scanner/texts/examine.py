"""Texts of every kind: decoded, recognized, and handed to whoever knows the kind."""

import re
from collections.abc import Iterator

from budmodel_scanner.content import CHUNK, Content, Place, UnscannedError
from budmodel_scanner.examiner import Nested
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.by_kind import examine_kind, examine_large_json
from budmodel_scanner.texts.decoding import begins_as_text, decode, first_control
from budmodel_scanner.texts.embedded import examine_embedded
from budmodel_scanner.texts.json_text import MAX_JSON_BYTES
from budmodel_scanner.texts.kinds import Kind, kind_by_content, kind_of
from budmodel_scanner.texts.rows import examine_json_lines, examine_rows
from budmodel_scanner.texts.unicode_tricks import examine_terminal
from budmodel_scanner.verdict import Finding, Verdict

_HEAD = 8192
_MAX_WHOLE_BYTES = 8 << 20
_STREAMED_ABOVE = 4 << 20

_ROWS = frozenset({Kind.TABLE, Kind.DATA, Kind.PLAIN})
# Old logs hold control characters, and so do the tables of minified scripts.
_LENIENT = frozenset({*_ROWS, Kind.JSON_LINES, Kind.MARKDOWN, Kind.HTML, Kind.WEB_SCRIPT})
# Kinds whose names promise something else than a program.
_NO_PROGRAMS = frozenset(
    {Kind.MARKDOWN, Kind.TABLE, Kind.DATA, Kind.YAML, Kind.INI, Kind.TOML, Kind.TEMPLATE, Kind.REQUIREMENTS, Kind.JSON}
)
# Names that stand for weights, or for objects of a runtime, which are never texts.
_WEIGHTS = expression(
    r"(?i)(?:^|/)(?:(?:pytorch_|adapter_|diffusion_pytorch_|flax_|tf_)?model(?:[-_.]\d[\w-]*)?\.bin|(?:optimizer|scheduler|training_args)\.bin"
    r"|saved_model\.pb|[^/]+\.(?:engine|plan|trt))$"
)
# Under these names tables of numbers are ordinary, and neither programs nor prose.
_MODELS = expression(r"(?i)\.(?:model|bin|weights|ckpt|params|pb|index)$")
_PROGRAMS = frozenset({Kind.PYTHON, Kind.COMMANDS, Kind.WEB_SCRIPT, Kind.OTHER_SCRIPT, Kind.HTML})
_WEIGHT_ARCHIVE = expression(
    r"(?i)\.(?:pt|pth|bin|ckpt|keras|npz|skops|nemo|mar|tflite|task|h5|joblib|pkl|safetensors|mlpackage)$"
)
_POINTER = expression(
    rb"version https://git-lfs\.github\.com/spec/v1\r?\n(?:ext-\d-\S+ \S+\r?\n)*"
    rb"oid sha256:[0-9a-f]{64}\r?\nsize \d{1,20}\r?\n?"
)
# What an editor may take for its settings, near the ends of a text.
_MODELINE = expression(r"\b(?:vim?|ex)\S{0,6}:|-\*-|Local Variables:")
_AROUND = 4_000
# Extensions of Maven that are not by its makers, or by those who measure and cache builds.
_GROUP = expression(
    rb"<groupId>\s*(?!(?:org\.apache\.maven|com\.gradle|kr\.motd|io\.takari|eu\.maveniverse|fr\.brouillard|org\.eclipse|nl\.basjes)\b)([\w.-]{1,100})"
)
_POINTER_START = b"version https://git-lfs.github.com/spec/"


def looks_like_text(head: bytes) -> bool:
    """Whether the first 4096 bytes of a file, or all of a shorter one, are text. An empty file is an empty text."""
    return begins_as_text(head)


def examine_text(content: Content, place: Place, nested: Nested) -> Iterator[Finding]:
    """What is wrong with a text of any kind. Raises UnscannedError for one too large for its kind, or beyond parsing."""
    head = content.read(0, _HEAD)
    if head.startswith(_POINTER_START):
        yield from _pointer(content, place)
        return
    decoded_head = decode(head[: len(head) - len(head) % 4]) or decode(head[:-1]) or decode(head[:-2]) or decode(head[:-3])
    start = decoded_head.text if decoded_head else head.decode("utf-8", errors="replace")
    kind = kind_of(place.name, start)
    yield from _disguise(kind, start, place)
    if kind is Kind.JSON_LINES:
        yield from examine_json_lines(content, place, nested)
    elif kind in _ROWS and content.size > _STREAMED_ABOVE:
        yield from examine_rows(content, kind, place, nested)
    else:
        yield from _whole(content, kind, place, nested)


def _pointer(content: Content, place: Place) -> Iterator[Finding]:
    data = content.read(0, 4096)
    if content.size <= 1024 and _POINTER.fullmatch(data):
        what = "a Git LFS pointer stands here instead of the content"
        yield Finding("text.lfs-pointer", Verdict.UNSCANNED, what, place.at(""))
    else:
        what = "begins as a Git LFS pointer and goes on as something else"
        yield Finding("text.false-pointer", Verdict.SUSPICIOUS, what, place.at(""))


def _disguise(kind: Kind, start: str, place: Place) -> Iterator[Finding]:
    """A text where weights should be, and a program under a name that promises none."""
    found = kind_by_content(start)
    if _WEIGHTS.search(place.name) and start.strip():
        yield Finding("content.disguised", Verdict.SUSPICIOUS, "is a text, which its name denies", place.at(""))
    elif _MODELS.search(place.name) and (found in _PROGRAMS or _is_prose(start) or _is_no_graph(start, place)):
        what = f"is {found if found in _PROGRAMS else 'prose'} under a name of weights"
        yield Finding("content.disguised", Verdict.SUSPICIOUS, what, place.at(""))
    archives = [outer for outer in (place.path, *place.members[:-1]) if _WEIGHT_ARCHIVE.search(outer)]
    # TorchScript keeps its own language in files of this suffix, which are read as such.
    if archives and place.members and kind in _PROGRAMS - {Kind.HTML} and "code/" not in place.name:
        yield Finding("content.program-in-weights", Verdict.SUSPICIOUS, f"holds {kind}, which weights do not", place.at(""))
    is_program = start.lstrip("\ufeff").startswith(("#!", "<?php")) and found is not Kind.PLAIN
    filled_in = kind is Kind.TEMPLATE and kind_of(place.name.rpartition(".")[0], "") is found
    if kind in _NO_PROGRAMS and is_program and not filled_in and not start.startswith("#!!"):
        what = f"begins as {found} under a name of {kind}"
        yield Finding("text.disguised-program", Verdict.SUSPICIOUS, what, place.at("line 1"))


def _is_no_graph(start: str, place: Place) -> bool:
    """Words under the name of a graph, whose text form has fields and braces."""
    return place.name.endswith(".pb") and bool(start.strip()) and not re.search(r"[:{]", start)


def _is_prose(start: str) -> bool:
    """Sentences: words in lines without figures. Vocabularies have a word or two in a line."""
    lines = [line for line in start.splitlines()[:40] if line.strip()]
    wordy = [
        line
        for line in lines
        if len(line.split()) > 3 and not any(map(str.isdigit, line)) and "=" not in line and ":" not in line
    ]
    return bool(lines) and len(wordy) * 2 > len(lines)


def _whole(content: Content, kind: Kind, place: Place, nested: Nested) -> Iterator[Finding]:
    if kind is Kind.XML and content.size:
        from budmodel_scanner.texts.xml_text import examine_xml

        yield from examine_xml(content, place)
        if place.path.endswith(".mvn/extensions.xml"):
            for group in _GROUP.findall(content.read(0, CHUNK)):
                what = f"Maven runs {group.decode('utf-8', 'replace')} before it reads the project"
                yield Finding("requirements.direct", Verdict.SUSPICIOUS, what, place.at(""))
        if content.size > _MAX_WHOLE_BYTES:
            return
    if kind is Kind.JSON and content.size > MAX_JSON_BYTES:
        yield from examine_rows(content, kind, place, nested)
        yield from examine_large_json(content, place)
        return
    if content.size > _MAX_WHOLE_BYTES:
        raise UnscannedError("text.too-large", f"{content.size:,} bytes of {kind}; {_MAX_WHOLE_BYTES:,} are read")
    data = _read(content)
    if not data.strip():
        return
    if kind is Kind.XML:
        yield from examine_embedded(data, place, nested)
        return
    control = first_control(data)
    decoded = decode(data)
    if decoded is None or (
        control is not None and decoded.encoding.startswith("utf-8") and (kind not in _LENIENT or b"\x00" in data)
    ):
        what = f"bytes that no text of {kind} holds"
        yield Finding("text.binary", Verdict.SUSPICIOUS, what, place.at("" if control is None else f"byte {control:,}"))
        if decoded is None:
            yield from examine_embedded(data, place, nested)
            return
    plain = data if decoded.encoding.startswith("utf-8") else decoded.text.encode("utf-8", "surrogatepass")
    yield from examine_embedded(plain, place, nested)
    yield from examine_terminal(decoded.text if b"\x1b" in data else "", place)
    if _MODELINE.search(decoded.text[:_AROUND]) or _MODELINE.search(decoded.text[-_AROUND:]):
        from budmodel_scanner.texts.typesetting import examine_modelines

        yield from examine_modelines(decoded.text, place)
    yield from examine_kind(kind, decoded.text, plain, place)


def _read(content: Content) -> bytes:
    return b"".join(content.read(start, CHUNK) for start in range(0, content.size, CHUNK))
