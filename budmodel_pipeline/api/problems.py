"""What goes wrong, as problem details (RFC 9457) in sentences: what failed, and what to do next."""

import logging
from http import HTTPStatus
from typing import Any

import orjson
import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg import errors
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from budmodel_pipeline.warehouse.built_marts import of_older_build

MEDIA_TYPE = "application/problem+json"
UNREADABLE = "The body cannot be read: it has to be JSON in UTF-8, not compressed, and not nested by the thousand."
LOG = logging.getLogger(__name__)
# In OpenAPI, for every route.
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["title", "status", "detail"],
                    "properties": {
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                    },
                },
                "example": {"title": title, "status": number, "detail": detail},
            }
        },
    }
    for status, description, title, number, detail in (
        ("4XX", "What was asked cannot be answered.", "Unprocessable Content", 422, "query.limit: should be at least 1"),
        ("5XX", "The service cannot answer now.", "Service Unavailable", 503, "The database does not answer; try again."),
    )
}


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The answer to what went wrong."""
    body = orjson.dumps({"title": HTTPStatus(status).phrase, "status": status, "detail": detail})
    return Response(body, status, headers, MEDIA_TYPE)


def answer_problems(app: FastAPI) -> None:
    """Makes every failure of `app` such an answer."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        detail = UNREADABLE if error.status_code == 400 else error.detail
        if detail == HTTPStatus(error.status_code).phrase:
            detail = f"{request.method} {request.url.path!r} is nothing that there is; /docs lists what can be asked."
        return problem(error.status_code, detail, dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def not_understood(request: Request, error: RequestValidationError) -> Response:
        form = request.headers.get("content-type", "none")
        if "json" not in form.lower() and any(one["loc"][0] == "body" for one in error.errors()):
            return problem(415, f"The body has to come as Content-Type: application/json; it came as {form}.")
        return problem(
            422,
            "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors()
            ),
        )

    @app.exception_handler(DBAPIError)
    async def no_answer(request: Request, error: DBAPIError) -> Response:  # noqa: ARG001 - as it is called
        return problem(*_of_database(error.orig or error))

    @app.exception_handler(psycopg.Error)
    async def no_page(request: Request, error: psycopg.Error) -> Response:  # noqa: ARG001 - as it is called
        return problem(*_of_database(error))

    @app.exception_handler(PoolTimeout)
    @app.exception_handler(PoolTimeoutError)
    async def too_busy(request: Request, error: Exception) -> Response:  # noqa: ARG001 - as it is called
        return problem(
            503,
            "The database does not answer, or is asked too much at once; try again in a few seconds.",
            {"Retry-After": "5"},
        )

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> Response:
        LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem(500, "Something unforeseen failed; the log of the server has it.")


def _of_database(error: BaseException) -> tuple[int, str]:
    if (said := of_older_build(error)) is not None:
        return 503, said
    match error:
        case errors.QueryCanceled():
            return 503, "The query took too long; narrow it by a filter, or ask for fewer rows."
        case errors.DataError():
            return 422, "A value is beyond what its column can hold."
    LOG.error("the database failed", exc_info=error)
    return 503, "The database does not answer; try again in a minute."
