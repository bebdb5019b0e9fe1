"""The marts against expectations worked out by hand: one dbt build over a few made snapshots, then many questions."""

import json
import re
import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from budmodel_pipeline.model_info.offers import price_range
from budmodel_pipeline.sources.contract import Unit
from budmodel_pipeline.warehouse.built_marts import older_build
from budmodel_pipeline.warehouse.snapshots import record_failure
from budmodel_pipeline.workflows.week_in_review import digest_of
from tests.integration.warehouse.built_database import MARTS, PROJECT, Built
from tests.integration.warehouse.filled_database import (
    FIRST,
    FOURTH,
    LATER,
    LATEST,
    LONG_AGO,
    NEW_ENTRIES,
    NOW,
    OFFERS,
    OTHERS,
    SECOND,
    THIRD,
)

# Of each analysis some columns and what its first rows hold there; (b) and (d) ask for metrics that no source here has.
ANALYSES: Mapping[str, tuple[str, list[tuple[object, ...]]]] = {
    "a_best_small_open_model": ("display_name gb_at_32k license_id", [("Gamma", Decimal("19.8"), "apache-2.0")]),
    "b_top_ten_for_coding": ("model_id", []),
    "c_what_changed_beyond_its_interval": (
        "kind published_name",
        [("new", name) for name in ("Alpha (agent)", "Best of Gamma")],
    ),
    "d_cost_against_score": ("model_id", []),
    "e_claimed_against_measured": ("model_id gap_points", [("beta", Decimal("12.5"))]),
    "f_one_model_through_time": (
        "published_name score kind",
        [("Alpha (agent)", 90, "new"), ("Alpha (high)", 85, "new"), ("Alpha (high)", 90, "re-measured")],
    ),
    "g_all_efforts_of_one_model": ("metric_id score_by_variant", [("arena.accuracy", {"low": 80, "high": 90, "agent": 90})]),
    "h_ranking_with_missing_data": (
        "rank tier display_name score lower upper benchmarks self_reported",
        [(1, 1, "OpenAI/GPT-5-2025-08-07", 80, 70, 90, 2, 1)],
    ),
    "i_stalest_source": ("source", [("lapsed",), ("arena",), ("broken",)]),
    "j_license_conflicts_of_the_top_twenty": ("name claimed found rank", [("Gamma", "mit", "apache-2.0", 3)]),
}


def places(built: Built, metric: str) -> dict[str, tuple[Any, ...]]:
    query = "select entry_key, rank, percentile, ranked_entries from marts.leaderboard where metric_id = :metric"
    rows = built.rows(query, metric=metric)
    return {row["entry_key"]: (row["rank"], row["percentile"], row["ranked_entries"]) for row in rows}


def test_the_build_passes_without_a_warning(built: Built) -> None:
    assert "WARN=0 ERROR=0 SKIP=0" in built.output
    assert not re.search(r"\[WARNING\]|Deprecat", built.output)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("alter table marts.gaps add unheard_of text", None),
        (
            "alter table marts.model_choice rename contradicted_providers to contradicted",
            "(no marts.model_choice.contradicted_providers)",
        ),
        ("alter table marts.benchmarks alter models type text", "(marts.benchmarks.models is text)"),
        ("drop table marts.gaps", "(no marts.gaps)"),
        (
            "drop schema staging cascade; drop table marts.gaps",
            "(no marts.gaps, ",
        ),
        ("drop schema staging, marts cascade", None),
    ],
)
def test_marts_of_this_version_are_told_from_those_of_an_older_one(built: Built, change: str, said: str | None) -> None:
    with built.engine.connect() as connection:
        assert older_build(connection) is None
        connection.execute(text(change))
        found = older_build(connection)
        connection.rollback()
    assert found is None if said is None else found is not None and said in found


@pytest.mark.parametrize("question", sorted(path.stem for path in (PROJECT / "analyses").glob("*.sql")))
def test_every_question_of_the_analyses_is_answered(built: Built, question: str) -> None:
    columns, rows = ANALYSES[question]
    asked = next(built.target.rglob(f"compiled/**/{question}.sql")).read_text()
    found = built.rows(asked.replace(":", "\\:"))
    assert [tuple(row[column] for column in columns.split()) for row in found][: len(rows) or None] == rows


