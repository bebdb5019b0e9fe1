"""Which files of a repository hold its license."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

# By what they are called, the likeliest first. NOTICE holds attributions; a use policy comes with a license.
_NAMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:model[-_. ]?licen[cs]e|licen[cs]e[-_. ]?models?|licen[cs]e[-_. ]weights?)",
        r"licen[cs]es?",
        r"copying(?:[-_.]lesser)?",
        r"licen[cs]e\.[\w.]+",
        r"unlicen[cs]e",
        r"(?:[\w.+ -]+[-_ ])?licen[cs]e(?:[-_. ]agreement)?(?:[-_ ][\w.+ -]+)?",
        r"(?:[\w.+-]+[-_ ])?terms[-_ ]of[-_ ]use|eula",
    )
)
_COMPANION = re.compile(r"(?:acceptable[-_ ]?)?use[-_ ]?policy|prohibited[-_ ]?use[-_ ]?policy", re.IGNORECASE)
_PLAIN = re.compile(r"LICEN[CS]E|COPYING")
_ENDINGS = frozenset({"", ".txt", ".md", ".rst", ".html", ".htm", ".pdf"})
_OF_OTHERS = frozenset(
    {
        "third_party",
        "third-party",
        "thirdparty",
        "3rdparty",
        "vendor",
        "vendored",
        "external",
        "externals",
        "node_modules",
        "deps",
        "dependencies",
        "site-packages",
        "tests",
        "test",
        "examples",
        "docs",
    }
)
_LICENSE_FOLDERS = frozenset({"license", "licenses", "licence", "licences", ".github"})


def license_files(paths: Iterable[str]) -> list[str]:
    """The paths that may hold the license of a repository, best first: at its root, then below, never of what it bundles."""
    ranked = []
    for path in paths:
        place = PurePosixPath(path)
        rank = _rank(place)
        if rank is not None and not {part.lower() for part in place.parts[:-1]} & _OF_OTHERS:
            depth = sum(part.lower() not in _LICENSE_FOLDERS for part in place.parts[:-1])
            ranked.append((depth, len(place.parts), rank, len(path), path))
    return [path for *_, path in sorted(ranked)]


def companion_files(paths: Iterable[str]) -> list[str]:
    """Policies at the root that a license refers to, such as USE_POLICY.md."""
    return sorted(path for path in paths if "/" not in path and _COMPANION.fullmatch(_stem(PurePosixPath(path))))


def _rank(path: PurePosixPath) -> int | None:
    stem = _stem(path)
    rank = next((rank for rank, pattern in enumerate(_NAMES) if pattern.fullmatch(stem)), None)
    # `license_plates.bin` and `licenses.py` are no texts; `LICENSE.MIT` and `COPYING.LESSER` are.
    other_kind = path.suffix.lower() not in _ENDINGS and path.suffix[1:].isalpha()
    return None if other_kind and not _PLAIN.fullmatch(path.stem) else rank


def _stem(path: PurePosixPath) -> str:
    """The name without an ending that a text has; `LICENSE-2.0` has none."""
    return path.stem if path.suffix.lower() in _ENDINGS else path.name
