"""`budmodel run`: the first run, the ones after it, and what keeps it from running."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from budmodel_pipeline.services import embedded_postgres
from budmodel_pipeline.sources.catalog import catalog
from tests.cli import Installation, Run, fails_clearly

SOURCES = list(catalog())


def summary(out: str) -> dict[str, str]:
    """The rest of the line that a summary has for each source."""
    lines = re.findall(r"^(\w+) +(\d.*)$", out[out.index("\nsource ") :], re.MULTILINE)
    return {name: rest for name, rest in lines if name in catalog()}


def marts_as_built(at: Installation) -> list[tuple[object, ...]]:
    """Tells the marts of one build from those of another: dbt makes each table anew."""
    return at.query("select relname, oid from pg_class where relnamespace = 'marts'::regnamespace order by 1")


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Installation]:
    """An installation without any database."""
    at = Installation(tmp_path)
    yield at
    embedded_postgres.stop(at.home / "postgres")


def test_the_first_run_publishes_every_source(samples_run: Run) -> None:
    at = samples_run.at
    assert (samples_run.first.code, samples_run.first.err) == (0, "")
    published = at.query("""
        select source, origin, status, rows_read = rows_kept + rows_rejected, last_error
        from budmodel.sources left join budmodel.snapshots using (source) order by 1
    """)
    assert published == [(source, "sample", "published", True, None) for source in SOURCES]
    per_source = at.query(
        "select source, count(*) > 0 from budmodel.metrics join budmodel.scores using (metric_id) group by 1"
    )
    assert sorted(per_source) == [(source, True) for source in SOURCES]
    assert at.query("select count(*) from marts.leaderboard") == at.query("select count(*) from budmodel.scores")
    empty = [table for table in at.tables() if table.startswith("marts.") and not at.query(f"select from {table} limit 1")]
    # The samples hold nothing that is not safe, and a first run has nothing to compare with.
    assert empty == ["marts.leaderboard_changes", "marts.security_findings"]


def test_the_first_run_shows_what_it_did(samples_run: Run) -> None:
    at, out = samples_run.at, samples_run.first.out
    assert out.startswith(f"Extracting {len(SOURCES)} of {len(SOURCES)} leaderboards from the bundled samples\n")
    figures = at.query("""
        select source, rows_read, rows_rejected,
               (select count(*) from budmodel.scores where snapshot_id = current_snapshot_id), count(distinct model_id)
        from budmodel.sources join budmodel.snapshots using (source) join marts.leaderboard using (source)
        group by source, rows_read, rows_rejected, current_snapshot_id
    """)
    shown = {source: re.split("  +", rest) for source, rest in summary(out).items()}
    assert {source: (cells[:5], cells[6]) for source, cells in shown.items()} == {
        source: ([f"{number:,}" for number in numbers] + ["first snapshot"], "sample") for source, *numbers in figures
    }
    ((top, score),) = at.query(
        "select published_name, score from marts.leaderboard where metric_id = 'lmarena_text.rating_overall' and rank = 1"
    )
    assert re.search(
        rf"^The top of lmarena_text.rating_overall, in elo, .*\n.*\n +1  {re.escape(top)} +{float(score):.6g} ",
        out,
        re.MULTILINE,
    )
    # What is special about this pipeline: a license known by its text, weights, variants, and a contradiction.
    for line in (
        r"^budmodel-samples/tiny-llama +13,408 .* 27,936 +apache-2.0 by text +MOST +safe",
        r"^budmodel-samples/tiny-llama-gguf +tiny-llama-Q4_0.gguf +gguf +Q4_0 +8,992 ",
        r"^hf:budmodel-samples/tiny-llama-tuned +The tag says mit, the text is apache-2.0\.",
    ):
        assert re.search(line, out, re.MULTILINE), line
    assert "\nNext: " in out
    assert "\nThe ranking as a page: home/report.html (" in out
    assert (at.home / "report.html").read_bytes().startswith(b"<!doctype html>")
    for command in (
        "make ui",
        "budmodel leaderboard METRIC",
        "budmodel compare MODEL",
        "budmodel models",
        "budmodel psql",
        "budmodel run --origin live",
    ):
        assert command in out


def test_a_run_with_nothing_due_says_when_it_is_and_stays_light(samples_run: Run) -> None:
    at = samples_run.at
    finished = at.run("run", PYTHONPROFILEIMPORTTIME="1")
    ((due,),) = at.query("select min(last_extracted_at) from budmodel.sources")
    due += timedelta(days=7)
    assert finished.code == 0
    assert f"No source is due; the next is {SOURCES[0]} on {due:%Y-%m-%d at %H:%M} UTC." in finished.out
    assert "budmodel run --force" in finished.out
    imported = set(re.findall(r"\| +(\w+)[\w.]*$", finished.err, re.MULTILINE))
    assert "sqlalchemy" in imported
    assert not imported & {"dagster", "dagster_dbt", "pandas", "matplotlib", "pyarrow"}


def test_a_forced_run_finds_everything_unchanged_and_keeps_others_out(samples_run: Run) -> None:
    at = samples_run.at
    before = marts_as_built(at)
    snapshots = at.rows("budmodel.snapshots", without=frozenset({"last_seen_at"}))
    with at.started("run", "--force") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Extracting ")
        message = fails_clearly(at.run("run"))
        out, err = process.communicate()
    assert "Another `budmodel run` is at work on this database" in message
    assert (process.returncode, err) == (0, "")
    assert [source for source, rest in summary(out).items() if "  unchanged  " in rest] == SOURCES
    assert marts_as_built(at) == before
    assert at.rows("budmodel.snapshots", without=frozenset({"last_seen_at"})) == snapshots
    seen_again = at.query("""
        select bool_and(last_extracted_at = last_seen_at and last_seen_at > fetched_at)
        from budmodel.sources join budmodel.snapshots using (source)
    """)
    assert seen_again == [(True,)]


def test_without_a_database_server_the_command_brings_its_own(embedded: Installation) -> None:
    finished = embedded.run("run", "--source", "alpacaeval")
    assert (finished.code, finished.err) == (0, "")
    assert list(summary(finished.out)) == ["alpacaeval"]
    states = {row["source"]: row["status"] for row in embedded.json("sources")}
    assert states == {source: "ok" if source == "alpacaeval" else "never extracted" for source in SOURCES}
    with psycopg.connect(embedded.run("connect").out.strip()) as connection:
        read = connection.execute("select distinct source, origin from marts.leaderboard").fetchall()
    assert read == [("alpacaeval", "sample")]


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "message"),
    [
        (["run", "--source", "nope"], {}, 2, f"There is no source 'nope'. Known: {', '.join(catalog())}."),
        (["replay", "livecodebnch"], {}, 2, "There is no source 'livecodebnch'. Do you mean one of: livecodebench, "),
        (["run", "--origin", "mirror"], {}, 1, "BUDMODEL_MIRROR_URL does not say where the mirror is"),
        (["sources"], {"POSTGRES_PORT": "five"}, 1, "POSTGRES_PORT: Input should be a valid integer"),
        (["sources"], {"POSTGRES_PORT": "1"}, 1, "The database does not answer: "),
        (["sources"], {"POSTGRES_PASSWORD": "wrong-secret"}, 1, "password authentication failed"),
        (["replay", "bfcl"], {"MINIO_ENDPOINT": "nowhere"}, 1, "must begin with http:// or https://; found 'nowhere'"),
    ],
)
def test_what_keeps_a_command_from_working_is_said_in_a_sentence(
    samples_run: Run, arguments: list[str], variables: dict[str, str], code: int, message: str
) -> None:
    finished = samples_run.at.run(*arguments, **variables)
    assert finished.code == code
    assert message in finished.err
    assert "Traceback" not in finished.err
    for secret in ("wrong-secret", samples_run.at.server.password if samples_run.at.server else ""):
        assert secret not in finished.out + finished.err
