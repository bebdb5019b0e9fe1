"""The marts of the database that `filled_database` fills, built once for all who ask questions of them."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql
from sqlalchemy import Engine, create_engine, text

from budmodel_pipeline.services.embedded_postgres import Server, ensure_database
from tests.integration.warehouse.filled_database import ZONE, fill

PROJECT = Path(__file__).parents[3] / "dbt_leaderboard"
MARTS = {
    "benchmarks",
    "data_terms",
    "gaps",
    "identity_review",
    "leaderboard",
    "leaderboard_changes",
    "leaderboard_history",
    "license_conflicts",
    "license_faq",
    "licenses",
    "model_cards",
    "model_choice",
    "model_comparison",
    "model_groups",
    "model_health",
    "model_lineage",
    "model_prices",
    "model_ranking",
    "model_variants",
    "ranking_benchmarks",
    "ranking_evidence",
    "security_findings",
    "self_reported_evaluations",
    "self_reported_gap",
    "source_health",
}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Built:
    """A database after one dbt build, and the folder that dbt wrote to."""

    engine: Engine
    target: Path
    output: str

    def rows(self, query: str, **values: object) -> list[Row]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]

    def row(self, query: str, **values: object) -> Row:
        [row] = self.rows(query, **values)
        return row


@contextmanager
def building(postgres_server: Server, target: Path) -> Iterator[Built]:
    """Four sources in their different states after one dbt build, whose files come into `target`."""
    name = f"marts_{uuid.uuid4().hex}"
    ensure_database(postgres_server, name)
    engine = create_engine(postgres_server.url(name), connect_args={"options": f"-c timezone={ZONE}"})
    fill(engine)
    variables = {
        "POSTGRES_HOST": postgres_server.host,
        "POSTGRES_PORT": str(postgres_server.port),
        "POSTGRES_USER": postgres_server.user,
        "POSTGRES_PASSWORD": postgres_server.password,
        "POSTGRES_DB": name,
        "PGTZ": ZONE,
    }
    read_from = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    write_to = ["--target-path", str(target), "--log-path", str(target)]
    output = ""
    for command in (["build"], ["compile", "--select", "path:analyses", "--vars", "{model: alpha}"]):
        finished = subprocess.run(
            [str(Path(sys.executable).with_name("dbt")), *command, *read_from, *write_to],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert finished.returncode == 0, finished.stdout
        output += finished.stdout
    yield Built(engine, target, output)
    engine.dispose()
    with postgres_server.connect() as administration:
        administration.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
