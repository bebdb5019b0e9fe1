"""Words of a text: what a copy changes without changing the text, and places in the text as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budmodel_pipeline.licensing.words import words_of


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("the “Software”", 'the "Software"'),
        ("the licensor\u2019s", "the licensor's"),
        ("non-\n   transferable", "non-transferable"),
        ("non- transferable", "non-transferable"),
        ("modi\ufb01cation", "modification"),
        ("1. Grant of rights", "(a) Grant of rights"),
        ("* Grant of rights", "Grant of rights"),
        ("see https://example.com/a-\nb.html for it", "see www.example.org/other for it"),
        ("see[12] it", "see it"),
        ("---\ntitle: X\nfoo: must\n---\nGrant", "Grant"),
        ("--- title: X foo: must --- Grant", "Grant"),
    ],
)
def test_the_same_words(text: str, same: str) -> None:
    assert words_of(text).spelled == words_of(same).spelled
    assert words_of(text).digest() == words_of(same).digest()


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Llama 3.1 is", "Llama 3.2 is"),
        ("700 million users", "7 million users"),
        ("you may use", "you may not use"),
        ("許可されています", "禁止されています"),
        ("Grant --- no: thing --- left", "Grant left"),
    ],
)
def test_other_words(text: str, other: str) -> None:
    assert words_of(text).digest() != words_of(other).digest()


@given(st.text(max_size=300))
def test_words_are_where_they_say(text: str) -> None:
    words = words_of(text)
    assert len(words.spelled) == len(words.starts) == len(words.ends)
    before = 0
    for start, end in zip(words.starts, words.ends, strict=True):
        assert before <= start < end <= len(text)
        before = end
