"""Models read from a real hub protocol into a real database: what is kept, and what each kind of trouble leaves behind."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from budmodel_pipeline.identity.hub_links import hub_repository
from budmodel_pipeline.model_info.catalogs import CatalogRecord
from budmodel_pipeline.services.llm import Llm
from budmodel_pipeline.services.object_store import open_directory
from budmodel_pipeline.targets.closed_models import catalogued_models
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.hub_requests import HubPolicy
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.warehouse.batches import claim, claim_due
from budmodel_pipeline.warehouse.model_states import add_targets
from budmodel_pipeline.workflows.file_copies import FileCopying, copy_models
from budmodel_pipeline.workflows.model_discovery import discover, known_target
from budmodel_pipeline.workflows.model_loop import Outcome
from budmodel_pipeline.workflows.model_reading import ModelReading, Read, extract_models
from tests.hub_server import Failure, HubServer
from tests.llm_server import llm_server

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
}
CARD = b"---\nlicense: mit\nbase_model: org/base\n---\n# Small\nSmall answers questions about ships in English.\n"
FILES = {"config.json": json.dumps(CONFIG).encode(), "README.md": CARD}
CLOSED = CatalogRecord("models.dev", "https://models.dev/api.json", "openai", "gpt-4.1", {"context_length": 1_000_000})


def reading(engine: Engine, hub: HubServer, llm: Llm | None = None, roots: tuple[Path, ...] = ()) -> ModelReading:
    policy = HubPolicy(attempts=2, backoff=0.0, read_timeout=2.0)
    client = Hub(hub.endpoint, policy=policy, sleep=lambda _: None)
    providers = Providers(hub=client, disk_roots=roots, catalogs=lambda: catalogued_models([CLOSED]))
    return ModelReading(engine, providers, "live", llm, threads=4)


def extract(how: ModelReading, *words: str) -> dict[str, Outcome[Read]]:
    """The outcomes for targets that somebody asked for."""
    now = datetime.now(UTC)
    with how.engine.begin() as connection:
        add_targets(connection, [known_target(parse_target(word), "tests") for word in words], now)
        for word in words:
            claim(connection, "asked for", parse_target(word).key, now)
    return {outcome.target: outcome for outcome in extract_models([parse_target(word).key for word in words], how)}


def read_at(outcome: Outcome[Read]) -> str | None:
    return outcome.result.revision if outcome.result else None


def copied(how: ModelReading, copying: FileCopying, name: str) -> dict[str, str]:
    """What became of the files of a model."""
    (outcome,) = copy_models([name], how, copying)
    assert outcome.result is not None, outcome.problem
    return {file.path: file.outcome for file in outcome.result}


def row(engine: Engine, query: str, **values: object) -> Mapping[str, Any]:
    with engine.connect() as connection:
        return dict(connection.execute(text(query), values).mappings().one())


def target(engine: Engine, name: str) -> Mapping[str, Any]:
    return row(engine, "select * from budmodel.extraction_targets where target = :name", name=name)


def test_a_model_of_the_hub_is_stored_with_its_evidence(engine: Engine, hub: HubServer) -> None:
    sha = hub.add("org/small", FILES, {"pipeline_tag": "text-generation", "downloads": 12})
    outcomes = extract(reading(engine, hub), "hf:org/small")
    assert outcomes["hf:org/small"].problem is None
    assert read_at(outcomes["hf:org/small"]) == sha
    stored = row(engine, "select * from budmodel.model_info")
    assert stored["facts"]["num_layers"] == {
        "value": 2,
        "method": "stated in config.json",
        "evidence": stored["facts"]["num_layers"]["evidence"],
        "reason": None,
    }
    assert stored["facts"]["downloads"]["value"] == 12
    assert stored["facts"]["weight_bytes"]["value"] is None
    assert stored["facts"]["weight_bytes"]["reason"]
    assert [parent["base_model"] for parent in stored["base_models"]] == ["org/base"]
    state = target(engine, "hf:org/small")
    assert (state["status"], state["revision"], state["attempts"], state["last_error"]) == ("extracted", sha, 0, None)


def test_each_trouble_is_that_models_alone(engine: Engine, hub: HubServer, tmp_path: Path) -> None:
    for name in ("good", "moved", "busy", "broken", "odd"):
        hub.add(f"org/{name}", FILES)
    hub.add("org/secret", FILES, access="private")
    hub.add("org/locked", FILES, access="gated")
    hub.rename("org/moved", "org/elsewhere")
    hub.fail("/api/models/org/busy", Failure(429, {"Retry-After": "7200"}))
    hub.fail("/api/models/org/broken", Failure(503))
    hub.commit("org/odd", {"config.json": b"[" * 100_000, "README.md": b"---\n: : :\n---\n"})
    outcomes = extract(
        reading(engine, hub, roots=(tmp_path,)),
        *(f"hf:org/{name}" for name in ("good", "moved", "busy", "broken", "odd", "secret", "locked", "gone")),
        "/etc",
        "http://127.0.0.1:1/model.safetensors",
        "cloud:openai/gpt-4.1",
        "cloud:openai/gpt-0",
    )
    states = {name: outcome.failure and outcome.failure.state for name, outcome in outcomes.items()}
    assert states == {
        "hf:org/good": None,
        "hf:org/moved": None,
        "hf:org/busy": "rate_limited",
        "hf:org/broken": "unavailable",
        "hf:org/odd": None,
        "hf:org/secret": "not_found",
        "hf:org/locked": None,
        "hf:org/gone": "not_found",
        "/etc": "forbidden",
        "http://127.0.0.1:1/model.safetensors": states["http://127.0.0.1:1/model.safetensors"],
        "cloud:openai/gpt-4.1": None,
        "cloud:openai/gpt-0": "not_found",
    }
    assert states["http://127.0.0.1:1/model.safetensors"] is not None
    assert not any(outcome.failure.defect for outcome in outcomes.values() if outcome.failure)
    assert row(engine, "select name from budmodel.model_info where target = 'hf:org/moved'")["name"] == "org/elsewhere"
    odd = row(engine, "select facts, problems from budmodel.model_info where target = 'hf:org/odd'")
    assert odd["facts"]["num_layers"]["value"] is None
    assert odd["facts"]["num_layers"]["reason"]
    assert odd["problems"]
    # What passes is tried again, as late as the server asks; what does not is not.
    busy, gone = target(engine, "hf:org/busy"), target(engine, "hf:org/gone")
    assert busy["status"] == "waiting"
    assert (busy["next_attempt_at"] - datetime.now(UTC)).total_seconds() > 7_000
    assert (gone["status"], gone["next_attempt_at"]) == ("failed", None)
    closed = row(engine, "select facts from budmodel.model_info where target = 'cloud:openai/gpt-4.1'")["facts"]
    assert closed["context_length"]["value"] == 1_000_000
    assert closed["context_length"]["method"] == "stated by models.dev"


def test_a_failure_keeps_what_was_read_before_and_a_success_forgets_the_failure(engine: Engine, hub: HubServer) -> None:
    hub.add("org/small", FILES)
    how = reading(engine, hub)
    extract(how, "hf:org/small")
    hub.fail("/api/models/org/small", Failure(503, times=2))
    failed = extract(how, "hf:org/small")["hf:org/small"]
    assert failed.problem is not None
    assert "Kept: what was read at" in failed.problem
    assert target(engine, "hf:org/small")["attempts"] == 1
    assert row(engine, "select count(*) as kept from budmodel.model_info")["kept"] == 1
    assert extract(how, "hf:org/small")["hf:org/small"].problem is None
    assert target(engine, "hf:org/small")["last_error"] is None


def test_a_new_commit_is_a_new_row_beside_the_old(engine: Engine, hub: HubServer) -> None:
    first = hub.add("org/small", FILES)
    how = reading(engine, hub)
    extract(how, "hf:org/small")
    second = hub.commit("org/small", {**FILES, "config.json": json.dumps({**CONFIG, "num_hidden_layers": 3}).encode()})
    extract(how, "hf:org/small")
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "select revision, facts -> 'num_layers' ->> 'value' as layers from budmodel.model_info order by extracted_at"
            )
        ).all()
    assert [tuple(one) for one in found] == [(first, "2"), (second, "3")]


def test_prose_is_asked_for_once_per_card(engine: Engine, hub: HubServer) -> None:
    hub.add("org/small", FILES)
    quote = "Small answers questions about ships in English"
    claim = {"text": "It answers questions about ships.", "quote": quote}
    with llm_server() as server:
        server.answer = lambda _: {"description": claim, "use_cases": [claim], "strengths": [], "limitations": []}
        how = reading(engine, hub, Llm(server.base_url, "key", "model"))
        extract(how, "hf:org/small")
        prose = row(engine, "select prose from budmodel.model_info")["prose"]
        assert prose["prose"]["description"]["quote"] == quote
        assert (prose["state"], prose["input_tokens"]) == ("written", 1000)
        hub.commit("org/small", {**FILES, "note.txt": b"nothing to do with the card"})
        extract(how, "hf:org/small")
        assert len(server.requests) == 1
        hub.commit("org/small", {**FILES, "README.md": CARD + b"It also knows boats.\n"})
        extract(how, "hf:org/small")
        assert len(server.requests) == 2
    # The key has run out: what was written when it had not is kept.
    extract(reading(engine, hub), "hf:org/small")
    newest = "select prose ->> 'state' as state from budmodel.model_info order by extracted_at desc limit 1"
    assert row(engine, newest)["state"] == "written"


def test_a_language_model_that_is_down_costs_only_the_prose(engine: Engine, hub: HubServer) -> None:
    hub.add("org/small", FILES)
    how = reading(engine, hub, Llm("http://127.0.0.1:1/v1", "key", "model", timeout=2))
    assert extract(how, "hf:org/small")["hf:org/small"].problem is None
    assert row(engine, "select prose ->> 'state' as state from budmodel.model_info")["state"] == "unavailable"


def test_files_are_listed_copied_and_shared(engine: Engine, hub: HubServer, tmp_path: Path) -> None:
    for name in ("one", "two"):
        hub.add(f"org/{name}", {**FILES, "model.safetensors": b"same weights"})
    how, store = reading(engine, hub), open_directory(tmp_path / "objects")
    extract(how, "hf:org/one", "hf:org/two")
    assert {*copied(how, FileCopying(store, tmp_path / "work", "none"), "hf:org/one").values()} == {"left_out"}
    everything = FileCopying(store, tmp_path / "work", "all")
    assert {*copied(how, everything, "hf:org/one").values()} == {"stored"}
    assert copied(how, everything, "hf:org/two")["model.safetensors"] == "present"
    keys = row(engine, "select count(distinct object_key) as keys, count(*) as files from budmodel.model_files")
    assert (keys["keys"], keys["files"]) == (3, 6)


def test_files_of_a_model_that_was_not_read_are_not_copied(engine: Engine, hub: HubServer, tmp_path: Path) -> None:
    copying = FileCopying(open_directory(tmp_path / "objects"), tmp_path / "work", "all")
    (outcome,) = copy_models(["hf:org/unknown"], reading(engine, hub), copying)
    assert outcome.problem == "nothing was extracted of it yet; extract it first: budmodel request hf:org/unknown"


def test_discovery_finds_each_linked_model_once(engine: Engine) -> None:
    links = {
        "Qwen3 8B": "https://huggingface.co/Qwen/Qwen3-8B",
        "Qwen3 8B (thinking)": "https://huggingface.co/qwen/qwen3-8b/tree/main",
        "A space": "https://huggingface.co/spaces/org/app",
        "A page": "https://example.org/x/y",
        "GPT-4.1": None,
        "Nobody": None,
    }
    ids = {"GPT-4.1": "openai/gpt-4.1", "Nobody": "unknown/nobody"}
    with engine.begin() as connection:
        connection.execute(
            text("""insert into budmodel.sources (source, title, publisher, homepage, cadence_days)
                    values ('board', 'Board', 'Testers', 'https://board.example', 7)""")
        )
        for name, link in links.items():
            values = {"name": name, "repository": hub_repository(link), "id": ids.get(name, "qwen/qwen3-8b")}
            connection.execute(
                text("insert into budmodel.models values (:id, :id, now()) on conflict do nothing"), {"id": values["id"]}
            )
            connection.execute(
                text("""insert into budmodel.model_aliases (source, published_name, hub_repository, model_id, method,
                        confidence, first_seen_at, last_seen_at)
                        values ('board', :name, :repository, :id, 'test', 1, now(), now())"""),
                values,
            )
        now = datetime.now(UTC)
        found = discover(connection, ["openai/gpt-4.1", "qwen/qwen3-8b"], "live", now)
        assert [name.lower() for name in found] == ["hf:qwen/qwen3-8b", "cloud:openai/gpt-4.1"]
        assert discover(connection, ["openai/gpt-4.1", "qwen/qwen3-8b"], "live", now) == []
        assert claim_due(connection, "batch", now, now, 10) == sorted(found)


def test_of_a_hub_that_holds_few_models_all_are_added_once(engine: Engine) -> None:
    now = datetime.now(UTC)
    with engine.begin() as connection:
        few = ["org/one", "org/two"]
        assert discover(connection, (), "sample", now, only=few) == ["hf:org/one", "hf:org/two"]
        assert discover(connection, (), "sample", now, only=few) == []
        # A mirror without a hub has none, and of the whole hub only what is linked to is read.
        assert discover(connection, (), "mirror", now, only=()) == []
        assert discover(connection, (), "live", now) == []
    assert target(engine, "hf:org/one")["discovered_by"] == "sample"
