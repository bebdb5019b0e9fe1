"""What `deploy/` ships must load: a Dagster instance with its runs in PostgreSQL and its step logs in the object store."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import make_url

from budmodel_pipeline.services.object_store import open_s3
from tests.checkout import ROOT
from tests.s3_server import S3Server

DEPLOY = ROOT / "deploy"


@dg.op
def speak() -> None:
    print("a step said so")


@dg.job(executor_def=dg.in_process_executor)
def speaking() -> None:
    speak()


def test_step_logs_go_to_the_object_store(
    database: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(database)
    variables = {
        "POSTGRES_HOST": url.host,
        "POSTGRES_PORT": str(url.port),
        "POSTGRES_USER": url.username,
        "POSTGRES_PASSWORD": url.password,
        "DAGSTER_POSTGRES_DB": url.database,
        "MINIO_ENDPOINT": s3_server.endpoint,
        "MINIO_BUCKET": s3_server.bucket,
        "MINIO_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": s3_server.access_key,
        "AWS_SECRET_ACCESS_KEY": s3_server.secret_key,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    shutil.copyfile(DEPLOY / "dagster.yaml", tmp_path / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        result = dg.execute_job(dg.reconstructable(speaking), instance)
        assert result.success
    store = open_s3(s3_server.endpoint, s3_server.bucket, s3_server.access_key, s3_server.secret_key)
    logs = [key for key in store.list("compute-logs") if result.run_id in key and key.endswith(".out")]
    assert any(b"a step said so" in store.get(key) for key in logs), logs
