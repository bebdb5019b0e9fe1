"""The routes of /v1 that read, one or two for each collection that is offered."""

import csv
import json
import re
from decimal import Decimal
from importlib.metadata import version
from io import StringIO
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from budmodel_pipeline.api.offered import OFFERS, Offer
from budmodel_pipeline.api.page_questions import parameters_of, reader_of
from budmodel_pipeline.api.reading_pool import Pool, one_row
from budmodel_pipeline.api.remembered import tags_held
from budmodel_pipeline.api.selecting import item_sql

JSON, CSV = "application/json", "text/csv"
_FORMAT = version("budmodel-pipeline")


def collection_routes(pool: Pool) -> APIRouter:
    """A router over everything that is offered."""
    router = APIRouter(prefix="/v1")

    @router.get("", summary="What there is", tags=["collections"])
    def collections() -> dict[str, list[dict[str, str]]]:
        """The collections, where they are, and what a row of each is."""
        return {"items": [{"path": f"/v1/{one.path}", "about": one.relation.description} for one in OFFERS]}

    for offer in OFFERS:
        _add_collection(router, pool, offer)
        if offer.key is not None:
            _add_item(router, pool, offer)
    return router


def form_wanted(accept: str) -> str:
    """CSV where the client names it and likes JSON no better; else JSON, also for whoever names neither."""
    likes = {}
    for one in accept.split(","):
        form, *parameters = (word.strip().lower() for word in one.split(";"))
        quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
        likes[form] = float(quality) if re.fullmatch(r"[01](?:\.\d{0,3})?", quality) else 0.0
    return CSV if likes.get(CSV, 0.0) > 0 and likes[CSV] >= likes.get(JSON, 0.0) else JSON


def _add_collection(router: APIRouter, pool: Pool, offer: Offer) -> None:
    understood = reader_of(offer)

    async def read(request: Request) -> Response:
        question = understood(request.scope["query_string"])
        wanted = form_wanted(request.headers.get("accept", ""))
        build, page = await one_row(pool, question.sql, {**question.values, "held": _held(request, wanted)})
        if question.build is not None and question.build != build:
            raise HTTPException(409, "The table was rebuilt since the page before; begin again with the first one.")
        if page is None:
            return Response(status_code=304, headers=_headers(build, wanted))
        if wanted == JSON:
            return Response(page, headers=_headers(build, JSON), media_type=JSON)
        return await run_in_threadpool(_as_csv, page, question.columns, _headers(build, CSV))

    page = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": _row_schema(offer, is_part=True)},
            "next": {"type": ["string", "null"], "description": "The next page; null on the last one."},
        },
    }
    example = {"items": [offer.example], "next": f"/v1/{offer.path}?offset=100"}
    router.add_api_route(
        f"/{offer.path}",
        read,
        summary=f"All {offer.path.replace('_', ' ')}",
        description=f"{offer.relation.description} Read from `{offer.relation.name}`.",
        tags=[offer.path],
        operation_id=f"list_{offer.path}",
        openapi_extra={"parameters": parameters_of(offer)},
        responses={
            200: {
                "description": "A page.",
                "headers": {"ETag": {"schema": {"type": "string"}, "description": "The build of the table."}},
                "content": {JSON: {"schema": page, "example": example}, CSV: {"schema": {"type": "string"}}},
            },
            304: {"description": "The table is still of the build that If-None-Match names."},
        },
        response_class=Response,
    )


def _add_item(router: APIRouter, pool: Pool, offer: Offer) -> None:
    async def read(request: Request, value: str) -> Response:
        if "\0" in value:
            raise _missing(offer, value)
        held = _held(request, JSON)
        sql, values = item_sql(offer, value, held)
        build, row = await one_row(pool, sql.encode(), values)
        if row is None and build in held:
            return Response(status_code=304, headers=_headers(build, JSON))
        if row is None:
            raise _missing(offer, value)
        return Response(row, headers=_headers(build, JSON), media_type=JSON)

    said, real = f"Its {offer.key}; what it holds of / stays as it is.", offer.example[offer.key or ""]
    read.__annotations__["value"] = Annotated[str, Path(alias=offer.key, description=said, examples=[real])]
    router.add_api_route(
        f"/{offer.path}/{{{offer.key}:path}}",
        read,
        summary=f"One of them, by its {offer.key}",
        description=f"{offer.relation.description} With {' and '.join(offer.parts) or 'nothing else'}.",
        tags=[offer.path],
        operation_id=f"get_{offer.path}",
        responses={
            200: {"description": "The row.", "content": {JSON: {"schema": _row_schema(offer), "example": offer.example}}},
            304: {"description": "The tables are still of the build that If-None-Match names."},
        },
        response_class=Response,
    )


def _row_schema(offer: Offer, *, is_part: bool = False) -> dict[str, Any]:
    properties = {name: column.schema for name, column in offer.columns.items()}
    if not is_part:
        properties |= {part: {"type": "object", "description": f"A page of {part}."} for part in offer.parts}
    return {"type": "object", "properties": properties}


def _headers(build: str | None, wanted: str) -> dict[str, str]:
    tag = {"ETag": f'"{build}{_mark(wanted)}"'} if build else {}
    return {**tag, "Cache-Control": "no-cache", "Vary": "Accept"}


def _mark(wanted: str) -> str:
    return f"/{_FORMAT}/{wanted.rpartition('/')[2]}"


def _held(request: Request, wanted: str) -> list[str]:
    """The builds that the client holds in this form."""
    tags = [tag.strip('"') for tag in tags_held(request.headers)]
    return [tag.removesuffix(_mark(wanted)) for tag in tags if tag.endswith(_mark(wanted))]


def _as_csv(page: bytes, columns: list[str], headers: dict[str, str]) -> Response:
    found = json.loads(page, parse_float=Decimal)
    out = StringIO()
    lines = csv.writer(out)
    lines.writerow(columns)
    lines.writerows([_cell(row[name]) for name in columns] for row in found["items"])
    if found["next"]:
        headers["Link"] = f'<{found["next"]}>; rel="next"'
    return Response(out.getvalue(), headers=headers, media_type=CSV)


def _cell(value: object) -> object:
    """Numbers as they are written, to the last digit; lists and objects as JSON."""
    is_plain = value is None or isinstance(value, str | Decimal)
    return value if is_plain else json.dumps(value, ensure_ascii=False, default=float)


def _missing(offer: Offer, value: str) -> HTTPException:
    return HTTPException(404, f"There is none of the {offer.path} whose {offer.key} is {value!r}.")
