"""The HTTP API as a deployment runs it: `budmodel serve` in a process of its own, on a free port."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
import requests

from tests.cli import Installation

TOKEN = "a token for tests"
WRITER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True, slots=True)
class Api:
    """A running server over the tables of `at`."""

    at: Installation
    address: str

    def get(self, path: str, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.get(self.address + path, headers=named, timeout=60)

    def send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = WRITER) -> requests.Response:
        return requests.request(method, self.address + path, json=body, headers=headers, timeout=60)


@contextmanager
def running_api(at: Installation, **variables: str) -> Iterator[Api]:
    """The server, with its token and these variables; without a limit on how often it is asked, unless one is given."""
    own = {"BUDMODEL_API_TOKENS": sha256(TOKEN.encode()).hexdigest(), "BUDMODEL_API_REQUESTS_PER_MINUTE": "0"}
    with at.started("serve", "--port", "0", **(own | variables)) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"running on (http://\S+)", line):
                break
        else:
            pytest.fail("".join(said))
        # Somebody has to read on, or the server stops when the pipe is full.
        reader = threading.Thread(target=process.communicate)
        reader.start()
        yield Api(at, found[1])
        process.terminate()
        reader.join()
