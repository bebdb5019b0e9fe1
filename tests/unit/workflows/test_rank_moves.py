"""Which places moved between two rankings, and whether by more than chance."""

from budmodel_pipeline.ranking.rank import Ranked
from budmodel_pipeline.workflows.digest import Move
from budmodel_pipeline.workflows.week_in_review import rank_moves


def ranked(group: str, place: int | None, score: float) -> Ranked:
    return Ranked(group, score, score - 2, score + 2, place, place, (), (), 0)


BEFORE = {
    "overall": [ranked("a", 1, 80), ranked("b", 2, 70), ranked("c", 3, 60), ranked("gone", 4, 50), ranked("d", None, 99)],
    "coding": [ranked("a", 1, 80)],
    "vision": [],
}
NOW = {
    "coding": [ranked("a", 1, 10)],
    "overall": [ranked("b", 1, 81), ranked("new", 2, 80), ranked("a", 3, 79), ranked("d", 4, 70), ranked("c", None, 60)],
    "vision": [ranked("a", 1, 80)],
    "writing": [ranked("a", 1, 80)],
}


def test_moves_are_places_that_differ_in_order_of_the_places_now() -> None:
    assert rank_moves(BEFORE, NOW) == [
        Move("overall", "b", 2, 1, True),
        Move("overall", "new", None, 2, None),
        Move("overall", "a", 1, 3, False),
        Move("overall", "d", None, 4, True),
        Move("overall", "c", 3, None, False),
        Move("overall", "gone", 4, None, None),
    ]


def test_a_ranking_that_was_not_there_has_no_moves() -> None:
    assert rank_moves({}, NOW) == []
    assert rank_moves(NOW, NOW) == []
