"""The application: what is read, what is asked for, and the guards before them."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi_swagger import patch_fastapi
from prometheus_client import CollectorRegistry
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from budmodel_pipeline.api.asking import request_routes
from budmodel_pipeline.api.collections_read import collection_routes
from budmodel_pipeline.api.guards import limited, needs_token
from budmodel_pipeline.api.observed import counted, health_routes, metrics_routes
from budmodel_pipeline.api.offered import OFFERS
from budmodel_pipeline.api.problems import DOCUMENTED, answer_problems
from budmodel_pipeline.api.remembered import remembered
from budmodel_pipeline.api.served import Served
from budmodel_pipeline.api.successors import successor_routes

ABOUT = """Public evidence about AI models: what leaderboards say, what a model is, what its license permits, whether its
files are safe. `/v1` lists the collections. Pages are JSON, or CSV with `Accept: text/csv`; each bears an `ETag` that stays
until the tables are built anew. Null is unknown, and never zero. What goes wrong is told as problem details."""

# What the page may load, and whom its script may ask: this server alone. The script is started by a line in the page.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# One line for each collection, and what is opened is opened by whoever reads.
SHOWN = {"defaultModelsExpandDepth": -1, "docExpansion": "none", "filter": True, "validatorUrl": None}


def build_application(served: Served) -> FastAPI:
    """The application over `served`."""
    registry = CollectorRegistry()

    @asynccontextmanager
    async def connected(_: FastAPI) -> AsyncIterator[None]:
        # What was made at the start stays to the end: the collector need not look at it again and again.
        gc.freeze()
        async with served.pages:
            yield

    app = FastAPI(
        title="BudModel",
        version=version("budmodel-pipeline"),
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        responses=DOCUMENTED,
        openapi_tags=_tags(),
        # What clients that are made from the description call a method.
        generate_unique_id_function=lambda route: route.name,
        lifespan=connected,
    )
    _describe(app)
    answer_problems(app)
    writing = needs_token(served.tokens)
    reading = [writing] if served.reads_need_token else []
    app.include_router(health_routes(served.read))
    app.include_router(metrics_routes(served.read, registry), dependencies=reading)
    app.include_router(collection_routes(served.pages), dependencies=reading)
    app.include_router(request_routes(served, writing), dependencies=reading)
    app.include_router(successor_routes(served, writing), dependencies=reading)
    if not served.reads_need_token:
        app.add_middleware(remembered, pool=served.pages)
    if served.web_origins:
        shown = ["ETag", "Link"]
        app.add_middleware(CORSMiddleware, allow_origins=served.web_origins, allow_methods=["GET"], expose_headers=shown)
    app.add_middleware(limited, per_minute=served.per_minute)
    app.add_middleware(counted, registry=registry)
    app.add_middleware(_headed)
    return app


def _describe(app: FastAPI) -> None:
    """The page at /docs. It and its script come from here: it works without a network, and nobody else sees who reads it."""

    @app.get("/docs", include_in_schema=False)
    def page() -> Response:
        # Addresses beside the page's own: a proxy may speak TLS, or serve this below a path.
        shown = get_swagger_ui_html(
            openapi_url="openapi.json",
            title=app.title,
            swagger_js_url="swagger/swagger-ui-bundle.js",
            swagger_css_url="swagger/swagger-ui.css",
            swagger_favicon_url="swagger/favicon-32x32.png",
            swagger_ui_parameters=SHOWN,
        )
        shown.headers["Content-Security-Policy"] = POLICY
        return shown

    @app.get("/", include_in_schema=False)
    def front() -> Response:
        return RedirectResponse("docs")

    # For the script and its style. The library's own page, whose addresses are whole ones, is never asked for.
    patch_fastapi(app, redirect_from_root_to_docs=False)


def _headed(app: ASGIApp) -> ASGIApp:
    """`app`, which answers HEAD as it does GET: the server sends the body of neither."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        asked = {**scope, "method": "GET"} if scope["type"] == "http" and scope["method"] == "HEAD" else scope
        await app(asked, receive, send)

    return answering


def _tags() -> list[dict[str, Any]]:
    """What stands beside each heading of the page, in its order."""
    about = {one.path: one.relation.description.partition(". ")[0].rstrip(".:") for one in OFFERS}
    others = {
        "requests": "models that somebody asks for, and what became of them",
        "BudModel": "the addresses of BudModel, for clients that move here",
        "operations": "whether the service is well",
    }
    every = {"collections": "what there is to read"} | about | others
    return [{"name": name, "description": said} for name, said in every.items()]