def test_ties_share_a_rank_and_the_next_is_skipped(built: Built) -> None:
    assert places(built, "arena.accuracy") == {
        "Alpha (agent)": (1, 1.0, 6),
        "Alpha (high)": (1, 1.0, 6),
        "Beta": (1, 1.0, 6),
        "Alpha (low)": (4, pytest.approx(2 / 5), 6),
        "Gamma": (5, pytest.approx(1 / 5), 6),
        "Gamma | tuned": (6, 0.0, 6),
        # Not in the publisher's default view.
        "Best of Gamma": (None, None, None),
        "Gamma (old)": (None, None, None),
    }


def test_what_the_publisher_does_not_rank_is_ranked_beside_it(built: Built) -> None:
    query = "select entry_key, rank_all, standing from marts.leaderboard where metric_id = 'arena.accuracy' and rank_all < 4"
    found = {row["entry_key"]: (row["rank_all"], row["standing"]) for row in built.rows(query)}
    assert found == {
        "Gamma (old)": (1, "contaminated"),
        "Best of Gamma": (2, "system"),
        "Alpha (agent)": (3, "self_reported"),
        "Alpha (high)": (3, "unknown"),
        "Beta": (3, "verified"),
    }


def test_the_least_value_is_first_where_lower_is_better(built: Built) -> None:
    expected = {"Alpha (low)": (1, 1.0, 3), "Beta": (2, 0.5, 3), "Alpha (high)": (3, 0.0, 3)}
    assert places(built, "arena.latency") == expected


def test_nothing_is_ranked_where_no_end_is_good(built: Built) -> None:
    assert set(places(built, "arena.length").values()) == {(None, None, None)}
    ranks = built.rows("select rank, percentile, ranked_models from marts.model_comparison where metric_id = 'arena.length'")
    assert {tuple(row.values()) for row in ranks} == {(None, None, None)}


def test_an_only_entry_is_first_and_best(built: Built) -> None:
    assert places(built, "lapsed.accuracy") == {"Beta": (1, 1.0, 1)}


def test_percents_stand_as_published_beside_the_fraction(built: Built) -> None:
    query = """
        select score, unit, canonical_score, canonical_unit from marts.leaderboard
        where entry_key = 'Alpha (low)' and source = 'arena' order by metric_id
    """
    assert [tuple(row.values()) for row in built.rows(query)] == [
        (80, "percent", Decimal("0.8"), "fraction"),
        (1, "seconds", 1, "seconds"),
        (100, "characters", 100, "characters"),
    ]


def test_a_row_leads_back_to_its_file_and_model(built: Built) -> None:
    row = built.row("select * from marts.leaderboard where entry_key = 'Alpha (high)' and metric_id = 'arena.accuracy'")
    assert (row["model_id"], row["variant"], row["published_name"]) == ("alpha", "high", "Alpha (high)")
    assert (row["source_url"], row["source_files"]) == ("https://arena.example/table.csv", 2)
    assert (row["fetched_at"], row["origin"], row["settings"]) == (FOURTH, "live", {"shots": 5})


def test_the_link_tells_models_of_one_name_apart(built: Built) -> None:
    rows = built.rows("select entry_key, model_id from marts.leaderboard where published_name = 'Gamma'")
    assert {row["entry_key"]: row["model_id"] for row in rows} == {
        "Gamma": "gamma",
        "Gamma | tuned": "tuner/gamma-tuned",
    }


@pytest.mark.parametrize(("slug", "as_of", "basis"), [("arena", date(2026, 1, 5), "stated"), ("lapsed", None, "unknown")])
def test_the_date_is_the_publishers_and_never_that_of_the_fetch(
    built: Built, slug: str, as_of: date | None, basis: str
) -> None:
    for mart in ("leaderboard", "source_health"):
        query = f"select distinct as_of, as_of_basis from marts.{mart} where source = :slug"
        assert built.row(query, slug=slug) == {"as_of": as_of, "as_of_basis": basis}


@pytest.mark.parametrize(
    ("entry_key", "periods"),
    [
        pytest.param("Alpha (high)", [(85, FIRST, SECOND), (90, SECOND, None)], id="changed, then unchanged"),
        pytest.param("Alpha (low)", [(80, FIRST, THIRD), (81, THIRD, FOURTH), (80, FOURTH, None)], id="changed and back"),
        pytest.param("Beta", [(90, FIRST, SECOND), (90, THIRD, None)], id="away for a while"),
        pytest.param("Delta", [(50, FIRST, THIRD)], id="removed"),
        pytest.param("Gamma", [(70, FOURTH, None)], id="added"),
    ],
)
def test_history_has_a_period_for_every_standing_value(
    built: Built, entry_key: str, periods: list[tuple[float, datetime, datetime | None]]
) -> None:
    query = """
        select score, valid_from, valid_to from marts.leaderboard_history
        where metric_id = 'arena.accuracy' and entry_key = :entry_key order by valid_from
    """
    assert [tuple(row.values()) for row in built.rows(query, entry_key=entry_key)] == periods


