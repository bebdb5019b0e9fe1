"""Says something where people are: a message to a webhook that takes JSON with a `text`, as Slack's and Mattermost's do."""

import re
from contextlib import closing
from datetime import UTC, datetime

import requests
from urllib3.exceptions import HTTPError

from budmodel_pipeline.fetching.address_guard import GuardedAdapter
from budmodel_pipeline.fetching.deadline import Deadline
from budmodel_pipeline.fetching.failures import of_exception, of_status
from budmodel_pipeline.fetching.retry import Trouble, retry_after_seconds
from budmodel_pipeline.fetching.urls import trusted_host

_SPECIAL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# Slack links and calls in angle brackets; Mattermost reads Markdown, and calls whoever stands behind an @.
_MARKDOWN = re.compile(r"@(?=\w)|\](?=[(\[])")


class WebhookError(Exception):
    """A message was not taken; the address, a secret, is not in it. `retry_after` are seconds that the server asks for."""

    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def plain(text: str) -> str:
    """A stranger's words in a message: they call nobody, and show or hide nothing."""
    return _MARKDOWN.sub("\\g<0>\N{WORD JOINER}", text.translate(_SPECIAL))


def post_message(url: str, text: str, seconds: float) -> None:
    """Posts `text` to `url`, once and within so many seconds. Raises WebhookError."""
    trouble = _attempt(url, text, seconds)
    if trouble is not None:
        # Raised here, outside of any handler: what requests raises holds the address.
        raise WebhookError(f"expected {trouble.expected}; found {trouble.found}; {trouble.hint}", trouble.retry_after)


def _attempt(url: str, text: str, seconds: float) -> Trouble | None:
    # Whoever configured it may have it in the inner network.
    with Deadline(seconds) as deadline, closing(GuardedAdapter(frozenset({trusted_host(url)}), deadline)) as adapter:
        with requests.Session() as session:
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            try:
                answer = session.post(url, json={"text": text}, timeout=seconds, allow_redirects=False, stream=True)
                status, asked = answer.status_code, answer.headers.get("Retry-After")
                answer.close()
            except (requests.RequestException, HTTPError) as error:
                if deadline.expired:
                    return Trouble(f"an answer within {seconds:g} s", "none", "it is tried again")
                return of_exception(error, seconds, seconds)
        if 200 <= status < 300:
            return None
        return of_status(status, "", retry_after_seconds(asked, datetime.now(UTC)))
