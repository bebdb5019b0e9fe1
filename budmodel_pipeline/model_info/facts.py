"""A field of a model with where it came from, or the reason why it is not known."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value with its `method` (how it was had) and `evidence` (what it was read from), or None with a `reason`.

    Exactly one of `value` and `reason` is None.
    """

    value: T | None
    method: str = ""
    evidence: str = ""
    reason: str | None = None


class RefusedError(ValueError):
    """A field cannot be known from what there is; the message is the reason that is stored."""


def known(value: T, method: str, evidence: str) -> Fact[T]:
    return Fact(value, method, evidence)


def unknown(reason: str) -> Fact[T]:
    return Fact(None, reason=reason)
