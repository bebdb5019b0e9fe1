"""Marts that an older version left behind: whatever reads them says so in a sentence, and the next run builds them anew."""

from collections.abc import Iterator

import pytest

from budmodel_pipeline.api.offered import OFFERS
from tests.api_server import Api, running_api
from tests.cli import Install, Installation, Run, fails_clearly

METRIC = "lmarena_text.rating_overall"
READING = (
    ("leaderboard", METRIC),
    ("metrics",),
    ("metrics", "--domain", "coding"),
    ("compare", "phi-4", "gemini-3-pro"),
    ("models",),
    ("models", "--domain", "coding"),
    ("model", "phi-4"),
    ("ranking",),
    ("ranking", "--model", "phi-4"),
    ("choose",),
    ("gaps",),
    ("changes",),
    ("report", "--no-open"),
    ("export", "exported"),
)
ROUTES = (
    *(f"/v1/{offer.path}" for offer in OFFERS),
    *(f"/v1/{offer.path}/{offer.example[offer.key]}" for offer in OFFERS if offer.key),
    "/metrics",
    "/leaderboard/models/compare?model_uris=microsoft/phi-4&benchmark_fields=gpqa",
    "/leaderboard/models-uris?model_uris=microsoft/phi-4",
    "/leaderboard/model-params?model_uri=microsoft/phi-4",
    "/leaderboard/extraction-cron/health",
)
# The first is shown; how many more there are differs.
SENTENCE = "The tables are of an older version, or not built to the end ("
ADVICE = "; `budmodel run --rebuild-marts` builds them anew."


# What makes the marts of this version those of an older one: no column has the name that is asked for, or no mart has.
OLDER = {
    "columns": """
        select format('alter table %s rename %I to %I', attrelid::regclass, attname, 'older_' || attnum)
        from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace in ('marts'::regnamespace, 'staging'::regnamespace) and relkind in ('r', 'v') and attnum > 0
    """,
    "marts": """
        select format('alter table %s rename to %I', oid::regclass, 'older_' || relname) from pg_class
        where relnamespace in ('marts'::regnamespace, 'staging'::regnamespace) and relkind in ('r', 'v')
    """,
}


def left_behind(at: Installation, what: str) -> Installation:
    assert at.server is not None
    with at.server.connect(at.database) as connection:
        for (statement,) in connection.execute(OLDER[what].encode()).fetchall():
            connection.execute(statement)
        # Of marts that nothing builds any more.
        connection.execute("create table marts.named_otherwise_since (score numeric)")
    return at


@pytest.fixture(scope="module", params=list(OLDER))
def older(request: pytest.FixtureRequest, samples_run: Run, install: Install) -> Installation:
    """An installation whose marts an older version left behind."""
    return left_behind(install(of=samples_run.at), request.param)


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_command_says_so_and_what_to_do(older: Installation, arguments: tuple[str, ...]) -> None:
    said = fails_clearly(older.run(*arguments))
    assert said.startswith(f"Error: {SENTENCE}no ")
    assert said.rstrip().endswith(ADVICE)
    assert not list(older.folder.glob("*exported*"))


@pytest.fixture(scope="module")
def api(older: Installation) -> Iterator[Api]:
    with running_api(older) as running:
        yield running


@pytest.mark.parametrize("path", ROUTES)
def test_a_route_says_so_and_what_to_do(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()["title"]) == (503, "Service Unavailable")
    assert answer.json()["detail"].startswith(SENTENCE)
    assert answer.json()["detail"].endswith(ADVICE)


def test_health_is_that_of_the_service_and_tells_of_the_marts(api: Api) -> None:
    answer = api.get("/healthz").json()
    assert answer["status"] == "ok"
    assert answer["marts"].startswith(SENTENCE)


def test_the_next_run_builds_them_anew_though_no_source_is_due(samples_run: Run, install: Install) -> None:
    at = left_behind(install(of=samples_run.at), "columns")
    finished = at.run("run")
    assert (finished.code, finished.err) == (0, "")
    assert "No source is due; models are read where they are, and the marts rebuilt" in finished.out
    assert at.json("choose", "--limit", "1")["suitable"]
    assert "marts rebuilt" not in at.run("run").out, "once is enough"
