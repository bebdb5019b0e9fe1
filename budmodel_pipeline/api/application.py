"""The application: what is read, what is asked for, and the guards before them."""

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_swagger import patch_fastapi
from prometheus_client import CollectorRegistry

from budmodel_pipeline.api.asking import request_routes
from budmodel_pipeline.api.collections_read import collection_routes
from budmodel_pipeline.api.guards import limited, needs_token
from budmodel_pipeline.api.observed import counted, health_routes, metrics_routes
from budmodel_pipeline.api.problems import DOCUMENTED, answer_problems
from budmodel_pipeline.api.served import Served
from budmodel_pipeline.api.successors import successor_routes

ABOUT = """Public evidence about AI models: what leaderboards say, what a model is, what its license permits, whether its
files are safe. `/v1` lists the collections. Pages are JSON, or CSV with `Accept: text/csv`; each bears an `ETag` that stays
until the tables are built anew. Null is unknown, and never zero. What goes wrong is told as problem details."""


def build_application(served: Served) -> FastAPI:
    """The application over `served`."""
    registry = CollectorRegistry()
    app = FastAPI(
        title="BudModel",
        version=version("budmodel-pipeline"),
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        responses=DOCUMENTED,
    )
    # The page and its script come from here: it works without a network, and nobody else sees who reads it.
    patch_fastapi(app, swagger_ui_parameters={"defaultModelsExpandDepth": -1, "validatorUrl": None})
    answer_problems(app)
    writing = needs_token(served.tokens)
    reading = [writing] if served.reads_need_token else []
    app.include_router(health_routes(served.read))
    app.include_router(metrics_routes(served.read, registry), dependencies=reading)
    app.include_router(collection_routes(served.read), dependencies=reading)
    app.include_router(request_routes(served, writing), dependencies=reading)
    app.include_router(successor_routes(served, writing), dependencies=reading)
    if served.web_origins:
        shown = ["ETag", "Link"]
        app.add_middleware(CORSMiddleware, allow_origins=served.web_origins, allow_methods=["GET"], expose_headers=shown)
    app.add_middleware(limited, per_minute=served.per_minute)
    app.add_middleware(counted, registry=registry)
    return app
