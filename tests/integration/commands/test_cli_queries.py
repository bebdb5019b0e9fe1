"""What the commands answer: tables for people, JSON for programs, sentences for those who mistype."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from budmodel_pipeline.sources.catalog import catalog
from tests.cli import COMMAND, Install, Installation, Run, fails_clearly

METRIC = "lmarena_text.rating_overall"
PAIR = ("gpt-5.1-high", "gemini-3-pro")
PAIR_IDS = ("openai/gpt-5.1", "google/gemini-3-pro")


@pytest.fixture(scope="module")
def never_run(install: Install) -> Installation:
    """An installation with empty databases."""
    return install()


def on_a_terminal(run: Run, columns: int, *arguments: str) -> list[str]:
    """The lines that the command writes to a terminal of so many columns, without their colors."""
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = run.at.environment(TERM="xterm")
    with subprocess.Popen([COMMAND, *arguments], env=environment, cwd=run.at.folder, stdout=terminal, stderr=terminal):
        os.close(terminal)
        written = b""
        try:
            while part := os.read(screen, 65536):
                written += part
        except OSError:  # How Linux says that nobody writes any more.
            pass
    os.close(screen)
    return re.sub(r"\x1b\[[0-9;]*m", "", written.decode()).splitlines()


def test_sources_are_listed(samples_run: Run) -> None:
    rows = samples_run.at.json("sources")
    assert [(row["source"], row["status"], row["origin"], row["problem"]) for row in rows] == [
        (source, "ok", "sample", None) for source in catalog()
    ]
    extracted = dict(samples_run.at.query("select source, last_extracted_at from budmodel.sources"))
    for row in rows:
        last = datetime.fromisoformat(row["last_success"])
        assert (last, last.utcoffset()) == (extracted[row["source"]], timedelta(0))
        assert datetime.fromisoformat(row["next_due"]) == last + timedelta(days=7)
    finished = samples_run.at.run("sources")
    header, *lines = finished.out.splitlines()
    assert header.split("  ")[0] == "source"
    assert [line.split()[:2] for line in lines] == [[row["source"], "ok"] for row in rows]
    assert [re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d", line) for line in lines] == [
        [f"{extracted[row['source']].astimezone(UTC) + timedelta(days=days):%Y-%m-%d %H:%M}" for days in (0, 7)]
        for row in rows
    ]


def test_a_leaderboard_is_shown_from_its_top(samples_run: Run) -> None:
    rows = samples_run.at.json("leaderboard", METRIC, "--limit", "3")
    stored = samples_run.at.query(f"""
        select rank, published_name, score::float8, lower::float8, upper::float8, organization, as_of, origin
        from marts.leaderboard where metric_id = '{METRIC}' order by rank limit 3
    """)
    columns = ("rank", "model", "score", "lower", "upper", "organization", "as_of", "origin")
    assert [tuple(row[column] for column in columns) for row in rows] == [
        (*values, day.isoformat(), origin) for *values, day, origin in stored
    ]
    assert [type(rows[0][column]) for column in ("rank", "score", "lower", "unit")] == [int, float, float, str]
    title, header, *lines = samples_run.at.run("leaderboard", METRIC, "--limit", "3").out.splitlines()
    assert title == f"The top of {METRIC}, in elo, as of {date.fromisoformat(rows[0]['as_of'])} (sample)"
    assert header.split() == ["rank", "model", "score", "lower", "upper", "organization"]
    assert [re.split("  +", line.strip()) for line in lines] == [
        [f"{row[column]:.6g}" if isinstance(row[column], float) else str(row[column]) for column in header.split()]
        for row in rows
    ]


def test_whole_numbers_stay_whole_in_json(samples_run: Run) -> None:
    rows = samples_run.at.json("leaderboard", "alpacaeval.average_length")
    assert {type(row["score"]) for row in rows} == {int}


def test_models_are_ranked(samples_run: Run) -> None:
    rows = samples_run.at.json("ranking")
    ranked = [row for row in rows if row["rank"] is not None]
    assert [row["rank"] for row in ranked] == sorted(row["rank"] for row in ranked)
    assert all(row["lower"] <= row["score"] <= row["upper"] for row in rows)
    assert all(row["benchmarks"] == len(row["benchmark_ids"]) for row in rows)
    assert len(samples_run.at.json("ranking", "vision", "--limit", "3")) == 3
    first, header, *lines = samples_run.at.run("ranking").out.splitlines()
    assert re.fullmatch(r"overall: \d+ models ranked; .* cannot be told apart", first)
    assert header.split() == ["rank", "tier", "model", "score", "lower", "upper", "benchmarks", "self", "reported"]
    assert len(lines) == len(rows) == 20
    # Under conditions it is fitted anew, and with all that there is it comes out as it is kept.
    assert samples_run.at.json("ranking", "vision", "--since", "2000-01-01") == samples_run.at.json("ranking", "vision")
    alone = samples_run.at.json("ranking", "--source", "bfcl", "--source", "openvlm", "--source", "llm_stats")
    assert {source for row in alone for source in row["sources"]} <= {"bfcl", "openvlm", "llm_stats"}
    assert all(row["self_reported"] == 0 for row in samples_run.at.json("ranking", "--no-self-reported"))


def test_a_place_is_explained(samples_run: Run) -> None:
    best = samples_run.at.json("ranking", "--limit", "1")[0]
    behind = samples_run.at.json("ranking", "--model", best["model"])
    assert sorted(row["benchmark_id"] for row in behind) == best["benchmark_ids"]
    assert all(row["residual"] == pytest.approx(row["seen"] - row["predicted"], abs=0.0011) for row in behind)
    assert samples_run.at.json("ranking", "--model", best["group_id"], "--since", "2000-01-01") == behind


def test_models_are_compared(samples_run: Run) -> None:
    (name, other_name), (first, second) = PAIR, PAIR_IDS
    rows = samples_run.at.json("compare", name, other_name.upper())
    stored = samples_run.at.query(f"""
        select metric_id, max(score::float8) filter (where model_id = '{first}'),
               max(score::float8) filter (where model_id = '{second}')
        from marts.model_comparison where model_id in ('{first}', '{second}') group by 1
    """)
    assert len(rows) > 1
    assert [list(row) for row in rows] == [["metric", "unit", first, second]] * len(rows)
    assert {(row["metric"], row[first], row[second]) for row in rows} == set(stored)
    missing = [sum(row[model] is None for model in PAIR_IDS) for row in rows]
    assert missing == sorted(missing)
    header, *lines = samples_run.at.run("compare", name, other_name).out.splitlines()
    assert header.split() == ["metric", "unit", first, second]
    assert [line.split()[0] for line in lines] == [row["metric"] for row in rows]


def test_a_model_without_a_score_of_another_is_null_in_json_and_blank_in_the_table(samples_run: Run) -> None:
    stranger = "InternVL3-78B"
    rows = samples_run.at.json("compare", PAIR[0], stranger)
    assert {tuple(value is None for value in list(row.values())[2:]) for row in rows} == {(False, True), (True, False)}
    assert "None" not in samples_run.at.run("compare", PAIR[0], stranger).out


def test_the_connection_string_opens_the_marts(samples_run: Run) -> None:
    finished = samples_run.at.run("connect")
    assert (finished.code, finished.err, finished.out.count("\n")) == (0, "", 1)
    with psycopg.connect(finished.out.strip()) as connection:
        read = connection.execute("select count(*) from marts.leaderboard").fetchall()
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("drop table marts.benchmarks")
    assert read == samples_run.at.query("select count(*) from marts.leaderboard")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["leaderboard", "rating_over"], 1, f"There is no metric 'rating_over'. Try one of: {METRIC}."),
        (
            ["leaderboard", "xyzzy"],
            1,
            "There is no metric 'xyzzy'. Try one of: alpacaeval.length_controlled_win_rate, bfcl.",
        ),
        (["leaderboard", METRIC, "--limit", "0"], 2, "Invalid value for '--limit': 0 is not in the range x>=1."),
        (["compare", PAIR[0], "gemini-3-p"], 1, "There is no model 'gemini-3-p'. Do you mean one of: google/gemini-3-p"),
        (
            ["ranking", "xyzzy"],
            1,
            "Too few scores connect models for a ranking of xyzzy. Ranked without conditions: coding,",
        ),
        (["ranking", "--model", "xyzzy"], 1, "There is no model 'xyzzy'. Nothing resembles it."),
        (["compare", "xyzzy"], 1, "There is no model 'xyzzy'. Nothing resembles it."),
        (["replay", "bfcl", "--as-of", "2020-01-01"], 1, "bfcl: no snapshot was published by 2020-01-01."),
        (["rebuild"], 1, "holds 12 snapshots, and only an empty one can be rebuilt. Name a new one in POSTGRES_DB."),
    ],
)
def test_a_wrong_name_is_answered_with_what_comes_near(
    samples_run: Run, arguments: list[str], code: int, message: str
) -> None:
    assert message in fails_clearly(samples_run.at.run(*arguments), code)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["leaderboard", METRIC], "There are no marts yet; `budmodel run` builds them."),
        (["compare", PAIR[0]], "There are no marts yet; `budmodel run` builds them."),
        (["ranking"], "There are no marts yet; `budmodel run` builds them."),
        (["replay", "bfcl"], "bfcl: no snapshot was published yet."),
        (["rebuild"], "There is nothing to rebuild from: directory "),
    ],
)
def test_before_the_first_run_a_command_says_what_is_missing(
    never_run: Installation, arguments: list[str], message: str
) -> None:
    assert message in fails_clearly(never_run.run(*arguments))


@pytest.mark.parametrize("arguments", [["sources"], ["leaderboard", METRIC]])
def test_a_terminal_of_80_columns_has_room(samples_run: Run, arguments: list[str]) -> None:
    lines = on_a_terminal(samples_run, 80, *arguments)
    table = [line for line in lines if "  " in line]
    assert len(table) > 3
    assert max(map(len, table)) <= 80
    names = {line.split()[0] for line in table[1:]}
    assert names == ({str(rank) for rank in range(1, len(table))} if arguments[0] == "leaderboard" else set(catalog()))


def test_numbers_are_never_cut_to_the_width_of_the_terminal(samples_run: Run) -> None:
    shown = " ".join(on_a_terminal(samples_run, 20, "leaderboard", METRIC, "--limit", "1")).split()
    columns = "score::float8, lower::float8, upper::float8"
    (numbers,) = samples_run.at.query(f"select {columns} from marts.leaderboard where metric_id = '{METRIC}' and rank = 1")
    assert {f"{number:.6g}" for number in numbers} <= set(shown)
