"""A bad setting, whichever command meets it: one sentence that names the variable, and nothing is done."""

import subprocess
import sys
from pathlib import Path

import pytest

from budmodel_pipeline.cli import PLACES
from tests.cli import Installation

# Each command as it is called where it needs settings; `parse` and `resolve` have none, a directory is inspected without.
CALLS = {
    "run": ["run"],
    "sources": ["sources"],
    "leaderboard": ["leaderboard", "x.y"],
    "compare": ["compare", "x"],
    "metrics": ["metrics"],
    "replay": ["replay", "bfcl"],
    "backfill": ["backfill", "ugi", str(Path(__file__)), "--as-of", "2025-11-01"],
    "rebuild": ["rebuild"],
    "migrate": ["migrate"],
    "connect": ["connect"],
    "psql": ["psql"],
    "ui": ["ui"],
    "serve": ["serve"],
    "ranking": ["ranking"],
    "choose": ["choose"],
    "changes": ["changes"],
    "gaps": ["gaps"],
    "doctor": ["doctor"],
    "stop": ["stop"],
    "backup": ["backup", "saved"],
    "restore": ["restore", "saved"],
    "prune": ["prune"],
    "withdraw": ["withdraw", "hf:org/name"],
    "export": ["export", "exported"],
    "report": ["report", "--no-open"],
    "inspect": ["inspect", "hf:org/name"],
    "request": ["request", "hf:org/name"],
    "model": ["model", "x"],
    "models": ["models"],
    "license": ["license", "hf:org/name"],
    "scan": ["scan", "."],
}
BAD = [
    ("BUDMODEL_ORIGIN", "production"),
    ("POSTGRES_PORT", "secret-five"),
    ("HF_TOKEN", "secret word"),
    ("HF_ENDPOINT", "x"),
]


@pytest.fixture
def at(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.mark.parametrize("command", CALLS)
def test_a_bad_setting_is_a_sentence(at: Installation, command: str) -> None:
    assert {*CALLS, "completion", "parse", "resolve"} == set(PLACES), "every command is tried"
    for name, value in BAD if command in ("scan", "sources") else BAD[:1]:
        finished = at.run(*CALLS[command], **{name: value})
        # A scan that ends with 1 has found something.
        assert (finished.code, finished.out) == (2 if command == "scan" else 1, ""), finished
        sentence = finished.err.splitlines()[-1]
        assert sentence.startswith(f"Error: {name}: ")
        assert "Traceback" not in finished.err
        assert "secret" not in finished.err
    assert not at.home.exists()


def test_what_needs_no_settings_does_not_ask_for_them(at: Installation) -> None:
    (at.folder / "config.json").write_text("{}")
    for arguments in (["resolve", "gpt-4o"], ["license", "mit"], ["inspect", str(at.folder)], ["run", "--help"]):
        finished = at.run(*arguments, BUDMODEL_ORIGIN="production")
        assert (finished.code, finished.err) == (0, "")


def test_the_code_server_says_the_same(at: Installation) -> None:
    program = "import budmodel_pipeline.definitions as definitions; definitions.defs"
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env=at.environment(POSTGRES_PORT="secret-five"),
        cwd=at.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    last = finished.stderr.splitlines()[-1]
    assert "SettingsError: POSTGRES_PORT: Input should be a valid integer" in last
    assert "ValidationError" not in finished.stderr
    assert "secret" not in finished.stderr
