"""Rankings of a few made scores: who is compared, who shares a tier, what is named."""

import random
from collections.abc import Iterable, Mapping, Sequence

import pytest

from budmodel_pipeline.ranking.evidence import Evidence, PublishedScore
from budmodel_pipeline.ranking.rank import SEED, Ranked, Ranking
from budmodel_pipeline.ranking.rank import rank as rank_with


def rank(scores: Sequence[Evidence], seed: int = SEED) -> Ranking:
    """Fewer draws than usual: their number is not what is tried here."""
    return rank_with(scores, draws=30, seed=seed)


def evidence(of: Mapping[str, Mapping[str, float]], standing: str = "verified") -> list[Evidence]:
    """The scores of each group on each benchmark."""
    return [
        Evidence(
            PublishedScore(
                group,
                benchmark,
                "coding",
                f"board.{benchmark}",
                "board",
                "fraction",
                value,
                standing,
                "publisher",
                group,
                True,
            ),
            value,
        )
        for group, values in of.items()
        for benchmark, value in values.items()
    ]


# Ten models, each a little worse than the one before, on six benchmarks.
LADDER = {f"model-{place}": {f"exam-{exam}": 0.95 - 0.08 * place - 0.02 * exam for exam in range(6)} for place in range(10)}


def by_group(ranked: Iterable[Ranked]) -> dict[str, Ranked]:
    return {one.group_id: one for one in ranked}


def test_a_ladder_is_ranked_as_it_stands() -> None:
    ranking = rank(evidence(LADDER))
    assert [one.group_id for one in ranking.ranked] == list(LADDER)
    assert [one.rank for one in ranking.ranked] == list(range(1, 11))
    tiers = [one.tier or 0 for one in ranking.ranked]
    assert tiers == sorted(tiers)
    assert tiers[0] == 1
    assert tiers[-1] != 1
    assert all(0 <= one.lower <= one.score <= one.upper <= 100 for one in ranking.ranked)
    assert all(len(one.benchmark_ids) == 6 and one.sources == ("board",) for one in ranking.ranked)


def test_the_order_of_the_scores_and_the_hour_decide_nothing() -> None:
    scores = evidence(LADDER)
    shuffled = random.Random(1).sample(scores, len(scores))
    first, again = rank(scores), rank(sorted(shuffled, key=lambda one: (one.score.group_id, one.score.benchmark_id)))
    assert first.ranked == again.ranked
    assert rank(scores, seed=2).ranked != first.ranked


def test_equal_models_share_rank_and_tier() -> None:
    ranked = by_group(rank(evidence(LADDER | {"twin": dict(LADDER["model-4"])})).ranked)
    assert ranked["twin"].rank == ranked["model-4"].rank == 5
    assert ranked["twin"].tier == ranked["model-4"].tier
    assert ranked["model-5"].rank == 7


def test_a_missing_benchmark_lowers_nobody() -> None:
    """The model's easiest or its hardest exam is missing: what is left says the same of it."""
    whole = by_group(rank(evidence(LADDER)).ranked)["model-2"]
    for missing in LADDER["model-2"]:
        left = {exam: value for exam, value in LADDER["model-2"].items() if exam != missing}
        part = by_group(rank(evidence(LADDER | {"model-2": left})).ranked)["model-2"]
        assert part.score == pytest.approx(whole.score, abs=1)
        assert part.rank == whole.rank


def test_few_benchmarks_are_too_few_for_a_rank() -> None:
    ranking = rank(evidence(LADDER | {"newcomer": {"exam-0": 0.9, "exam-1": 0.9}}))
    newcomer = ranking.ranked[-1]
    assert (newcomer.group_id, newcomer.rank, newcomer.tier) == ("newcomer", None, None)
    assert newcomer.score > ranking.ranked[2].score
    others = [one for one in ranking.ranked if one.rank is not None]
    assert newcomer.upper - newcomer.lower > max(one.upper - one.lower for one in others)


def test_groups_that_nothing_connects_are_left_out_and_move_nobody() -> None:
    island = {f"stranger-{place}": {f"island-{exam}": 0.5 + 0.1 * place for exam in range(3)} for place in range(4)}
    alone, together = rank(evidence(LADDER)), rank(evidence(LADDER | island))
    assert together.ranked == alone.ranked
    assert {use.benchmark_id: use.reason for use in together.benchmarks if not use.is_used} == dict.fromkeys(
        ("island-0", "island-1", "island-2"), "no group that has it has another benchmark of the ranking"
    )


