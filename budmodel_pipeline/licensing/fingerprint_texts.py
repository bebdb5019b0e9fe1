"""Teaches this project license texts, which stay outside of it: their fingerprints join those that are known.

    python -m budmodel_pipeline.licensing.fingerprint_texts DIRECTORY

The directory holds the texts, in UTF-8, and `index.csv`, which has a row for each with the columns file, license_id, title
and source (where it is officially published), and where it comes from a package also package, place (in it), and file_sha256
(of the file there). A license may have several rows, one for each wording in use. An id with a slash, such as
`llama4/use-policy`, is a document that comes with a license and is none itself. One text alone: `budmodel license --add`.

`fingerprint_places.csv` says how each text can be had again: its package and place with the SHA-256 of the file there, or
the address where it is published.
"""

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from budmodel_pipeline.licensing.documents import text_of
from budmodel_pipeline.licensing.fingerprints import FILE, Fingerprint, fingerprint, known_fingerprints, write_fingerprints
from budmodel_pipeline.licensing.words import words_of

PLACES = "fingerprint_places.csv"
_COLUMNS = ("license_id", "words_sha256", "package", "place", "file_sha256")
# A text of fewer words is part of others, and would be found in them.
_FEWEST_WORDS = 12
_ID = re.compile(r"[a-z0-9][a-z0-9.+-]*(?:/[a-z-]+)?")


class FingerprintError(ValueError):
    """A text cannot join those that are known; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text can be had again; `package` is empty where `place` is an address. `words_sha256` is its fingerprint's."""

    license_id: str
    words_sha256: str
    package: str
    place: str
    file_sha256: str


@dataclass(frozen=True, slots=True)
class TextToTeach:
    """One text with its fingerprint and its place."""

    fingerprint: Fingerprint
    place: Place


def text_to_teach(
    content: bytes, license_id: str, title: str, source: str, place: Mapping[str, str] | None = None
) -> TextToTeach:
    """A text to teach; `place` may have package, place and file_sha256. Raises FingerprintError, NotTextError."""
    if not _ID.fullmatch(license_id):
        raise FingerprintError(f"{license_id!r} is no id: lower-case letters, digits, dots, hyphens and plus signs make one")
    words = words_of(text_of(content))
    if len(words) < _FEWEST_WORDS:
        raise FingerprintError(f"{license_id}: {len(words)} words are too few to know a text by")
    made = fingerprint(license_id, title, source, words)
    at = {"package": "", "place": source, "file_sha256": sha256(content).hexdigest()}
    at |= {column: place[column] for column in at if place and place.get(column)}
    return TextToTeach(made, Place(license_id, made.sha256, **at))


def texts_of(directory: Path) -> Iterator[TextToTeach]:
    """All texts that the index of a directory names. Raises FingerprintError, NotTextError, OSError."""
    with (directory / "index.csv").open(encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index):
            yield text_to_teach((directory / row["file"]).read_bytes(), row["license_id"], row["title"], row["source"], row)


def merged(known: Iterable[Fingerprint], added: Iterable[Fingerprint]) -> list[Fingerprint]:
    """The known fingerprints and the added ones, each wording once: nothing that is known is lost.

    Raises FingerprintError where two licenses have the same words.
    """
    found: dict[str, Fingerprint] = {}
    for one in (*known, *added):
        owner = found.setdefault(one.sha256, one)
        if owner.license_id != one.license_id:
            raise FingerprintError(
                f"{one.license_id} has the same words as {owner.license_id}, which is known: give both texts one id"
            )
    return list(found.values())


def known_places(path: Path) -> Mapping[str, Place]:
    """The places of the texts that are known, by the hash of their words."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["words_sha256"]: Place(**row) for row in csv.DictReader(file)}


def teach(texts: Iterable[TextToTeach], folder: Path = Path(__file__).parent) -> str:
    """Adds texts to the fingerprints and places in `folder`; says how many there are now. Raises FingerprintError."""
    added = list(texts)
    before = known_fingerprints()
    after = merged(before, (one.fingerprint for one in added))
    places = dict(known_places(folder / PLACES))
    for one in added:
        if not (known := places.get(one.place.words_sha256)) or not known.place:
            places[one.place.words_sha256] = one.place
    write_fingerprints(folder / FILE, after)
    with (folder / PLACES).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        for place in sorted(places.values(), key=lambda place: (place.license_id, place.words_sha256)):
            writer.writerow({column: getattr(place, column) for column in _COLUMNS})
    licenses = {one.license_id for one in after if "/" not in one.license_id}
    return f"{len(after) - len(before)} wordings added; {len(after)} wordings of {len(licenses)} licenses are known now"


def teach_folder(directory: Path) -> str:
    """Adds the texts that the index of a directory names. Raises FingerprintError, NotTextError, OSError."""
    try:
        return teach(texts_of(directory))
    except KeyError as error:
        raise FingerprintError(f"index.csv has no column {error}") from error


if __name__ == "__main__":
    print(teach_folder(Path(sys.argv[1])))
