"""The estimate of serving memory and what it rests on."""

import pytest

from budmodel_pipeline.model_info.attention import Cache
from budmodel_pipeline.model_info.memory import OVERHEAD_BYTES, serving_memory

CACHE = Cache(full=100, windowed=10, window=50, how="")


def test_the_parts_add_up_and_windows_are_bounded() -> None:
    memory = serving_memory(1_000_000, CACHE, context=200, sequences=3)
    assert (memory.weights, memory.cache) == (1_000_000, 3 * (200 * 100 + 50 * 10))
    assert memory.total == 1_000_000 + 61_500 + 100_000 + OVERHEAD_BYTES


@pytest.mark.parametrize(("size", "context", "sequences"), [(-1, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_numbers_that_mean_nothing_are_refused(size: int, context: int, sequences: int) -> None:
    with pytest.raises(ValueError, match="none may be less"):
        serving_memory(size, CACHE, context, sequences)
