"""Strangers' words in a message that Slack or Mattermost shows."""

import pytest

from budmodel_pipeline.services.webhook import plain


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("phi-4 (high) [new]", "phi-4 (high) [new]"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("<https://evil.example|here> & <@U1>", "&lt;https://evil.example|here&gt; &amp; &lt;@\u2060U1&gt;"),
        ("![x](https://evil.example/p.png)", "![x]\u2060(https://evil.example/p.png)"),
        ("[a][b]", "[a]\u2060[b]"),
        ("@all see this", "@\u2060all see this"),
    ],
)
def test_a_strangers_words_call_nobody_and_show_nothing(written: str, told: str) -> None:
    assert plain(written) == told
