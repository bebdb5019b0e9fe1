"""The words of this room: what a text was found to be, and what is answered about it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Value(StrEnum):
    """The answer to a question; its meaning depends on the question, whose polarity is fixed."""

    YES = "YES"
    NO = "NO"
    CONDITIONAL = "CONDITIONAL"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    SILENT = "SILENT"
    UNKNOWN = "UNKNOWN"


class Impact(StrEnum):
    """What an answer means for somebody who wants to use the model."""

    POSITIVE = "POSITIVE"
    NEUTRAL = "NEUTRAL"
    NEGATIVE = "NEGATIVE"


class LicenseType(StrEnum):
    """BudModel's ten classes."""

    PERMISSIVE = "Permissive Open Source"
    COPYLEFT = "Copyleft Open Source"
    WEAK_COPYLEFT = "Weak Copyleft Open Source"
    RESTRICTIVE = "Open Source but Restrictive"
    NO_REDISTRIBUTION = "Open Source but No Redistribution"
    NON_COMMERCIAL = "Non-Commercial License"
    LIMITED_CUSTOMIZATION = "Proprietary with Limited Customization"
    PROPRIETARY = "Fully Proprietary"
    API_ACCESS = "Proprietary with API Access"
    FREE_TO_USE = "Closed Source but Free to Use"


class Suitability(StrEnum):
    """How far a license lets a model be used as one likes."""

    MOST = "MOST"
    GOOD = "GOOD"
    LOW = "LOW"
    WORST = "WORST"


# identified: this license and nothing else. modified: that license with terms added or changed. near_variant: like a known
# license, but not it. several: more than one license in one text. unknown: reads like terms that nobody has recorded.
# not_a_license: an error page, a login page, a README, terms of use of a website, nothing at all.
State = Literal["identified", "modified", "near_variant", "several", "unknown", "not_a_license"]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (exclusive) of the text that is stored."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Identification:
    """Which license a text or a tag is.

    `license_id` is the hub's id where it has one, else the SPDX id in lower case, else a slug of our own; it is None unless
    `state` is "identified". `candidates` are the licenses that a text contains, whatever its state; `near` those that it
    resembles, with their similarity from 0 to 1, best first. `coverage` is the share of the text's words that known licenses
    account for, 0 to 1; `remainder` are the others, where they say something. `reason` tells a person why.
    """

    license_id: str | None
    spdx_id: str | None
    state: State
    coverage: float
    remainder: tuple[Span, ...]
    near: tuple[tuple[str, float], ...]
    method: str
    candidates: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a license says on one question; `quote` is `text[start:end]` of the stored text, or all three are None."""

    question: str
    value: Value
    impact: Impact
    explanation: str
    quote: str | None
    start: int | None
    end: int | None
    method: str
