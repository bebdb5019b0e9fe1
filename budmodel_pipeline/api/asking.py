"""Requests for models: rows of budmodel.extraction_requests, which the pipeline serves, and what became of them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from budmodel_pipeline.api.columns import Text
from budmodel_pipeline.api.served import Served
from budmodel_pipeline.targets.opening import refuse_outside
from budmodel_pipeline.targets.provider import ProviderError
from budmodel_pipeline.targets.target import MAX_URI, Target, TargetError, parse_target, target_of
from budmodel_pipeline.warehouse.requests import add_request, request_state

ASKED_BY = "api"
Number = Annotated[int, InPath(ge=1, le=2**63 - 1, description="The number of the request.")]


class Asked(BaseModel):
    """A model that somebody asks for."""

    model_config = ConfigDict(extra="forbid")

    target: Annotated[
        Text,
        Field(
            max_length=MAX_URI,
            description="hf:org/name, cloud:maker/name, a URL, or an absolute path below BUDMODEL_DISK_ROOTS.",
            examples=["hf:microsoft/phi-4"],
        ),
    ]
    by: Annotated[Text, Field(max_length=100, description="Who asks.", examples=["ann"])] = ASKED_BY
    priority: Annotated[int, Field(ge=-1_000, le=1_000, description="Higher is served first.")] = 0


class RequestState(BaseModel):
    """How far a request is. `target` and `run_id` are null until it was picked up; times are UTC."""

    request_id: int
    provider: str
    uri: str
    requested_by: str
    priority: int
    requested_at: datetime
    status: Annotated[str, Field(description="queued, running, succeeded or failed")]
    target: str | None
    run_id: str | None
    error: Annotated[str | None, Field(description="Why it failed, or why it was put back into the queue.")]
    attempts: int
    next_attempt_at: datetime | None
    finished_at: datetime | None


def request_routes(served: Served, writing: Any) -> APIRouter:
    """Ask for a model, and see what became of it. `writing` is the dependency of who may ask."""
    router = APIRouter(prefix="/v1/requests", tags=["requests"])

    @router.post("", summary="Ask for a model", status_code=202, dependencies=[writing])
    def ask(asked: Annotated[Asked, Body()], response: Response) -> RequestState:
        """The pipeline reads the model within a minute: card, license, verdict. `Location` is where its state is told."""
        target = wanted(asked.target, served.disk_roots)
        return queue(served, target, asked.by, response, asked.priority)

    @router.get("/{request_id}", summary="What became of a request")
    def state(request_id: Number) -> RequestState:
        """The row of the request. Once it has succeeded, /v1/cards/<target> tells what was found."""
        return _state(served, request_id)

    return router


def wanted(word: str, disk_roots: Sequence[Path], provider: str | None = None) -> Target:
    """The place that was named, of `provider` where that was named too. A path has to lie below one of the `disk_roots`.

    Raises HTTPException.
    """
    try:
        asked = parse_target(word) if provider is None else target_of(provider, word)
        if asked.provider == "disk":
            place = Path(asked.uri)
            if not place.is_absolute():
                raise TargetError("a path has to be absolute; a model of the hub is hf:org/name")
            refuse_outside(place, asked, disk_roots)
            return target_of("disk", str(_followed(place)))
        return target_of(asked.provider, asked.place)
    except (TargetError, ProviderError) as error:
        raise HTTPException(422, f"{error}.") from error
    except (OSError, RuntimeError) as error:
        raise HTTPException(422, "This path leads nowhere: it is too long, or its links turn in circles.") from error


def _followed(place: Path) -> Path:
    """`place` where its links lead. Raises OSError where they turn in circles, which from Python 3.13 `resolve` does not."""
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        place.stat()
    return place.resolve()


def queue(served: Served, target: Target, by: str, response: Response, priority: int = 0) -> RequestState:
    """The state of a new request for `target`; its place goes into the headers of `response`."""
    with served.write.begin() as connection:
        number = add_request(connection, target.provider, target.uri, by, priority)
    response.headers["Location"] = f"/v1/requests/{number}"
    return _state(served, number)


def _state(served: Served, number: int) -> RequestState:
    with served.write.connect() as connection:
        found = request_state(connection, number)
    if found is None:
        raise HTTPException(404, f"There is no request {number}.")
    return RequestState(**found)
