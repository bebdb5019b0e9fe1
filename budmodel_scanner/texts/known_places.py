"""Addresses that are known: hosts compared as a whole, and where anybody publishes, the path of the owner as well."""

from functools import cache
from urllib.parse import SplitResult, unquote, urlsplit

from budmodel_scanner.word_lists import lines

INSTALLERS, DOWNLOADS, PACKAGES, FORGES = "installers", "downloads", "packages", "forges"

_SCHEMES = frozenset({"http", "https", "ssh", "git", "git+https", "git+http", "git+ssh"})


def is_known(url: str, purpose: str) -> bool:
    """Whether `url` lies where a list of `known/` says; `purpose` is the name of that list. Case of paths is ignored."""
    split = _split(url)
    if split is None or split.scheme.lower() not in _SCHEMES:
        return False
    host, path = (split.hostname or "").rstrip("."), unquote(split.path).casefold() or "/"
    if "\\" in path or ".." in path.split("/"):
        return False
    # Anybody may open a pull request, and on the way anybody may change what is run as it comes.
    if "refs/pull/" in path or (purpose in {INSTALLERS, FORGES} and split.scheme.lower() == "http"):
        return False
    return any(
        path == beginning or (beginning.endswith("/") and path.startswith(beginning))
        for name in _above(host)
        for beginning in _listed(purpose).get(name, ())
    )


def is_strange(url: str) -> bool:
    """Whether `url` is neither on this machine nor where files or packages are known to come from."""
    return not (is_known(url, PACKAGES) or is_known(url, DOWNLOADS) or is_local(url))


def host_of(url: str) -> str:
    """The host that a client would ask, in lower case, without user, port and path; empty where there is none."""
    split = _split(url)
    return (split.hostname or "") if split else ""


def is_local(url: str) -> bool:
    """Whether only programs on the same machine answer there."""
    host = host_of(url)
    return host in {"localhost", "::1", "0.0.0.0", "host.docker.internal"} or host.startswith("127.")  # noqa: S104


def _split(url: str) -> SplitResult | None:
    # Clients of the web take these for slashes, and drop line ends.
    if "\\" in url or any(character in url for character in "\t\r\n"):
        return None
    try:
        found = urlsplit(url)
        _ = found.port, found.hostname
    except ValueError:
        return None
    return found


def _above(host: str) -> list[str]:
    parts = host.split(".")
    return [host, f".{host}", *(f".{'.'.join(parts[start:])}" for start in range(1, len(parts)))]


@cache
def _listed(purpose: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for _, (address,) in lines(__package__, f"known/{purpose}.txt"):
        host, slash, path = address.partition("/")
        # Written as names nest, from the top domain down; a dot at the end stands for all below.
        found.setdefault(".".join(reversed(host.lower().split("."))), []).append((slash + path).casefold())
    return found
