"""`budmodel report` and the asset behind it: the page that a run leaves, and what publishers forbid is not on it."""

import json
import re

from tests.cli import Install, Run, fails_clearly
from tests.report_page import column, parts_of

FREE_COMMAND = ("report", "free.html", "--no-open")


def test_the_page_holds_what_the_marts_do(samples_run: Run) -> None:
    at = samples_run.at
    said = at.json(*FREE_COMMAND)
    file = at.folder / "free.html"
    ((models, ranked),) = at.query("""
        select count(distinct group_id), count(rank) filter (where scope = 'overall') from marts.model_choice
    """)
    assert (said["file"], said["bytes"]) == (str(file), file.stat().st_size)
    assert (said["models"], said["ranked_models"], said["sources_left_out"]) == (models, ranked, [])
    ranking, details = parts_of(file)
    assert column(ranking["models"], "group_id") == {
        group for (group,) in at.query("select group_id from marts.model_choice")
    }
    assert len(details["evidence"]["rows"]) == at.query("select count(*) from marts.ranking_evidence")[0][0]
    assert column(details["sources"], "source") == {source for (source,) in at.query("select source from budmodel.sources")}
    assert column(details["terms"], "attribution") >= {"SWE-bench, https://www.swebench.com/, CC BY-NC 4.0"}
    assert column(details["answers"], "question") == set(details["questions"])
    assert ranking["origins"] == ["sample"]
    assert "SWE-bench" in ranking["not_for_money"]


def test_what_may_not_be_used_for_money_is_left_out_when_it_is_about_money(samples_run: Run) -> None:
    at = samples_run.at
    said = at.json("report", "paid.html", "--no-open", "--commercial")
    ((stand_on_it,),) = at.query("""
        select count(*) from marts.model_choice where scope = 'overall' and rank is not null and 'swebench' = any(sources)
    """)
    assert stand_on_it
    assert (said["sources_left_out"], said["ranked_models_left_out"]) == (["swebench"], stand_on_it)
    ranking, details = parts_of(at.folder / "paid.html")
    assert (ranking["kept_out"], ranking["left_out"], ranking["not_for_money"]) == (["swebench"], stand_on_it, [])
    for table in ("evidence", "history", "sources"):
        assert "swebench" not in column(details[table], "source")
        assert "bfcl" in column(details[table], "source")


def test_a_run_leaves_the_page_in_the_store_and_says_where(samples_run: Run) -> None:
    at = samples_run.at
    assert re.search(r"^  ✓ leaderboard_report  [\d,]+ bytes$", samples_run.first.out, re.MULTILINE)
    events = "select event from event_logs where asset_key like '%leaderboard_report%' and event like '%sha256%' order by id"
    event = json.dumps(json.loads(at.query(events, dagster=True)[0][0]))
    for name in ("path", "bytes", "models", "ranked_models", "ranked_models_left_out"):
        assert f'"label": "{name}"' in event or f'"{name}"' in event
    stored = [place for place in (at.home / "objects" / "sha256").rglob("*") if place.is_file() and place.name in event]
    assert [place.read_bytes()[:15] for place in stored] == [b"<!doctype html>"]


def test_without_marts_the_command_says_what_to_do(install: Install, samples_run: Run) -> None:
    assert "There are no marts yet; `budmodel run` builds them." in fails_clearly(install().run("report", "--no-open"))
    (samples_run.at.folder / "taken").write_text("a file, and no folder")
    message = fails_clearly(samples_run.at.run("report", "taken/page.html", "--no-open"))
    assert "cannot be written" in message
