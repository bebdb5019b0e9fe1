"""A language model behind any server that speaks OpenAI's chat completions, and the prose that it writes about a model.

Everything that goes wrong is a state of the outcome: a model without prose is a model like any other.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import httpx2
import openai

from budmodel_pipeline.fetching.retry import may_pass, retry_after_seconds
from budmodel_pipeline.model_info.prose import (
    SCHEMA,
    AnswerError,
    Prose,
    messages,
    parse_answer,
    prompt_sha256,
    verify,
    visible,
)

Failure = Literal[
    "malformed",  # The answer was no JSON of the kind asked for.
    "refused",  # By the language model or its content filter, or a request that the server does not understand.
    "unauthorized",
    "rate_limited",
    "timeout",
    "unavailable",
]
ProseState = (
    Literal[
        "written",  # Some of the answer was proven by the card, or the card says nothing of the kind.
        "unproven",  # There were claims, and none could be proven.
        "no_card",
    ]
    | Failure
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Llm:
    """A language model and how to reach it.

    `timeout` is in seconds, for silence on the connection. Prices are in US dollars per million tokens; without them the
    cost is known only where the server states it.
    """

    base_url: str
    api_key: str = field(repr=False)
    model: str
    timeout: float = 120.0
    usd_per_million_input: Decimal | None = None
    usd_per_million_output: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model said, or why it said nothing: `content` is None exactly where `failure` is not.

    `model` is the name that the server gives itself, where it does. `permanent`: asking the same again will not help.
    `retry_after`: the seconds that the server asks to wait.
    """

    model: str
    content: str | None = None
    failure: Failure | None = None
    reason: str = ""
    permanent: bool = False
    retry_after: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ProseOutcome:
    """What came of asking for prose. `model` is the name that the server gives itself, where it does.

    `permanent`: asking the same again will not help. `retry_after`: the seconds that the server asks to wait.
    """

    state: ProseState
    reason: str
    prompt_sha256: str
    model: str
    prose: Prose | None = None
    permanent: bool = False
    retry_after: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None


def write_prose(card: str, llm: Llm | None) -> ProseOutcome | None:
    """Description, use cases, strengths and limitations from a model card, each proven by a quote from it.

    None without a language model (`llm` None or without a key). Raises nothing.
    """
    if llm is None or not llm.api_key:
        return None
    nothing = ProseOutcome("no_card", "the model has no card to read", prompt_sha256(card), llm.model, permanent=True)
    if not visible(card).strip():
        return nothing
    completion = complete(llm, messages(card), "model_prose", SCHEMA)
    spent = replace(
        nothing,
        model=completion.model,
        permanent=completion.permanent,
        retry_after=completion.retry_after,
        input_tokens=completion.input_tokens,
        output_tokens=completion.output_tokens,
        cost_usd=completion.cost_usd,
    )
    if completion.failure is not None:
        return replace(spent, state=completion.failure, reason=completion.reason)
    return _prose_outcome(completion.content or "", card, spent)


def complete(llm: Llm, prompt: list[dict[str, str]], name: str, schema: Mapping[str, Any], **options: Any) -> Completion:
    """Asks a language model once for JSON of `schema`, which is called `name`. Raises nothing.

    `options` are further members of the request, such as a seed.
    """
    # No retries here: a batch has its own, and the client's wait as long as a server asks for.
    with openai.OpenAI(base_url=llm.base_url, api_key=llm.api_key, timeout=llm.timeout, max_retries=0) as client:
        request: dict[str, Any] = {"model": llm.model, "messages": prompt, **options}
        form = {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}
        try:
            answer = _ask(client, request, form)
        except openai.OpenAIError as error:
            return _failure(error, llm)
        except ValueError as error:
            return Completion(llm.model, failure="malformed", reason=f"an answer that is no JSON ({type(error).__name__})")
    return _completion(answer, llm)


