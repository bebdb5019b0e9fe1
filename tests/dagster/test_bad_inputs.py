"""What sites really send when something is wrong: one source fails and says why, nothing is lost, the others go on."""

import csv
import json
import socket
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any

import dagster as dg
import pytest

from budmodel_pipeline.settings import Origin
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.quality import CheckName
from tests.dagster.conftest import BYSTANDER, RATIOS, VICTIM, Deployment, sample
from tests.hostile_server import Reply

PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
PROMPT_RETRY = dg.RetryPolicy(max_retries=1, delay=0)
Rows = list[dict[str, Any]]


def table(change: Callable[[Rows], Rows]) -> bytes:
    """The victim's CSV with its rows changed."""
    rows = change(list(csv.DictReader(StringIO(sample(VICTIM).decode()))))
    changed = StringIO()
    writer = csv.DictWriter(changed, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return changed.getvalue().encode()


def cells(column: str, change: Callable[[str], object]) -> bytes:
    return table(lambda rows: [row | {column: change(row[column])} for row in rows])


def ratios(change: Callable[[float], float]) -> bytes:
    """The JSON of fractions with every score changed."""
    rows = json.loads(sample(RATIOS))
    for row in rows:
        row.update({name: change(value) for name, value in row.items() if name.endswith("_score") and value is not None})
    return json.dumps(rows).encode()


def without(row: dict[str, Any], column: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != column}


def in_conflict(rows: Rows) -> Rows:
    return [*rows, rows[0] | {"win_rate": "1.5"}]


RENAMED = sample(VICTIM).replace(b"length_controlled_winrate", b"lc_raw", 1)
HALF = table(lambda rows: rows[: len(rows) // 2])

NOT_FETCHED: Mapping[str, tuple[Reply, str, str]] = {
    "moved": (Reply(404, body=PAGE), "expected status 200", "404 Not Found (a page titled 'Just a moment...')"),
    "forbidden": (Reply(403), "expected status 200", "403 Forbidden"),
    "down": (Reply(500), "expected status 200", "500 Internal Server Error (attempt 2 of 2)"),
    "hung up": (Reply(hang_up=True), "expected an answer", "attempt 2 of 2"),
    "cut off": (Reply(body=sample(VICTIM), announced=10**6), "expected the whole body", "attempt 2 of 2"),
    "a page": (Reply(body=PAGE, headers={"Content-Type": "text/csv"}), "expected csv data", "a web page titled 'Just a mo"),
    "empty": (Reply(body=b""), "expected csv data", "an empty body"),
    "blank": (Reply(body=b"\n \n"), "expected csv data", "3 bytes of white space"),
    "too large": (Reply(body=b"name", announced=2**40), "at most 67,108,864 bytes", "1,099,511,627,776 bytes announced"),
}

NOT_PUBLISHED: Mapping[str, tuple[str, bytes, CheckName, str]] = {
    "renamed column": (VICTIM, RENAMED, "columns", "expected the columns 'length_controlled_winrate'; found only 'name'"),
    "missing column": (
        VICTIM,
        table(lambda rows: [without(row, "filter") for row in rows]),
        "columns",
        "expected the columns 'filter'; found only 'name'",
    ),
    "header alone": (VICTIM, sample(VICTIM).splitlines(keepends=True)[0], "well_formed", "found a header alone"),
    "cut off within a row": (VICTIM, sample(VICTIM)[:-90], "well_formed", "expected a complete last row"),
    "another format": (VICTIM, b'{"rows": []}', "columns", "found only '{\"rows\": []}'"),
    "an error in JSON": (RATIOS, b'{"error": "quota"}', "well_formed", "expected a list of row objects; found dict"),
    "cut off JSON": (RATIOS, sample(RATIOS)[:-300], "well_formed", "expected well-formed JSON"),
    "half the rows": (VICTIM, HALF, "not_shrunk", "10 rows where the last good snapshot had 20"),
    "rows in conflict": (VICTIM, table(in_conflict), "unique", "and 1.5 (row 21): rows in conflict"),
    "fractions": (
        VICTIM,
        cells("win_rate", lambda value: float(value) / 100),
        "scale",
        "win_rate is declared in percent, but no value exceeds 1",
    ),
    "percents": (RATIOS, ratios(lambda value: value * 100), "value_range", "(declared is 0 to 1)"),
    "NaN": (VICTIM, cells("win_rate", lambda _: "NaN"), "not_shrunk", "win_rate has 0 scores where it had 20"),
    "Infinity": (VICTIM, cells("win_rate", lambda _: "Infinity"), "rejected_share", "win_rate is not finite"),
    "Infinity in JSON": (RATIOS, ratios(lambda _: float("inf")), "rejected_share", "is not finite"),
}


def move_on(deployment: Deployment) -> None:
    """The bystander publishes something new."""
    deployment.serves(BYSTANDER, Reply(body=sample(BYSTANDER).replace(b'"Overall": 2', b'"Overall": 3', 1)))


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """The descriptions of the failed steps."""
    failed = (event for event in result.all_events if event.is_step_failure)
    return {
        str(event.step_key): event.step_failure_data.user_failure_data.description or ""
        for event in failed
        if event.step_failure_data.user_failure_data
    }


def check_that_only(deployment: Deployment, victim: str, step: str) -> str:
    """Runs `victim` beside a source with news: `step` alone fails and nothing published is touched; why it failed."""
    before, scores, bystander = deployment.state(victim), deployment.scores(victim), deployment.state(BYSTANDER)
    (current,) = deployment.rows(
        "select fetched_at, rows_kept from budmodel.snapshots where snapshot_id = :id", id=before["current_snapshot_id"]
    )
    move_on(deployment)
    result = deployment.run([victim, BYSTANDER], retry=PROMPT_RETRY)
    after = deployment.state(victim)

    assert not result.success
    assert {event.step_key for event in result.all_events if event.is_step_failure} == {step}
    reason = failures(result)[step]
    assert after["last_error"] == reason
    assert reason.startswith(f"{victim}: ")
    assert f"Kept: the snapshot of {current['fetched_at']:%Y-%m-%d} with {current['rows_kept']} rows." in reason

    assert deployment.scores(victim) == scores != []
    unmoved = "current_snapshot_id", "last_extracted_at"
    assert [after[name] for name in unmoved] == [before[name] for name in unmoved]
    assert after["last_failed_at"] > before["last_extracted_at"]

    news = deployment.state(BYSTANDER)
    assert news["current_snapshot_id"] != bystander["current_snapshot_id"]
    assert news["last_extracted_at"] > bystander["last_extracted_at"]
    assert news["last_error"] is None
    return reason


@pytest.mark.parametrize("case", NOT_FETCHED)
def test_what_cannot_be_fetched(deployment: Deployment, case: str) -> None:
    reply, expected, found = NOT_FETCHED[case]
    deployment.serves(VICTIM, reply)
    reason = check_that_only(deployment, VICTIM, f"snapshots__{VICTIM}")
    assert deployment.site.url(deployment.path(VICTIM)) in reason
    assert expected in reason
    assert found in reason
    assert reason.endswith(f"It is tried again at the next tick; by hand: budmodel run --force --source {VICTIM}.")


@pytest.mark.parametrize("case", NOT_PUBLISHED)
def test_what_must_not_be_published(deployment: Deployment, case: str) -> None:
    victim, body, check, found = NOT_PUBLISHED[case]
    deployment.serves(victim, Reply(body=body))
    reason = check_that_only(deployment, victim, f"scores__{victim}")
    key = dg.AssetCheckKey(dg.AssetKey(["scores", victim]), check)
    (record,) = deployment.instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert found in reason
    assert catalog()[victim].homepage in reason or check == "not_shrunk"
    assert record.event
    dagster_event = record.event.dagster_event
    assert dagster_event
    evaluation = dagster_event.asset_check_evaluation_data
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert found in str(evaluation.description)
    refused = deployment.rows("select source, refusal from budmodel.snapshots where status = 'refused'")
    assert refused == [{"source": victim, "refusal": reason}]


@pytest.mark.parametrize("reply", [Reply(404), Reply(body=RENAMED)], ids=["fetch", "content"])
def test_the_next_good_fetch_clears_the_error(deployment: Deployment, reply: Reply) -> None:
    before = deployment.state(VICTIM)
    deployment.serves(VICTIM, reply, Reply(body=sample(VICTIM)))
    assert not deployment.run([VICTIM]).success
    assert deployment.state(VICTIM)["last_error"]
    assert deployment.run([VICTIM]).success
    after = deployment.state(VICTIM)
    assert after["last_error"] is None
    assert after["last_extracted_at"] > after["last_failed_at"] > before["last_extracted_at"]
    assert after["current_snapshot_id"] == before["current_snapshot_id"]


@pytest.mark.parametrize(
    ("reply", "visits", "retried"),
    [
        pytest.param(Reply(503), 4, True, id="503"),
        pytest.param(Reply(429), 4, True, id="429"),
        pytest.param(Reply(hang_up=True), 4, True, id="hung up"),
        pytest.param(Reply(404), 1, False, id="404"),
        pytest.param(Reply(body=PAGE), 1, False, id="a page"),
        pytest.param(Reply(body=RENAMED), 1, False, id="renamed column"),
    ],
)
def test_only_what_may_pass_is_tried_again(deployment: Deployment, reply: Reply, visits: int, retried: bool) -> None:
    """Two requests at each of at most two attempts of the step."""
    deployment.serves(VICTIM, reply)
    result = deployment.run([VICTIM], retry=PROMPT_RETRY)
    assert not result.success
    assert len([event for event in result.all_events if event.is_step_up_for_retry]) == retried
    assert deployment.site.count(deployment.path(VICTIM)) == visits


def test_an_error_that_passes_is_no_failure(deployment: Deployment) -> None:
    deployment.serves(VICTIM, Reply(500), Reply(body=sample(VICTIM)))
    result = deployment.run([VICTIM])
    assert result.success
    assert deployment.site.count(deployment.path(VICTIM)) == 2
    assert deployment.state(VICTIM)["last_error"] is None


def test_a_longer_outage_is_bridged_by_the_step(deployment: Deployment) -> None:
    deployment.serves(VICTIM, Reply(503), Reply(503), Reply(503), Reply(body=sample(VICTIM)))
    assert deployment.run([VICTIM], retry=PROMPT_RETRY).success
    assert deployment.state(VICTIM)["last_error"] is None


def test_a_mirror_that_is_down_fails_every_source_and_loses_nothing(deployment: Deployment) -> None:
    before = {source: (deployment.state(source), deployment.scores(source)) for source in (VICTIM, BYSTANDER)}
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        closed = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    result = deployment.run([VICTIM, BYSTANDER], mirror=closed, retry=PROMPT_RETRY)
    assert set(failures(result)) == {f"snapshots__{VICTIM}", f"snapshots__{BYSTANDER}"}
    assert len([event for event in result.all_events if event.is_step_up_for_retry]) == 2
    for source, (state, scores) in before.items():
        assert deployment.scores(source) == scores
        assert deployment.state(source)["last_extracted_at"] == state["last_extracted_at"]
        assert "Connection refused" in deployment.state(source)["last_error"]


def test_a_person_accepts_that_rows_are_gone(deployment: Deployment) -> None:
    deployment.serves(VICTIM, Reply(body=HALF))
    refused = deployment.run([VICTIM])
    advice = f"If the rows are really gone: budmodel run --force --source {VICTIM} --accept-shrinkage."
    assert failures(refused)[f"scores__{VICTIM}"].endswith(advice)
    accepted = deployment.run([VICTIM], accept_shrinkage=True)
    assert accepted.success
    assert len(deployment.scores(VICTIM)) == 3 * 10
    assert deployment.state(VICTIM)["last_error"] is None
    assert deployment.run([VICTIM]).success


def test_accepting_shrinkage_accepts_nothing_else(deployment: Deployment) -> None:
    deployment.serves(VICTIM, Reply(body=cells("win_rate", lambda value: float(value) / 100)))
    assert not deployment.run([VICTIM], accept_shrinkage=True).success


def test_the_order_of_columns_does_not_matter(deployment: Deployment) -> None:
    def values() -> list[tuple[Any, ...]]:
        return [(row["entry_key"], row["metric_id"], row["value"]) for row in deployment.scores(VICTIM)]

    before = values()
    reordered = table(lambda rows: [dict(reversed(row.items())) for row in rows])
    assert reordered != sample(VICTIM)
    deployment.serves(VICTIM, Reply(body=reordered))
    result = deployment.run([VICTIM])
    assert result.success
    assert values() == before
    (materialization,) = result.asset_materializations_for_node(f"scores__{VICTIM}")
    assert materialization.metadata["changes"].value == "no score changed"


def test_a_new_column_is_told_and_does_not_block(deployment: Deployment) -> None:
    deployment.serves(VICTIM, Reply(body=table(lambda rows: [row | {"judge_cost": "0.1"} for row in rows])))
    result = deployment.run([VICTIM])
    assert result.success
    failed = {check.check_name: check.severity for check in result.get_asset_check_evaluations() if not check.passed}
    # The mirror has no table of standard errors.
    assert failed == dict.fromkeys(("no_unknown_columns", "no_missing_columns"), dg.AssetCheckSeverity.WARN)


def test_another_story_is_published_with_a_reason_that_is_kept(deployment: Deployment) -> None:
    deployment.serves(VICTIM, Reply(body=cells("win_rate", lambda value: float(value) / 2)))
    refused = failures(deployment.run([VICTIM]))[f"scores__{VICTIM}"]
    assert "win_rate: a constant ratio of 0.5" in refused
    assert deployment.run([VICTIM], accept="the judge was changed").success
    kept = deployment.rows("select source, kind, reason from budmodel.decisions")
    assert {"source": VICTIM, "kind": "story", "reason": "the judge was changed"} in kept


def test_one_infinite_cell_costs_itself(deployment: Deployment) -> None:
    deployment.serves(VICTIM, Reply(body=table(lambda rows: [rows[0] | {"win_rate": "inf"}, *rows[1:]])))
    assert deployment.run([VICTIM]).success
    unread = deployment.rows(
        "select source, reason, cells from budmodel.unread_cells join budmodel.snapshots using (snapshot_id)"
    )
    assert {"source": VICTIM, "reason": "win_rate is not finite", "cells": 1} in unread
    assert len(deployment.scores(VICTIM)) == 3 * 20 - 1


def test_samples_never_replace_real_data(deployment: Deployment) -> None:
    before, scores = deployment.state(VICTIM), deployment.scores(VICTIM)
    result = deployment.run([VICTIM], origin=Origin.SAMPLE, retry=PROMPT_RETRY)
    (reason,) = failures(result).values()
    assert reason.startswith(f"{VICTIM}: real data are published here, and samples never replace them.")
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
    assert deployment.scores(VICTIM) == scores
    after = deployment.state(VICTIM)
    unmoved = "current_snapshot_id", "last_extracted_at", "last_error"
    assert [after[name] for name in unmoved] == [before[name] for name in unmoved]


def test_a_first_extraction_that_fails_has_nothing_to_keep(fresh: Deployment) -> None:
    fresh.serves(VICTIM, Reply(body=RENAMED))
    (reason,) = failures(fresh.run([VICTIM])).values()
    assert "Nothing had been published before." in reason
    state = fresh.state(VICTIM)
    assert (state["current_snapshot_id"], state["last_extracted_at"], state["last_error"]) == (None, None, reason)
    assert fresh.scores(VICTIM) == []


def test_a_run_config_reads_no_environment(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "pa55word")
    result = deployment.run([VICTIM], accept={"env": "POSTGRES_PASSWORD"})
    assert not result.success
    failure = result.failure_data_for_node(f"scores__{VICTIM}")
    assert failure is not None
    assert "takes values from the environment (POSTGRES_PASSWORD)" in str(failure.user_failure_data)
    assert "pa55word" not in str(result.all_events)
