"""Epoch AI Benchmarking Hub, results of others: what Epoch AI copied from leaderboards and papers."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from budmodel_pipeline.sources import shared_benchmarks as shared
from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Columns,
    Domain,
    Parsed,
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import Allowed, DataTerms, unclear
from budmodel_pipeline.sources.epoch_hub import HUB, Board, board_rows, newest_run, read_row, tables_of, undeclared
from budmodel_pipeline.sources.ledger import Ledger
from budmodel_pipeline.sources.reading import text

READ_ON = date(2026, 9, 1)
NON_COMMERCIAL = DataTerms(
    Allowed.PERMITTED,
    Allowed.FORBIDDEN,
    "SWE-bench, https://www.swebench.com/, CC BY-NC 4.0",
    "CC BY-NC 4.0, the license of the data of SWE-bench, whose figures these are.",
    READ_ON,
)
# Their publisher, ARC Prize, forbids to aggregate its data, so they are not read.
FORBIDDEN = ("arc_agi_external", "arc_agi_2_external")


def _board(
    table: str, title: str, domain: Domain, column: str = "Score", unit: Unit = Unit.FRACTION, description: str = ""
) -> Board:
    return Board(f"{table}_external", Benchmark(table, title, domain, description), column, unit)


BOARDS = (
    Board("mmlu_external", shared.MMLU, "EM"),
    Board("hle_external", shared.HLE, "Accuracy"),
    Board("gsm8k_external", shared.GSM8K, "EM"),
    Board("aider_polyglot_external", shared.AIDER_POLYGLOT, "Percent correct", Unit.PERCENT),
    Board("swe_bench_bash", replace(shared.SWE_BENCH_VERIFIED, terms=NON_COMMERCIAL), "% Resolved"),
    Board(
        "metr_time_horizons_external", shared.METR_TIME_HORIZON, "Time horizon", Unit.MINUTES, low="CI_low", high="CI_high"
    ),
    Board(
        "webdev_arena_external",
        Benchmark("webdev_arena", "WebDev Arena", Domain.CODING, "Votes of people on web pages that two models wrote."),
        "Arena Score",
        Unit.ELO,
        maximum=3000,
        low="95% CI Low",
        high="95% CI High",
        votes="Votes",
    ),
    Board(
        "terminalbench_external",
        Benchmark("terminalbench", "Terminal-Bench 2", Domain.AGENTS, "Tasks in a terminal."),
        "Accuracy mean",
        error="Accuracy SE",
        agent="Agent",
        # Those that the benchmark brings, and one that gives the model a shell and nothing else.
        plain=("terminus 2", "terminus 1", "mini-swe-agent"),
    ),
    Board(
        "posttrainbench_external",
        Benchmark("posttrainbench", "PostTrainBench", Domain.AGENTS, "Small models to be trained further by agents."),
        "Average (%)",
        agent="Scaffold",
    ),
    Board(
        "the_agent_company_external",
        Benchmark("the_agent_company", "TheAgentCompany", Domain.AGENTS, "Office work in a made-up company, by agents."),
        "% Resolved",
        agent="Name",
    ),
    Board(
        "gso_external",
        Benchmark("gso", "GSO", Domain.CODING, "Programs that are to be made faster."),
        "Score OPT@1",
        agent="Scaffold",
        plain=("openhands",),
    ),
    Board(
        "deepresearchbench_external",
        Benchmark("deepresearchbench", "DeepResearchBench", Domain.AGENTS, "Research on the web."),
        "Average score",
        agent="Agent",
    ),
    Board(
        "geobench_external",
        Benchmark("geobench", "GeoBench", Domain.VISION, "The country in which a photograph was taken."),
        "ACW Country %",
        agent="Tools",
    ),
    Board(
        "os_world_external",
        Benchmark("os_world", "OSWorld", Domain.AGENTS, "Tasks on a computer's desktop."),
        "Score",
        Unit.PERCENT,
        # The models themselves, whatever they are called, with a number of steps.
        agent="Agent",
        plain=("",),
    ),
    _board(
        # Of an earlier release than the source LiveBench, with other tasks.
        "live_bench",
        "LiveBench 2024-11-25",
        Domain.GENERAL,
        "Global average",
        Unit.PERCENT,
        "The release of November 2024.",
    ),
    Board(
        "lech_mazur_writing_external",
        Benchmark("lech_mazur_writing", "Short stories, Lech Mazur", Domain.WRITING, "Stories that models grade."),
        "Mean score",
        Unit.POINTS,
        maximum=10,
    ),
    _board("adversarial_nli", "Adversarial NLI", Domain.REASONING),
    _board("apex_agents", "APEX-Agents", Domain.AGENTS, "Pass@1 score"),
    _board("arc_ai2", "ARC Challenge (AI2)", Domain.SCIENCE, "Challenge score"),
    _board("balrog", "BALROG", Domain.AGENTS, "Average progress"),
    _board("bbh", "BIG-Bench Hard", Domain.REASONING, "Average"),
    _board("bool_q", "BoolQ", Domain.READING),
    _board("cad_eval", "CadEval", Domain.CODING, "Overall pass (%)"),
    _board("common_sense_qa_2", "CommonsenseQA 2.0", Domain.REASONING),
    _board("cybench", "Cybench", Domain.AGENTS, "Unguided % Solved"),
    _board("fictionlivebench", "Fiction.LiveBench, 16k tokens", Domain.READING, "16k token score"),
    _board("gdpval", "GDPval, wins", Domain.PROFESSIONS, "Win Rate (%)"),
    _board("hella_swag", "HellaSwag", Domain.REASONING, "Overall accuracy"),
    _board("lambada", "LAMBADA", Domain.READING),
    _board("open_book_qa", "OpenBookQA", Domain.SCIENCE, "Accuracy"),
    _board("piqa", "PIQA", Domain.REASONING),
    _board("science_qa", "ScienceQA", Domain.SCIENCE),
    _board("simplebench", "SimpleBench", Domain.REASONING, "Score (AVG@5)"),
    _board("superglue", "SuperGLUE", Domain.READING),
    _board("trivia_qa", "TriviaQA", Domain.KNOWLEDGE, "EM"),
    _board("video_mme", "Video-MME", Domain.VISION, "Overall (no subtitles)"),
    _board("vpct", "VPCT", Domain.VISION, "Correct"),
    _board("weirdml", "WeirdML", Domain.CODING, "Accuracy"),
    _board("wino_grande", "WinoGrande", Domain.REASONING, "Accuracy"),
)
HEADLINE = "mmlu_external"
_WORD = re.compile("[a-z]{2,}")


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per row, which has an id: a model may stand on a board with several numbers of shots, agents or papers."""
    ledger = Ledger()
    tables = tables_of(files[HUB.name])
    ledger.unknown_columns += undeclared(tables, (*(board.table for board in BOARDS), *FORBIDDEN))
    for board, row in board_rows(tables, BOARDS, HEADLINE, ledger):
        if found := read_row(board, row, ledger):
            described, score = found
            entry = ledger.entries.setdefault(described.key, described)
            entry.standing = _standing(board, entry.published_name, row)
            ledger.record(entry, {board.benchmark.slug: score})
    ledger.offered |= {board.benchmark.slug for board in BOARDS}
    return ledger.parsed(as_of=newest_run(tables), as_of_basis=AsOfBasis.NEWEST_ROW)


