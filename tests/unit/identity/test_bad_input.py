"""Names that are broken or meant to deceive."""

import json
from pathlib import Path

import pytest

from budmodel_pipeline.identity.lines import resolve_lines
from budmodel_pipeline.identity.resolve import resolve
from budmodel_pipeline.identity.tokens import UnresolvableName


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        (" \t\n ", "empty"),
        ("x" * 10_000, "10000 characters"),
        ("gpt-4\x00o", "control characters"),
        ("gpt-4\x1b[31mo", "control characters"),
        ("\u202egpt-4o", "U\\+202E"),
        ("gpt\u200b-4o", "U\\+200B"),
        ("gpt-4o\ufeff", "U\\+FEFF"),
        ("gpt-4\ue000", "U\\+E000"),
        ("???", "no letter"),
        ("🥇🥈", "no letter"),
        ("(free)", "nothing in the name"),
        ("openrouter/auto", "auto chooses a model"),
    ],
)
def test_a_name_that_identifies_nothing_is_rejected_with_a_reason(name: str, reason: str) -> None:
    with pytest.raises(UnresolvableName, match=reason):
        resolve("anywhere", name)


@pytest.mark.parametrize("name", [None, 4, b"gpt-4o", ["gpt-4o"]])
def test_what_is_not_text_is_rejected(name: object) -> None:
    with pytest.raises(UnresolvableName, match="not text"):
        resolve("anywhere", name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "gрt-4o",  # noqa: RUF001 -- a Cyrillic er
        "GPT-4О",  # noqa: RUF001 -- a Cyrillic O
        "ｇｐｔ-4o",  # noqa: RUF001 -- full-width letters
        "gpt-４o",  # noqa: RUF001 -- a full-width digit
        "gpt-٤o",
        "gpt-4ö",
        "gpt-4o\u0332",
    ],
)
def test_look_alikes_are_themselves(name: str) -> None:
    found = resolve("anywhere", name).model_id
    assert found != resolve("anywhere", "gpt-4o").model_id
    assert resolve("anywhere", found).model_id == found


@pytest.mark.parametrize("name", ["דגם-7b", "نموذج-7b", "通义千问-72B", "モデル 7B", "модель-7b"])
def test_names_in_other_scripts_are_themselves(name: str) -> None:
    found = resolve("anywhere", name).model_id
    assert name.split("-")[0].split(" ")[0].lower() in found
    assert found != resolve("anywhere", name.replace("7", "8")).model_id


def test_ornaments_say_nothing() -> None:
    assert resolve("epoch_ai", "Honeybee (Vicuna-13B) 🥉").model_id == resolve("epoch_ai", "Honeybee (Vicuna-13B)").model_id
    assert resolve("epoch_ai", "GPT\u20115\u2011Codex").model_id == resolve("epoch_ai", "GPT-5-Codex").model_id


@pytest.mark.parametrize(
    "link", ["", " ", "https://huggingface.co/", "https://[bad", "a/b/c", "\x00", "x" * 5000, "spaces/a"]
)
def test_a_bad_link_says_nothing(link: str) -> None:
    assert resolve("anywhere", "GPT-5", link).model_id == resolve("anywhere", "GPT-5").model_id


def test_lines_are_resolved_in_order_and_bad_ones_say_why(tmp_path: Path) -> None:
    rows: list[dict[str, str | None]] = [
        {"source": "epoch_ai", "published_name": "GPT-5 (High)", "link": None, "organization": "OpenAI"},
        {"source": "epoch_ai", "published_name": "gpt\x00", "link": None, "organization": None},
        {"source": "ugi", "published_name": "gpt-5"},
    ]
    source, target = tmp_path / "names.jsonl", tmp_path / "resolved.jsonl"
    source.write_text("".join(json.dumps(row) + "\n\n" for row in rows), encoding="utf-8")
    assert resolve_lines(source, target) == 3
    first, second, third = map(json.loads, target.read_text("utf-8").splitlines())
    assert (first["model_id"], first["variant"], first["organization"]) == ("openai/gpt-5", "effort=high", "OpenAI")
    assert second["model_id"] is None
    assert second["method"] == "rejected"
    assert second["reason"] == "the name holds control characters"
    assert (third["model_id"], third["variant"]) == ("openai/gpt-5", None)
    assert first["group_id"] == "openai/gpt-5"
    assert second["group_id"] is None
    assert set(first) == {*rows[0], "model_id", "group_id", "variant", "method", "confidence"}


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"published_name": 3}'])
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: str) -> None:
    source = tmp_path / "names.jsonl"
    source.write_text('{"published_name": "gpt-5"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"names\.jsonl, line 2"):
        resolve_lines(source, tmp_path / "resolved.jsonl")