def test_a_period_does_not_reach_from_one_origin_into_another(built: Built) -> None:
    query = (
        "select origin, valid_from, valid_to from marts.leaderboard_history where metric_id = 'lapsed.accuracy' order by 2"
    )
    assert [tuple(row.values()) for row in built.rows(query)] == [
        ("mirror", LONG_AGO, LATER),
        ("live", LATER, LATEST),
        ("mirror", LATEST, None),
    ]


def test_history_names_the_model_of_an_entry_that_is_gone(built: Built) -> None:
    query = "select model_id, published_name, unit from marts.leaderboard_history where entry_key = 'Delta'"
    assert built.row(query) == {"model_id": "delta", "published_name": "Delta", "unit": "percent"}


def test_open_periods_are_the_leaderboard(built: Built) -> None:
    query = "select source, entry_key, metric_id, score, model_id, {} as snapshot_id from marts.{} {} order by 1, 2, 3"
    current = built.rows(query.format("snapshot_id", "leaderboard", ""))
    assert built.rows(query.format("last_snapshot_id", "leaderboard_history", "where valid_to is null")) == current


@pytest.mark.parametrize(
    ("metric", "entry_key", "score"),
    [
        pytest.param("arena.accuracy", "Alpha (high)", 90, id="the highest; of equals the one that is not self-reported"),
        pytest.param("arena.latency", "Alpha (low)", 1, id="the lowest where lower is better"),
        pytest.param("arena.length", "Alpha (low)", 100, id="the middle one where no end is good, of two the lower"),
    ],
)
def test_the_best_variant_speaks_for_a_model(built: Built, metric: str, entry_key: str, score: float) -> None:
    query = "select entry_key, score from marts.model_comparison where model_id = 'alpha' and metric_id = :metric"
    assert built.row(query, metric=metric) == {"entry_key": entry_key, "score": score}


def test_a_model_counts_once_in_the_comparison(built: Built) -> None:
    query = """
        select model_id, rank, percentile, ranked_models, entries, sources_count from marts.model_comparison
        where metric_id = 'arena.accuracy' order by model_id
    """
    assert [tuple(row.values()) for row in built.rows(query)] == [
        ("alpha", 1, 1.0, 4, 3, 1),
        ("beta", 1, 1.0, 4, 1, 3),
        ("gamma", 3, pytest.approx(1 / 3), 4, 2, 1),
        ("tuner/gamma-tuned", 4, 0.0, 4, 1, 1),
    ]


def test_benchmarks_sum_up_every_metric(built: Built) -> None:
    query = """
        select metric_id, models, entries, min_score, median_score, max_score, best_model_ids, best_score, as_of
        from marts.benchmarks where source = 'arena' order by metric_id
    """
    day = date(2026, 1, 5)
    assert [tuple(row.values()) for row in built.rows(query)] == [
        ("arena.accuracy", 5, 8, 60, 90, 99, ["alpha", "beta"], 90, day),
        ("arena.exam", 1, 1, 50, 50, 50, ["beta"], 50, day),
        ("arena.latency", 2, 3, 1, 2, 3, ["alpha"], 1, day),
        ("arena.length", 2, 3, 100, 500, 900, None, None, day),
        ("arena.unused", 0, 0, None, None, None, None, None, None),
    ]


def test_the_best_is_one_model_or_none_where_several_share_the_place(built: Built) -> None:
    query = "select metric_id, best_model_id, status from marts.benchmarks where source = 'arena' order by metric_id"
    assert [tuple(row.values()) for row in built.rows(query)] == [
        ("arena.accuracy", None, "current"),
        ("arena.exam", "beta", "current"),
        ("arena.latency", "alpha", "current"),
        ("arena.length", None, "current"),
        ("arena.unused", None, "never"),
    ]


