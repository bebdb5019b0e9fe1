"""What publishers allow to be done with their data: facts that a person read, and no legal advice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Allowed(StrEnum):
    """Whether a publisher allows something; `unclear` where it says nothing, or nobody has looked."""

    PERMITTED = "permitted"
    UNCLEAR = "unclear"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class DataTerms:
    """What the publisher of data allows.

    `allowed` is about collecting them, comparing them with those of others and passing them on, with the `attribution` that
    the publisher asks for or that is fair; `commercial` is about the same for money. `evidence` is where the publisher says
    so, and `verified_on` when a person read it there (of a month without a day its first), None where nobody did.
    """

    allowed: Allowed
    commercial: Allowed
    attribution: str
    evidence: str
    verified_on: date | None


UNREAD_TERMS = DataTerms(Allowed.UNCLEAR, Allowed.UNCLEAR, "", "Nobody has looked for terms of these data.", None)


def permitted(attribution: str, evidence: str, verified_on: date) -> DataTerms:
    """Everything is allowed that names the publisher."""
    return DataTerms(Allowed.PERMITTED, Allowed.PERMITTED, attribution, evidence, verified_on)


def unclear(attribution: str, evidence: str, verified_on: date) -> DataTerms:
    """The publisher states no terms of the data."""
    return DataTerms(Allowed.UNCLEAR, Allowed.UNCLEAR, attribution, evidence, verified_on)


# Of what is read beside the leaderboards.
OTHER_TERMS: Mapping[str, DataTerms] = {
    "models.dev": permitted(
        "models.dev, https://models.dev, MIT", "MIT, the license of the repository anomalyco/models.dev", date(2026, 9, 1)
    ),
    "litellm": permitted(
        "LiteLLM, https://github.com/BerriAI/litellm, MIT",
        "MIT, the license of the repository BerriAI/litellm",
        date(2026, 9, 1),
    ),
    "openrouter": unclear(
        "OpenRouter, https://openrouter.ai",
        "https://openrouter.ai states no terms of the data of its list",
        date(2026, 9, 1),
    ),
}
