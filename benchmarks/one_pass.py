"""What a model costs from its first read to its row in every table, and what it costs again when nothing changed.

The hub is in a process of its own, so that its work is not counted; that of Postgres is, and said apart. A model has what a
usual repository of a language model has: card, license, configs, a tokenizer of 7 MB and four shards of 5 GB.
"""

import json
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import cast

from sqlalchemy import Engine, text

from benchmarks.database import temporary_database
from benchmarks.hub_process import hub_process
from benchmarks.measure import Figure
from budmodel_pipeline.resources.models import SAMPLE_HUB
from budmodel_pipeline.services.object_store import open_directory
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.warehouse.model_states import KnownTarget, add_targets
from budmodel_pipeline.workflows.file_copies import FileCopying, copy_models
from budmodel_pipeline.workflows.model_licensing import license_models
from budmodel_pipeline.workflows.model_reading import ModelReading, extract_models, one_batch
from budmodel_pipeline.workflows.model_scanning import Scanning, scan_models
from tests.hub_server import HubServer, Sparse, hub_server

MODELS, SHARDS, LAYERS, THREADS = 20, 4, 8, 8
LICENSE = (SAMPLE_HUB / "budmodel-samples" / "tiny-llama" / "LICENSE").read_bytes()
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
MOST_CPU_SECONDS, MOST_MEGABYTES = 1.0, 1.0


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of the clock, of CPU by us and by Postgres, and what was asked of the hub."""

    seconds: float
    ours: float
    database: float
    requests: int
    bytes_read: int

    def told(self) -> str:
        """Per model."""
        return (
            f"{1e3 * self.ours / MODELS:,.0f} ms of CPU and {1e3 * self.database / MODELS:,.0f} ms of Postgres, "
            f"{self.requests / MODELS:.1f} requests and {self.bytes_read / MODELS:,.0f} bytes a model; "
            f"{MODELS / self.seconds:.1f} models a second with {THREADS} threads"
        )


def run() -> Iterator[Figure]:
    """Two passes over the same models, and a look whether they moved."""
    names = [f"hf:org/model-{number}" for number in range(MODELS)]
    with temporary_database() as engine, TemporaryDirectory() as folder, hub_process(_serve) as (endpoint, control):
        with engine.begin() as connection:
            known = [KnownTarget(name, "hugging_face", name[3:], None, "bench") for name in names]
            add_targets(connection, known, datetime.now(UTC))
        hub = Hub(endpoint)
        reading = ModelReading(engine, Providers(hub=hub), "live", threads=THREADS)
        for what in ("first read", "read again, unchanged,"):
            with _spent(engine, control) as spent:
                _pass(names, reading, Path(folder))
            (cost,) = spent
            yield Figure(f"CPU seconds of a model that is {what}", (cost.ours + cost.database) / MODELS, MOST_CPU_SECONDS)
            yield Figure(
                f"megabytes of it from the hub, {what}", cost.bytes_read / MODELS / 1e6, MOST_MEGABYTES, cost.told()
            )
        with _spent(engine, control) as spent:
            for name in names:
                hub.current_revision(name[3:])
        (cost,) = spent
        yield Figure("CPU seconds to ask whether a model moved", cost.ours / MODELS, MOST_CPU_SECONDS, cost.told())


def _pass(names: Sequence[str], reading: ModelReading, folder: Path) -> None:
    store = open_directory(folder / "objects")
    copying = FileCopying(store, folder / "work")
    with one_batch(reading) as batch:
        problems = [
            *(outcome.problem for outcome in extract_models(names, batch) if outcome.problem),
            *(outcome.problem for outcome in license_models(names, batch, store) if outcome.problem),
            *(outcome.problem for outcome in scan_models(names, batch, Scanning()) if outcome.problem),
            *(outcome.problem for outcome in copy_models(names, batch, copying) if outcome.problem),
        ]
    if problems:
        raise RuntimeError(f"{len(problems)} steps failed, the first: {problems[0]}")


@contextmanager
def _spent(engine: Engine, control: "Connection[object, object]") -> Iterator[list[Spent]]:
    control.send("reset")
    found: list[Spent] = []
    times, database, started = os.times(), _of_postgres(engine), perf_counter()
    yield found
    after, seconds = os.times(), perf_counter() - started
    ours = sum(after[:4]) - sum(times[:4])
    control.send("asked")
    requests, sent = cast(tuple[int, int], control.recv())
    found.append(Spent(seconds, ours, _of_postgres(engine) - database, requests, sent))


def _of_postgres(engine: Engine) -> float:
    """CPU seconds of the server: of what runs, and of what its first process has seen end."""
    with engine.connect() as connection:
        backend: int = connection.execute(text("select pg_backend_pid()")).scalar_one()
        # All of its processes work in the folder of its data.
        folder = Path(f"/proc/{backend}/cwd").resolve()
    ticks, first = 0, int((folder / "postmaster.pid").read_text().split()[0])
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").samefile(folder):
                spent = (process / "stat").read_text().rpartition(")")[2].split()[11:15]
                ticks += sum(map(int, spent if int(process.name) == first else spent[:2]))
    return ticks / TICKS_A_SECOND


def usual_model(hub: HubServer, name: str, number: int) -> None:
    """Puts a model onto the hub that differs from those of other numbers."""
    hub.add(name, _files(number), {"pipeline_tag": "text-generation", "library_name": "transformers"})


def _serve(control: "Connection[object, object]") -> None:
    with hub_server() as hub:
        for number in range(MODELS):
            usual_model(hub, f"org/model-{number}", number)
        control.send(hub.endpoint)
        while (word := control.recv()) != "stop":
            if word == "reset":
                hub.reset()
            else:
                control.send((len(hub.received), hub.bytes_sent))


def _files(number: int) -> dict[str, bytes | Sparse]:
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": SHARDS * LAYERS,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128_256,
        "max_position_embeddings": 8192,
    }
    shards = {f"model-0000{shard + 1}-of-0000{SHARDS}.safetensors": _shard(number, shard) for shard in range(SHARDS)}
    index = {name: shard for shard in shards for name in _tensors(int(shard[9]) - 1)}
    return {
        "config.json": json.dumps(config).encode(),
        "README.md": f"---\nlicense: apache-2.0\n---\n# Model {number}\n{'It answers questions. ' * 400}".encode(),
        "LICENSE": LICENSE,
        "generation_config.json": b'{"eos_token_id": 2}',
        "tokenizer_config.json": json.dumps({"chat_template": "{{ messages }}" * 200}).encode(),
        "tokenizer.json": json.dumps({"version": str(number), "model": {"vocab": ["token"] * 780_000}}).encode(),
        "model.safetensors.index.json": json.dumps({"weight_map": index}).encode(),
        **shards,
    }


def _tensors(shard: int) -> list[str]:
    attention = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj")
    parts = (*attention, "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
    return [f"model.layers.{shard * LAYERS + layer}.{part}.weight" for layer in range(LAYERS) for part in parts]


def _shard(number: int, shard: int) -> Sparse:
    header: dict[str, object] = {"__metadata__": {"format": "pt", "of": str(number)}}
    end = 0
    for name in _tensors(shard):
        header[name] = {"dtype": "BF16", "shape": [4096, 4096], "data_offsets": [end, end := end + 2 * 4096 * 4096]}
    head = json.dumps(header).encode()
    return Sparse(struct.pack("<Q", len(head)) + head, 8 + len(head) + end)


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.what}: {figure.value:,.3f} ({figure.detail})", flush=True)
