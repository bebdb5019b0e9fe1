"""Which places may be asked for over HTTP, and BudModel's words for the state of the sources."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from budmodel_pipeline.api.asking import wanted
from budmodel_pipeline.api.old_leaderboards import health


@pytest.mark.parametrize(
    ("word", "provider", "key"),
    [
        ("hf:microsoft/phi-4", None, "hf:microsoft/phi-4"),
        ("microsoft/phi-4", "hugging_face", "hf:microsoft/phi-4"),
        ("https://huggingface.co/microsoft/phi-4", "hugging_face", "hf:microsoft/phi-4"),
        ("openai/gpt-4o", "cloud_model", "cloud:openai/gpt-4o"),
        ("https://models.example/x.gguf", "url", "https://models.example/x.gguf"),
    ],
)
def test_places_that_are_asked_for(word: str, provider: str | None, key: str) -> None:
    assert wanted(word, [], provider).key == key


@pytest.mark.parametrize(
    ("word", "provider"),
    [
        ("microsoft/phi-4", None),
        ("/srv/model", None),
        ("hf:microsoft/phi-4@main", None),
        ("hf:../x", None),
        ("file:///etc/passwd", None),
        ("https://user:word@models.example/x", "url"),
        ("/srv/model", "hugging_face"),
        ("a\nb", "disk"),
        ("x" * 1_001, None),
    ],
)
def test_places_that_are_refused(word: str, provider: str | None) -> None:
    with pytest.raises(HTTPException) as refused:
        wanted(word, [Path("/models")], provider)
    assert refused.value.status_code == 422


def test_a_link_is_followed_before_it_is_judged(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    (root / "mine").mkdir(parents=True)
    other.mkdir()
    (root / "out").symlink_to(other)
    (root / "in").symlink_to(root / "mine")
    assert wanted(str(root / "in"), [root]).uri == str(root / "mine")
    for word in (root / "out", root / "mine" / ".." / ".." / "other", other):
        with pytest.raises(HTTPException, match="only below"):
            wanted(str(word), [root])


@pytest.mark.parametrize(
    ("statuses", "is_stale", "said"),
    [
        (["ok", "due"], False, "healthy"),
        (["ok", "ok"], True, "stale"),
        (["ok", "failing"], True, "unhealthy"),
        (["never", "never"], False, "initializing"),
        (["never", "ok"], False, "healthy"),
    ],
)
def test_health_in_the_words_of_budmodel(statuses: Sequence[str], is_stale: bool, said: str) -> None:
    assert health(statuses, is_stale=is_stale) == said
