"""What goes wrong between us and a provider of models: one shape for hub, disk and URL, that a table can keep."""

from typing import Literal

from budmodel_pipeline.model_info.repository import RepositoryError

State = Literal[
    "not_found",  # No such repository, revision, file or path; a hub says the same of private repositories.
    "gated",  # The owner decides who may read the files.
    "unauthorized",  # The token is wrong, or one is needed.
    "forbidden",
    "disabled",  # Taken down by the provider.
    "rate_limited",
    "unavailable",  # Network or server trouble.
    "timeout",
    "invalid",  # An answer or a file that is not what it claims to be.
    "too_large",  # A limit of ours; none of it was kept.
    "unsafe",  # An archive with traversal, links or a bomb; an address that is not public.
    "unsupported",
    "changed",  # Not the content that was listed.
]


class ProviderError(Exception):
    """A model, or a file of one, could not be had from its provider.

    `state` is for tables and decisions, `reason` and `hint` are for people: what happened and what to do next. `permanent`:
    the same request will fail again. `retry_after`: the seconds that the server asks to wait. Neither its text nor its
    attributes hold a secret, and no exception is chained to it that could.
    """

    def __init__(
        self,
        target: str,
        state: State,
        reason: str,
        *,
        hint: str,
        permanent: bool,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{target}: {reason}; {hint}")
        self.target = target
        self.state = state
        self.reason = reason
        self.hint = hint
        self.permanent = permanent
        self.retry_after = retry_after


class FileUnavailableError(RepositoryError):
    """One file could not be had; `failure` has the state and the time to come back, which a RepositoryError has not."""

    def __init__(self, path: str, failure: ProviderError) -> None:
        super().__init__(path, f"{failure.reason}; {failure.hint}", transient=not failure.permanent)
        self.failure = failure
