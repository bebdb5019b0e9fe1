"""`budmodel resolve`: which model a name means, without a database."""

import json
import re
from pathlib import Path

import pytest

from tests.cli import Installation, fails_clearly

# One that does not answer: the command must not even ask.
NO_DATABASE = {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": "1"}


@pytest.fixture
def at(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_a_name_is_explained(at: Installation) -> None:
    finished = at.run("resolve", "Claude-3.5-Sonnet-2024-10-22 (FC)", **NO_DATABASE)
    assert (finished.code, finished.err) == (0, "")
    assert re.search("anthropic/claude-3.5-sonnet-20241022 +anthropic/claude-3.5-sonnet +mode=fc ", finished.out)
    assert finished.out.count("\n- ") >= 1


def test_spellings_of_one_release_are_one_model(at: Installation, tmp_path: Path) -> None:
    spellings = [
        "Claude 3.5 Sonnet (20241022)",
        "claude-3-5-sonnet-20241022",
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "Claude-3.5-Sonnet-2024-10-22 (FC)",
    ]
    names, resolved = tmp_path / "names.jsonl", tmp_path / "resolved.jsonl"
    rows = [{"source": "any", "published_name": name, "link": None, "organization": None} for name in spellings]
    names.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert at.run("resolve", "--input", str(names), "--output", str(resolved), **NO_DATABASE).code == 0
    found = [json.loads(line) for line in resolved.read_text().splitlines()]
    assert [row["published_name"] for row in found] == spellings
    assert {row["model_id"] for row in found} == {"anthropic/claude-3.5-sonnet-20241022"}
    assert [bool(row["variant"]) for row in found] == [False, False, False, True]
    assert {row["group_id"] for row in found} == {"anthropic/claude-3.5-sonnet"}
    assert all(set(row) >= {"source", "link", "organization", "method", "confidence"} for row in found)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "give a NAME, or both --input and --output"),
        (["x", "--input", "names.jsonl"], 2, "--input"),
        (["   "], 1, "means no model"),
    ],
)
def test_what_cannot_be_resolved_is_said(at: Installation, arguments: list[str], code: int, message: str) -> None:
    assert message in fails_clearly(at.run("resolve", *arguments, **NO_DATABASE), code)


def test_a_broken_line_is_named(at: Installation, tmp_path: Path) -> None:
    names = tmp_path / "names.jsonl"
    names.write_text('{"published_name": "x"}\n{"published_name": 1}\n')
    finished = at.run("resolve", "--input", str(names), "--output", str(tmp_path / "out"), **NO_DATABASE)
    assert "line 2" in fails_clearly(finished)


def test_groups_are_those_of_the_tables(at: Installation, tmp_path: Path) -> None:
    """Where the first revision of a model is its only one, it is of the group of the name without a revision."""
    alone = json.loads(at.run("resolve", "amazon.nova-pro-v1:0", "--json", **NO_DATABASE).out)
    assert [row["group_id"] for row in alone] == ["amazon/nova-pro"]
    names, resolved = tmp_path / "names.jsonl", tmp_path / "resolved.jsonl"
    for spellings, groups in (
        (["Nova Pro", "amazon.nova-pro-v1:0"], ["amazon/nova-pro", "amazon/nova-pro"]),
        (["amazon.nova-pro-v1:0", "amazon.nova-pro-v2:0"], ["amazon/nova-pro-v1", "amazon/nova-pro-v2"]),
    ):
        names.write_text("".join(json.dumps({"published_name": name}) + "\n" for name in spellings))
        assert at.run("resolve", "--input", str(names), "--output", str(resolved), **NO_DATABASE).code == 0
        assert [json.loads(line)["group_id"] for line in resolved.read_text().splitlines()] == groups