def _standing(board: Board, name: str, row: Mapping[str, str]) -> Standing:
    agent = (text(row.get(board.agent)) or "").casefold()
    if agent and not agent.startswith(board.plain):
        return Standing.SYSTEM
    return Standing.SELF_REPORTED if _is_about_itself(name, row.get("Source") or "") else Standing.UNKNOWN


def _is_about_itself(name: str, source: str) -> bool:
    """Whether a paper is called after the model, as that of its maker is: `Qwen Technical Report` after Qwen-7B."""
    if "leaderboard" in source.casefold():
        return False
    family = _WORD.findall(name.casefold())[:2]
    return not set(family).isdisjoint(_WORD.findall(source.casefold()))


SOURCE = Source(
    slug="epoch_ai_external",
    title="Epoch AI, results of others",
    publisher="Epoch AI",
    homepage="https://epoch.ai/benchmarks",
    license=None,
    terms=unclear(
        "Epoch AI, 'AI Benchmarking Hub', https://epoch.ai/benchmarks, and the publishers that it names",
        "The CC BY 4.0 of the zip covers the runs of Epoch AI; what it copied stays under the terms of where it came from.",
        READ_ON,
    ),
    endpoints=(HUB,),
    benchmarks=tuple(board.benchmark for board in BOARDS),
    metrics=tuple(board.metric(own=False, headline=board.table == HEADLINE) for board in BOARDS),
    columns={HUB.name: Columns(required=frozenset({"Model version"}))},
    parse=parse,
)
