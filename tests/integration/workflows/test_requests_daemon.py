"""A person inserts a row by SQL; the real daemon picks it up, a real run reads the model, and the outcome comes back."""

import json
import signal
import socket
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from tests.cli import Install
from tests.hub_server import HubServer, hub_server

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}
# Longer than starting Dagster, two ticks of the sensor and a run take on a busy machine; pytest's own limit comes later.
PATIENCE = 240
TELL = """
create function tell() returns trigger language plpgsql as
    $$ begin perform pg_notify('requests', new.uri || ' ' || new.status); return new; end $$;
create trigger tell after update of status on budmodel.extraction_requests for each row execute function tell();
listen requests;
"""


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        server.add("org/small", {"config.json": json.dumps(CONFIG).encode(), "README.md": b"# Small\n"})
        yield server


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def ask(connection: psycopg.Connection[DictRow], provider: str, uri: str) -> None:
    connection.execute(
        "insert into budmodel.extraction_requests (provider, uri, requested_by) values (%s, %s, 'ann')", (provider, uri)
    )


def told(connection: psycopg.Connection[DictRow], wanted: set[str]) -> list[str]:
    """What the database tells about requests until everything `wanted` was told."""
    heard: list[str] = []
    for notice in connection.notifies(timeout=PATIENCE):
        heard.append(notice.payload)
        if wanted <= set(heard):
            break
    return heard


def test_a_row_is_picked_up_and_its_outcome_comes_back(install: Install, hub: HubServer) -> None:
    installation = install()
    variables = {"HF_ENDPOINT": hub.endpoint, "BUDMODEL_ORIGIN": "live"}
    assert installation.run("migrate", **variables).code == 0
    server = installation.server
    assert server is not None
    with (
        psycopg.connect(
            server.url(installation.database).replace("postgresql+psycopg", "postgresql"),
            autocommit=True,
            row_factory=dict_row,
        ) as connection,
        installation.started("ui", "--port", str(free_port()), **variables) as process,
    ):
        # Somebody has to read on, or the servers stop when the pipes are full.
        reader = threading.Thread(target=process.communicate)
        reader.start()
        try:
            connection.execute(TELL)
            ask(connection, "hugging_face", "org/small")
            ask(connection, "hugging_face", "org/gone")
            ask(connection, "hugging_face", "not a name")
            wanted = {"org/small running", "org/small succeeded", "org/gone failed", "not a name failed"}
            assert wanted <= set(told(connection, wanted))
            rows: dict[str, Any] = {
                row["uri"]: row for row in connection.execute("select * from budmodel.extraction_requests").fetchall()
            }
            small, gone, unclear = rows["org/small"], rows["org/gone"], rows["not a name"]
            assert small["target"] == "hf:org/small"
            assert (small["error"], small["attempts"]) == (None, 1)
            assert small["finished_at"] is not None
            assert uuid.UUID(small["run_id"])
            assert gone["error"].startswith("org/gone: no such repository, or a private one")
            assert unclear["error"].endswith("Insert a corrected row.")
            info = connection.execute("select facts from budmodel.model_info where target = 'hf:org/small'").fetchone()
            assert info is not None
            assert info["facts"]["num_layers"]["value"] == 2
        finally:
            process.send_signal(signal.SIGINT)
            reader.join()
