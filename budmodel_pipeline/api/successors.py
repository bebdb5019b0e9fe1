"""BudModel's eleven endpoints at their old addresses, answered from the tables; `docs/migration.md` tells what differs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Body, Query, Response
from pydantic import AfterValidator, BaseModel, Field
from starlette.exceptions import HTTPException

from budmodel_pipeline.api import old_leaderboards as leaderboards
from budmodel_pipeline.api.asking import ASKED_BY, queue, wanted
from budmodel_pipeline.api.columns import Text
from budmodel_pipeline.api.launching import launch_extraction
from budmodel_pipeline.api.served import Served
from budmodel_pipeline.model_info.repository import RepositoryError
from budmodel_pipeline.ranking.choice import counted
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.targets.license_report import license_json
from budmodel_pipeline.targets.license_search import LicenseTargetError, license_of, license_of_tag
from budmodel_pipeline.targets.provider import ProviderError
from budmodel_pipeline.targets.target import TargetError, parse_target
from budmodel_pipeline.warehouse.publish import register_sources
from budmodel_pipeline.warehouse.requests import withdraw_requests
from budmodel_pipeline.warehouse.states import SourceState, source_states
from budmodel_pipeline.workflows.cadence import by_default, due_sources, nothing_due

Uris = Annotated[list[Text], Query(max_length=100, description="Models: org/name of the hub, a model_id, or a name.")]
Answer = dict[str, Any]


def _not_sent(value: str | None) -> None:
    if value:
        raise ValueError("is a setting of the pipeline and never sent; leave it out (HF_TOKEN opens gated models)")


NotSent = Annotated[str | None, AfterValidator(_not_sent)]


class ModelExtraction(BaseModel):
    """What /model-info/extract was sent. Tokens are settings of the pipeline, and never sent."""

    model_uri: Annotated[Text, Field(examples=["microsoft/phi-4"])]
    provider_type: Literal["cloud_model", "hugging_face", "url", "disk"]
    model_name: Text | None = None
    hf_token: NotSent = None


class CloudModelExtraction(BaseModel):
    """What /model-info/cloud-model/extract was sent. Which catalogs are read is not for those who ask to say."""

    model_uri: Annotated[Text, Field(examples=["openai/gpt-4o-2024-08-06"])]
    external_service_url: NotSent = None


class SecurityScan(BaseModel):
    """What /model-info/scan was sent: a model of the hub as hf:org/name, or an absolute path below BUDMODEL_DISK_ROOTS."""

    model_path: Annotated[Text, Field(examples=["hf:microsoft/phi-4"])]


class LicenseFaq(BaseModel):
    """What /model-info/license-faq was sent: a URL, a path below BUDMODEL_DISK_ROOTS, hf:org/name, or a license's name."""

    license_source: Annotated[Text, Field(examples=["apache-2.0"])]


def successor_routes(served: Served, writing: Any) -> APIRouter:
    """The eleven endpoints. `writing` is the dependency of who may ask for work."""
    router = APIRouter()
    _read_leaderboards(router, served)
    _extract_leaderboards(router, served, writing)
    _work_on_models(router, served, writing)
    return router


def _read_leaderboards(router: APIRouter, served: Served) -> None:
    def answer(kind: str, message: str, **told: Any) -> Response:
        body = {"object": f"leaderboard.{kind}", "code": 200, "message": message, **told}
        return Response(orjson.dumps(body), media_type="application/json")

    documented: Mapping[str, Any] = {"tags": ["BudModel"], "response_model": Answer}

    @router.get("/leaderboard/models/compare", summary="Scores of models side by side", **documented)
    def compare(
        model_uris: Uris = [],  # noqa: B006 - FastAPI copies it
        benchmark_fields: Annotated[list[Text], Query(max_length=100, description="Benchmarks or metrics.")] = [],  # noqa: B006
        k: Annotated[int, Query(ge=1, le=1_000, description="Models at most.")] = 5,
    ) -> Response:
        with served.read.connect() as connection:
            found, unknown = leaderboards.known(connection, model_uris)
            asked, unknown_fields = leaderboards.metrics(connection, benchmark_fields)
            rows = leaderboards.scores(connection, found[:k], asked if benchmark_fields else None)
        listed = [{"model_info": {"uri": row.uri, "model_id": row.model_id}, "benchmarks": row.benchmarks} for row in rows]
        unknown += unknown_fields
        return answer("model-compare", _said(rows, unknown), leaderboards=listed, unknown=unknown)

    @router.get("/leaderboard/models-uris", summary="Scores of models", **documented)
    def models_uris(model_uris: Uris = []) -> Response:  # noqa: B006
        with served.read.connect() as connection:
            found, unknown = leaderboards.known(connection, model_uris)
            rows = leaderboards.scores(connection, found)
        listed = [{"uri": row.uri, "model_id": row.model_id, "benchmarks": row.benchmarks} for row in rows]
        return answer("model-uris", _said(rows, unknown), leaderboards=listed, unknown=unknown)

    @router.get("/leaderboard/model-params", summary="A model and the best of its size", **documented)
    def model_params(
        model_uri: Annotated[Text, Query(description="org/name of the hub, a model_id, or a name.")],
        k: Annotated[int, Query(ge=1, le=100, description="Models at most, this one included.")] = 5,
    ) -> Response:
        with served.read.connect() as connection:
            found, unknown = leaderboards.known(connection, [model_uri])
            rows = leaderboards.of_one_size(connection, found[0], k) if found else []
        listed = [
            {
                "model_info": {"uri": row.uri, "model_id": row.model_id, "num_params": row.parameters},
                "benchmarks": row.benchmarks,
                "average_percentile": row.percentile,
            }
            for row in rows
        ]
        size = " Its size is unknown, so nothing is compared with it." if rows and rows[0].parameters is None else ""
        return answer("model-params", f"{_said(rows, unknown)}{size}", leaderboards=listed, unknown=unknown)


