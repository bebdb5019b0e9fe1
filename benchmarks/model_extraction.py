"""Per-model work: 1,000 models from a hub in one go against the bare requests, and a sensor's tick over 20,000 models."""

import json
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import cast

import dagster as dg
import httpx2
from sqlalchemy import Engine, text

from benchmarks.database import temporary_database
from benchmarks.hub_process import hub_process
from benchmarks.measure import Figure
from budmodel_pipeline.assets.per_model import MODELS as MODEL_PARTITIONS
from budmodel_pipeline.resources.models import ModelsResource
from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.resources.postgres import PostgresResource
from budmodel_pipeline.resources.scanning import ScanningResource
from budmodel_pipeline.sensors.model_work import discovered_models
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.warehouse.model_states import KnownTarget, add_targets
from budmodel_pipeline.workflows.model_reading import ModelReading, extract_models
from tests.hub_server import hub_server

MODELS, KNOWN, ROUNDS, THREADS = 1_000, 20_000, 3, 8
TARGET_RATIO, TARGET_TICK_SECONDS = 2.0, 10.0

Asked = tuple[str, str | None]


def run() -> Iterator[Figure]:
    """The figures, medians over rounds in turn."""
    with temporary_database() as engine:
        yield _throughput(engine)
        yield _tick(engine)


def _throughput(engine: Engine) -> Figure:
    names = [f"hf:org/model-{number}" for number in range(MODELS)]
    now = datetime.now(UTC)
    with engine.begin() as connection:
        add_targets(connection, [KnownTarget(name, "hugging_face", name[3:], None, "bench") for name in names], now)
    ours: list[float] = []
    bare: list[float] = []
    asked: Sequence[Asked] = ()
    with hub_process(_serve) as (endpoint, control):
        reading = ModelReading(engine, Providers(hub=Hub(endpoint)), "live", threads=THREADS)
        for _ in range(ROUNDS):
            control.send("reset")
            started = perf_counter()
            problems = [outcome.problem for outcome in extract_models(names, reading) if outcome.problem]
            ours.append(perf_counter() - started)
            if problems:
                raise RuntimeError(f"{len(problems)} models could not be read, the first: {problems[0]}")
            control.send("asked")
            asked = cast(Sequence[Asked], control.recv())
            bare.append(_plain_http(endpoint, asked))
    mine, floor = sorted(ours)[ROUNDS // 2], sorted(bare)[ROUNDS // 2]
    detail = (
        f"{MODELS:,} models read, described, stored in {mine:.2f} s, {MODELS / mine:.0f} a second with {THREADS} threads; "
        f"their {len(asked):,} requests alone in {floor:.2f} s with the same client library and as many threads"
    )
    return Figure("reading models / plain HTTP of the same requests", mine / floor, TARGET_RATIO, detail)


def _plain_http(endpoint: str, asked: Sequence[Asked]) -> float:
    with httpx2.Client(follow_redirects=False, limits=httpx2.Limits(max_connections=THREADS)) as client:

        def get(one: Asked) -> int:
            path, part = one
            return len(client.get(endpoint + path, headers={"Range": part} if part else {}).content)

        started = perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(get, asked):
                pass
        return perf_counter() - started


def _tick(engine: Engine) -> Figure:
    """The heaviest tick: everything is known and extracted, some hundreds are new."""
    now = datetime.now(UTC)
    with engine.begin() as connection:
        known = [KnownTarget(f"hf:known/model-{n}", "hugging_face", f"known/model-{n}", None, "bench") for n in range(KNOWN)]
        add_targets(connection, known, now)
        connection.execute(text("update budmodel.extraction_targets set status = 'extracted', extracted_at = now()"))
        connection.execute(text("insert into budmodel.models values ('org/new', 'org/new', now())"))
        connection.execute(
            text("""
                insert into budmodel.model_aliases
                    (source, published_name, hub_repository, model_id, method, confidence, first_seen_at, last_seen_at)
                select 'ugi', 'model ' || n, case when n <= 300 then 'new/model-' || n else 'known/model-' || (n - 301) end,
                       'org/new', 'bench', 1, now(), now()
                from generate_series(1, :names) as n
            """),
            {"names": KNOWN + 300},
        )
    url = engine.url
    postgres = PostgresResource(
        host=url.host or "",
        port=url.port or 0,
        user=url.username or "",
        password=url.password or "",
        database=url.database or "",
    )
    sensor = discovered_models("extract_models")
    # The public catalogs cannot be reached from everywhere; a hub's models are discovered without them.
    models = ModelsResource(origin_name=Origin.MIRROR, mirror_url="http://127.0.0.1:1", hub_endpoint="http://127.0.0.1:1")
    with TemporaryDirectory() as objects, dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(MODEL_PARTITIONS.name), [target.target for target in known])
        with dg.build_sensor_context(
            instance,
            resources={
                "postgres": postgres,
                "models": models,
                "object_storage": ObjectStorageResource(directory=objects),
                "scanning": ScanningResource(),
            },
        ) as context:
            started = perf_counter()
            tick = sensor.evaluate_tick(context)
            seconds = perf_counter() - started
    requested = len(tick.run_requests or [])
    detail = f"{KNOWN:,} models are known, 300 new ones were found and requested in {requested} runs in {seconds:.2f} s"
    return Figure("seconds of a sensor's tick", seconds, TARGET_TICK_SECONDS, detail)


def _serve(control: "Connection[object, object]") -> None:
    header = {"model.embed_tokens.weight": {"dtype": "BF16", "shape": [100, 64], "data_offsets": [0, 12_800]}}
    head = json.dumps(header).encode()
    weights = struct.pack("<Q", len(head)) + head + bytes(12_800)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 100,
        "max_position_embeddings": 512,
    }
    with hub_server() as hub:
        for number in range(MODELS):
            files = {
                "config.json": json.dumps(config).encode(),
                "README.md": f"---\nlicense: mit\n---\n# Model {number}\n{'It answers. ' * 100}".encode(),
                "tokenizer_config.json": b'{"chat_template": "{{ messages }}"}',
                "model.safetensors": weights,
            }
            hub.add(f"org/model-{number}", files, {"pipeline_tag": "text-generation"})
        control.send(hub.endpoint)
        while (word := control.recv()) != "stop":
            if word == "reset":
                hub.reset()
            else:
                control.send([(f"{one.path}?{one.query}" if one.query else one.path, one.range) for one in hub.received])
