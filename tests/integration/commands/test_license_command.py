"""`budmodel license`: which license a file, a page, a model or a name means, without a database."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from budmodel_pipeline.licensing.fingerprints import FILE
from budmodel_pipeline.targets.license_search import LicenseTargetError, license_of_url
from tests.cli import Installation, fails_clearly
from tests.hostile_server import Reply, hostile_server
from tests.unit.licensing.texts import ISC, MIT

NO_DATABASE = {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": "1"}
ASKED_FOR = {"license_id", "spdx_id", "type", "suitability", "coverage", "remainder", "answers"}
OF_AN_ANSWER = {"question", "value", "quote", "start", "end", "method"}


@pytest.fixture
def at(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "third_party").mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A model\n")
    (folder / "third_party" / "LICENSE").write_text(ISC)
    return folder


def test_a_file_as_json(at: Installation, tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(MIT)
    found = at.json("license", str(tmp_path / "LICENSE"))
    assert found.keys() >= ASKED_FOR
    assert (found["license_id"], found["spdx_id"], found["state"], found["remainder"]) == ("mit", "MIT", "identified", [])
    assert (found["type"], found["suitability"], found["evidence"]) == ("Permissive Open Source", "MOST", "text")
    assert len(found["answers"]) == 22
    assert all(answer.keys() >= OF_AN_ANSWER for answer in found["answers"])
    quoted = [answer for answer in found["answers"] if answer["quote"] is not None]
    assert quoted
    assert all(MIT[answer["start"] : answer["end"]] == answer["quote"] for answer in quoted)


def test_a_file_for_people(at: Installation, tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(MIT + "\nNot for commercial use.\n")
    finished = at.run("license", str(tmp_path / "LICENSE"), **NO_DATABASE)
    assert (finished.code, finished.err) == (0, "")
    assert "modified" in finished.out
    assert "Not for commercial use" in finished.out


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no words"), (b"\0\1\2\3" * 500, "binary"), (b" " * (50 * 1024**2), "bytes"), (b"404: Not Found", "words")],
)
def test_a_file_that_is_no_license(at: Installation, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "LICENSE").write_bytes(content)
    found = at.json("license", str(tmp_path / "LICENSE"))
    assert (found["license_id"], found["type"], found["state"]) == (None, None, "not_a_license")
    assert said in found["reason"]
    assert {answer["value"] for answer in found["answers"]} == {"UNKNOWN"}


def test_a_name(at: Installation) -> None:
    found = at.json("license", "Apache License, Version 2.0")
    assert (found["license_id"], found["evidence"], found["text_sha256"]) == ("apache-2.0", "tag", None)
    assert {answer["quote"] for answer in found["answers"]} == {None}


def test_a_mistyped_name_is_unknown_and_what_comes_near_is_told(at: Installation) -> None:
    found = at.json("license", "Apche 2")
    assert (found["license_id"], found["state"]) == (None, "unknown")
    assert found["reason"].endswith("Do you mean apache-2.0?")
    assert {answer["value"] for answer in found["answers"]} == {"UNKNOWN"}


def test_a_directory_is_asked_for_its_own_license_first(at: Installation, model: Path) -> None:
    found = at.json("license", str(model))
    assert (found["license_id"], found["evidence"]) == ("apache-2.0", "tag")
    (model / "LICENSE").write_text(MIT)
    found = at.json("license", str(model))
    assert (found["license_id"], found["evidence"], found["source"]) == ("mit", "text", "LICENSE")


def test_a_card_that_links_to_its_license(at: Installation, model: Path) -> None:
    (model / "README.md").write_text("---\nlicense: other\nlicense_name: mine\nlicense_link: legal/terms.txt\n---\n")
    (model / "legal").mkdir()
    (model / "legal" / "terms.txt").write_text(MIT)
    found = at.json("license", str(model))
    assert (found["license_id"], found["evidence"], found["source"]) == ("mit", "text", "legal/terms.txt")


def test_a_link_that_cannot_be_fetched_is_not_replaced_by_a_name(at: Installation, model: Path) -> None:
    (model / "README.md").write_text("---\nlicense: apache-2.0\nlicense_link: http://127.0.0.1:1/LICENSE\n---\n")
    found = at.json("license", str(model))
    assert (found["license_id"], found["state"], found["evidence"]) == (None, "unknown", "link")
    assert "cannot be had" in found["reason"]
    assert found["passed_over"] == ["license apache-2.0"]
    assert {answer["value"] for answer in found["answers"]} == {"UNKNOWN"}


def test_a_card_that_names_it_elsewhere(at: Installation, model: Path) -> None:
    (model / "README.md").write_text("---\nlicense: other\nlicense_name: llama4\n---\n")
    assert at.json("license", str(model))["license_id"] == "llama4"


def test_a_page() -> None:
    body = f"<html><body><nav><a href='/'>Home</a></nav><pre>{MIT}</pre></body></html>".encode()
    with hostile_server() as server:
        server.on("/license", Reply(body=body, headers={"Content-Type": "text/html"}))
        server.on("/login", Reply(body=b"<html><body><h1>Sign in</h1><p>Your password, please</p></body></html>"))
        server.on("/gone", Reply(404, body=b"<html><title>Not here</title></html>"))
        trusted = frozenset({server.url("").removeprefix("http://").rstrip("/")})
        found = license_of_url(server.url("/license"), trusted_hosts=trusted)
        assert (found.identification.license_id, found.evidence) == ("mit", "link")
        assert found.text is not None
        assert all(
            found.text[answer.start : answer.end] == answer.quote for answer in found.answers if answer.quote is not None
        )
        assert license_of_url(server.url("/login"), trusted_hosts=trusted).identification.state == "not_a_license"
        with pytest.raises(LicenseTargetError, match="404"):
            license_of_url(server.url("/gone"), trusted_hosts=trusted)


def test_a_private_address_is_refused(at: Installation) -> None:
    with hostile_server() as server:
        server.on("/license", Reply(body=MIT.encode()))
        assert "public address" in fails_clearly(at.run("license", server.url("/license")))
        assert server.count("/license") == 0


def test_a_file_that_is_not_there_is_no_name(at: Installation) -> None:
    assert "no such file" in fails_clearly(at.run("license", "nowhere/LICENSE.txt"))


def test_nothing_heavy_is_loaded_for_a_name(at: Installation) -> None:
    assert json.loads(at.run("license", "mit", "--json", **NO_DATABASE).out)["license_id"] == "mit"


def test_a_text_that_cannot_be_learnt_changes_nothing(at: Installation, tmp_path: Path) -> None:
    before = read_fingerprint_file()
    (tmp_path / "short.txt").write_text("Be kind.")
    assert "too few" in fails_clearly(at.run("license", "--add", str(tmp_path / "short.txt"), "--id", "kind"))
    (tmp_path / "mit.txt").write_text(MIT)
    assert "is no id" in fails_clearly(at.run("license", "--add", str(tmp_path / "mit.txt"), "--id", "My License"))
    assert read_fingerprint_file() == before


def read_fingerprint_file() -> bytes:
    return files("budmodel_pipeline.licensing").joinpath(FILE).read_bytes()
