"""URLs: what of them may be shown, and where they may lead."""

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus, urljoin, urlsplit, urlunsplit

from requests import PreparedRequest

from budmodel_pipeline.fetching.address_guard import host_and_port

_SECRET = re.compile(
    r"token|secret|signature|^sig$|key(?!words?$)|passw|passphrase|^pass$|pwd|auth(?!ors?$)|cred|session|policy|jwt|^code$",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"([^&;=]+)=([^&;]*)")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def redact(url: str) -> str:
    """A URL as it may appear in logs, errors and tables.

    User and password, the fragment, and the values of query parameters whose names speak of secrets or signatures are taken
    out; one secret hidden too many does no harm.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(a URL that cannot be read)"
    userinfo, at, host = parts.netloc.rpartition("@")
    netloc = f"***{at}{host}" if userinfo else host
    return urlunsplit((parts.scheme, netloc, parts.path, _PARAMETER.sub(_hide, parts.query), ""))


def _hide(parameter: re.Match[str]) -> str:
    name, value = parameter.groups()
    return f"{name}=***" if value and _SECRET.search(unquote_plus(name)) else parameter[0]


def trusted_host(url: str) -> str:
    """The `host:port` of a URL, as `trusted_hosts` of `fetch` takes it. Raises ValueError for other URLs than HTTP ones."""
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"expected an http or https URL; found {redact(url)!r}")
    return host_and_port(parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme])


def redirect_target(here: str, location: str) -> str:
    """The URL that a Location header leads to from `here`, as requests will ask for it, without user, password and fragment.

    Raises ValueError where it is no URL.
    """
    # http.client reads headers as Latin-1; servers mean UTF-8.
    joined = urljoin(here, location.encode("latin-1", "replace").decode("utf-8", "replace"))
    # Parsers differ on `http://evil.example\\.hf.co/`: the host that is checked must be the host that is asked.
    prepared = PreparedRequest()
    prepared.prepare_url(joined, None)
    parts = urlsplit(prepared.url or joined)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def redirect_refusal(first: str, here: str, target: str, hosts: Iterable[str]) -> str | None:
    """Why a download of `first` that has come to `here` must not go on to `target`, or None where it may.

    It may go to the host of `first` and to `hosts` (`*.hf.co` matches any subdomain, `*` any host), and from http to https,
    never back.
    """
    scheme, host = urlsplit(target).scheme, urlsplit(target).hostname
    if scheme not in _DEFAULT_PORTS or not host:
        return "no http or https URL"
    if urlsplit(here).scheme == "https" and scheme == "http":
        return "from https to unencrypted http"
    allowed = [urlsplit(first).hostname or "", *hosts]
    if not any(_host_matches(host, pattern) for pattern in allowed):
        return "a host that is not known for this source"
    return None


def keeps_credentials(here: str, target: str) -> bool:
    """Whether a redirect stays with the same server: scheme, host and port, or the plain upgrade from http to https."""
    old, new = urlsplit(here), urlsplit(target)
    upgrade = (old.scheme, new.scheme) == ("http", "https") and old.port in (None, 80) and new.port in (None, 443)
    if upgrade:
        return old.hostname == new.hostname
    return old.scheme == new.scheme and trusted_host(here) == trusted_host(target)


def _host_matches(host: str, pattern: str) -> bool:
    host, pattern = host.rstrip(".").lower(), pattern.rstrip(".").lower()
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) and host != pattern[1:] if pattern.startswith("*.") else host == pattern