def test_changes_tell_what_happened_once(built: Built) -> None:
    query = """
        select seen_at, kind, entry_key, score_before, score, is_beyond_interval
        from marts.leaderboard_changes where source = 'arena' order by seen_at, kind, entry_key
    """
    assert [tuple(row.values()) for row in built.rows(query)] == [
        (SECOND, "new best", "Alpha (high)", 90, 90, None),
        (SECOND, "removed", "Beta", None, None, None),
        (SECOND, "rescored", "Alpha (high)", 85, 90, True),
        (THIRD, "new", "Beta", None, None, None),
        (THIRD, "removed", "Delta", None, None, None),
        (THIRD, "rescored", "Alpha (low)", 80, 81, False),
        *((FOURTH, "new", name, None, None, None) for name in NEW_ENTRIES),
        (FOURTH, "rescored", "Alpha (low)", 81, 80, False),
    ]


def test_a_name_that_changed_and_a_benchmark_that_was_defined_anew_are_no_scores_that_changed(built: Built) -> None:
    query = """
        select seen_at, kind, metric_id, entry_key, name_before, scores
        from marts.leaderboard_changes where source = 'moving' order by seen_at, kind
    """
    assert [tuple(row.values()) for row in built.rows(query)] == [
        (THIRD, "renamed", None, "Iota pro", "Iota", None),
        (FOURTH, "redefined", "moving.accuracy", None, None, 2),
    ]


def test_the_digest_is_of_the_newest_week(built: Built) -> None:
    digest = digest_of(built.engine)
    assert digest is not None
    assert digest == digest_of(built.engine)
    week = built.row("select max(week) as week from marts.leaderboard_changes")["week"]
    assert digest.week == week
    told = [(event["source"], event["kind"], event["published_name"]) for event in digest.events if event["kind"] == "new"]
    names = ("Alpha (agent)", "Best of Gamma", "Gamma", "Gamma", "Gamma (old)")
    assert told == [("arena", "new", name) for name in names]
    # Too little to rank was there before the week.
    assert digest.moves == []


def test_what_a_maker_claims_stands_beside_what_others_measured(built: Built) -> None:
    gap = built.row("select * from marts.self_reported_gap")
    assert (gap["benchmark_id"], gap["model_id"], gap["unit"]) == ("exam", "beta", "fraction")
    assert (gap["claimed"], gap["measured"], gap["gap"]) == (Decimal("0.625"), Decimal("0.5"), Decimal("0.125"))
    assert (gap["claimed_in"], gap["measured_by"], gap["measured_standing"]) == ("lapsed", "arena", "verified")


def test_health_tells_the_four_states_apart(built: Built) -> None:
    rows = built.rows("select source, status, last_error, scores, models from marts.source_health order by source")
    assert [tuple(row.values()) for row in rows] == [
        ("arena", "ok", None, 15, 5),
        ("broken", "failing", "the table was empty", 9, 7),
        ("lapsed", "due", None, 2, 1),
        ("moving", "ok", None, 4, 2),
        ("quiet", "never", None, 0, 0),
    ]


def test_health_accounts_for_every_row(built: Built) -> None:
    row = built.row("select * from marts.source_health where source = 'arena'")
    assert (row["rows_read"], row["rows_kept"], row["rows_rejected"]) == (15, 8, 7)
    assert row["rejected_by_reason"] == {"the name is empty": 3, "outside the window": 4}
    assert (row["changed_at"], row["next_due_at"]) == (FOURTH, FOURTH + timedelta(days=7))


def test_health_follows_the_core_tables_without_a_build(built: Built) -> None:
    with built.engine.connect() as connection:
        record_failure(connection, "quiet", "no answer", NOW)
        statuses = connection.execute(text("select status from marts.source_health where source = 'quiet'"))
        assert statuses.scalar_one() == "failing"
        connection.rollback()


def test_a_success_of_the_future_is_shown_as_due_at_once(built: Built) -> None:
    with built.engine.connect() as connection:
        ahead = text("update budmodel.sources set last_extracted_at = now() + interval '2 years' where source = 'arena'")
        connection.execute(ahead)
        asked = text("select status, age_days, next_due_at from marts.source_health where source = 'arena'")
        assert tuple(connection.execute(asked).one()) == ("due", None, None)
        connection.rollback()


def test_a_card_holds_what_was_read_last(built: Built) -> None:
    card = built.row("select * from marts.model_cards where target = 'hf:makers/Beta'")
    assert (card["revision"], card["parameters_unique"], card["context_length"]) == ("b" * 40, 7, 4096)
    assert (card["tags"], card["tool_use"], card["license_tag"]) == (["one", "two"], True, "mit")
    assert (card["description"], card["use_cases"], card["limitations"]) == ("Writes well.", ["Writes well."], [])
    assert (card["prose_model"], card["self_reported_evaluations"]) == ("writer-1", 1)


