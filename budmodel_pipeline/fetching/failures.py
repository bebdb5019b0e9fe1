"""What exceptions and error statuses mean, in words that hold no URL.

The texts of requests and urllib3 quote whole URLs, secrets included, so none of them is passed on.
"""

import ssl
from collections.abc import Iterator
from http.client import responses

import requests
from urllib3.exceptions import LocationValueError, NameResolutionError, ReadTimeoutError

from budmodel_pipeline.fetching.retry import Trouble, may_pass

_LATER = "try again later"
_HINTS = {
    401: "check the access rights of this URL",
    403: "check the access rights of this URL, and whether its host blocks automated readers",
    404: "check whether the publisher has moved the file",
    410: "check whether the publisher has moved the file",
    429: "the server limits requests: try again later",
}
_URL_ERRORS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    LocationValueError,
)


def of_status(status: int, page: str, retry_after: float | None) -> Trouble:
    """An answer other than 200. `page` is the title of the page that came with it, since "Just a moment…" explains a 403
    better than its number does; `retry_after` is in seconds."""
    passing = may_pass(status)
    said = f" (a page titled {page!r})" if page else ""
    hint = _HINTS.get(status, _LATER if passing else "check the URL")
    return Trouble(
        "status 200", f"{status} {responses.get(status, '')}".strip() + said, hint, not passing, retry_after, status
    )


def of_exception(error: Exception, connect_timeout: float, read_timeout: float) -> Trouble:
    """What requests or urllib3 raised; timeouts in seconds."""
    causes = list(_causes(error))

    def is_a(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if is_a(*_URL_ERRORS):
        return Trouble("an http or https URL", "one that cannot be requested", "correct the URL", permanent=True)
    if is_a(requests.exceptions.InvalidHeader):
        return Trouble("header values that can be sent", "one that cannot", "check the session's headers", permanent=True)
    if is_a(ssl.SSLCertVerificationError):
        hint = "if your network inspects TLS, name its certificate authority in REQUESTS_CA_BUNDLE"
        return Trouble("a certificate that can be verified", "one that cannot", hint, permanent=True)
    if is_a(requests.exceptions.ProxyError):
        return Trouble("an answer through the configured proxy", "none", "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY")
    if is_a(NameResolutionError):
        return Trouble("a known host", "a name that does not resolve", "check the network, and the host name in the URL")
    if is_a(requests.exceptions.ConnectTimeout):
        return Trouble(f"a connection within {connect_timeout:g} s", "none", _LATER)
    if is_a(ReadTimeoutError):
        return Trouble("an answer without long pauses", f"silence for {read_timeout:g} s", _LATER)
    if is_a(requests.exceptions.ContentDecodingError):
        return Trouble("a well-formed compressed body", "a broken one", _LATER)
    if is_a(requests.exceptions.ChunkedEncodingError):
        return Trouble("the whole body", "a connection that ended within it", _LATER)
    reasons = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
    return Trouble("an answer", reasons[-1] if reasons else "a connection that ended without one", _LATER)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and those it wraps, outermost first: requests keeps them as arguments, urllib3 as `reason`."""
    yield error
    for part in (getattr(error, "reason", None), *error.args):
        if isinstance(part, BaseException):
            yield from _causes(part)
    if error.__cause__:
        yield from _causes(error.__cause__)
