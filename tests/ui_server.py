"""The Dagster UI of an installation, as `make ui` starts it."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli import Installation


@contextmanager
def running_ui(at: Installation, **variables: str) -> Iterator[str]:
    """The address of the UI while it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with at.started("ui", "--port", str(port), **variables) as process:
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "Serving dagster-webserver" in line:
                break
        else:
            pytest.fail("".join(seen))
        # Somebody has to read on, or the servers stop when the pipes are full.
        reader = threading.Thread(target=process.communicate)
        reader.start()
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGINT)
        reader.join()
