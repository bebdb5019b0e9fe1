"""Things that have no business in metadata, gaps and tails of a model file: programs, archives, pickles, code."""

import json
import re
from base64 import a85decode
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

from budmodel_scanner.content import Content, Place, Window
from budmodel_scanner.encodings import encoded_runs, from_signs, is_packed, unpacked
from budmodel_scanner.examiner import Nested, suspicious
from budmodel_scanner.expressions import expression
from budmodel_scanner.formats.reading import all_zero
from budmodel_scanner.pickles.unannounced import begins_unannounced, is_unannounced
from budmodel_scanner.verdict import Finding, Verdict

_HUNTED_BYTES = 1 << 20
_DEEPEST = 2
_DEEPEST_ENCODED = 5
_SHORTEST = 20
_MAX_UNWRAPPED_BYTES = 1 << 20

# Each begins with its own letter: such an expression is looked for fifty times as fast as a choice of several.
_FORMS = (
    ("zip", rb"PK(?:\x03\x04[\x00-\x3f]\x00|\x05\x06\x00{4})"),
    ("ELF", rb"\x7fELF[\x01\x02][\x01\x02]\x01"),
    ("PE", rb"MZ(?=.{58}..\x00\x00)"),
    ("Mach-O program", rb"\xcf\xfa\xed\xfe"),
    ("Mach-O program", rb"\xce\xfa\xed\xfe"),
    ("Mach-O program", rb"\xfe\xed\xfa[\xce\xcf]"),
    ("Mach-O program", rb"\xca\xfe\xba\xbe"),
    ("gzip", rb"\x1f\x8b\x08[\x00-\x1f].{4}[\x00\x02\x04][\x00-\x0d\xff]"),
    ("bzip2", rb"BZh[1-9]1AY&SY"),
    ("xz", rb"\xfd7zXZ\x00"),
    ("7z archive", rb"7z\xbc\xaf\x27\x1c"),
    ("RAR", rb"Rar!\x1a\x07"),
    ("wasm", rb"\x00asm\x01\x00\x00\x00"),
    ("dex", rb"dex\n03[5-9]\x00"),
    ("pickle", rb"\x80[\x02-\x05](?:\x95.{4}\x00{4}|c[a-z_]\w*[.\n]|[\]}()]+[q\x94][\x00\x94K\x8cX]?|\x8a\x0a|X..\x00\x00)"),
    ("pickle", rb"\x80[\x02-\x05](?:\x8c.[A-Za-z_][\w.]{2}|[\]})]\.|\x8e.{4}\x00{4}|U.[A-Za-z_]{3})"),
    ("pickle", rb"\x80[\x02-\x05][\]}()]{1,8}(?:[XB]..\x00\x00|\x8c.[A-Za-z_]|U.[A-Za-z_])"),
    ("pickle", rb"c(?<![A-Za-z0-9 ]c)[A-Za-z_][\w.]{0,99}\n[A-Za-z_][\w.]{0,99}\n(?:[()]|p\d+\n|q[\x00-\x1f])"),
    ("pickle", rb"i(?<![A-Za-z0-9 ]i)[A-Za-z_][\w.]{0,99}\n[A-Za-z_][\w.]{0,99}\n(?:p\d+\n)?0?\."),
    ("shell script", rb"#!\s?/(?:usr/)?(?:local/)?bin/"),
)
# That of a code object is too short to be told anywhere else.
_BEGINNINGS = expression(
    b"|".join(b"(%s)" % form for _, form in (*_FORMS, ("marshal", rb"[\xe3c].\x00{3}.\x00{3}.\x00{3}.\x00\x00\x00"))),
    re.DOTALL,
)
_KINDS = (*(kind for kind, _ in _FORMS), "marshal")
_SIGNATURES = tuple((kind, expression(form, re.DOTALL)) for kind, form in _FORMS)
# In small letters, each with a word first, for the same reason.
_CODE = tuple(
    map(
        expression,
        rb"""
    __import__(?<!\w__import__)\s*\(
    exec(?<!\wexec)\s*\(\s*(?!\w+\s*\)\s+[a-z]+\s)[\w"'(_]
    execfile(?<!\wexecfile)\s*\(\s*[\w"'(_]
    eval(?<!\weval)\s*\(\s*(?!\w+\s*\)\s+[a-z]+\s)[\w"'(_]
    compile(?<!\wcompile)\s*\(\s*(?!\w+\s*\)\s+[a-z]+\s)[\w"'(_]
    os(?<!\wos)\s*\.\s*(?:system|popen|exec\w*|spawn\w*)\s*\(
    subprocess(?<!\wsubprocess)\s*\.\s*\w+
    cloudpickle(?<!\wcloudpickle)\s*\.\s*loads?\b
    pickle(?<!\wpickle)\s*\.\s*loads?\b
    marshal(?<!\wmarshal)\s*\.\s*loads?\b
    dill(?<!\wdill)\s*\.\s*loads?\b
    joblib(?<!\wjoblib)\s*\.\s*loads?\b
    __reduce(?:_ex)?__
    __subclasses__
    __globals__
    __builtins__
    arrow_pickled_object(?<!\warrow_pickled_object)\b
    arrow\.py_extension_type(?<!\warrow\.py_extension_type)\b
    <script\b
    javascript:(?<!\wjavascript:)
    <\?php
    powershell(?<!\wpowershell)(?:\.exe)?\s+-
    curl(?<!\wcurl)\s+[^\0\n|;]{0,300}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b
    wget(?<!\wwget)\s+[^\0\n|;]{0,300}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b
    /dev/tcp/
    nc(?<!\wnc)\s+-\w*e\b
    rm(?<!\wrm)\s+-rf\s+[/~]
    socket(?<!\wsocket)\s*\.\s*socket\s*\(
    ctypes(?<!\wctypes)\s*\.\s*(?:cdll|windll)
    <\w+\s[^\0<>]{0,200}\bon(?:load|error|click|begin|mouse\w+|focus)\s*=\s*["']
    lambda(?<!\wlambda)\s+\w+\s*:\s*(?:os|sys|eval|exec)\b
    """.split(),
    )
)
_IMPORTS = expression(rb"(?i)\s*import\s+(?:os|sys|subprocess|socket|pty|ctypes)\b")
_SMALL_LETTERS = bytes(range(256)).lower()
# Between zeros are numbers, and what is printed among them stands for itself.
_SMALL_PRINTED = bytes(byte if 32 <= byte < 127 or byte in b"\t\r\n" else 0 for byte in _SMALL_LETTERS)
_RUN = expression(rb"[\t\n\r -~]{5,}")
_SHORTEST_TEXT, _MOST_BEFORE = 12, 4
_LETTERS = expression(rb"[!-~]{24}")
_OF_ADOBE = expression(rb"[!-uz]{25,65536}")
_PERCENT = expression(rb"%([0-9A-Fa-f]{2})")

