"""The license of a repository: what is stronger and cannot be understood is never replaced by what is weaker."""

from collections.abc import Mapping
from io import BytesIO
from random import Random

import pytest
from pypdf import PdfWriter

from budmodel_pipeline.licensing.model import Value
from budmodel_pipeline.targets.license_report import license_json, summary
from budmodel_pipeline.targets.license_search import License, file_shown, license_of_repository, license_of_tag
from tests.unit.licensing.texts import ISC, MIT
from tests.unit.model_info.repositories import Memory

OWN_TERMS = """ACME MODEL TERMS

These weights were made with public money. Everybody at a university may run them. Companies pay before they run them.
Nobody may upload the weights to another site, sell them, or put them into a product, nor use them for weapons.
"""
SHORT_TERMS = "Research use only. No redistribution."


def card(license_: str = "mit", **more: str) -> bytes:
    lines = "".join(f"{key}: {value}\n" for key, value in {"license": license_, **more}.items())
    return f"---\n{lines}---\n# A model\n".encode()


def pictures() -> bytes:
    writer, out = PdfWriter(), BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(out)
    return out.getvalue()


def found_in(files: Mapping[str, bytes | str], *places: str) -> License:
    content = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return license_of_repository(Memory(content), *places)


UNREAD: Mapping[str, tuple[str, bytes | str]] = {
    "terms of their own": ("LICENSE", OWN_TERMS),
    "terms of a few words": ("LICENSE.md", SHORT_TERMS),
    "copying": ("COPYING", OWN_TERMS),
    "a notice and nothing else": ("NOTICE", OWN_TERMS),
    "random bytes": ("LICENSE", Random(0).randbytes(3000)),
    "a PDF of pictures": ("LICENSE.pdf", pictures()),
    "nothing at all": ("LICENSE", ""),
    "an error page": ("LICENSE", "404: Not Found"),
    "a pointer": ("LICENSE", f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 11357\n"),
    "far too much": ("LICENSE", MIT * 5000),
    "a page that asks to sign in": ("LICENSE.html", "<html><body><h1>Sign in to continue</h1></body></html>"),
    "another alphabet": (
        "LICENSE",
        "Использование модели в коммерческих целях запрещено.",
    ),
}


@pytest.mark.parametrize("case", UNREAD)
def test_a_license_file_that_is_not_understood_ends_the_search(case: str) -> None:
    path, content = UNREAD[case]
    found = found_in({"README.md": card("apache-2.0"), path: content})
    identified = found.identification
    assert (identified.state, identified.license_id, found.type, found.suitability) == ("unknown", None, None, None)
    assert (found.evidence, found.source) == ("text", path)
    assert "license apache-2.0" in found.passed_over
    assert {answer.value for answer in found.answers} == {Value.UNKNOWN}
    assert identified.reason
    assert license_json(found)["passed_over"] == found.passed_over
    assert "passed over: license apache-2.0" in summary(found)


@pytest.mark.parametrize(
    ("path", "text", "license_id"),
    [
        ("LICENSE", "MIT\n", "mit"),
        ("LICENSE", "SPDX-License-Identifier: Apache-2.0", "apache-2.0"),
        ("LICENSE.txt", "Apache License, Version 2.0", "apache-2.0"),
        ("LICENSE", "This model is released under the MIT license.", "mit"),
        (
            "Notice",
            "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta. All Rights Reserved.",
            "llama3.1",
        ),
        (
            "NOTICE",
            "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev",
            "gemma",
        ),
    ],
)
def test_a_file_may_name_its_license(path: str, text: str, license_id: str) -> None:
    found = found_in({"README.md": card("apache-2.0"), path: text})
    assert (found.identification.license_id, found.evidence, found.source) == (license_id, "text", path)
    assert found.identification.coverage == 0
    assert all(answer.quote is None for answer in found.answers)


@pytest.mark.parametrize(
    "text",
    [
        "Licensed under the MIT license for research only.",
        "Licensed under the MIT license. Commercial use needs a permit.",
        "Licensed under the terms of somebody.",
        "Licensed under the MIT license, or released under the Apache License 2.0.",
        "Not MIT",
        "other",
        "proprietary",
    ],
)
def test_a_file_that_says_more_than_a_name_is_not_understood(text: str) -> None:
    found = found_in({"README.md": card("apache-2.0"), "LICENSE": text})
    assert (found.identification.state, found.identification.license_id) == ("unknown", None)


@pytest.mark.parametrize(
    ("link", "files", "said"),
    [
        ("terms.txt", {}, "not among its files"),
        ("ftp://example.com/LICENSE", {}, "not among its files"),
        ("legal/terms.txt", {"legal/terms.txt": OWN_TERMS}, "none that are on record"),
        ("./legal/terms.txt", {"legal/terms.txt": b"\0\1\2\3" * 900}, "binary"),
        (
            "legal/terms.html",
            {"legal/terms.html": "<html><body>Please sign in. You need an account.</body></html>"},
            "sign in",
        ),
    ],
)
def test_a_link_that_is_not_understood_ends_the_search(link: str, files: Mapping[str, bytes | str], said: str) -> None:
    found = found_in({"README.md": card("mit", license_link=link)} | dict(files))
    assert (found.identification.state, found.identification.license_id) == ("unknown", None)
    assert said in found.identification.reason
    assert found.passed_over == ("license mit",)
    assert {answer.value for answer in found.answers} == {Value.UNKNOWN}


DESCRIPTION = (
    "# A model\n\nInstall it with pip install model. See the documentation and the tutorial for usage, training data, "
    "evaluation and benchmarks. Citation: @article{model}. The project is at its beginning, and help is welcome."
)
PRIVACY = (
    "Privacy Policy\n\nThis privacy policy tells which personal data our services collect, why we process your information, "
    "how cookies work, and who is the data controller of our website. Write to us about your rights to data protection."
)


@pytest.mark.parametrize("text", [DESCRIPTION, PRIVACY])
def test_a_linked_page_that_shows_to_be_no_license_does_not_hide_the_name(text: str) -> None:
    found = found_in({"README.md": card("mit", license_link="docs/page.md"), "docs/page.md": text})
    assert (found.identification.license_id, found.evidence) == ("mit", "tag")
    assert found.passed_over[0].startswith("license_link docs/page.md: it is ")


def test_terms_with_a_part_on_privacy_are_no_policy_of_it() -> None:
    terms = (
        "Permission is hereby granted to the licensee by the licensor, royalty-free and free of charge, provided that "
        "derivative works are redistributed under this license agreement. You may not sublicense it. You may use it for "
        "research, you may not modify it, and commercial use is prohibited. Copying is permitted, as long as it is free."
    )
    page = f"{PRIVACY}\n\n{terms}"
    found = found_in({"README.md": card("mit", license_link="docs/page.md"), "docs/page.md": page})
    assert (found.identification.state, found.identification.license_id, found.evidence) == ("unknown", None, "text")


def test_a_link_to_a_license_goes_before_the_name() -> None:
    found = found_in({"README.md": card("apache-2.0", license_link="legal/terms.txt"), "legal/terms.txt": MIT})
    assert (found.identification.license_id, found.evidence, found.source) == ("mit", "text", "legal/terms.txt")


def test_the_license_file_goes_before_the_link() -> None:
    files: dict[str, bytes | str] = {"README.md": card("apache-2.0", license_link="a.txt"), "a.txt": ISC, "LICENSE": MIT}
    found = found_in(files)
    assert (found.identification.license_id, found.source) == ("mit", "LICENSE")
    assert found.passed_over == ("license_link a.txt", "license apache-2.0")


@pytest.mark.parametrize("other", ["", "404: Not Found", "The license is in the other file."])
def test_a_file_without_a_license_does_not_hide_one_beside_it(other: str) -> None:
    """`LICENSE` is looked at first, and what it holds is a notice."""
    found = found_in({"README.md": card("apache-2.0"), "LICENSE": other, "LICENSE.txt": MIT})
    assert (found.identification.license_id, found.source) == ("mit", "LICENSE.txt")
    assert found.passed_over[0].startswith("LICENSE: ")


def test_a_notice_does_not_count_beside_a_license() -> None:
    found = found_in({"NOTICE": OWN_TERMS, "LICENSE": MIT})
    assert (found.identification.license_id, found.source) == ("mit", "LICENSE")


def test_two_licenses_side_by_side_are_several() -> None:
    found = found_in({"LICENSE-MIT": MIT, "LICENSE-ISC": ISC, "README.md": card()})
    assert (found.identification.state, set(found.identification.candidates)) == ("several", {"mit", "isc"})
    assert found.source == "LICENSE-ISC, LICENSE-MIT"
    assert found.text is not None
    assert all(answer.quote is None or found.text[answer.start : answer.end] == answer.quote for answer in found.answers)


def test_the_same_license_twice_is_that_license() -> None:
    assert found_in({"LICENSE": MIT, "LICENSE.txt": MIT}).identification.license_id == "mit"


@pytest.mark.parametrize(
    ("texts", "candidates"),
    [
        ({}, ()),
        ({0: MIT}, ("mit",)),
        # The one that matters may be the last.
        ({0: MIT, 14: OWN_TERMS}, ("mit",)),
        ({0: MIT, 1: ISC}, ("isc", "mit")),
        (dict.fromkeys(range(15), MIT), ("mit",)),
    ],
    ids=["no text among them", "one text", "terms in the last", "two texts", "the same everywhere"],
)
def test_more_files_than_are_read_leave_the_license_unknown(texts: Mapping[int, str], candidates: tuple[str, ...]) -> None:
    names = [f"LICENSES/{number:02}.txt" for number in range(15)]
    found = found_in({"README.md": card("mit"), **{name: texts.get(number, "") for number, name in enumerate(names)}})
    identified = found.identification
    assert (identified.state, identified.license_id, found.text, found.evidence) == ("unknown", None, None, "text")
    assert tuple(sorted(identified.candidates)) == candidates
    assert {answer.value for answer in found.answers} == {Value.UNKNOWN}
    for name in names[12:]:
        assert f"{name}: not read, after 12 others" in found.passed_over
    if candidates:
        assert identified.reason == "3 of 15 license files were not read, and each may have terms of its own"


def test_as_many_files_as_are_read_are_enough() -> None:
    found = found_in({f"LICENSES/{number:02}.txt": MIT for number in range(12)})
    assert (found.identification.license_id, found.passed_over) == ("mit", ())


def test_terms_beside_a_license_are_not_the_license() -> None:
    assert found_in({"LICENSE": MIT, "EULA.txt": OWN_TERMS}).identification.license_id is None


def test_a_list_of_names_in_a_card_is_a_list() -> None:
    found = found_in({"README.md": b"---\nlicense:\n  - mit\n  - apache-2.0\n---\n"})
    assert (found.identification.state, found.identification.candidates) == ("several", ("mit", "apache-2.0"))


@pytest.mark.parametrize(
    ("places", "license_id"),
    [
        (("MiniMaxAI/MiniMax-M2.7",), "minimax-m2.7"),
        (("moonshotai/Kimi-K2-Instruct",), "kimi-k2-modified-mit"),
        (("https://github.com/MiniMax-AI/MiniMax-M2/blob/main/LICENSE",), "minimax-m2"),
        (("somebody/else",), "modified-mit"),
        ((), "modified-mit"),
        (("moonshotai/MiniMax-M2",), "modified-mit"),
    ],
)
def test_a_name_that_makers_share_is_told_apart_by_who_uses_it(places: tuple[str, ...], license_id: str) -> None:
    files = {"README.md": card("other", license_name="modified-mit")}
    assert found_in(files, *places).identification.license_id == license_id
    assert license_of_tag("modified-mit", *places).identification.license_id == license_id


def test_a_name_that_makers_share_says_only_what_they_agree_on() -> None:
    found = license_of_tag("modified-mit")
    told = {answer.question: answer.value for answer in found.answers}
    assert (told["commercial-use"], told["modify"], found.type) == (Value.UNKNOWN, Value.YES, None)
    forbidden = license_of_tag("modified-mit", "MiniMaxAI/MiniMax-M2.7")
    assert {a.question: a.value for a in forbidden.answers}["commercial-use"] is Value.NO


def test_an_unread_link_tells_what_it_may_be_and_permits_nothing() -> None:
    link = "git://github.com/MiniMax-AI/MiniMax-M2.7/blob/main/LICENSE"
    found = found_in({"README.md": card("other", license_name="modified-mit", license_link=link)})
    assert (found.identification.state, found.identification.candidates) == ("unknown", ("minimax-m2.7",))
    assert found.passed_over == ("license other", "license_name modified-mit")


@pytest.mark.parametrize(
    ("page", "file"),
    [
        ("https://huggingface.co/org/name/blob/main/LICENSE", "https://huggingface.co/org/name/resolve/main/LICENSE"),
        ("https://hf.co/org/name/blob/main/a/blob/b?x=y", "https://hf.co/org/name/resolve/main/a/blob/b?x=y"),
        ("https://github.com/org/name/blob/main/LICENSE", "https://raw.githubusercontent.com/org/name/main/LICENSE"),
        ("https://example.org/org/name/blob/main/LICENSE", "https://example.org/org/name/blob/main/LICENSE"),
        ("https://huggingface.co/org/name/raw/main/LICENSE", "https://huggingface.co/org/name/raw/main/LICENSE"),
    ],
)
def test_a_page_that_shows_a_file_is_read_where_the_file_is(page: str, file: str) -> None:
    assert file_shown(page) == file


@pytest.mark.parametrize("path", ["code/LICENSE", "src/model/LICENSE.txt", "LICENSE-CODE", "DATA_LICENSE.md"])
@pytest.mark.parametrize(("tag", "license_id"), [("mit", "mit"), ("cc-by-nc-4.0", None), ("acme-research", None)])
def test_a_license_of_a_part_does_not_stand_against_the_name(path: str, tag: str, license_id: str | None) -> None:
    found = found_in({"README.md": card(tag), path: MIT})
    assert (found.identification.license_id, found.evidence, found.source) == (license_id, "text", path)
    assert "mit" in found.identification.candidates
    assert f"license {tag}" in found.passed_over
    assert found_in({path: MIT}).identification.license_id == "mit"


def test_a_link_goes_before_a_license_of_a_part() -> None:
    files: dict[str, bytes | str] = {"README.md": card("other", license_link="x.txt"), "x.txt": ISC, "code/LICENSE": MIT}
    found = found_in(files)
    assert (found.identification.license_id, found.source) == ("isc", "x.txt")
    assert "code/LICENSE" in found.passed_over


@pytest.mark.parametrize(
    ("license_", "name", "license_id"),
    [
        ("apache-2.0", "Apache License 2.0", "apache-2.0"),
        ("mit", "mit", "mit"),
        ("mit", "other", "mit"),
        ("cc-by-nc-4.0", "cc-by-nc", "cc-by-nc-4.0"),
        ("other", "llama3", "llama3"),
        ("apache-2.0", "llama3", None),
        ("apache-2.0", "acme-research-license", None),
        ("mit", "modified-mit", None),
    ],
)
def test_names_that_contradict_each_other_name_nothing(license_: str, name: str, license_id: str | None) -> None:
    found = found_in({"README.md": card(license_, license_name=name)})
    assert found.identification.license_id == license_id
    if license_id is None:
        assert (found.identification.state, found.evidence) == ("unknown", "tag")
        assert license_ in found.identification.candidates
        assert name in found.identification.reason


@pytest.mark.parametrize(
    ("said", "license_id"),
    [
        ("## License\n\nReleased under the Apache License 2.0.", "apache-2.0"),
        ("## License\n\nCommercial use is welcome.", "apache-2.0"),
        ("## Usage\n\nNot for commercial use.", "apache-2.0"),
        ("## License\n\nThe weights may only be used for research.", None),
        ("### 📜 Model License\n\nThis model is non-commercial.\n\n## Usage", None),
        ("**License:** CC BY-NC 4.0", None),
        ("# License Agreement\n\nCommercial use requires a license from Acme.", None),
        ("## License\n\nCC BY-NC 4.0", None),
    ],
)
def test_prose_of_a_card_that_contradicts_its_name_is_heard(said: str, license_id: str | None) -> None:
    found = found_in({"README.md": card("apache-2.0") + f"\n{said}\n".encode()})
    assert found.identification.license_id == license_id
    assert found.identification.candidates == ("apache-2.0",)


def test_prose_that_agrees_with_a_name_changes_nothing() -> None:
    said = b"\n## License\n\nThis model is non-commercial.\n"
    assert found_in({"README.md": card("cc-by-nc-4.0") + said}).identification.license_id == "cc-by-nc-4.0"


def test_prose_of_a_card_without_a_name_may_name_the_license() -> None:
    found = found_in({"README.md": b"# A model\n\n## License\n\nMIT\n"})
    assert (found.identification.license_id, found.evidence) == ("mit", "tag")


@pytest.mark.parametrize("name", ["README.md", "readme.md", "Readme.md"])
def test_a_card_whose_front_matter_cannot_be_read_is_no_card_without_a_license(name: str) -> None:
    found = found_in({name: b"---\nlicense: [apache\n---\n# A model\n"})
    assert (found.identification.state, found.evidence, found.source) == ("unknown", "none", name)
    assert "front matter" in found.identification.reason
    assert found_in({name: card("isc")}).identification.license_id == "isc"


@pytest.mark.parametrize("path", ["USE_POLICY.md", "Acceptable Use Policy.pdf", "NOTICE", "PROHIBITED_USES.txt"])
def test_what_may_bind_beside_a_license_is_named(path: str) -> None:
    for files in ({"LICENSE": MIT}, {"README.md": card("mit")}):
        found = found_in({**files, path: OWN_TERMS})
        if path != "NOTICE" or "LICENSE" in files:
            assert found.identification.license_id == "mit"
            assert f"{path}: not taken for a license" in found.passed_over
