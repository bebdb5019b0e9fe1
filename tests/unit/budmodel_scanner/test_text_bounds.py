"""Whatever the text: no exception but the one that says unscanned, and work in proportion to its length."""

import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budmodel_scanner.content import Place
from budmodel_scanner.texts.template import examine_template
from budmodel_scanner.verdict import Finding, Verdict
from tests.unit.budmodel_scanner.text_examination import costs_at_most, costs_its_length, findings_of, verdict_of_text

NAMES = [
    *["a.txt", "config.json", "a.yaml", "modeling_a.py", "README.md", "a.html", "a.svg", "a.sh", "a.js", "a.jinja", "a.csv"],
    *("a.toml", "a.cfg", "requirements.txt", ".gitattributes", "a.jsonl", "a.ipynb", "vocab.txt", "a.pl"),
    *("x.pth", "a.vbs", "LICENSE"),
]
PIECES = [
    *("{{", "}}", "{%", "%}", "{", "}", "[", "]", "(", ")", '"', "'", ":", ",", "\n", " ", "\\", "|", "&", "*"),
    *("!", "!!python/", "---\n"),
    *("if ", "for ", "set ", "x", "1", "9" * 30, ".__class__", "attr('a')", "import os\n", "exec(", "curl "),
    *("| sh", "$(", "`", "<!--", "<a "),
    *("onx=", "cos\nsystem\n", "(S'", "tR.", "gASV", "\x1b[", "\u202e", "\ud7ff", "é", "\0", "auto_map"),
    *("_target_", "- ", "&a ", "*a", "==", "~"),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=200)
REPEATED = [
    *["cos\nsystem\n(", "(ios\nx\n", "(S'a'\nios\nx\n"],
    *("curl ", "curl @", "base64 -d ", "eval $(", "python -c 'exec(", "rm -rf ", "https://", '<a "', "<!--"),
    *("<iframe ", "onx=", "`"),
    *("`a", "](", "{{", "{{ a }}", "{% if a %}", "[", '{"a":', '"a",', "9", "\\", "gA", "gAIA", "80"),
    *("cos\nsystem\n", "(", "#", "/*"),
    *("import os;", "a.", "a=", "- ", "&a ", "a: b\n", ",=", "\x1b[", "<", "&a;", "<a>", "IEX ", "git+"),
    *("ignore all the your ", "%d", ".ssh/|"),
]


def repeated(name: str, piece: str, beginning: str, length: int) -> list[Finding]:
    return findings_of(name, beginning + piece * (length // len(piece)))


@given(name=st.sampled_from(NAMES), text=TEXTS)
def test_any_text_is_examined_to_an_end(name: str, text: str) -> None:
    assert verdict_of_text(name, text) is not Verdict.ERROR


@given(name=st.sampled_from(NAMES), data=st.binary(max_size=300))
def test_any_bytes_are_examined_to_an_end(name: str, data: bytes) -> None:
    findings_of(name, data)


@given(text=TEXTS)
def test_any_template_is_examined_to_an_end(text: str) -> None:
    list(examine_template(text, Place("t")))


@pytest.mark.cost
@pytest.mark.parametrize(
    "name", ["a.txt", "config.json", "a.yaml", "README.md", "a.html", "a.sh", "a.js", "a.csv", "a.toml", "a.cfg"]
)
def test_a_long_line_of_anything_costs_no_more_than_its_length(name: str) -> None:
    for piece in REPEATED:
        costs_its_length(partial(repeated, name, piece, ""), 100_000)


@pytest.mark.cost
@pytest.mark.parametrize("piece", REPEATED)
def test_code_and_templates_are_linear_as_well(piece: str) -> None:
    for name in ("modeling_a.py", "a.jinja"):
        costs_its_length(partial(repeated, name, piece, ""), 60_000)


@pytest.mark.cost
def test_a_script_of_a_million_short_lines_costs_some_looks_at_each() -> None:
    # Found by fuzzing: three million lines took 20 seconds when every form was tried on each.
    lines = ["ab"] * 1_000_000
    costs_at_most(
        30, lambda: findings_of("Dockerfile", "\n".join(lines)), lambda: [re.search(r"\bcurl\b", line) for line in lines]
    )


@pytest.mark.cost
@pytest.mark.parametrize(
    ("name", "beginning", "piece", "length"),
    [
        ("a.tf", "maven\t{\turl", "\n", 60_000),
        ("a.lua", "a = ", "'\\", 60_000),
        ("README.md", "``` {", "d", 100_000),
        ("config.pbtxt", 'key: "y", value', "\t", 100_000),
        ("a.yaml", "[!<tag:yaml.org,2002:python/", "1", 100_000),
    ],
)
def test_a_beginning_without_its_end_costs_no_more_than_its_length(
    name: str, beginning: str, piece: str, length: int
) -> None:
    # Found by pumping each part of each expression: a minute for the first of these.
    costs_its_length(partial(repeated, name, piece, beginning), length)


@pytest.mark.cost
def test_here_documents_that_never_end_cost_a_look_at_each() -> None:
    costs_its_length(
        lambda count: findings_of("a.pl", "".join(f"print <<END{number};\n" for number in range(count))), 20_000
    )


@pytest.mark.cost
def test_a_pipeline_of_shells_costs_a_look_at_each() -> None:
    # Found by fuzzing: each shell looked at everything before it, six seconds for seven kilobytes.
    costs_its_length(
        lambda shells: findings_of("install.sh", "#!/bin/sh\ncurl https://sh.rustup.rs" + " |\n sh" * shells), 1_200
    )


@pytest.mark.cost
def test_a_command_of_many_quoted_words_costs_a_look_at_each() -> None:
    # A list of entities for an editor, 54 kB: each word looked at all others, for more than 20 seconds.
    costs_its_length(lambda words: findings_of("a.sh", "curl -o x" + " 'Aacute'" * words + "\nsh x | tee y\n"), 6_000)


@pytest.mark.cost
def test_texts_too_large_for_their_kind_are_unscanned() -> None:
    assert verdict_of_text("a.md", "word " * 2_000_000) is Verdict.UNSCANNED
    assert verdict_of_text("a.py", "x = 1\n" * 200_000) is Verdict.UNSCANNED


@pytest.mark.cost
def test_tables_and_vocabularies_of_any_size_are_streamed() -> None:
    assert findings_of("a.csv", "1,2\n" * 3_000_000) == []
    assert findings_of("vocab.txt", "word\n" * 3_000_000) == []


@pytest.mark.cost
def test_a_name_that_is_made_of_itself_costs_a_look() -> None:
    # An ordinary library, 13 kB: each time it was followed twice as often as before, and nobody saw the end.
    made = "for a, b in c:\n    a = ','.join(str(it) for it in a)\n    d += f'{a} is'\n"
    costs_at_most(20, lambda: verdict_of_text("a.py", made), lambda: verdict_of_text("a.py", made.replace("in a)", "in c)")))
    assert verdict_of_text("a.py", made) is Verdict.SAFE
