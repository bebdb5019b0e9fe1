"""What the commands answer: tables for people, JSON for programs, sentences for those who mistype."""

import fcntl
import json
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
    with subprocess.Popen(
        [COMMAND, *arguments], env=environment, cwd=run.at.folder, stdin=terminal, stdout=terminal, stderr=terminal
    ):
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
    assert [(row["source"], row["shape"]) for row in rows] == [(slug, source.shape) for slug, source in catalog().items()]
    extracted = dict(samples_run.at.query("select source, last_extracted_at from budmodel.sources"))
    for row in rows:
        last = datetime.fromisoformat(row["last_success"])
        assert (last, last.utcoffset()) == (extracted[row["source"]], timedelta(0))
        assert datetime.fromisoformat(row["next_due"]) == last + catalog()[row["source"]].cadence
    finished = samples_run.at.run("sources")
    header, *lines, documented = finished.out.splitlines()
    assert header.split("  ")[0] == "source"
    assert documented == (
        "Known from documents alone, no real file was seen: helm_capabilities, metr_time_horizon, mmlu_pro, open_asr"
    )
    assert [line.split()[:2] for line in lines] == [[row["source"], "ok"] for row in rows]
    assert [re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d", line) for line in lines] == [
        [
            f"{extracted[row['source']].astimezone(UTC) + later:%Y-%m-%d %H:%M}"
            for later in (timedelta(0), catalog()[row["source"]].cadence)
        ]
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
    *lines, blank, without = lines
    assert (len(lines), blank) == (len(rows), "")
    assert len(rows) == 20
    assert re.match(r"\d+ more have a score, but too few benchmarks that others measured for a place", without)
    # Under conditions it is fitted anew, and with all that there is it comes out as it is kept.
    assert samples_run.at.json("ranking", "vision", "--since", "2000-01-01") == samples_run.at.json("ranking", "vision")
    few = {"livebench", "livecodebench", "evalplus"}
    alone = samples_run.at.json("ranking", *(word for source in few for word in ("--source", source)))
    assert {source for row in alone for source in row["sources"]} == few
    assert all(row["self_reported"] == 0 for row in samples_run.at.json("ranking", "--no-self-reported"))


def test_a_place_is_explained(samples_run: Run) -> None:
    best = samples_run.at.json("ranking", "--limit", "1")[0]
    behind = samples_run.at.json("ranking", "--model", best["model"])
    assert sorted(row["benchmark_id"] for row in behind) == best["benchmark_ids"]
    assert all(row["residual"] == pytest.approx(row["seen"] - row["predicted"], abs=0.0011) for row in behind)
    assert samples_run.at.json("ranking", "--model", best["group_id"], "--since", "2000-01-01") == behind


def test_a_place_needs_what_others_measured(samples_run: Run) -> None:
    ranked = [row for row in samples_run.at.json("ranking", "--limit", "999") if row["rank"]]
    assert all(row["benchmarks"] - row["self_reported"] >= 3 for row in ranked)
    by_word = [row for row in samples_run.at.json("ranking", "--makers-word", "--limit", "999") if row["rank"]]
    assert all(row["benchmarks"] >= 3 for row in by_word)
    assert {row["group_id"] for row in ranked} < {row["group_id"] for row in by_word}


def test_a_choice_is_parted_by_what_is_known(samples_run: Run) -> None:
    chosen = samples_run.at.json("choose", "--domain", "Coding", "--license", "commercial", "--max-price", "2")
    everyone = samples_run.at.json("ranking", "coding", "--limit", "999")
    assert (chosen["scope"], chosen["models"]) == ("coding", len(everyone))
    assert all(row["commercial_use"] == "YES" and row["license_basis"] != "tag" for row in chosen["suitable"])
    assert chosen["perhaps"]
    assert all(row["not_known"] for row in chosen["perhaps"])
    assert {one["condition"] for one in chosen["removed"]} <= {
        "license permits commercial use",
        "costs at most 2 USD per million tokens",
        "files are not known to do harm",
    }


def test_a_choice_holds_on_a_narrow_terminal(samples_run: Run) -> None:
    lines = on_a_terminal(samples_run, 60, "choose", "--machine", "rtx-4090", "--limit", "2")
    assert lines[0].startswith("NVIDIA GeForce RTX 4090, 24 GB")
    assert lines[1].startswith("  has  25.2 GB for a model.")
    assert [line for line in lines if line.startswith("  not known")]
    assert all(len(line) <= 60 for line in lines)


def test_gaps_come_in_order_of_worth(samples_run: Run) -> None:
    gaps = samples_run.at.json("gaps", "--limit", "999")
    assert [row["worth"] for row in gaps] == sorted((row["worth"] for row in gaps), reverse=True)
    cards = samples_run.at.json("gaps", "--missing", "card", "--limit", "999")
    assert cards == [row for row in gaps if row["missing"] == "card"]
    assert {row["next_step"].split()[1] for row in cards if row["next_step"]} == {"request"}


def test_nothing_changed_yet_on_samples_that_were_read_once(samples_run: Run) -> None:
    assert samples_run.at.json("changes", "--kind", "rescored") == []


def test_models_are_compared(samples_run: Run) -> None:
    (name, other_name), (first, second) = PAIR, PAIR_IDS
    rows = samples_run.at.json("compare", name, other_name.upper(), "--all")
    stored = samples_run.at.query(f"""
        select metric_id, max(score::float8) filter (where model_id = '{first}'),
               max(score::float8) filter (where model_id = '{second}'),
               max(rank) filter (where model_id = '{first}'), max(percentile) filter (where model_id = '{second}')
        from marts.model_comparison where model_id in ('{first}', '{second}') group by 1
    """)
    assert len(rows) > 1
    assert [list(row) for row in rows] == [["metric", "unit", first, second, "rank", "percentile", "of"]] * len(rows)
    assert {(row["metric"], row[first], row[second], row["rank"][first], row["percentile"][second]) for row in rows} == set(
        stored
    )
    missing = [sum(row[model] is None for model in PAIR_IDS) for row in rows]
    assert missing == sorted(missing)
    header, *lines = samples_run.at.run("compare", name, other_name, "--all").out.splitlines()
    assert header.split() == ["metric", "unit", first, second]
    assert [line.split()[0] for line in lines] == [row["metric"] for row in rows]
    place = f"({rows[0]['rank'][first]} of {rows[0]['of']}, above {rows[0]['percentile'][first]:.0%})"
    assert f"{rows[0][first]:.6g} {place}" in lines[0]


def test_models_are_compared_by_headlines_unless_more_is_asked_for(samples_run: Run) -> None:
    def compared(*options: str) -> list[str]:
        return [row["metric"] for row in samples_run.at.json("compare", *PAIR, *options)]

    every, headlines = compared("--all"), compared()
    of_all = {metric for (metric,) in samples_run.at.query("select metric_id from budmodel.metrics where is_headline")}
    assert headlines == [metric for metric in every if metric in of_all]
    assert METRIC in headlines
    assert len(headlines) < len(every)
    assert compared("--all", "--limit", "2") == every[:2]
    part = next(metric for metric in every if metric not in of_all)
    assert sorted(compared("--metric", part.upper(), "--metric", METRIC)) == sorted([METRIC, part])
    last = samples_run.at.run("compare", *PAIR).out.splitlines()[-1]
    assert last == f"{len(every) - len(headlines)} more metrics are parts of these or beside them: --all"


def test_a_model_without_a_score_of_another_is_null_in_json_and_blank_in_the_table(samples_run: Run) -> None:
    stranger = "InternVL3-78B"
    rows = samples_run.at.json("compare", PAIR[0], stranger)
    assert {tuple(value is None for value in list(row.values())[2:4]) for row in rows} == {(False, True), (True, False)}
    assert "None" not in samples_run.at.run("compare", PAIR[0], stranger).out


def test_metrics_are_listed(samples_run: Run) -> None:
    rows = samples_run.at.json("metrics")
    stored = samples_run.at.query("select metric_id, domain, models from marts.benchmarks where status = 'current'")
    assert {(row["metric"], row["domain"], row["models"]) for row in rows} == set(stored)
    headline = [row["headline"] for row in rows]
    assert headline == sorted(headline, reverse=True)
    assert samples_run.at.json("metrics", "--headline") == [row for row in rows if row["headline"]]
    coding = samples_run.at.json("metrics", "--domain", "Coding", "--source", "LiveCodeBench")
    assert {(row["domain"], row["source"]) for row in coding} == {("coding", "livecodebench")}


def test_models_are_listed_and_the_list_is_narrowed(samples_run: Run) -> None:
    every = samples_run.at.json("models", "--limit", "1000")
    known = {model for (model,) in samples_run.at.query("select model_id from marts.model_comparison")}
    names = [row["model"] for row in every]
    # Without a rank and a card there is nothing to tell.
    ranked = {
        model for (model,) in samples_run.at.query("select model_id from marts.model_comparison where rank is not null")
    }
    assert ranked <= set(names)
    cards = samples_run.at.query("select coalesce(model_id, target) from marts.model_cards")
    assert set(names) - known <= {card for (card,) in cards}
    assert len(names) == len(set(names)) > 20
    assert samples_run.at.json("models") == every[:20]

    def narrowed(*options: str) -> list[str]:
        return [row["model"] for row in samples_run.at.json("models", "--limit", "1000", *options)]

    assert narrowed("--license", "Apache 2") == [row["model"] for row in every if row["license"] == "apache-2.0"] != []
    assert narrowed("--open") == [row["model"] for row in every if row["open"]] != []
    assert narrowed("--verdict", "SAFE") == [row["model"] for row in every if row["verdict"] == "safe"] != []
    small = [row["model"] for row in every if row["parameters"] and row["parameters"] <= 10**10]
    assert narrowed("--max-parameters", "10B") == small != []
    mit = {row["model"] for row in every if row["license"] == "mit"}
    assert narrowed("--max-parameters", "10B", "--license", "mit") == [model for model in small if model in mit] != []
    coding = samples_run.at.json("models", "--domain", "coding")
    of_coding = samples_run.at.query("select metric_id, is_headline from marts.benchmarks where domain = 'coding'")
    headline = [dict(of_coding)[row["best_metric"]] for row in coding]
    assert (headline[0], headline) == (True, sorted(headline, reverse=True))
    assert coding[0]["best_rank"] == 1
    # What is not known is said to be so.
    unknown = sum(row["parameters"] is None for row in every)
    last = samples_run.at.run("models", "--max-parameters", "10B").out.splitlines()[-1]
    assert last == f"{unknown} more may be meant: what decides about them is not known"


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
        (["leaderboard", "rating_over"], 1, f"There is no metric 'rating_over'. Do you mean {METRIC}?"),
        (["leaderboard", "livecodebnch"], 1, "Do you mean one of: livecodebench.pass_at_1, livecodebench.easy_pass_at_1"),
        (["compare", PAIR[0], "--metric", "gpqa"], 1, "There is no metric 'gpqa'. Do you mean one of: epoch_ai.gpqa_"),
        (["metrics", "--domain", "codng"], 1, "There is no domain 'codng'. Do you mean coding?"),
        (["models", "--domain", "xyzzy"], 1, "There is no domain 'xyzzy'. Known: agents, coding, "),
        (["models", "--license", "Apche 2"], 1, "There is no license 'Apche 2'. Do you mean apache-2.0?"),
        (
            ["leaderboard", "xyzzy"],
            1,
            "There is no metric 'xyzzy'. Try one of: agentset_embeddings.elo, ",
        ),
        (["leaderboard", METRIC, "--limit", "0"], 2, "Invalid value for '--limit': 0 is not in the range x>=1."),
        (["compare", PAIR[0], "gemini-3-p"], 1, "There is no model 'gemini-3-p'. Do you mean one of: google/gemini-3-p"),
        (["ranking", "xyzzy"], 1, "There is no domain 'xyzzy'. Known: overall, agents, coding, "),
        (["ranking", "codng"], 1, "There is no domain 'codng'. Do you mean coding?"),
        (
            ["ranking", "robustness"],
            1,
            "Too few scores connect models for a ranking of robustness. Ranked without conditions: agents, coding,",
        ),
        (["ranking", "--no-self-reported", "--makers-word"], 2, "give one of them"),
        (["choose", "--domain", "codng"], 1, "There is no domain 'codng'. Do you mean coding?"),
        (["choose", "--license", "Apche 2"], 1, "There is no license 'Apche 2'. Do you mean apache-2.0?"),
        (["choose", "--machine", "h100", "--memory", "24GB"], 2, "give one of them"),
        (["choose", "--license", "commerical"], 1, "There is no license 'commerical'. Do you mean commercial?"),
        (
            ["model", "hf:nobody/nothing"],
            1,
            "Nobody has read hf:nobody/nothing yet: `budmodel request hf:nobody/",
        ),
        (["model", "cloud:openai/gpt4o"], 1, "'openai/gpt4o' means several models; name one of: openai/gpt-4o-2024-05-13"),
        (["leaderboard", "elo"], 1, "Do you mean one of: agentset_embeddings.elo, eqbench.elo?"),
        (["restore", "/nowhere"], 1, "/nowhere holds no whole backup: manifest.json is missing"),
        (["export", "/proc/nowhere"], 1, "/proc/.nowhere.unfinished: No such file or directory"),
        (["ranking", "--model", "xyzzy"], 1, "There is no model 'xyzzy'. Nothing resembles it."),
        (["compare", PAIR[0], "gmini-3-pro"], 1, "There is no model 'gmini-3-pro'. Do you mean one of: google/gemini-3-pro"),
        (["compare", "gpt4o"], 1, "'gpt4o' means several models; name one of: openai/gpt-4o-2024-05-13, openai/gpt-4o-"),
        (["compare", "GPT 4o"], 1, "'GPT 4o' means several models; name one of: openai/gpt-4o-2024-05-13, openai/gpt-4o-"),
        (["compare", "xyzzy"], 1, "There is no model 'xyzzy'. Nothing resembles it."),
        (["replay", "bfcl", "--as-of", "2020-01-01"], 1, "bfcl: no snapshot was published by 2020-01-01."),
        (
            ["rebuild"],
            1,
            f"holds {len(catalog())} snapshots, and only an empty one can be rebuilt. Name a new one in POSTGRES_DB.",
        ),
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
        (["choose"], "There are no marts yet; `budmodel run` builds them."),
        (["changes"], "There are no marts yet; `budmodel run` builds them."),
        (["gaps"], "There are no marts yet; `budmodel run` builds them."),
        (["metrics"], "There are no marts yet; `budmodel run` builds them."),
        (["models"], "There are no marts yet; `budmodel run` builds them."),
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


@pytest.mark.parametrize(
    "arguments",
    [
        ["sources"],
        ["leaderboard", METRIC, "--limit", "5"],
        ["metrics", "--headline"],
        ["models", "--limit", "3"],
        ["compare", *PAIR, "InternVL3-78B"],
        ["model", "phi4"],
        ["ranking"],
        ["doctor"],
        ["license", "mit"],
        ["--help"],
        ["run", "--help"],
    ],
)
def test_a_terminal_of_60_columns_has_room(samples_run: Run, arguments: list[str]) -> None:
    lines = on_a_terminal(samples_run, 60, *arguments)
    # A sentence is wrapped by the terminal itself, and whole when it is copied.
    table = [line.rstrip() for line in lines if "  " in line.strip()]
    assert len(table) > 4
    assert max(map(len, table)) <= 60


def test_a_model_without_a_score_is_named(samples_run: Run) -> None:
    """Its column would be empty, and is not shown."""
    [(metric,)] = samples_run.at.query("""
        select metric_id from marts.model_comparison group by 1
        having bool_or(model_id = 'microsoft/phi-4') and not bool_or(model_id = 'google/gemini-3-pro') order by 1 limit 1
    """)
    out = samples_run.at.run("compare", "phi-4", "gemini-3-pro", "--metric", metric).out
    assert "! No score of google/gemini-3-pro is among these" in out
    assert "No score of microsoft/phi-4" not in out


def test_what_is_spelled_otherwise_is_accepted(samples_run: Run) -> None:
    rows = samples_run.at.json("leaderboard", METRIC, "--limit", "1")
    assert samples_run.at.json("LeaderBoard", "LMArena text rating overall", "--limit", "1") == rows
    # Where only one source has it, its name may be left out.
    gpqa = samples_run.at.json("leaderboard", "epoch_ai.gpqa_diamond")
    assert samples_run.at.json("leaderboard", "GPQA diamond") == gpqa
    mit = samples_run.at.json("models", "--license", "mit")
    assert samples_run.at.json("models", "--license", "\uff2d\uff29\uff34") == mit
    assert samples_run.at.json("choose", "--license", "Commercial") == samples_run.at.json(
        "choose", "--license", "commercial"
    )
    for name in ("phi-4", "phi4", "Phi 4", "microsoft phi-4", "\uff30hi\uff0d4"):
        assert samples_run.at.json("model", name)["model_id"] == "microsoft/phi-4"


def test_a_closed_pipe_is_no_failure(samples_run: Run) -> None:
    for arguments in (["metrics"], ["metrics", "--json"], ["connect"], ["--help"]):
        reader, writer = os.pipe()
        os.close(reader)
        with subprocess.Popen(
            [COMMAND, *arguments],
            env=samples_run.at.environment(),
            cwd=samples_run.at.folder,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            os.close(writer)
            _, err = process.communicate()
        assert (process.returncode, err) == (0, ""), arguments


def test_json_is_indented_where_a_person_looks(samples_run: Run) -> None:
    whole = samples_run.at.run("leaderboard", METRIC, "--limit", "2", "--json").out
    shown = on_a_terminal(samples_run, 200, "leaderboard", METRIC, "--limit", "2", "--json")
    assert whole.count("\n") == 1
    assert len(shown) > 10
    assert json.loads("".join(shown)) == json.loads(whole)


def test_problems_are_json_too(samples_run: Run) -> None:
    message = fails_clearly(samples_run.at.run("leaderboard", "rating_over", "--json"))
    assert json.loads(message) == {
        "error": f"There is no metric 'rating_over'. Do you mean {METRIC}?",
        "exit_status": 1,
    }


def test_the_client_of_the_embedded_server_is_at_hand(samples_run: Run) -> None:
    counted = samples_run.at.run("psql", "-At", "-c", "select count(*) from marts.leaderboard")
    assert [(int(counted.out),)] == samples_run.at.query("select count(*) from marts.leaderboard")
    assert samples_run.at.run("psql", "-c", "drop table marts.benchmarks").code == 1


def test_numbers_are_never_cut_to_the_width_of_the_terminal(samples_run: Run) -> None:
    shown = " ".join(on_a_terminal(samples_run, 20, "leaderboard", METRIC, "--limit", "1")).split()
    columns = "score::float8, lower::float8, upper::float8"
    (numbers,) = samples_run.at.query(f"select {columns} from marts.leaderboard where metric_id = '{METRIC}' and rank = 1")
    assert {f"{number:.6g}" for number in numbers} <= set(shown)