def test_a_card_says_what_the_license_permits_and_how_we_know(built: Built) -> None:
    card = built.row("select * from marts.model_cards where target = 'hf:makers/Beta'")
    assert (card["license_id"], card["license_evidence"], card["license_suitability"]) == ("llama3.1", "text", "LOW")
    # Free to earn money with, but only below a threshold: permitted on conditions.
    assert (card["commercial_use"], card["attribution"], card["share_alike"]) == ("CONDITIONAL", "YES", None)
    without = built.row("select * from marts.model_cards where target = 'hf:tuner/beta-tuned'")
    assert (without["license_id"], without["license_evidence"], without["commercial_use"]) == (None, "none", None)
    assert built.row("select models from marts.licenses where license_id = 'llama3.1'")["models"] == 1


def test_a_card_shows_the_verdict_with_its_revision_and_what_was_not_scanned_is_not_safe(built: Built) -> None:
    card = built.row("select * from marts.model_cards where target = 'hf:makers/Beta'")
    assert (card["security_verdict"], card["scanned_revision"], card["scan_versions"]) == (
        "malicious",
        "b" * 40,
        {"rules": "1"},
    )
    verdict = built.row("select security_verdict from marts.model_cards where target = 'hf:tuner/beta-tuned'")
    assert verdict["security_verdict"] == "unscanned"
    found = built.row("select * from marts.security_findings")
    assert (found["path"], found["rule"]) == ("a.pkl", "pickle.dangerous-global")
    assert found["reproduce"] == f"budmodel scan hf:makers/Beta@{'b' * 40}"


def test_a_card_shows_the_same_range_of_prices_as_commands_do(built: Built) -> None:
    found = price_range([*OFFERS, *OTHERS])
    card = built.row("select * from marts.model_cards where target = 'hf:makers/Beta'")
    assert (card["price_providers"], card["free_providers"]) == (found.providers, found.free) == (5, 1)
    lowest_and_highest = [
        tuple(card[f"{which}_{way}_usd_per_million_tokens"] for which in ("lowest", "highest"))
        for way in ("input", "output")
    ]
    assert lowest_and_highest == [found.input, found.output] == [(0.5, 5.0), (6.0, 20.0)]
    assert found.cheapest is not None
    assert card["cheapest_provider"] == found.cheapest.provider == "cheap"
    assert card["prices_fetched_at"] == FOURTH
    none = built.row("select * from marts.model_cards where target = 'hf:tuner/beta-tuned'")
    assert (none["price_providers"], none["free_providers"], none["cheapest_provider"]) == (0, 0, None)


def test_every_offer_is_a_row_and_what_is_nobodys_says_why(built: Built) -> None:
    rows = built.rows("select provider, model_id, unmatched, is_usual from marts.model_prices where model_id is null")
    assert [tuple(row.values()) for row in rows] == [("auto", None, "it chooses a model", False)]
    plan = built.row("select * from marts.model_prices where provider = 'plan' and catalog = 'models.dev'")
    assert (plan["basis"], plan["input_usd_per_million_tokens"], plan["origin"]) == ("unclear", None, "live")


def test_of_each_provider_one_catalog_counts_and_who_contradicts_it_is_named(built: Built) -> None:
    query = "select provider, catalog, is_usual, contradicted_by from marts.model_prices where model_id = 'makers/beta'"
    rows = built.rows(f"{query} and variant is null and mode = 'standard' and context_above = 0 order by 1, 2 desc")
    assert [tuple(row.values()) for row in rows] == [
        ("cheap", "models.dev", True, []),
        ("cheap", "litellm", False, []),
        ("dear", "models.dev", True, ["litellm"]),
        ("dear", "litellm", False, ["models.dev"]),
        ("gift", "models.dev", True, []),
        ("half", "models.dev", True, []),
        ("lopsided", "models.dev", True, []),
        # Served no more, says the one that counts more.
        ("past", "models.dev", False, []),
        ("past", "litellm", False, []),
        # What one does not know, the other does.
        ("plan", "models.dev", False, []),
        ("plan", "litellm", True, []),
    ]