# What follows the name in a pickle of lines; in lists of words, such as `sin`, `cos`, `tan`, another word does.
_ARGUMENTS = rb"(?:p\d|q[\x00-\x1f]|[)\]}\x8c\x93\x94]|S['\"]|X..\0\0|\((?:[SVXIKltcd(\]})]|\x8c))"
# Long enough that weights do not hold them by chance.
_HIDDEN = {
    what: expression(form, re.DOTALL)
    for what, form in {
        "a zip file": rb"PK\x05\x06\0\0\0\0(?=.{14})",
        "a zip member": rb"PK\x03\x04(?=[\x00-\x3f]\x00.{20}[\x01-\xff]\x00)",
        "an ELF program": rb"\x7fELF[\x01\x02][\x01\x02]\x01",
        "a script": rb"#!/(?:usr/)?(?:local/)?bin/\w",
        "a 7z archive": rb"7z\xbc\xaf\x27\x1c\x00",
        "a RAR archive": rb"Rar!\x1a\x07[\x00\x01]",
        "a pickle of protocol 4": rb"\x80\x04\x95(?=.{4}\x00{4})",
        "a pickle of protocol 5": rb"\x80\x05\x95(?=.{4}\x00{4})",
        **{
            f"a pickle of protocol {number}, without a frame": rb"\x80%c[()\]}\x94]{0,4}\x8c(?=.[A-Za-z_][\w.]{1,60}\x94?"
            rb"\x8c.[A-Za-z_]\w{0,60}\x94?\x93)" % number
            for number in (4, 5)
        },
        "a pickle of protocol 2": rb"\x80\x02c(?=[A-Za-z_][\w.]{1,60}\n[A-Za-z_][\w.]{1,60}\n)",
        "a pickle of protocol 3": rb"\x80\x03c(?=[A-Za-z_][\w.]{1,60}\n[A-Za-z_][\w.]{1,60}\n)",
        **{
            f"a pickle that imports {module}": rb"c%s\n(?=[A-Za-z_][\w.]{1,40}\n%s)" % (module.encode(), _ARGUMENTS)
            for module in ("os", "nt", "posix", "builtins", "__builtin__", "subprocess", "sys", "runpy", "importlib")
        },
        "a Windows program": b"MZ",
    }.items()
}
_PE_HEADER = 60


