"""Lists beside the code: how they are read, and that each part of them is there for something."""

import re
from importlib.resources import files

import pytest

from budmodel_scanner import word_lists
from budmodel_scanner.formats.protobuf_schema import DATA, NUMBER, TEXT, schema_of
from budmodel_scanner.pickles import names
from budmodel_scanner.texts.kinds import Kind
from budmodel_scanner.texts.python_deeds import Deed

LISTS = (
    ("budmodel_scanner", "suffixes.txt"),
    ("budmodel_scanner.formats", "keras.txt"),
    ("budmodel_scanner.formats", "tensorflow_operators.txt"),
    ("budmodel_scanner.texts", "known/flow.txt"),
    ("budmodel_scanner.texts", "known/jinja.txt"),
    ("budmodel_scanner.texts", "known/keys.txt"),
    ("budmodel_scanner.texts", "known/kinds.txt"),
    ("budmodel_scanner.texts", "known/programs.txt"),
    ("budmodel_scanner.texts", "known/python.txt"),
    ("budmodel_scanner.texts", "known/reached.txt"),
)
OF_DOTTED_NAMES = {"powerful modules", "ordinary packages", "dangerous in ordinary packages", "harmless", "finds by name"}
OF_PROGRAMS = {
    *("passes a command on", "reads data", "turns letters", "only changes texts", "serves others", "what is sent"),
}
OF_CALLS = {"passes on", "owners of the hub", "runs a command", *OF_PROGRAMS}


def test_words_stand_by_their_section_and_comments_do_not() -> None:
    found = word_lists.sections("budmodel_scanner.texts", "known/keys.txt")
    assert {"_target_", "()", "!new"} < found["callable"]
    assert not any(word.startswith(("#", "[")) or word == "`_`." for words in found.values() for word in words)


@pytest.mark.parametrize(("package", "path"), LISTS)
def test_no_word_stands_twice_in_a_section_and_none_outside_of_one(package: str, path: str) -> None:
    found: set[tuple[str, str]] = set()
    for section, words in word_lists.lines(package, path):
        assert section
        assert found.isdisjoint((section, word) for word in words)
        found.update((section, word) for word in words)


def test_every_section_is_of_a_kind_that_the_code_knows() -> None:
    assert word_lists.sections("budmodel_scanner.texts", "known/kinds.txt").keys() <= set(Kind)
    of_python = word_lists.sections("budmodel_scanner.texts", "known/python.txt").keys()
    assert of_python == {*Deed, *OF_DOTTED_NAMES, *OF_CALLS}


@pytest.mark.parametrize(
    "path", ["keras.txt", "known/flow.txt", "known/jinja.txt", "known/keys.txt", "known/programs.txt", "known/reached.txt"]
)
def test_every_section_is_asked_for(path: str) -> None:
    room = "formats" if path == "keras.txt" else "texts"
    code = "".join(
        file.read_text("utf-8") for file in files(f"budmodel_scanner.{room}").iterdir() if file.name.endswith(".py")
    )
    unused = [
        section
        for section in word_lists.sections(f"budmodel_scanner.{room}", path)
        if not re.search(rf"[\"']{re.escape(section)}[\"']", code)
    ]
    assert unused == []


@pytest.mark.parametrize("area", ["coreml", "onnx", "tensorflow", "tflite"])
def test_a_schema_names_only_messages_that_it_has(area: str) -> None:
    schema = schema_of(area)
    held = {holds.removesuffix("[]") for fields in schema.values() for holds in fields.values()}
    assert held <= {TEXT, DATA, NUMBER, "numbers", "wide", "Options", *schema}


def test_ranges_of_fields_are_read_whole() -> None:
    layer = schema_of("coreml")["Layer"]
    assert [layer.get(number) for number in (1, 3, 4, 99, 100, 1999, 2000)] == [TEXT, TEXT, DATA, None, DATA, DATA, None]


def test_no_class_is_listed_that_may_be_restored_as_one_of_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = [key for key, standing in names._allowed().items() if standing is names.Standing.CLASS]
    monkeypatch.setattr(names, "_allowed", dict)
    covered = [key for key in classes if names._standing(*key) is names.Standing.FAMILY]
    assert [name for _, name in covered if name.lstrip("_")[:1].isupper()] == []


@pytest.mark.parametrize("listed", ["flow", "hidden", "jinja", "keys", "orders", "pages", "reached"])
def test_a_word_that_begins_where_words_do_is_one_alternative(listed: str) -> None:
    # `one_of` asks for the beginning once for all of them, which would take in what stands behind a bar.
    for words in word_lists.sections("budmodel_scanner.texts", f"known/{listed}.txt").values():
        for word in words:
            bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "", word)
            while (shorter := re.sub(r"\([^()]*\)", "", bare)) != bare:
                bare = shorter
            assert not (word.startswith(r"\b") and "|" in bare), word
