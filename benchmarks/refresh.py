"""A refresh that finds every source unchanged, over one that finds every source changed; Dagster is not part of it."""

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pyarrow.parquet
from sqlalchemy import Engine

from benchmarks.database import temporary_database
from benchmarks.measure import Figure, in_turn, median_ratio, seconds
from benchmarks.published_files import directory
from budmodel_pipeline.fetching.endpoints import open_leaderboards
from budmodel_pipeline.fetching.mirror import mirror_path, serve_directory
from budmodel_pipeline.services.object_store import ObjectStore, open_directory
from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Endpoint
from budmodel_pipeline.workflows.extraction import Fetch, publish_scores, take_snapshot

ROUNDS = 15
MAX_RATIO = 0.2


def run() -> Iterator[Figure]:
    """Over loopback HTTP with a mirror whose files are changed before every second refresh."""
    files = {endpoint: directory() / mirror_path(endpoint.url) for of in catalog().values() for endpoint in of.endpoints}
    # Publishers lack some supplements.
    endpoints = [endpoint for endpoint, file in files.items() if file.is_file() or not endpoint.supplement]
    with TemporaryDirectory(prefix="budmodel-bench-") as folder, temporary_database() as engine:
        mirror, store = Path(folder) / "mirror", open_directory(Path(folder) / "objects")
        originals = {endpoint: files[endpoint].read_bytes() for endpoint in endpoints}
        for endpoint in endpoints:
            (mirror / mirror_path(endpoint.url)).parent.mkdir(parents=True, exist_ok=True)
        version = count(1)

        def change() -> None:
            number = next(version)
            for endpoint, content in originals.items():
                (mirror / mirror_path(endpoint.url)).write_bytes(_version(endpoint, content, number))

        change()
        with serve_directory(mirror) as address, open_leaderboards(Origin.MIRROR, address) as fetch:

            def refresh(changed: bool) -> Callable[[], float]:
                def take() -> float:
                    if changed:
                        change()
                    return seconds(lambda: _refresh(engine, store, fetch, unchanged=not changed))

                return take

            changed, unchanged = in_turn(ROUNDS, refresh(True), refresh(False))
    detail = f"{median(unchanged):.3f} s / {median(changed):.3f} s"
    yield Figure("unchanged forced refresh / changed refresh", median_ratio(unchanged, changed), MAX_RATIO, detail)


def _refresh(engine: Engine, store: ObjectStore, fetch: Fetch, *, unchanged: bool) -> None:
    for source in catalog().values():
        taken = take_snapshot(source, engine=engine, store=store, fetch=fetch, origin=Origin.MIRROR)
        publish_scores(source, engine=engine, store=store)
        if taken.unchanged is not unchanged:
            raise RuntimeError(f"{source.slug} was to be {'unchanged' if unchanged else 'changed'} and was not")


def _version(endpoint: Endpoint, content: bytes, number: int) -> bytes:
    """Other bytes with the same rows: a change of one row makes no less work than one of all rows."""
    if endpoint.format == "parquet":
        out = BytesIO()
        table = pyarrow.parquet.read_table(BytesIO(content)).replace_schema_metadata({"version": str(number)})
        pyarrow.parquet.write_table(table, out)
        return out.getvalue()
    return content + b"\n" * number
