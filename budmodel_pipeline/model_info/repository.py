"""What a model repository offers to whoever describes it: a listing, and bytes by range."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """One file of a repository at its revision.

    `path` is relative, with forward slashes. `size` is in bytes, of the content and not of an LFS pointer to it; None where
    the provider does not state it. `sha256` is that of the content, in lower-case hex, where the provider states it.
    """

    path: str
    size: int | None = None
    sha256: str | None = None


class RepositoryError(Exception):
    """Bytes of one file could not be had. The message says what failed, on which file and what to do next.

    `transient` says whether the same request may succeed later (network, 429, 5xx) or never will (404, 403, a bad archive).
    """

    def __init__(self, path: str, reason: str, *, transient: bool = False) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.transient = transient


class Repository(Protocol):
    """A model repository pinned to one revision; every read sees the same content.

    Providers implement this: hub, directory, archive, single weight file. Nothing but the bytes asked for is moved.
    """

    @property
    def files(self) -> Mapping[str, RepositoryFile]:
        """Every file by path. It may hold 10,000 entries; it does no I/O after the first use."""
        ...

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes of `path` from `offset`: `length` of them, or fewer where the file ends before.

        Without `length`, up to the end of the file; callers ask so only for files that `files` shows to be small.
        An `offset` at or beyond the end gives b"". Raises RepositoryError, KeyError never.
        """
        ...
