"""Which files of a repository hold its license."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

# By what they are called, the likeliest first. NOTICE holds attributions; a use policy comes with a license.
_NAMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:model[-_. ]?licen[cs]e|licen[cs]e[-_. ]?models?|licen[cs]e[-_. ]weights?)",
        r"licen[cs]es?(?:[-_. ]?\(?\d+\)?)?",
        r"copying(?:[-_. ]?[\w.]+)?",
        r"licen[cs]e\.[\w.]+",
        r"unlicen[cs]e",
        r"(?:[\w.+ -]+)?licen[cs]e(?:[-_. ]?agreement)?(?:[-_ ][\w.+ ()-]+)?",
        r"(?:[\w.+ -]+[-_ ])?(?:terms(?:[-_ ](?:of[-_ ](?:use|service)|(?:and|&)[-_ ]conditions))?|agreement|eula)",
        r".*(?:lizenz|licencia|licenza|licen[cç]a|лиценз|许可|許可|授权|授權|ライセンス|라이[선센]스).*",
    )
)
_NOTICE = re.compile(r"notices?(?:\.(?:txt|md))?", re.IGNORECASE)
_POLICY = re.compile(
    r"(?:[\w.+-]+[-_ ])?(?:us(?:e|age)[-_ ]polic(?:y|ies)|prohibited[-_ ]uses?)(?:\.(?:txt|md|pdf))?", re.IGNORECASE
)
# A license of the code or the data that lie beside a model.
_OF_A_PART = re.compile(
    r"(?:[\w.+ -]+[-_. ])?(?:code|software|data|dataset|docs?)[-_. ]?licen[cs]e.*"
    r"|licen[cs]e[-_. ]?(?:code|software|data|dataset|docs?)\b.*",
    re.IGNORECASE,
)
_THIRD_PARTY = re.compile(r"(?:third|3rd)[-_ ]?part(?:y|ies)", re.IGNORECASE)
_PLAIN = re.compile(r"licen[cs]e|copying", re.IGNORECASE)
# What code and data of this name are not: a text that somebody is to read.
_NO_TEXT = frozenset((".py", ".json", ".js", ".ts", ".yaml", ".yml", ".toml", ".xml", ".csv", ".sh", ".bin", ".safetensors"))
# What is written for somebody to read, also where its format is not read here.
_ENDINGS = frozenset({"", ".txt", ".md", ".rst", ".html", ".htm", ".pdf", ".rtf", ".doc", ".docx", ".odt"})
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
# Where every text is a license, whatever it is called.
_TEXT_FOLDERS = frozenset({"license", "licenses", "licence", "licences"})
_LICENSE_FOLDERS = frozenset({"license", "licenses", "licence", "licences", ".github"})


def license_files(paths: Iterable[str]) -> list[str]:
    """The paths that hold the license of a repository, best first, as far as they are of one level.

    Files at the root go before those below; one that is for the model by its name goes alone; files of what the repository
    bundles are none of its own. A NOTICE counts where there is nothing else.
    """
    paths = list(paths)
    ranked = sorted(place for path in paths if (place := _place(path)) is not None)
    if not ranked:
        return sorted(path for path in paths if _NOTICE.fullmatch(path))
    level, is_named = ranked[0][:2], ranked[0][2] > 0
    return [path for *found, rank, _, path in ranked if tuple(found) == level and (rank > 0) == is_named]


def beside_licenses(paths: Iterable[str]) -> list[str]:
    """The paths at the root that are no license and may say what binds a user: notices and policies of use."""
    return sorted(path for path in paths if _NOTICE.fullmatch(path) or _POLICY.fullmatch(path))


def of_a_part(path: str) -> bool:
    """Whether a license file may be for something else in the repository than the model: for a folder, or the code."""
    place = PurePosixPath(path)
    return any(folder.lower() not in _LICENSE_FOLDERS for folder in place.parts[:-1]) or bool(
        _OF_A_PART.fullmatch(place.name)
    )


def _place(path: str) -> tuple[int, int, int, int, str] | None:
    """What a license file is sorted by, or None for another file: depth, folders, what it is called, length of its path."""
    place = PurePosixPath(path)
    folders = [part.lower() for part in place.parts[:-1]]
    if _OF_OTHERS & set(folders) or _THIRD_PARTY.search(place.name):
        return None
    rank = _rank(place)
    if rank is None and folders and folders[-1] in _TEXT_FOLDERS and place.suffix.lower() in _ENDINGS:
        rank = len(_NAMES)
    if rank is None:
        return None
    return sum(folder not in _LICENSE_FOLDERS for folder in folders), len(place.parts), rank, len(path), path


def _rank(path: PurePosixPath) -> int | None:
    stem = _stem(path)
    rank = next((rank for rank, pattern in enumerate(_NAMES) if pattern.fullmatch(stem)), None)
    # `license_plates.bin` and `licenses.py` are no texts; `LICENSE.MIT` and `COPYING.LESSER` are.
    other_kind = path.suffix.lower() not in _ENDINGS and path.suffix[1:].isalpha()
    plain = _PLAIN.fullmatch(path.stem) and path.suffix.lower() not in _NO_TEXT
    return None if other_kind and not plain else rank


def _stem(path: PurePosixPath) -> str:
    """The name without an ending that a text has; `LICENSE-2.0` has none."""
    return path.stem if path.suffix.lower() in _ENDINGS else path.name