def signature(data: bytes) -> tuple[int, str] | None:
    """Where something that runs or unpacks starts in `data`, and what it is."""
    if kind := _beginning(data):
        return 0, kind
    # A pickle has an end, too.
    end_of_pickle = data.rfind(b".")
    first, kind = len(data), ""
    for form, pattern in _SIGNATURES:
        for found in pattern.finditer(data):
            if found.start() >= first or (form == "pickle" and found.end() > end_of_pickle + 1):
                break
            if form != "PE" or _is_program(data, found.start()):
                first, kind = found.start(), form
                break
    return (first, kind) if kind else None


def _is_program(data: bytes, at: int) -> bool:
    """Of Windows, as what begins at `at` points to a header of one."""
    header = at + int.from_bytes(data[at + _PE_HEADER : at + _PE_HEADER + 4], "little")
    return data[header : header + 4] == b"PE\0\0"


def _beginning(data: bytes) -> str | None:
    found = _BEGINNINGS.match(data)
    kind = _KINDS[(found.lastindex or 0) - 1] if found else None
    if (kind == "PE" and not _is_program(data, 0)) or (kind == "pickle" and found and data.find(b".", found.end() - 1) < 0):
        return None
    return kind or ("pickle" if is_unannounced(data) else None)


def begins_as(data: bytes, depth: int = 0) -> str | None:
    """What `data` begins as that runs or unpacks, as it stands or encoded. For bytes and texts that may be anything else."""
    if kind := _beginning(data):
        return kind
    if depth == _DEEPEST:
        return None
    packed = (unpacked(data, _MAX_UNWRAPPED_BYTES),) if is_packed(data) else ()
    first = (inner for at, inner in encoded_runs(data, is_content) if at == 0) if _LETTERS.match(data) else ()
    kinds = (begins_as(inner, depth + 1) for inner in chain(packed, first))
    return next((f"encoded {kind.removeprefix('encoded ')}" for kind in kinds if kind), None)


def code_in(data: bytes) -> tuple[int, str] | None:
    """Where code or a command starts in `data`, and how it begins. It is too long for chance."""
    lower = data.translate(_SMALL_PRINTED if b"\0" in data else _SMALL_LETTERS)
    matches = (pattern.search(lower) for pattern in _CODE)
    first = _IMPORTS.match(data) or min(filter(None, matches), key=lambda found: found.start(), default=None)
    return (first.start(), data[slice(*first.span())].decode("utf-8", "replace").strip()[:40]) if first else None


def runs_in(data: bytes) -> Iterator[bytes]:
    """The texts among bytes that may be anything, each without the length before it, which may look like a letter."""
    for run in (run[0] for run in _RUN.finditer(data)):
        if len(run) >= _SHORTEST_TEXT:
            yield next((run[at + 1 :] for at in range(_MOST_BEFORE) if run[at] == len(run) - at - 1), run)


