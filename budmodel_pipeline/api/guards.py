"""Who may ask, how often and how much: tokens, a rate for each address, and the size of what is sent."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from math import ceil
from time import time
from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from budmodel_pipeline.api.problems import problem

MOST_BYTES = 64 * 1024
_BEARER = HTTPBearer(auto_error=False, description="A token whose SHA-256 is in BUDMODEL_API_TOKENS.")
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def needs_token(hashes: Sequence[str]) -> Any:
    """A dependency that lets those in whose token has one of the SHA-256 `hashes`."""

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> None:
        if not hashes:
            raise HTTPException(403, "Nobody may do this: BUDMODEL_API_TOKENS names no token.")
        if given is None:
            raise HTTPException(401, "This needs a token: send `Authorization: Bearer <token>`.", _CHALLENGE)
        found = hashlib.sha256(given.credentials.encode()).hexdigest()
        # Every hash is compared, and all of each: the time tells nothing.
        if not sum(hmac.compare_digest(found, known) for known in hashes):
            raise HTTPException(401, "This token is not known here.", _CHALLENGE)

    return Depends(check)


def limited(app: ASGIApp, per_minute: int) -> ASGIApp:
    """`app`, which refuses addresses that ask more than `per_minute` times (0: it does not), and bodies beyond the limit."""
    limiter, rate = FixedWindowRateLimiter(MemoryStorage()), RateLimitItemPerMinute(per_minute) if per_minute else None

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        address = scope["client"][0] if scope["client"] else ""
        if rate is not None and not limiter.hit(rate, address):
            wait = max(1, ceil(limiter.get_window_stats(rate, address).reset_time - time()))
            refusal = problem(
                429, f"More than {per_minute} requests in a minute; wait {wait} s.", {"Retry-After": str(wait)}
            )
            await refusal(scope, receive, send)
            return
        await app(scope, _up_to(receive, MOST_BYTES), send)

    return guarded


def _up_to(receive: Receive, most: int) -> Callable[[], Any]:
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413, f"A body may have {most:,} bytes; this one has more.")
        return message

    return counted
