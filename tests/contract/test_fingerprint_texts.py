"""Teaching a text: what was known stays known."""

import csv
import shutil
from pathlib import Path

import pytest

from budmodel_pipeline.licensing import fingerprint_texts
from budmodel_pipeline.licensing.fingerprint_texts import (
    PLACES,
    FingerprintError,
    known_places,
    merged,
    teach,
    text_to_teach,
    texts_of,
)
from budmodel_pipeline.licensing.fingerprints import FILE, known_fingerprints, read_fingerprints
from tests.unit.licensing.texts import MIT

SHIPS = b"The ship license. You may sail this model on any ship of yours, as long as the sailors agree and nobody is hurt."
HERE = Path(fingerprint_texts.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (FILE, PLACES):
        shutil.copy(HERE / name, tmp_path)
    return tmp_path


def test_one_text_is_added_and_none_is_lost(folder: Path) -> None:
    told = teach([text_to_teach(SHIPS, "ship-1.0", "The Ship License", "https://ships.example/license")], folder)
    after = read_fingerprints((folder / FILE).read_bytes())
    before = {one.sha256 for one in known_fingerprints()}
    (new,) = [one for one in after if one.sha256 not in before]
    assert (new.license_id, len(after)) == ("ship-1.0", len(before) + 1)
    assert f"{len(after)} wordings" in told
    assert known_places(folder / PLACES)[new.sha256].place == "https://ships.example/license"


def test_a_text_that_is_known_is_not_added_twice(folder: Path) -> None:
    text = text_to_teach(SHIPS, "ship-1.0", "Ship", "")
    teach([text], folder)
    once = read_fingerprints((folder / FILE).read_bytes())
    assert [one.sha256 for one in merged(once, [text.fingerprint])] == [one.sha256 for one in once]


def test_the_words_of_a_known_license_get_no_second_id() -> None:
    mine = text_to_teach(SHIPS, "ship-1.0", "Ship", "").fingerprint
    other = text_to_teach(SHIPS, "boat-1.0", "Boat", "").fingerprint
    with pytest.raises(FingerprintError, match=r"boat-1\.0 has the same words as ship-1\.0"):
        merged([mine], [other])


@pytest.mark.parametrize(
    ("content", "license_id", "said"), [(b"Two words.", "ship", "too few"), (MIT.encode(), "The Ship", "is no id")]
)
def test_what_cannot_be_taught_is_refused(content: bytes, license_id: str, said: str) -> None:
    with pytest.raises(FingerprintError, match=said):
        text_to_teach(content, license_id, "", "")


def test_a_folder_of_texts(tmp_path: Path) -> None:
    (tmp_path / "ship.txt").write_bytes(SHIPS)
    with (tmp_path / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "license_id", "title", "source", "package", "place", "file_sha256"))
        writer.writerow(("ship.txt", "ship", "Ship", "https://ships.example", "npm:ships@1", "package/ship.json", "0" * 64))
    (found,) = texts_of(tmp_path)
    assert (found.place.package, found.place.place, found.place.file_sha256) == (
        "npm:ships@1",
        "package/ship.json",
        "0" * 64,
    )


def test_every_text_that_is_known_can_be_had_again() -> None:
    places = known_places(HERE / PLACES)
    assert places.keys() == {one.sha256 for one in known_fingerprints()}
    assert all(one.place and (not one.package or len(one.file_sha256) == 64) for one in places.values())
    assert {one.sha256: one.license_id for one in known_fingerprints()} == {
        digest: one.license_id for digest, one in places.items()
    }