def hidden_in(data: bytes) -> tuple[str, int] | None:
    """What loads, unpacks or runs in bytes that may be anything, and where it starts: it is too long for chance."""
    if found := program_in(data):
        return found
    code = code_in(data)
    return (f"code ({code[1]!r})", code[0]) if code else None


def program_in(data: bytes) -> tuple[str, int] | None:
    """The same without code, which texts may only talk about."""
    return next(programs_in(data), None)


def programs_in(data: bytes) -> Iterator[tuple[str, int]]:
    """Every such place, those of one kind after those of another."""
    for what, pattern in _HIDDEN.items():
        for at in (found.start() for found in pattern.finditer(data)):
            if what != "a Windows program" or _is_program(data, at):
                yield what, at


def payload_in(data: bytes) -> tuple[str, bytes] | None:
    """What metadata hides, and its bytes: a signature or code, as it stands or encoded or packed."""
    return _payload(data[:_HUNTED_BYTES], 0)


def _payload(data: bytes, depth: int) -> tuple[str, bytes] | None:
    found = signature(data)
    if found:
        return found[1], data[found[0] :]
    code = code_in(data)
    if code:
        return f"code ({code[1]!r})", data
    if depth < _DEEPEST_ENCODED:
        for decoded in _decoded(data):
            inner = _payload(decoded, depth + 1)
            if inner:
                return f"encoded {inner[0]}", inner[1]
    return None


def _decoded(data: bytes) -> Iterator[bytes]:
    if is_packed(data):
        yield unpacked(data, _MAX_UNWRAPPED_BYTES)
    if b"data:" in data and b"%3" in data:
        # A picture or a page within an address.
        yield _PERCENT.sub(lambda found: bytes([int(found[1], 16)]), data)
    if data[:1] in (b"{", b"["):
        with suppress(ValueError, RecursionError):
            yield from _texts(json.loads(data))
    if _OF_ADOBE.fullmatch(data):
        # Base85 with the signs that a text of JSON would escape.
        yield from_signs(data, a85decode)
    yield from (inner for _, inner in encoded_runs(data, _may_be_content))


def _texts(tree: object) -> Iterator[bytes]:
    """Those within JSON, which may be JSON again."""
    if isinstance(tree, str) and len(tree) > _SHORTEST:
        yield tree.encode("utf-8", "replace")
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _texts(inner)


def _may_be_content(head: bytes) -> bool:
    """Of what is decoded. Code begins as any text."""
    return is_content(head) or (head.translate(None, b"\t\r\n").decode("latin-1").isprintable() and head.isascii())


def is_content(head: bytes) -> bool:
    """Whether the first two dozen bytes may be those of something that loads, unpacks or runs."""
    return _BEGINNINGS.match(head) is not None or is_packed(head) or begins_unannounced(head)


_FEW_BYTES = 16  # Of ends of lines, as editors add them.


def examine_leftover(
    content: Content, start: int, size: int, label: str, area: str, place: Place, nested: Nested
) -> Iterator[Finding]:
    """Bytes that the structure of a file leaves over: `label` says where (`trailing bytes`, `gap`). Always suspicious."""
    if size <= 0 or (size <= _FEW_BYTES and not content.read(start, size).strip(b"\r\n")):
        return
    found = signature(content.read(start, min(size, _HUNTED_BYTES)))
    empty = found is None and all_zero(content, start, size)
    kind = f", {found[1]} at byte {start + found[0]:,} of it" if found else ", all zero" if empty else ""
    what = f"{size:,} bytes belong to no part of the file{kind}"
    yield suspicious(place, f"{area}.{label.replace(' ', '-')}", what, f"byte {start:,}")
    if not empty:
        begin = start + (found[0] if found else 0)
        yield from worse(nested(Window(content, begin, start + size - begin), place.inside(label)))


def worse(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Unknown content in an odd place is said already; what counts is whether it is worse, or that nobody could see that."""
    return (it for it in findings if it.verdict in (Verdict.MALICIOUS, Verdict.ERROR) or it.rule.endswith(".budget"))
