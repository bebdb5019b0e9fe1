"""Whether the service answers, and what it and the sources are doing: /healthz and /metrics."""

from collections.abc import Iterable
from time import perf_counter

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from sqlalchemy import Engine, text
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from budmodel_pipeline.warehouse.built_marts import older_build

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Sources(Collector):
    """The state of every source, asked of the tables whenever somebody looks."""

    def __init__(self, database: Engine) -> None:
        self._database = database

    def collect(self) -> Iterable[GaugeMetricFamily]:
        age = GaugeMetricFamily("budmodel_source_age_days", "Days since the last successful extraction.", labels=["source"])
        status = GaugeMetricFamily(
            "budmodel_source_status", "1 for the status that the source has.", labels=["source", "status"]
        )
        with self._database.connect() as connection:
            for row in connection.execute(text("select source, status, age_days from marts.source_health")):
                status.add_metric([row.source, row.status], 1)
                if row.age_days is not None:
                    age.add_metric([row.source], float(row.age_days))
        return [age, status]


def health_routes(database: Engine) -> APIRouter:
    """Whether the service answers."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", summary="Whether the service and its database answer")
    def healthz() -> dict[str, str]:
        """Whether there are marts is said, and is no failure of the service."""
        with database.connect() as connection:
            built: bool = connection.execute(text("select to_regclass('marts.leaderboard') is not null")).scalar_one()
            older = older_build(connection)
        return {"status": "ok", "marts": older or ("built" if built else "not built yet")}

    return router


def metrics_routes(database: Engine, registry: CollectorRegistry) -> APIRouter:
    """What is counted, for Prometheus."""
    router = APIRouter(tags=["operations"])

    @router.get("/metrics", summary="Counters for Prometheus", response_class=Response)
    def metrics() -> Response:
        """Requests and their seconds by route, and the state of every source."""
        sources = CollectorRegistry()
        sources.register(Sources(database))
        return Response(generate_latest(registry) + generate_latest(sources), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router


def counted(app: ASGIApp, registry: CollectorRegistry) -> ASGIApp:
    """`app`, of which each request is counted by method, route and status."""
    requests = Counter("budmodel_api_requests", "Requests.", ["method", "route", "status"], registry=registry)
    seconds = Histogram("budmodel_api_request_seconds", "Seconds to answer.", ["route"], registry=registry, buckets=_BUCKETS)

    async def timed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await app(scope, receive, noted)
        finally:
            route = _route(scope)
            # Whoever makes up methods does not make up counters.
            method = scope["method"] if route != "none" else "any"
            requests.labels(method, route, status).inc()
            seconds.labels(route).observe(perf_counter() - began)

    return timed


def _route(scope: Scope) -> str:
    """As it is declared: values in a path are no labels."""
    return str(getattr(scope.get("route"), "path", "none"))