def test_every_quantization_is_a_row_and_the_card_shows_the_range(built: Built) -> None:
    rows = built.rows("select name, precision, size_bytes, serving_bytes_32k from marts.model_variants order by name")
    cache = 60 * 32_768 + 40 * 1024
    assert [tuple(row.values()) for row in rows] == [
        ("Q4_K_M", "Q4_K_M", 4_000_000_000, 4_400_000_000 + (1 << 30) + cache),
        ("Q8_0", "Q8_0", 8_000_000_000, 8_800_000_000 + (1 << 30) + cache),
        ("odd", "odd", None, None),
    ]
    card = built.row("select * from marts.model_cards where target = 'hf:makers/Beta'")
    assert (card["variants"], card["smallest_variant_bytes"], card["largest_variant_bytes"]) == (
        3,
        4_000_000_000,
        8_000_000_000,
    )
    assert (card["serving_bytes_8k"], card["serving_bytes_full"]) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("1000000, 100, 60, 50, 200, 3", 1_100_000 + (1 << 30) + 3 * (60 * 200 + 40 * 50)),
        ("1000000, 100, 60, 50, 20, 1", 1_100_000 + (1 << 30) + 100 * 20),
        ("1000000, 100, 100, null, 20, 1", 1_100_000 + (1 << 30) + 100 * 20),
        ("1000000, 0, 0, null, 20, 1", 1_100_000 + (1 << 30)),
        ("1000000, null, null, null, 20, 1", None),
        ("null, 100, 100, null, 20, 1", None),
        ("1000000, 100, 100, null, 0, 1", None),
    ],
)
def test_memory_to_serve_is_what_the_pipeline_computes(built: Built, arguments: str, expected: int | None) -> None:
    assert built.row(f"select marts.serving_bytes_at({arguments}) as bytes")["bytes"] == expected


def test_a_value_of_the_wrong_type_is_null_in_its_column_and_stays_in_the_facts(built: Built) -> None:
    card = built.row("select * from marts.model_cards where target = 'hf:tuner/beta-tuned'")
    assert [card[name] for name in ("parameters_unique", "context_length", "tags", "tool_use", "created_at")] == [None] * 5
    assert card["facts"]["parameters_unique"]["value"] == "many"


def test_lineage_finds_the_base_model_whatever_its_case(built: Built) -> None:
    edge = built.row("select * from marts.model_lineage")
    assert (edge["name"], edge["base_model"], edge["relation"]) == ("tuner/beta-tuned", "Makers/beta", "finetune")
    assert (edge["base_target"], edge["base_model_id"]) == ("hf:makers/Beta", "makers/beta")


def test_self_reported_results_are_in_no_leaderboard(built: Built) -> None:
    result = built.row("select * from marts.self_reported_evaluations")
    assert (result["benchmark"], result["value"], result["unit"]) == ("MMLU", 71.5, "%")
    assert built.rows("select * from marts.leaderboard where score = 71.5") == []


def test_a_model_that_cannot_be_read_says_why(built: Built) -> None:
    health = built.row("select * from marts.model_health where target = 'hf:makers/Locked'")
    assert (health["status"], health["failure_state"], health["next_attempt_at"]) == ("failing", "gated", None)
    assert built.rows("select * from marts.model_cards where target = 'hf:makers/Locked'") == []


def test_a_ranking_shows_what_it_stands_on(built: Built) -> None:
    ranked = built.rows(
        "select group_id, score, rank, tier, benchmarks, self_reported, ranked_models from marts.model_ranking"
        " where scope = 'overall' order by score desc"
    )
    assert [tuple(row.values()) for row in ranked] == [
        ("openai/gpt-5", 80.0, 1, 1, 2, 1, 1),
        ("acme/zorb-7b", 50.0, None, None, 1, 0, 1),
    ]
    [evidence] = built.rows("select * from marts.ranking_evidence")
    assert (evidence["seen"], evidence["predicted"], evidence["residual"]) == (0.75, 0.5, 0.25)
    assert (evidence["benchmark_title"], evidence["source"], evidence["run_by"]) == ("Exam", "arena", "publisher")
    uses = built.rows("select benchmark_title, is_used, is_thin, reason from marts.ranking_benchmarks order by is_used")
    assert [tuple(use.values()) for use in uses] == [("Tasks", False, False, "no good end"), ("Exam", True, True, None)]


