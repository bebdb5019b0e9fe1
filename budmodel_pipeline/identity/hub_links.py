"""Links to models of the hub: the one place that says which links those are."""

import re
from urllib.parse import SplitResult, unquote, urlsplit

_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co", "www.hf.co"})
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
# What stands first in an address of the hub and is no owner of models.
_NOT_OWNERS = frozenset(
    """
    api blog brand changelog chat collections datasets docs enterprise front inference inference-endpoints join kernels
    languages learn login logout models new oauth organizations papers posts pricing search settings spaces tasks
    terms-of-service
    """.split()  # noqa: SIM905 - a list of words, to be read as one
)
# What stands behind an owner and is a list of theirs.
_NOT_NAMES = frozenset(
    """
    activity collections datasets followers following kernels likes models papers posts spaces upvotes
    """.split()  # noqa: SIM905
)
# As huggingface_hub.utils.validate_repo_id has it, with the owner required.
_PART = r"\w(?:[\w.-]{0,94}\w)?"
_REPOSITORY = re.compile(rf"(?!.*(?:--|\.\.|\.git$)){_PART}/{_PART}", re.ASCII)


def is_repository(name: str) -> bool:
    """Whether the hub could have a model `name`: an owner, a slash, and a name, all of letters that it allows."""
    owner, _, model = name.partition("/")
    return (
        _REPOSITORY.fullmatch(name) is not None
        and owner.casefold() not in _NOT_OWNERS
        and model.casefold() not in _NOT_NAMES
    )


def hub_repository(link: str | None) -> str | None:
    """`owner/name` of the model of the hub that `link` leads to: to its page, a file, a revision or a discussion of it.

    LiveCodeBench links to some by `owner/name` alone. None for every other link: to a data set, a Space, a person, an
    article or another site.
    """
    parts = split_link(link)
    if parts is not None:
        # Decoded part by part: a slash within the name of a model is no end of it, and no repository is called so.
        name = "/".join(unquote(part) for part in parts.path.split("/")[1:3])
    else:
        name = (link or "").strip()
        if "." in name.partition("/")[0]:
            return None  # The address of another site, written without its scheme.
    return name if is_repository(name) else None


def split_link(link: str | None) -> SplitResult | None:
    """The parts of a link to the hub, None for any other. Repeated slashes count as one."""
    written = (link or "").strip()
    # Browsers take a backslash for a slash, and we do not: such a link leads one of us astray.
    if not written.isprintable() or "\\" in written:
        return None
    try:
        parts = urlsplit(written if _SCHEME.match(written) else f"https://{written}")
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https", "") or host not in _HOSTS:
        return None
    return parts._replace(path=re.sub("/{2,}", "/", parts.path))
