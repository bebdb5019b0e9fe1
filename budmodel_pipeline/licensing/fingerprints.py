"""Fingerprints of license texts: enough to know a text again and to see what was added to it, without shipping it.

`fingerprints.json.gz` is a list of objects: license_id, title, source (where the text is published), sha256 (of its words,
see `Words.digest`), and grams (`Words.grams`, little-endian, base64). A license has one for each wording that is in use.
"""

import gzip
import json
import sys
from array import array
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cache
from heapq import nsmallest
from importlib.resources import files
from pathlib import Path

from budmodel_pipeline.licensing.words import Words

FILE = "fingerprints.json.gz"
# The smallest hashes of a text are a fair sample of it: enough to tell which fingerprints are worth a comparison.
_SKETCH = 48
_WORTH_COMPARING = 0.25
_COMPARED = 16


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """One wording of a license; `grams` are in the order of the text."""

    license_id: str
    title: str
    source: str
    sha256: str
    grams: "array[int]"


def fingerprint(license_id: str, title: str, source: str, words: Words) -> Fingerprint:
    """The fingerprint of a text."""
    return Fingerprint(license_id, title, source, words.digest(), words.grams())


@cache
def known_fingerprints() -> tuple[Fingerprint, ...]:
    """All that this project ships."""
    return read_fingerprints(files(__package__).joinpath(FILE).read_bytes())


def read_fingerprints(content: bytes) -> tuple[Fingerprint, ...]:
    """What `write_fingerprints` wrote."""
    return tuple(
        Fingerprint(
            entry["license_id"], entry["title"], entry["source"], entry["sha256"], _from_bytes(b64decode(entry["grams"]))
        )
        for entry in json.loads(gzip.decompress(content))
    )


def by_digest(digest: str) -> Fingerprint | None:
    """The wording that has exactly these words."""
    return _digests().get(digest)


def alike(grams: Set[int]) -> list[Fingerprint]:
    """The fingerprints that may be like a text with these grams, the likeliest first."""
    samples, sizes = _sketches()
    found = Counter(number for gram in grams & samples.keys() for number in samples[gram])
    shares = sorted(((count / sizes[number], number) for number, count in found.items()), reverse=True)
    return [known_fingerprints()[number] for share, number in shares[:_COMPARED] if share >= _WORTH_COMPARING]


def write_fingerprints(path: Path, fingerprints: Iterable[Fingerprint]) -> None:
    """Writes the file that this project ships; the same fingerprints give the same bytes."""
    entries = [
        {
            "license_id": known.license_id,
            "title": known.title,
            "source": known.source,
            "sha256": known.sha256,
            "grams": b64encode(_to_bytes(known.grams)).decode(),
        }
        for known in sorted(fingerprints, key=lambda known: (known.license_id, known.sha256))
    ]
    path.write_bytes(gzip.compress(json.dumps(entries, indent=0).encode(), mtime=0))


@cache
def _digests() -> dict[str, Fingerprint]:
    return {known.sha256: known for known in known_fingerprints()}


@cache
def _sketches() -> tuple[dict[int, list[int]], list[int]]:
    """For each sampled gram the numbers of the fingerprints that have it, and the size of each one's sample."""
    samples: dict[int, list[int]] = {}
    sizes = []
    for number, known in enumerate(known_fingerprints()):
        sample = nsmallest(_SKETCH, set(known.grams))
        sizes.append(len(sample))
        for gram in sample:
            samples.setdefault(gram, []).append(number)
    return samples, sizes


def _from_bytes(content: bytes) -> "array[int]":
    grams = array("I", content)
    if sys.byteorder == "big":
        grams.byteswap()
    return grams


def _to_bytes(grams: "array[int]") -> bytes:
    written = array("I", grams)
    if sys.byteorder == "big":
        written.byteswap()
    return written.tobytes()