def _extract_leaderboards(router: APIRouter, served: Served, writing: Any) -> None:
    documented: Mapping[str, Any] = {"tags": ["BudModel"], "status_code": 202, "dependencies": [writing]}

    def launched(sources: Sequence[str]) -> Answer:
        run_id = launch_extraction(served.dagster_url, sources, ASKED_BY)
        message = f"Run {run_id} extracts {len(sources)} sources; /leaderboard/extraction-cron/health tells their state."
        return {"object": "info", "code": 202, "message": message, "run_id": run_id, "sources": sources}

    def states() -> list[SourceState]:
        with served.write.begin() as connection:
            register_sources(connection, catalog())
            return by_default(source_states(connection, catalog()))

    nothing: dict[int | str, dict[str, Any]] = {200: {"description": "No source is due."}}

    @router.post("/leaderboard/extraction-cron", summary="Extract what is due", responses=nothing, **documented)
    def extract_due(response: Response) -> Answer:
        known, now = states(), datetime.now(UTC)
        due = due_sources(known, now, served.origin)
        if due:
            return launched(due)
        response.status_code = 200
        return {"object": "info", "code": 200, "message": nothing_due(known, now), "run_id": None, "sources": []}

    @router.post("/leaderboard/extraction-cron/trigger", summary="Extract every source, due or not", **documented)
    def extract_all() -> Answer:
        return launched([state.source for state in states()])

    @router.get("/leaderboard/extraction-cron/health", summary="Whether extraction keeps up", tags=["BudModel"])
    def health() -> Answer:
        with served.read.connect() as connection:
            rows = [dict(row) for row in connection.execute(leaderboards.HEALTH).mappings()]
        latest = max((row["last_extracted_at"] for row in rows if row["last_extracted_at"]), default=None)
        is_stale = any(row["age_days"] is not None and row["age_days"] > leaderboards.STALE_DAYS for row in rows)
        return {
            "status": leaderboards.health([row["status"] for row in rows], is_stale=is_stale),
            "is_stale": is_stale,
            "schedule": "each source every 7 days, looked at daily",
            "last_extraction_time": latest,
            "sources": rows,
        }


def _work_on_models(router: APIRouter, served: Served, writing: Any) -> None:
    documented: Mapping[str, Any] = {"tags": ["BudModel"], "dependencies": [writing]}

    def queued(kind: str, word: str, provider: str | None, response: Response) -> Answer:
        state = queue(served, wanted(word, served.disk_roots, provider), ASKED_BY, response)
        message = f"Request {state.request_id} is queued; /v1/requests/{state.request_id} tells what became of it."
        return {"object": kind, "code": 202, "message": message, "request_id": state.request_id, "status": state.status}

    @router.post("/model-info/extract", summary="Read a model", status_code=202, **documented)
    def extract(asked: Annotated[ModelExtraction, Body()], response: Response) -> Answer:
        return queued("model_extraction", asked.model_uri, asked.provider_type, response)

    @router.post("/model-info/cloud-model/extract", summary="Read a closed model", status_code=202, **documented)
    def extract_closed(asked: Annotated[CloudModelExtraction, Body()], response: Response) -> Answer:
        return queued("cloud_model_extraction", asked.model_uri, "cloud_model", response)

    @router.post("/model-info/scan", summary="Scan a model", status_code=202, **documented)
    def scan(asked: Annotated[SecurityScan, Body()], response: Response) -> Answer:
        return queued("security_scan", asked.model_path, None, response)

    @router.post("/model-info/license-faq", summary="What a license permits", **documented)
    def license_faq(asked: Annotated[LicenseFaq, Body()]) -> Answer:
        word = asked.license_source
        try:
            if parse_target(word).provider != "disk":
                found = license_of(word, served.open_hub)
            elif word.startswith("/"):
                found = license_of(wanted(word, served.disk_roots).uri, served.open_hub)
            else:
                # What is no path from the root is a name: no file of the folder that the server works in.
                found = license_of_tag(word)
        except (LicenseTargetError, ProviderError, RepositoryError, TargetError) as error:
            raise HTTPException(422, f"{error}.") from error
        return {"object": "license_faqs_fetch", "code": 200, "license_details": license_json(found)}

    @router.delete("/model-info/local-models", summary="Withdraw the requests for a model on disk", **documented)
    def withdraw(path: Annotated[Text, Query(description="An absolute path below BUDMODEL_DISK_ROOTS.")]) -> Answer:
        target = wanted(path, served.disk_roots, "disk")
        with served.write.begin() as connection:
            ended = withdraw_requests(connection, target.provider, target.uri, "withdrawn", datetime.now(UTC))
        message = f"{len(ended)} requests were withdrawn. Files were not touched: nothing here ever deletes them."
        return {"object": "info", "code": 200, "message": message, "request_ids": ended}


def _said(rows: Sequence[Any], unknown: Sequence[str]) -> str:
    missing = f"; unknown: {', '.join(unknown)}" if unknown else ""
    return f"{counted(len(rows), 'model')}{missing}."
