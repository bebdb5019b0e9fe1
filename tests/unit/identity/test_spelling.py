"""What somebody meant by a name: accepted in another spelling, suggested where it is mistyped, never mixed up."""

import pytest

from budmodel_pipeline.identity.spelling import meant, near, spelling, unknown

METRICS = ("livecodebench.pass_at_1", "lmarena_text.rating_overall", "bfcl.overall_accuracy", "lmarena_text.rating_german")
MODELS = ("openai/gpt-4o-2024-08-06", "openai/gpt-4.1", "microsoft/phi-4", "google/gemma-2-7b", "meta-llama/llama-3.1-8b")
COMMANDS = ("leaderboard", "license", "model", "models")


@pytest.mark.parametrize(
    ("name", "other", "alike"),
    [
        ("gpt4o", "GPT 4o", True),
        ("gpt4o", "GPT-4O", True),
        ("Live Code Bench", "livecodebench", True),
        ("LMARENA_TEXT.RATING_OVERALL", "lmarena text rating overall", True),
        ("gemma-27b", "gemma-2-7b", False),
        ("llama-3.1", "llama-31", False),
        ("llama-3.1", "llama 3-1", True),
        ("openrail++", "openrail", False),
        ("", "?!", True),
    ],
)
def test_spellings(name: str, other: str, alike: bool) -> None:
    assert (spelling(name) == spelling(other)) is alike


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("LMARENA_TEXT.RATING_OVERALL", METRICS, "lmarena_text.rating_overall"),
        ("Leaderboard", COMMANDS, "leaderboard"),
        ("leaderbord", COMMANDS, None),
        ("google gemma 2 7b", MODELS, "google/gemma-2-7b"),
        ("google gemma 27b", MODELS, None),
        # Two that are spelled alike: the one that is written so, or neither.
        ("a-1", ("a-1", "a 1"), "a-1"),
        ("A1", ("a-1", "a 1"), None),
        ("?", ("!",), None),
    ],
)
def test_what_is_meant(name: str, known: tuple[str, ...], found: str | None) -> None:
    assert meant(name, known) == found


@pytest.mark.parametrize(
    ("name", "known", "first", "count"),
    [
        ("gpt4o", MODELS, "openai/gpt-4o-2024-08-06", 1),
        ("phi-4", MODELS, "microsoft/phi-4", 1),
        ("livecodebnch", METRICS, "livecodebench.pass_at_1", 1),
        # In the order in which they are known.
        ("rating", METRICS, "lmarena_text.rating_overall", 2),
        ("Apche 2", ("mit", "apache-2.0", "afl-3.0"), "apache-2.0", 1),
        ("leaderbord", COMMANDS, "leaderboard", 1),
        ("mdel", COMMANDS, "model", 2),
        # One slip in a short word, and letters that changed places in a long one.
        ("rnu", ("run", "scan"), "run", 1),
        ("ru", ("psql", "scan"), None, 0),
        ("lisence", COMMANDS, "license", 1),
        ("mitt", ("mit", "mpl-2.0"), "mit", 1),
        ("mat", ("mit", "mpl-2.0"), "mit", 1),
        # More than the name.
        ("swe-bench verified", ("swebench", "bfcl"), "swebench", 1),
        ("the ugi leaderboard", ("ugi", "bfcl"), None, 0),
        ("xyzzy", METRICS, None, 0),
        ("", METRICS, None, 0),
    ],
)
def test_what_comes_near(name: str, known: tuple[str, ...], first: str | None, count: int) -> None:
    found = near(name, known)
    assert (next(iter(found), None), len(found)) == (first, count)


def test_many_that_come_near_are_cut() -> None:
    assert near("model", [f"model {number}" for number in range(100)]) == [f"model {number}" for number in range(8)]


def test_the_sentence() -> None:
    assert unknown("model", "x", ["a"]) == "There is no model 'x'. Do you mean a?"
    assert unknown("model", "x", ["a", "b"]) == "There is no model 'x'. Do you mean one of: a, b?"
    assert unknown("model", "x", []) == "There is no model 'x'. Nothing resembles it."
    assert unknown("model", "x", [], "Known: y.") == "There is no model 'x'. Known: y."
