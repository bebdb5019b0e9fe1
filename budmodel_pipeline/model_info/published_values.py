"""Values in the JSON of others: of the kind that is meant, or None. What is of another kind is no value."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any


def an_object(value: Any) -> dict[str, Any]:
    """The object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def objects(values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Those of `values` that are objects."""
    return (value for value in values if isinstance(value, dict))


def words(value: Any) -> str | None:
    """A text that says something, its first 300 characters."""
    return value.strip()[:300] or None if isinstance(value, str) else None


def date_of(value: Any) -> date | None:
    """A whole date, also of a moment."""
    try:
        return date.fromisoformat(value.partition("T")[0]) if isinstance(value, str) else None
    except ValueError:
        return None


def day(value: Any) -> str | None:
    """A whole date as YYYY-MM-DD."""
    found = date_of(value)
    return found.isoformat() if found else None


def count(value: Any) -> int | None:
    """A whole number above zero, as of tokens."""
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 60
    return int(value) if whole else None


def flag(value: Any) -> bool | None:
    """True or false."""
    return value if isinstance(value, bool) else None


def number(value: Any) -> float | None:
    """A number of any kind, also one that nobody should believe."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def word_list(value: Any) -> list[str] | None:
    """The texts of a list, sorted, each once."""
    return sorted({word for word in value if isinstance(word, str)})[:20] or None if isinstance(value, list) else None