def test_the_choice_of_a_model_is_of_one_card_and_takes_nothing_for_granted(built: Built) -> None:
    choices = built.rows("select * from marts.model_choice where scope = 'coding' order by rank")
    facts = ["target", "cards", "parameters", "context_length", "serving_bytes_32k", "license_id", "license_basis"]
    facts += ["commercial_use", "license_conflicts", "verdict", "open_weights"]
    bytes_at_32k = 15_400_000_000 + (1 << 30) + 32768 * 100_000
    assert [tuple(choice[name] for name in facts) for choice in choices] == [
        ("hf:makers/Gamma", 2, 7 * 10**9, 32768, bytes_at_32k, "apache-2.0", "text", "YES", 1, "safe", True),
        # The hub's files come before the catalog's word about another place; the clean verdict was of other files.
        ("hf:makers/Delta", 2, 5, None, None, "mit", "tag", "UNKNOWN", 1, "unscanned", False),
        (None, 0, None, None, None, None, "unknown", "UNKNOWN", 0, "unscanned", None),
    ]
    price = ["cheapest_provider", "input_usd_per_million_tokens", "output_usd_per_million_tokens"]
    price += ["blended_usd_per_million_tokens", "dearest_blended_usd_per_million_tokens", "priced_providers"]
    price += ["price_catalog", "price_catalogs", "contradicted_providers"]
    assert [tuple(choice[name] for name in price) for choice in choices] == [
        ("fair", 1, 3, 1.5, 1.925, 3, "models.dev", ["models.dev"], 1),
        (None, None, None, None, None, 0, None, [], 0),
        (None, None, None, None, None, 0, None, [], 0),
    ]
    assert [choice["commercial_doubt"] for choice in choices] == [None, "Its base forbids.", None]
    assert [choice["not_known"] for choice in choices] == [
        [],
        ["context", "memory", "commercial use", "verdict", "price"],
        ["card", "parameters", "context", "memory", "open weights", "license", "commercial use", "verdict", "price"],
    ]


def test_gaps_come_in_order_of_worth_each_with_its_reason(built: Built) -> None:
    gaps = built.rows("select place, group_id, missing, reason, next_step, likely_place from marts.gaps order by place")
    assert [gap["place"] for gap in gaps] == list(range(1, len(gaps) + 1))
    nowhere, nobody = "no place is known where it could be read", "no provider of a catalog has a usual offer with a price"
    assert [tuple(gap.values())[1:] for gap in gaps] == [
        ("openai/gpt-5", "card", nowhere, None, 1),
        ("openai/gpt-5", "price", nobody, None, 1),
        # Of Gamma, the first for coding, everything is known.
        ("delta", "commercial use", "Its base forbids.", "budmodel license hf:makers/Delta", 2),
        ("delta", "verdict", "its files changed since they were scanned", "budmodel scan hf:makers/Delta", 2),
        ("delta", "price", nobody, None, 2),
        ("delta", "memory", None, None, 2),
        ("delta", "context", None, None, 2),
        ("alpha", "card", nowhere, None, 3),
        ("alpha", "price", nobody, None, 3),
        ("acme/zorb-7b", "scores", "benchmarks of the ranking that it has a score of: 1", None, 2),
        ("acme/zorb-7b", "card", nowhere, None, 2),
        ("acme/zorb-7b", "price", nobody, None, 2),
    ]


def test_readers_see_the_marts_and_nothing_else(built: Built) -> None:
    with built.engine.connect() as connection:
        connection.execute(text("set role budmodel_reader"))
        for mart in sorted(MARTS):
            assert connection.execute(text(f"select count(*) from marts.{mart}")).scalar_one() > 0
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("select * from budmodel.scores"))


def test_who_may_not_create_roles_can_still_build(built: Built) -> None:
    [hook] = built.target.glob("compiled/**/dbt_leaderboard-on-run-start-0.sql")
    missing, plain = f"reader_{uuid.uuid4().hex}", f"plain_{uuid.uuid4().hex}"
    with built.engine.connect() as connection:
        connection.execute(text(f"create role {plain}"))
        connection.execute(text(f"set role {plain}"))
        connection.exec_driver_sql(hook.read_text().replace("budmodel_reader", missing).replace("%", "%%"))
        roles = connection.execute(text("select count(*) from pg_roles where rolname = :role"), {"role": missing})
        assert roles.scalar_one() == 0
        connection.rollback()


@pytest.fixture(scope="module")
def manifest(built: Built) -> Mapping[str, Any]:
    content: dict[str, Any] = json.loads((built.target / "manifest.json").read_text())
    return content


UNIT_WORDS = re.compile(r"\b(unit|bytes|dollars|canonical_unit|fraction|days|number of|place|percent)\b", re.IGNORECASE)


