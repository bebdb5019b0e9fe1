"""In which order the notes in the object store are published again."""

import itertools

import pytest

from budmodel_pipeline.workflows.manifests import in_order

FIRST, SECOND, THIRD, FOURTH = (f"2026-11-{day:02}T03:00:00+00:00" for day in (2, 9, 16, 23))
AHEAD, BEHIND = "2028-11-09T03:00:00+00:00", "2020-01-01T03:00:00+00:00"


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([(FIRST, None), (SECOND, FIRST), (THIRD, SECOND)], [FIRST, SECOND, THIRD], id="one after the other"),
        pytest.param([(FIRST, None), (AHEAD, FIRST), (THIRD, AHEAD)], [FIRST, AHEAD, THIRD], id="a clock that was ahead"),
        pytest.param(
            [(FIRST, None), (BEHIND, FIRST), (THIRD, BEHIND)], [FIRST, BEHIND, THIRD], id="a clock that was behind"
        ),
        pytest.param([(AHEAD, None), (SECOND, AHEAD)], [AHEAD, SECOND], id="ahead at the first"),
        pytest.param(
            [(FIRST, None), (SECOND, None), (THIRD, SECOND)], [FIRST, SECOND, THIRD], id="from before it was noted"
        ),
        pytest.param(
            [(FIRST, None), (THIRD, FIRST), (SECOND, None), (FOURTH, SECOND)],
            [FIRST, SECOND, THIRD, FOURTH],
            id="two databases by turns",
        ),
        pytest.param([(SECOND, FIRST), (THIRD, SECOND)], [SECOND, THIRD], id="the first was lost"),
        pytest.param([(FIRST, SECOND), (SECOND, FIRST)], [FIRST, SECOND], id="a ring"),
        # After a rebuild by a newer parser the same fetch is noted once more, under another id.
        pytest.param(
            [(FIRST, None), (AHEAD, FIRST), (AHEAD, FIRST), (THIRD, AHEAD)], [FIRST, AHEAD, AHEAD, THIRD], id="twice"
        ),
    ],
)
def test_each_comes_after_the_one_that_it_followed(notes: list[tuple[str, str | None]], expected: list[str]) -> None:
    manifests = [{"fetched_at": fetched_at, "follows": follows} for fetched_at, follows in notes]
    for shuffled in itertools.permutations(manifests):
        assert [manifest["fetched_at"] for manifest in in_order(shuffled)] == expected
