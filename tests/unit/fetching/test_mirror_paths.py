"""Where the copy of a URL lies, and how a mirror is asked for it."""

import pytest

from budmodel_pipeline.fetching.mirror import mirror_path, mirror_url

BASE = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("url", "path", "request_path"),
    [
        (
            "https://raw.githubusercontent.com/tatsu-lab/alpaca_eval/main/docs/a.csv",
            "raw.githubusercontent.com/tatsu-lab/alpaca_eval/main/docs/a.csv",
            "raw.githubusercontent.com/tatsu-lab/alpaca_eval/main/docs/a.csv",
        ),
        (
            "https://api.zeroeval.com/leaderboard/models/full?justCanonicals=true",
            "api.zeroeval.com/leaderboard/models/full?justCanonicals=true",
            "api.zeroeval.com/leaderboard/models/full%3FjustCanonicals%3Dtrue",
        ),
        (
            "https://mteb-leaderboard-backend.hf.space/v1/benchmarks/MTEB(eng%2C%20v2)/scores",
            "mteb-leaderboard-backend.hf.space/v1/benchmarks/MTEB(eng, v2)/scores",
            "mteb-leaderboard-backend.hf.space/v1/benchmarks/MTEB%28eng%2C%20v2%29/scores",
        ),
        (
            "https://mteb-leaderboard-backend.hf.space/v1/benchmarks/MTEB(eng, v2)/scores",
            "mteb-leaderboard-backend.hf.space/v1/benchmarks/MTEB(eng, v2)/scores",
            "mteb-leaderboard-backend.hf.space/v1/benchmarks/MTEB%28eng%2C%20v2%29/scores",
        ),
        # A query stays as it is written; only paths are decoded.
        ("https://h.example/a?x=%2F&y=a+b", "h.example/a?x=%2F&y=a+b", "h.example/a%3Fx%3D%252F%26y%3Da%2Bb"),
        ("https://h.example/100%25", "h.example/100%", "h.example/100%25"),
        ("https://h.example/caf%C3%A9", "h.example/café", "h.example/caf%C3%A9"),
        ("https://me:s3cret@H.Example:8443/a#part", "h.example:8443/a", "h.example%3A8443/a"),
    ],
)
def test_paths(url: str, path: str, request_path: str) -> None:
    assert mirror_path(url) == path
    assert mirror_url(BASE, url) == f"{BASE}/{request_path}"


def test_a_mirror_may_live_below_a_path() -> None:
    assert mirror_url("https://files.corp/ai/", "https://h.example/a") == "https://files.corp/ai/h.example/a"


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/../x",
        "https://h.example/a/%2e%2e/%2e%2e/x",
        "https://h.example/a?b=/../../x",
        "https://h.example/a%5C..%5Cx",
        "https://h.example/a%00b",
        "https://h.example/a%0Ab",
        "https://h.example/a%FF",
        "https://../x",
        "file:///etc/passwd",
        "h.example/a",
        "https:///a",
    ],
)
def test_urls_without_a_place_in_a_mirror(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected|decode"):
        mirror_path(url)
