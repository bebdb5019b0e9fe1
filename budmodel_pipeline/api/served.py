"""What the application works on, as plain values and live objects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from budmodel_pipeline.api.reading_pool import Pool

if TYPE_CHECKING:
    from budmodel_pipeline.targets.hub import Hub


@dataclass(frozen=True, slots=True)
class Served:
    """`read` sees what analysts see, and `write` is the pipeline's own.

    `origin` is where runs fetch from. `tokens` are SHA-256 hashes in hex of those that may write, and with
    `reads_need_token` of those that may read. `disk_roots` are where requests may name models on disk; `dagster_url` is the
    web server that launches runs. `web_origins` are the pages that a browser lets read answers. `per_minute` are the
    requests that one address may make in a minute, 0 for any number.
    """

    pages: Pool
    read: Engine
    write: Engine
    open_hub: "Callable[[], Hub]"
    origin: str
    tokens: Sequence[str] = ()
    reads_need_token: bool = False
    disk_roots: Sequence[Path] = ()
    dagster_url: str | None = None
    web_origins: Sequence[str] = ()
    per_minute: int = 0
