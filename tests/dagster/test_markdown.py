"""Strangers' words in Markdown: shown as they are, and doing nothing."""

import dagster as dg
import pytest

from budmodel_pipeline.assets.markdown import inert, link, shown, table


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("phi-4 (high)", "phi-4 (high)"),
        ("pytorch_model.bin", "pytorch_model.bin"),
        ("__main__.run", r"\_\_main\_\_.run"),
        ("![x](data:,)", r"\!\[x\](data:,)"),
        ("![x](https://evil.example/p.png)", "`![x](https://evil.example/p.png)`"),
        ("see www.evil.example|`", r"`see www.evil.example\|'`"),
        (r"\|![x](https://evil.example/p.png)", r"`\|![x](https://evil.example/p.png)`"),
        (r"\\|www.evil.example", r"`\\\|www.evil.example`"),
        ("<img src=x>", r"\<img src=x\>"),
        ("a|b", r"a\|b"),
        ("a\\|b", r"a\\\|b"),
        ("&lt;", r"\&lt;"),
        ("$_$", r"\$\_\$"),
        ("two\nlines\u202e", "two\N{REPLACEMENT CHARACTER}lines\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_inert(written: str, told: str) -> None:
    assert inert(written) == told


def test_an_address_cannot_end_its_link() -> None:
    assert link("here", "https://x.example/a>) ![b](c") == "[here](<https://x.example/a)![b](c>)"


def test_an_address_cannot_end_its_cell() -> None:
    assert link("here", "https://x.example/|![b](c)") == "[here](<https://x.example/%7C![b](c)>)"


def test_a_table() -> None:
    assert table(("name", ":score"), [("a|b", 1.5)]) == "| name | score |\n| --- | ---: |\n| a\\|b | 1.5 |"


def test_a_view_that_cannot_be_drawn_says_so() -> None:
    def broken() -> dg.MetadataValue:
        raise ZeroDivisionError("no room")

    assert shown(broken).value == "This cannot be shown (ZeroDivisionError: no room); the data are stored."
    assert shown(lambda: dg.MetadataValue.int(1)).value == 1
