"""What keeps a deployment running: looking at it, stopping it, saving it and putting it back."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from budmodel_pipeline.services import embedded_postgres
from tests.cli import Install, Installation, Run, fails_clearly

REQUEST = "insert into budmodel.extraction_requests (provider, uri, requested_by) values ('url', 'x', 'ann')"


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Installation]:
    """An installation that brings its own server."""
    made = Installation(tmp_path / "first")
    made.folder.mkdir()
    yield made
    embedded_postgres.stop(made.home / "postgres")


def writing(at: Installation) -> psycopg.Connection:
    return psycopg.connect(at.run("connect", "--write").out.strip(), autocommit=True)


def told(at: Installation, **variables: str) -> tuple[int, dict[str, tuple[str, str, str]]]:
    """The exit status of `budmodel doctor`, and state, finding and fix of each thing."""
    finished = at.run("doctor", "--json", **variables)
    assert finished.err == ""
    return finished.code, {row["what"]: (row["state"], row["found"], row["fix"]) for row in json.loads(finished.out)}


def test_a_server_is_stopped_and_comes_back(embedded: Installation) -> None:
    url = embedded.run("connect").out.strip()
    for _ in range(2):
        finished = embedded.run("stop")
        assert (finished.code, finished.err) == (0, "")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
    assert embedded.run("connect").out.strip() == url


def test_a_server_of_somebody_else_is_not_stopped(samples_run: Run) -> None:
    assert "that server is not ours to stop" in fails_clearly(samples_run.at.run("stop"))


def test_the_doctor_finds_a_new_deployment_in_want_of_a_schema_and_then_well(embedded: Installation) -> None:
    code, found = told(embedded)
    assert (code, found["schema"][0], found["schema"][2]) == (1, "problem", "run `budmodel migrate`")
    assert embedded.run("sources").code == 0
    code, found = told(embedded)
    assert (code, {what for what, (state, *_) in found.items() if state == "problem"}) == (0, set())
    assert found["database user"][:2] == ("ok", "budmodel_pipeline, no superuser")
    assert found["reader"][0] == "ok"
    assert "of this machine alone" in found["database"][1]
    assert found["clamav"][0] == "warning"
    assert list((embedded.home / "objects").rglob("sha256/*/*")) == []


def test_the_doctor_says_what_is_wrong_and_what_to_do(samples_run: Run, tmp_path: Path) -> None:
    code, found = told(
        samples_run.at,
        POSTGRES_PORT="1",
        MINIO_ENDPOINT="http://127.0.0.1:1",
        BUDMODEL_CLAMD="127.0.0.1:1",
        DAGSTER_HOME=str(tmp_path),
        BUDMODEL_LLM_MODEL="a-model",
        CELERY_BROKER="redis://:secret@127.0.0.1:1/0",
    )
    assert code == 1
    problems = {what for what, (state, *_) in found.items() if state == "problem"}
    assert problems == {"database", "dagster database", "dagster home", "object store", "clamav", "broker"}
    assert "secret" not in str(found)
    assert all(fix for state, _, fix in found.values() if state != "ok")
    _, well = told(samples_run.at, DAGSTER_HOME=str(samples_run.at.home / "dagster"))
    assert well["database user"][0] == "warning"
    assert (well["dagster home"][0], "broker" in well) == ("warning", False)
    assert "docs/operations.md" in well["database user"][2]


def test_older_code_on_a_newer_schema_says_so_in_a_sentence(embedded: Installation) -> None:
    assert embedded.run("sources").code == 0
    with writing(embedded) as connection:
        connection.execute("update budmodel.alembic_version set version_num = '9999'")
    message = fails_clearly(embedded.run("sources"))
    assert "revision 9999 and this version of the code knows none later than" in message
    assert told(embedded)[1]["schema"][2] == "run that version"


def test_what_was_saved_comes_back(samples_run: Run, install: Install, tmp_path: Path) -> None:
    at, folder = samples_run.at, tmp_path / "saved"
    finished = at.run("backup", str(folder))
    assert (finished.code, finished.err) == (0, "")
    assert "is not empty" in fails_clearly(at.run("backup", str(folder)))
    assert folder.stat().st_mode & 0o077 == 0
    assert "holds data already" in fails_clearly(at.run("restore", str(folder)))

    other = install()
    finished = other.run("restore", str(folder))
    assert finished.code == 1
    assert "objects are not in the store" in finished.out
    other = install()
    shutil.copytree(at.home / "objects", other.home / "objects")
    finished = other.run("restore", str(folder))
    assert (finished.code, finished.err) == (0, "")
    tables = [table for table in at.tables() if table.startswith("budmodel.") and table != "budmodel.marts_inputs"]
    assert "budmodel.scores" in tables
    for table in tables:
        without = frozenset({"marts_snapshot_id"}) if table == "budmodel.sources" else frozenset[str]()
        assert other.rows(table, without=without) == at.rows(table, without=without), table
    runs = "select run_id, status from runs order by 1"
    assert other.query(runs, dagster=True) == at.query(runs, dagster=True) != []
    assert other.query("select count(*) from budmodel.sources where marts_snapshot_id is not null") == [(0,)]


def test_what_is_put_back_belongs_to_the_roles(embedded: Installation, tmp_path: Path) -> None:
    with writing(embedded) as connection:
        connection.execute(REQUEST)
    saved = tmp_path / "saved"
    assert embedded.run("backup", str(saved)).code == 0
    other = Installation(tmp_path / "second")
    other.folder.mkdir()
    cut = shutil.copytree(saved, tmp_path / "cut")
    (cut / "budmodel.dump").write_bytes((saved / "budmodel.dump").read_bytes()[:-200])
    try:
        assert "pg_restore: error" in fails_clearly(other.run("restore", str(cut)))
        finished = other.run("restore", str(saved))
        assert (finished.code, finished.err) == (0, "")
        with writing(other) as connection:
            connection.execute(REQUEST)
            assert connection.execute("select count(*) from budmodel.extraction_requests").fetchone() == (2,)
            owners = connection.execute("select distinct tableowner::text from pg_tables where schemaname = 'budmodel'")
            assert owners.fetchall() == [("budmodel_owner",)]
        assert other.run("sources").code == 0
    finally:
        embedded_postgres.stop(other.home / "postgres")


def test_a_restore_that_fails_at_its_end_leaves_both_databases_whole(
    embedded: Installation, samples_run: Run, tmp_path: Path
) -> None:
    """The tables come back before Dagster's database does."""
    saved = tmp_path / "saved"
    assert samples_run.at.run("backup", str(saved)).code == 0
    whole = (saved / "dagster.dump").read_bytes()
    (saved / "dagster.dump").write_bytes(whole[: len(whole) * 9 // 10])
    with writing(embedded) as connection:
        connection.execute(REQUEST)
        assert "pg_restore: error" in fails_clearly(embedded.run("restore", str(saved)))
        assert connection.execute("select count(*) from budmodel.extraction_requests").fetchone() == (1,)
        assert connection.execute("select count(*) from budmodel.sources").fetchone() == (0,)
    (saved / "dagster.dump").write_bytes(whole)
    embedded.run("restore", str(saved))
    with writing(embedded) as connection:
        assert connection.execute("select count(*) > 0 from budmodel.scores").fetchone() == (True,)


def test_a_folder_that_is_no_backup_is_refused(embedded: Installation, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no whole backup" in fails_clearly(embedded.run("restore", str(tmp_path / "empty")))


def test_pruning_is_tried_before_it_is_done(embedded: Installation) -> None:
    for arguments, said in (([], "Would forget 0 runs"), (["--yes"], "Forgot 0 runs")):
        finished = embedded.run("prune", *arguments)
        assert (finished.code, finished.err) == (0, "")
        assert said in finished.out


def test_withdrawing_is_tried_before_it_is_done(embedded: Installation) -> None:
    target = "hf:org/name"
    with writing(embedded) as connection:
        connection.execute(REQUEST)
        connection.execute("""
            insert into budmodel.extraction_targets (target, provider, uri, discovered_by, first_seen_at)
            values ('hf:org/name', 'hugging_face', 'org/name', 'ann', now())
        """)
    planned = embedded.json("withdraw", target)
    assert planned == {"target": target, "done": False, "rows": {"budmodel.extraction_targets": 1}, "objects": []}
    assert embedded.json("withdraw", target) == planned
    assert embedded.run("withdraw", target, "--yes").code == 2
    gone = embedded.json("withdraw", "hf:Org/Name", "--yes", "--reason", "its maker asked", "--by", "ann")
    assert gone == {**planned, "done": True}
    with writing(embedded) as connection:
        notes = connection.execute("select target, withdrawn_by, reason, removed_rows from budmodel.withdrawals").fetchall()
        left = connection.execute("select count(*) from budmodel.extraction_targets").fetchone()
    assert (notes, left) == ([(target, "ann", "its maker asked", 1)], (0,))