def test_every_column_of_the_marts_says_what_it_is_and_in_which_unit(manifest: Mapping[str, Any]) -> None:
    marts = {node["name"]: node for node in manifest["nodes"].values() if node.get("schema") == "marts"}
    models = {name: node for name, node in marts.items() if node["resource_type"] == "model"}
    assert set(models) == MARTS
    for name, model in models.items():
        assert model["contract"]["enforced"], name
        for column in model["columns"].values():
            description = column["description"].strip()
            assert description.endswith("."), f"{name}.{column['name']}: {description!r}"
            if column["data_type"] in {"pg_catalog.numeric", "double precision", "integer", "bigint"}:
                assert UNIT_WORDS.search(description), f"{name}.{column['name']} has no unit: {description!r}"


def test_dbt_knows_every_unit(manifest: Mapping[str, Any]) -> None:
    tests = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    known = {
        name: set(tests[name]["test_metadata"]["kwargs"]["values"]) for name in tests if name.endswith("units_are_known")
    }
    assert known == {
        "leaderboard_units_are_known": set(Unit),
        "leaderboard_canonical_units_are_known": {unit.canonical for unit in Unit},
    }


def test_doubtful_names_are_put_before_a_person(built: Built) -> None:
    review = built.rows("""
        select reason, source, model_id, other_model_id, published_name, other_name, confidence, detail
        from marts.identity_review order by reason, model_id
    """)
    assert [tuple(row.values()) for row in review] == [
        ("clash", "broken", "omega", None, "OMEGA", "Omega", None, "broken.accuracy: 6 and 5"),
        ("clash", "broken", "psi", None, "Psi", "Psi", None, "broken.accuracy: 6 and 5"),
        ("low confidence", "arena", "delta", None, "Delta", None, 0.4, "a; b"),
        (
            "near miss",
            "quiet",
            "acme/zorb-7b",
            "acme/zorb-7b-instruct",
            "ACME/ZORB-7B",
            "Acme/Zorb-7b-Instruct",
            1,
            "the same name with and without a stage of tuning",
        ),
        (
            "near miss",
            "broken",
            "one/sigma",
            "two/sig-ma",
            "One/Sigma",
            "Two/sig-ma",
            1,
            "the same name under two makers, or with other separators",
        ),
        (
            "near miss",
            "quiet",
            "openai/gpt-5",
            "openai/gpt-5-2025-08-07",
            "OPENAI/GPT-5",
            "OpenAI/GPT-5-2025-08-07",
            1,
            "a release, and the name without its date or suffix",
        ),
    ]


def test_a_clash_names_its_entries(built: Built) -> None:
    clash = built.row("select entry_key, other_entry_key from marts.identity_review where model_id = 'psi'")
    assert tuple(clash.values()) == ("Psi | community", "Psi | verified")


def test_every_mart_with_a_model_tells_its_group_and_names(built: Built) -> None:
    told = {"group_id", "display_name", "maker", "hub_repository"}
    marts = built.rows("""
        select table_name, array_agg(column_name::text) as columns from information_schema.columns
        where table_schema = 'marts' group by table_name
    """)
    of_models = {mart["table_name"]: set(mart["columns"]) for mart in marts if "model_id" in mart["columns"]}
    assert of_models.keys() >= {"leaderboard", "leaderboard_history", "model_comparison", "model_cards", "identity_review"}
    assert {mart: told - columns for mart, columns in of_models.items() if told - columns} == {}


def test_the_marts_say_what_a_model_is_called_and_where_it_lies(built: Built) -> None:
    row = built.row("""
        select group_id, display_name, maker, hub_repository from marts.leaderboard where published_name like 'Acme/%'
    """)
    assert tuple(row.values()) == ("acme/zorb-7b-instruct", "Acme/Zorb-7b-Instruct", "acme", "acme/Zorb-7b-Instruct")
    dated = built.row("select group_id, maker, hub_repository from marts.model_comparison where model_id like 'openai/%'")
    assert tuple(dated.values()) == ("openai/gpt-5", "OpenAI", None), "a closed model lies on no hub"


def test_a_group_holds_its_models_and_sources(built: Built) -> None:
    group = built.row(
        "select model_ids, sources, sources_count, names from marts.model_groups where group_id = 'openai/gpt-5'"
    )
    assert tuple(group.values()) == (["openai/gpt-5", "openai/gpt-5-2025-08-07"], ["broken", "quiet"], 2, 2)
