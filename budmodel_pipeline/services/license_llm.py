"""Answers about a license text that nobody has recorded, by a language model that reads it twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from budmodel_pipeline.licensing.answers import unknown_answers
from budmodel_pipeline.licensing.llm_answers import (
    LONGEST_TEXT,
    METHOD,
    SCHEMA,
    ReadingError,
    parse_reading,
    prompt_sha256,
    prompts,
    verified_answers,
)
from budmodel_pipeline.licensing.model import Answer
from budmodel_pipeline.services.llm import Completion, Failure, Llm, complete

ReadingState = Literal["read", "no_key", "no_text", "too_long"] | Failure


@dataclass(frozen=True, slots=True)
class LicenseReading:
    """What came of asking. There are always answers to all questions, UNKNOWN where there is nothing better.

    `model` is the name that the server gives itself, where it does. `permanent`: asking the same again will not help.
    `retry_after`: the seconds that the server asks to wait. Tokens and cost are those of both readings, None where unknown.
    """

    state: ReadingState
    reason: str
    answers: tuple[Answer, ...]
    prompt_sha256: str | None = None
    model: str | None = None
    permanent: bool = False
    retry_after: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None


def read_license(text: str, llm: Llm | None) -> LicenseReading:
    """Has a language model read a license text twice and keeps the answers that both readings give and the text proves.

    Without a language model (`llm` None or without a key) all answers are UNKNOWN. Raises nothing.
    """
    if llm is None or not llm.api_key:
        return _unread("no_key", "there is no language model to ask", permanent=False)
    if not text.strip():
        return _unread("no_text", "the text is empty", permanent=True)
    if len(text) > LONGEST_TEXT:
        return _unread(
            "too_long", f"the text has {len(text):,} characters; at most {LONGEST_TEXT:,} are read", permanent=True
        )
    readings: list[Mapping[str, Any]] = []
    done: list[Completion] = []
    for seed, prompt in enumerate(prompts(text)):
        completion = complete(llm, prompt, "license_answers", SCHEMA, seed=seed)
        done.append(completion)
        if completion.failure is not None:
            return _outcome(completion.failure, completion.reason, None, text, done)
        try:
            readings.append(parse_reading(completion.content or ""))
        except ReadingError as error:
            return _outcome("malformed", str(error), None, text, done)
    answers = verified_answers(text, readings)
    kept = sum(answer.value != "UNKNOWN" for answer in answers)
    return _outcome("read", f"{kept} of {len(answers)} answers kept", answers, text, done)


def _unread(state: ReadingState, reason: str, *, permanent: bool) -> LicenseReading:
    return LicenseReading(state, reason, _no_answers(reason), permanent=permanent)


def _outcome(
    state: ReadingState, reason: str, answers: tuple[Answer, ...] | None, text: str, done: list[Completion]
) -> LicenseReading:
    last = done[-1]
    costs = [completion.cost_usd for completion in done]
    return LicenseReading(
        state,
        reason,
        answers or _no_answers(reason),
        prompt_sha256(text),
        last.model,
        last.permanent,
        last.retry_after,
        _sum([completion.input_tokens for completion in done]),
        _sum([completion.output_tokens for completion in done]),
        None if None in costs else sum((cost for cost in costs if cost is not None), Decimal()),
    )


def _no_answers(reason: str) -> tuple[Answer, ...]:
    return unknown_answers(f"Nobody has recorded the terms of this text, and no language model read it: {reason}.", METHOD)


def _sum(counts: list[int | None]) -> int | None:
    return None if None in counts else sum(count for count in counts if count is not None)
