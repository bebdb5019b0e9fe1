"""What only shows from the paths of a repository and from what lies beside what; looked at anew in every scan.

The content of a file may be remembered from another repository. Its name, its links and its neighbors are this one's own.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from posixpath import dirname, join, normpath

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.paths import DEVICE, leaves_repository, runs_by_name
from budmodel_scanner.verdict import Finding, Verdict
from budmodel_scanner.word_lists import sections

_MAX_NAME_BYTES = 255
_MAX_PATH_BYTES = 1024
_MAX_JSON_BYTES = 8 << 20

_CONTROL = expression("[\x00-\x1f\x7f\x80-\x9f]")
# Marks of direction and characters of no width: names that read differently from what they are.
_DECEPTIVE = expression("[\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e01ef]")
_DOUBLE = expression(
    r"(?i)\.(?:safetensors|bin|pt|pth|ckpt|gguf|onnx|h5|json|txt|md|pdf|png|jpe?g|csv|docx?|xlsx?|zip|mp[34]|wav)"
    r"\.(?:exe|scr|bat|cmd|com|ps1|vbs|vbe|jse?|jar|msi|lnk|hta|pif|cpl|dll|so|sh|py|pyc|desktop|app)$"
)
_MARKUP = expression(
    r"(?i)<\s*/?\s*(?:script|img|svg|iframe|a|body|object|embed|style|link)\b|\bon\w{3,20}\s*=|javascript:"
    # What Cookiecutter fills in is the name of a project.
    r"|\{\{(?! ?cookiecutter\.\w{1,40} ?\}\}).{1,80}\}\}|\$\(|`"
)
# `snapshots/<commit>/config.json` -> `../../blobs/<digest>`, as hub clients keep their files.
_HUB_BLOB = expression(r"(?:\.\./){1,20}blobs/[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHADOWED = sections(__package__, "modules.txt")["shadowed"]


def check_paths(files: Mapping[str, int | None], links: Mapping[str, str]) -> Iterator[tuple[str, Finding]]:
    """Findings with the path that each is about, one of `files` (sizes in bytes) or of `links` (targets as written)."""
    for path in (*files, *links):
        for finding in _name(path):
            yield path, finding
    yield from _clashes((*files, *links))
    for path in files:
        for finding in _role(path, files):
            yield path, finding
    for path, target in links.items():
        if wrong := _link(path, target, links):
            yield path, wrong


def _name(path: str) -> Iterator[Finding]:
    shown = path.encode("unicode_escape").decode("ascii")[:200]

    def suspicious(rule: str, what: str) -> Finding:
        return Finding(rule, Verdict.SUSPICIOUS, f"{what}: {shown}")

    parts = path.split("/")
    if _CONTROL.search(path):
        yield suspicious("path.control-characters", "the name holds control characters")
    if _DECEPTIVE.search(path):
        yield suspicious("path.deceptive", "the name holds characters that make it read as another")
    elif any(_reads_as_another(word) for word in re.split(r"[/.]", path)):
        yield suspicious("path.deceptive", "the name mixes letters that look alike")
    if leaves_repository(path) or "\\" in path or ".." in parts:
        yield suspicious("path.outside", "written out, this path may leave its directory")
    if any(part != part.rstrip(". ") and part not in {".", ".."} for part in parts):
        yield suspicious("path.trailing", "a name ends in a dot or a space, which Windows drops")
    if any(map(DEVICE.match, parts)):
        yield suspicious("path.device", "the name is that of a device on Windows")
    if (
        any(len(part.encode("utf-8", "surrogateescape")) > _MAX_NAME_BYTES for part in parts)
        or len(path.encode("utf-8", "surrogateescape")) > _MAX_PATH_BYTES
    ):
        yield suspicious("path.too-long", "the name is longer than file systems take")
    if any("\udc80" <= character <= "\udcff" for character in path):
        yield suspicious("path.encoding", "the name is not UTF-8")
    if _MARKUP.search(path):
        yield suspicious("path.markup", "a page that lists the name would run or show what it holds")
    if _DOUBLE.search(parts[-1]):
        yield suspicious("path.double-suffix", "a program under a name that ends like data at first sight")


def _reads_as_another(name: str) -> bool:
    """Wide or slanted letters that stand for ASCII, and Cyrillic or Greek ones among Latin ones."""
    if name.isascii():
        return False
    letters = [character for character in name if character.isalpha()]
    if any(unicodedata.normalize("NFKC", letter).isascii() and not letter.isascii() for letter in letters):
        return True
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in letters if letter not in "µΩαβγδε"}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


def _clashes(paths: tuple[str, ...]) -> Iterator[tuple[str, Finding]]:
    """Names that are one file on systems that ignore case or compose letters."""
    same: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        same[unicodedata.normalize("NFC", path).casefold()].append(path)
    for clashing in same.values():
        for path in clashing[1:]:
            what = f"on many systems this is the same file as {clashing[0][:200]}"
            yield path, Finding("path.clash", Verdict.SUSPICIOUS, what)


def _role(path: str, files: Mapping[str, int | None]) -> Iterator[Finding]:
    """Files that something runs because of what they are called and where they lie."""
    folder, name = dirname(path), path.rsplit("/", 1)[-1]
    what = runs_by_name(path)
    if path == "custom_generate/generate.py":
        what = "generate() runs it where remote code is trusted"
    elif name == "pipeline.py" and not folder and "model_index.json" in files:
        what = "diffusers runs it as the pipeline of this model where it is asked to"
    elif name.endswith(".py") and folder and "model_index.json" in files and join(folder, "config.json") in files:
        what = "diffusers runs it as a component of this model where remote code is trusted"
    if what:
        yield Finding("path.runs-by-name", Verdict.SUSPICIOUS, what)
    module = name.removesuffix(".py") if name.endswith(".py") and name != "__init__.py" else None
    package = folder.rsplit("/", 1)[-1] if name == "__init__.py" else None
    shadow = module if module and join(folder, "__init__.py") not in files else package
    parent = folder if module else dirname(folder)
    if shadow in _SHADOWED and join(parent, "__init__.py") not in files:
        yield Finding("path.shadows-module", Verdict.SUSPICIOUS, f"is imported in place of the module {shadow} beside it")


def _link(path: str, target: str, links: Mapping[str, str]) -> Finding | None:
    """Links within the repository are ordinary, and so are those of a hub client's cache."""
    if _HUB_BLOB.fullmatch(target):
        return None
    absolute = target.startswith(("/", "~", "\\")) or re.match(r"[A-Za-z]:", target) is not None
    if absolute or leaves_repository(join(dirname(path), target)):
        return Finding(
            "path.link-outside", Verdict.SUSPICIOUS, f"a symbolic link that leaves the repository: {target[:200]}"
        )
    passed = {path}
    reached = normpath(join(dirname(path), target))
    while reached in links:
        if reached in passed:
            return Finding("path.link-loop", Verdict.SUSPICIOUS, f"a symbolic link back to itself: {target[:200]}")
        passed.add(reached)
        reached = normpath(join(dirname(reached), links[reached]))
    return None