def _ask(client: openai.OpenAI, request: dict[str, Any], form: dict[str, Any]) -> Mapping[str, Any]:
    """The answer as it came: servers that call themselves compatible leave out members that the client's classes rely on."""
    try:
        response = client.post("/chat/completions", cast_to=httpx2.Response, body=request | {"response_format": form})
    except (openai.BadRequestError, openai.UnprocessableEntityError):
        # Not every server knows schemas. The instructions hold it as well.
        response = client.post("/chat/completions", cast_to=httpx2.Response, body=request)
    answer = response.json()
    return answer if isinstance(answer, dict) else {}


def _completion(answer: Mapping[str, Any], llm: Llm) -> Completion:
    usage = answer.get("usage")
    model = answer["model"] if isinstance(answer.get("model"), str) else llm.model
    spent = Completion(model, **_spent(usage if isinstance(usage, dict) else {}, llm))
    match answer.get("choices"):
        case [{"message": {"refusal": str(refusal)}}, *_] if refusal:
            return replace(spent, failure="refused", reason="the language model refused", permanent=True)
        case [{"finish_reason": "content_filter"}, *_]:
            return replace(spent, failure="refused", reason="a content filter stopped the answer", permanent=True)
        case [{"finish_reason": "length"}, *_]:
            return replace(spent, failure="malformed", reason="the answer was cut off at the limit of tokens")
        case [{"message": {"content": str(content)}}, *_]:
            return replace(spent, content=content)
        case _:
            return replace(spent, failure="malformed", reason="an answer without a message")


def _prose_outcome(content: str, card: str, spent: ProseOutcome) -> ProseOutcome:
    try:
        prose = verify(parse_answer(content), card)
    except AnswerError as error:
        return replace(spent, state="malformed", reason=str(error))
    kept = [prose.description] * (prose.description is not None) + [*prose.use_cases, *prose.strengths, *prose.limitations]
    reason = f"{len(kept)} claims proven, {len(prose.dropped)} dropped"
    state: ProseState = "written" if kept or not prose.dropped else "unproven"
    return replace(spent, state=state, reason=reason, prose=prose)


def _spent(usage: Mapping[str, Any], llm: Llm) -> dict[str, Any]:
    """Tokens and cost. Some servers state the cost: a number (OpenRouter) or `total_cost` of an object (Perplexity)."""
    tokens_in, tokens_out = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    stated = usage.get("cost")
    stated = stated.get("total_cost") if isinstance(stated, dict) else stated
    price_in, price_out = llm.usd_per_million_input, llm.usd_per_million_output
    cost: Decimal | None = None
    if isinstance(stated, int | float) and 0 <= stated < 1e6:
        cost = Decimal(str(stated))
    elif tokens_in is not None and tokens_out is not None and price_in is not None and price_out is not None:
        cost = (tokens_in * price_in + tokens_out * price_out) / 1_000_000
    return {"input_tokens": tokens_in, "output_tokens": tokens_out, "cost_usd": cost}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _failure(error: openai.OpenAIError, llm: Llm) -> Completion:
    """What an exception of the client means. Its text may quote keys and cards, and is not passed on."""
    _log.debug("%s: %s", llm.base_url, type(error).__name__)
    if isinstance(error, openai.APITimeoutError):
        return Completion(llm.model, failure="timeout", reason=f"no answer within {llm.timeout:g} s")
    if not isinstance(error, openai.APIStatusError):
        return Completion(llm.model, failure="unavailable", reason=f"no connection ({type(error).__name__})")
    status = error.status_code
    wait = retry_after_seconds(error.response.headers.get("Retry-After"), datetime.now(UTC))
    reasons: dict[int, tuple[Failure, str]] = {
        401: ("unauthorized", "the server does not accept the key"),
        403: ("unauthorized", "the key may not use this language model"),
        404: ("refused", f"the server knows no language model {llm.model!r}"),
        408: ("timeout", "the server gave up"),
        429: ("rate_limited", "the server limits requests, or the account is used up"),
        504: ("timeout", "the server gave up"),
    }
    failure, reason = reasons.get(status, ("unavailable" if status >= 500 else "refused", "the server refused"))
    reason = f"{reason} (status {status})"
    return Completion(llm.model, failure=failure, reason=reason, permanent=not may_pass(status), retry_after=wait)
