"""How the environment is made: uv is told what pip is told, and nothing of it is written anywhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT

TOLD = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_INSECURE_HOST", "SSL_CERT_FILE", "ALL_PROXY", "UV_SYSTEM_CERTS")
SETTINGS = """\
[global]
index-url = https://me:secret@index.example/simple
extra-index-url =
    https://one.example/simple
    https://two.example/simple
trusted-host = index.example
cert = /etc/corporate.pem
proxy = http://proxy.example:3128
[install]
find-links = /srv/wheels
"""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment whose uv says what it is told."""
    (tmp_path / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "uv").write_text('#!/bin/sh\nenv\necho "arguments=$*"\n')
    for program in ("python", "uv"):
        (tmp_path / program).chmod(0o755)
    (tmp_path / "pip.conf").write_text(SETTINGS)
    return tmp_path


def told(environment: Path, **variables: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_")) and name not in TOLD}
    finished = subprocess.run(
        [str(ROOT / ".ci" / "uv"), str(environment), "pip", "install", "-r", "requirements.lock"],
        env=clean | {"PIP_CONFIG_FILE": str(environment / "pip.conf"), **variables},
        cwd=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stderr == ""
    return dict(line.split("=", 1) for line in finished.stdout.splitlines() if "=" in line)


def test_uv_is_told_what_pip_is_told(environment: Path) -> None:
    before = {file: file.read_bytes() for file in environment.iterdir()}
    heard = told(environment)
    assert heard["arguments"] == "pip install -r requirements.lock"
    assert {name: heard.get(name) for name in TOLD} == {
        "UV_DEFAULT_INDEX": "https://me:secret@index.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/srv/wheels",
        "UV_INSECURE_HOST": "index.example",
        "SSL_CERT_FILE": "/etc/corporate.pem",
        "ALL_PROXY": "http://proxy.example:3128",
        "UV_SYSTEM_CERTS": "true",
    }
    assert {file: file.read_bytes() for file in environment.iterdir()} == before


def test_a_variable_comes_before_a_file_and_what_uv_was_told_before_both(environment: Path) -> None:
    heard = told(environment, PIP_INDEX_URL="https://other.example/simple", UV_INDEX="https://mine.example/simple")
    assert heard["UV_DEFAULT_INDEX"] == "https://other.example/simple"
    assert heard["UV_INDEX"] == "https://mine.example/simple"