def check_references(files: Mapping[str, int | None], read: Callable[[str], bytes]) -> Iterator[tuple[str, Finding]]:
    """Python files of the repository that its own configuration names as code to be run. `read` gives the content of a file.

    A configuration that cannot be read is left to the scan of that file.
    """
    for path, size in files.items():
        named = re.search(r"(?:^|/)(?:\w*config|model_index)\.json$", path)
        if not named or size is None or size > _MAX_JSON_BYTES:
            continue
        data = read(path)
        if b"auto_map" not in data and b"custom_pipelines" not in data:
            continue
        try:
            tree = json.loads(data)
        except (ValueError, RecursionError):
            continue
        for module in _modules(tree):
            file = normpath(join(dirname(path), *module.split("."))) + ".py"
            if file in files:
                what = f"{path} names it as code that a loader runs where remote code is trusted"
                yield file, Finding("path.runs-by-reference", Verdict.SUSPICIOUS, what)


def _modules(tree: object) -> Iterator[str]:
    """Modules that `auto_map` and `custom_pipelines` name, without those of other repositories, each once."""
    references: list[object] = []
    if isinstance(tree, Mapping):
        for key in ("auto_map", "custom_pipelines"):
            value = tree.get(key)
            references.extend(value.values() if isinstance(value, Mapping) else [value])
    seen: set[str] = set()
    while references and len(seen) < 100:
        reference = references.pop()
        if isinstance(reference, list):
            references.extend(reference)
        elif isinstance(reference, Mapping):
            references.append(reference.get("impl"))
        elif isinstance(reference, str) and "--" not in reference and "." in reference:
            module = reference.rpartition(".")[0]
            if module not in seen:
                seen.add(module)
                yield module
