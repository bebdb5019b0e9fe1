"""Alerts over a webhook on loopback that is down, slow, failing and then well: a fault is told once, the address never."""

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest
from sqlalchemy import text

from budmodel_pipeline.definitions import EXTRACTION_JOB, MARTS_JOB, build_definitions
from budmodel_pipeline.resources import alerting
from budmodel_pipeline.resources.alerting import AlertingResource
from budmodel_pipeline.sensors.alerts import _stale, alerts
from budmodel_pipeline.services.webhook import WebhookError, post_message
from budmodel_pipeline.settings import Settings
from budmodel_pipeline.warehouse.built_marts import documented
from budmodel_pipeline.workflows.fault_messages import read_told
from tests.dagster.conftest import VICTIM, Deployment
from tests.dagster.test_sensor import add_run
from tests.hostile_server import Reply

SECRET = "T0KEN-of-the-webhook"
MARTS = dg.AssetKey(["marts", "leaderboard"])


class Webhook(ThreadingHTTPServer):
    """Takes messages. It answers with `status`, or, when it is `stalled`, not at all."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[str] = []
        self.status, self.headers = 200, dict[str, str]()
        self.stalled, self.over = False, threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/services/{SECRET}"


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.stalled:
            self.server.over.wait()
            return
        if self.server.status == 200:
            self.server.taken.append(body["text"])
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the library
        pass


@contextmanager
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


class Ticks:
    """The sensor tick by tick, as a daemon would run it; `said` is what the UI shows of them all."""

    def __init__(self, deployment: Deployment, instance: dg.DagsterInstance, url: str) -> None:
        self.deployment, self.instance, self.url = deployment, instance, url
        self.cursor: str | None = None
        self.said: list[str] = []

    def tick(self) -> str:
        sensor = alerts(EXTRACTION_JOB, {MARTS_JOB: {}}, {"the marts": [MARTS]}, running=True)
        resources = {"postgres": self.deployment.postgres(), "alerting": AlertingResource(webhook=self.url)}
        with dg.build_sensor_context(self.instance, cursor=self.cursor, resources=resources) as context:
            told = sensor.evaluate_tick(context)
        self.cursor = told.cursor
        self.said.append(told.skip_message or "")
        return self.said[-1]

    def later(self) -> None:
        """The time of the next attempt has come."""
        stored = json.loads(self.cursor or "{}")
        stored.pop("not_before", None)
        self.cursor = json.dumps(stored)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def break_victim(deployment: Deployment) -> None:
    deployment.serves(VICTIM, Reply(404))
    assert not deployment.run([VICTIM]).success


def test_a_fault_is_told_once_whatever_the_webhook_does(
    deployment: Deployment,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(alerting, "SECONDS", 0.5)
    break_victim(deployment)
    # The run in which it failed is the same fault.
    add_run(instance, EXTRACTION_JOB, dg.DagsterRunStatus.FAILURE)
    with webhook() as server:
        ticks = Ticks(deployment, instance, f"http://127.0.0.1:1/services/{SECRET}")
        assert "Connection refused" in ticks.tick()
        # Not tried at each tick: the pause has begun.
        assert "it is tried again at" in ticks.tick()
        ticks.url, server.stalled = server.url, True
        ticks.later()
        assert "expected an answer within 0.5 s" in ticks.tick()
        server.stalled, server.status, server.headers = False, 503, {"Retry-After": "1200"}
        ticks.later()
        assert "503 Service Unavailable" in ticks.tick()
        told = read_told(ticks.cursor)
        assert (told.tries, told.faults) == (3, {})
        assert told.not_before is not None
        assert told.not_before - datetime.now(UTC) > timedelta(minutes=15)
        server.status = 200
        ticks.later()
        assert ticks.tick() == "1 faults, of which people were told."
        for _ in range(3):
            assert ticks.tick() == "1 faults, and nothing new."
        (said,) = server.taken
        assert said.startswith(f"BudModel Pipeline: this is wrong:\n• leaderboard {VICTIM} fails: ")
        assert "404 Not Found" in said
        add_run(instance, EXTRACTION_JOB, dg.DagsterRunStatus.SUCCESS)
        with deployment.engine.begin() as connection:
            connection.execute(text("update budmodel.sources set last_error = null"))
        ticks.tick()
        assert server.taken[1].startswith(f"Well again:\n• leaderboard {VICTIM} fails: ")
        ticks.tick()
        assert len(server.taken) == 2
    assert SECRET not in "".join(ticks.said) + caplog.text + str(ticks.cursor)


def test_a_failed_job_is_one_fault_until_it_succeeds(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    with webhook() as server:
        ticks = Ticks(deployment, instance, server.url)
        ticks.tick()
        assert server.taken == []
        failed = add_run(instance, MARTS_JOB, dg.DagsterRunStatus.FAILURE)
        ticks.tick()
        # It is tried again by the sensor of the marts, and fails again.
        add_run(instance, MARTS_JOB, dg.DagsterRunStatus.FAILURE)
        ticks.tick()
        # Dagster itself will try again: nobody is told before that has failed too.
        add_run(instance, EXTRACTION_JOB, dg.DagsterRunStatus.FAILURE, {"dagster/will_retry": "true"})
        ticks.tick()
        assert server.taken == [
            f"BudModel Pipeline: this is wrong:\n• job {MARTS_JOB} failed: the log of run {failed} says why"
        ]
        add_run(instance, MARTS_JOB, dg.DagsterRunStatus.SUCCESS)
        ticks.tick()
        assert server.taken[1].startswith("Well again:")


def test_what_is_too_old_is_told(
    deployment: Deployment, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(MARTS))
    with webhook() as server:
        ticks = Ticks(deployment, instance, server.url)
        ticks.tick()
        monkeypatch.setattr("budmodel_pipeline.sensors.alerts.stale_after", lambda _: timedelta(0))
        ticks.tick()
        ticks.tick()
        assert server.taken == [
            f"BudModel Pipeline: this is wrong:\n• the marts: made on {datetime.now(UTC):%Y-%m-%d} and not since"
        ]


def test_the_oldest_of_several_tells_how_old_they_are() -> None:
    now = datetime(2026, 3, 30, tzinfo=UTC)
    old, new, never = (dg.AssetKey(name) for name in ("old", "new", "never"))
    made = {old: now - timedelta(days=20), new: now - timedelta(days=1)}

    class Instance:
        """What Dagster remembers of the assets."""

        def get_asset_records(self, keys: Sequence[dg.AssetKey]) -> list[Any]:
            events = {key: SimpleNamespace(timestamp=made[key].timestamp()) for key in keys if key in made}
            entries = (SimpleNamespace(asset_key=key, last_materialization_record=event) for key, event in events.items())
            return [SimpleNamespace(asset_entry=entry) for entry in entries]

    def stale(*keys: dg.AssetKey) -> list[str]:
        return [fault.text for fault in _stale(cast("dg.DagsterInstance", Instance()), {"the marts": keys}, {}, now)]

    assert stale(new, old, never) == stale(old) == ["the marts: made on 2026-03-10 and not since"]
    assert stale(new, never) == stale(never) == []


def test_a_redirect_is_no_delivery() -> None:
    with webhook() as server:
        server.status = 302
        with pytest.raises(WebhookError, match="302 Found"):
            post_message(server.url, "hello", 5)


@pytest.mark.parametrize(
    ("state", "heard"),
    [
        ("", "• bfcl: 2 new, 1 rescored"),
        ("delete from marts.leaderboard_changes", "• No leaderboard published anything new."),
        # Built by another version of the code, and not anew since.
        ("alter table marts.leaderboard_changes rename seen_at to older", "• Not known. The tables are of an older version"),
    ],
)
def test_once_a_week_people_hear_what_changed(
    deployment: Deployment, instance: dg.DagsterInstance, state: str, heard: str
) -> None:
    columns = documented()["marts.leaderboard_changes"]["columns"]
    with deployment.engine.begin() as connection:
        connection.execute(
            text(f"""
                create schema marts;
                create table marts.leaderboard_changes ({", ".join(f"{one['name']} {one['data_type']}" for one in columns)});
                insert into marts.leaderboard_changes (source, kind, seen_at)
                select source, kind, now() - interval '1 day' * age
                from (values ('bfcl', 'new', 1), ('bfcl', 'new', 6), ('bfcl', 'rescored', 2), ('ugi', 'new', 8)) as found
                    (source, kind, age);
                {state}
            """)
        )
    with webhook() as server:
        ticks = Ticks(deployment, instance, server.url)
        ticks.tick()
        assert server.taken == []
        stored = json.loads(ticks.cursor or "")
        ticks.cursor = json.dumps({**stored, "week": (datetime.now(UTC) - timedelta(days=7)).isoformat()})
        ticks.tick()
        ticks.tick()
    [taken] = server.taken
    assert taken.startswith(f"The week's changes:\n{heard}")


def test_it_is_off_unless_it_is_configured(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    assert Ticks(deployment, instance, "").tick() == "Nobody is told: BUDMODEL_ALERT_WEBHOOK is not set."
    off = build_definitions(Settings()).resolve_sensor_def("alerts")
    on = build_definitions(Settings(budmodel_alert_webhook=f"https://hooks.example/{SECRET}"))  # type: ignore[arg-type]
    assert off.default_status is dg.DefaultSensorStatus.STOPPED
    assert on.resolve_sensor_def("alerts").default_status is dg.DefaultSensorStatus.RUNNING
    assert SECRET not in repr(on)