def test_a_model_that_others_never_met_and_a_new_exam_move_nobody_out_of_the_interval() -> None:
    before = by_group(rank(evidence(LADDER)).ranked)
    lonely = {"lonely": {"exam-5": 0.99, "exam-4": 0.01}}
    without_the_best = {name: {**exams, "new": exams["exam-0"] - 0.1} for name, exams in LADDER.items() if name != "model-0"}
    for more in (lonely, without_the_best):
        after = by_group(rank(evidence(LADDER | more)).ranked)
        for name, one in before.items():
            assert one.lower - 0.5 <= after[name].score <= one.upper + 0.5
        assert [name for name in after if name in before] == list(before)


def test_saturated_thin_and_lonely_benchmarks_are_named() -> None:
    scores = {
        name: {
            **exams,
            "easy": 0.97 - 0.01 * place,
            "easy for the best": 0.95 - 0.04 * place,
            **({"rare": exams["exam-3"]} if place < 4 else {}),
        }
        for place, (name, exams) in enumerate(LADDER.items())
    }
    scores["model-0"]["once"] = scores["model-1"]["once"] = 0.5
    uses = {use.benchmark_id: use for use in rank(evidence(scores)).benchmarks}
    assert {name for name, use in uses.items() if use.is_saturated} == {"easy", "easy for the best"}
    assert {name for name, use in uses.items() if use.is_thin} == {"rare"}
    assert (uses["once"].is_used, uses["once"].groups) == (False, 2)
    assert uses["once"].reason == "fewer than 3 groups have a score"


@pytest.mark.parametrize("groups", [0, 1, 4])
def test_too_little_is_no_ranking(groups: int) -> None:
    few = dict(list(LADDER.items())[:groups])
    ranking = rank(evidence(few))
    assert (ranking.ranked, ranking.explained) == ([], [])
    assert all(not use.is_used and use.reason for use in ranking.benchmarks)


def test_a_surprise_is_explained() -> None:
    odd = LADDER | {"model-3": {**LADDER["model-3"], "exam-2": 0.2}}
    ranking = rank(evidence(odd))
    worst = min(ranking.explained, key=lambda one: one.residual)
    assert (worst.evidence.score.group_id, worst.evidence.score.benchmark_id) == ("model-3", "exam-2")
    assert worst.residual == pytest.approx(worst.evidence.seen - worst.predicted)
    # One oddity of six does not make a good model a bad one.
    assert [one.group_id for one in ranking.ranked].index("model-3") <= 4


def test_what_only_makers_say_is_counted() -> None:
    claims = evidence({"model-0": {"exam-0": 0.95}}, "self_reported")
    rest = [one for one in evidence(LADDER) if (one.score.group_id, one.score.benchmark_id) != ("model-0", "exam-0")]
    ranked = by_group(rank([*claims, *rest]).ranked)
    assert (ranked["model-0"].self_reported, ranked["model-1"].self_reported) == (1, 0)


def test_nobody_leads_by_the_makers_word_alone() -> None:
    """A place needs three benchmarks that others measured: two are too few, however many claims stand beside them."""
    boast = {f"exam-{exam}": 0.99 for exam in range(6)}
    claims = {
        "all-claims": evidence({"all-claims": boast}, "self_reported"),
        "two-measured": [
            *evidence({"two-measured": {"exam-0": 0.99, "exam-1": 0.99}}),
            *evidence({"two-measured": {exam: value for exam, value in boast.items() if exam > "exam-1"}}, "self_reported"),
        ],
        "three-measured": [
            *evidence({"three-measured": {"exam-0": 0.99, "exam-1": 0.99, "exam-2": 0.99}}),
            *evidence({"three-measured": {"exam-3": 0.99}}, "self_reported"),
        ],
    }
    for name, scores in claims.items():
        ranking = rank([*evidence(LADDER), *scores])
        ranked = by_group(ranking.ranked)
        assert ranked[name].score > ranked["model-0"].score, "what a maker says explains its score"
        if name == "three-measured":
            assert (ranked[name].rank, ranked["model-0"].rank) == (1, 2)
        else:
            assert (ranked[name].rank, ranked[name].tier, ranked["model-0"].rank) == (None, None, 1)
            assert ranking.ranked[-1].group_id == name
        by_word = rank_with([*evidence(LADDER), *scores], makers_word=True, draws=30)
        assert by_word.ranked[0].group_id == name
        assert by_word.ranked[0].rank == 1


def test_claims_alone_are_no_ranking() -> None:
    claims = evidence(LADDER, "self_reported")
    ranking = rank(claims)
    assert ranking.ranked == []
    assert {use.reason for use in ranking.benchmarks} == {
        "fewer than 5 groups have 3 of the benchmarks that connect them, measured by others than their makers"
    }
    assert len(rank_with(claims, makers_word=True, draws=30).ranked) == len(LADDER)
