"""Which model a published name means."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resolution:
    """A published name resolved. `variant` is how the run was made; `confidence` runs from 0 to 1."""

    model_id: str
    variant: str | None
    method: str
    confidence: float
    evidence: tuple[str, ...]


def resolve(source: str, published_name: str, link: str | None, organization: str | None) -> Resolution:
    """Names that are equal but for case and separators mean one model; nothing else is merged."""
    del source, link, organization
    model_id = re.sub(r"[\s_]+", "-", published_name.strip().lower())
    return Resolution(model_id, None, "exact_name", 1.0, (f"the name {published_name!r} in lower case",))
