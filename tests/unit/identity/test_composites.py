"""A row about several models is as sure as the least sure of them, and less."""

import pytest

from budmodel_pipeline.identity.resolve import resolve


@pytest.mark.parametrize("order", [1, -1])
def test_a_composite_is_less_sure_than_its_least_sure_member(order: int) -> None:
    sure, unsure = "gpt-4o", "llama-3-8b-somebodys-merge"
    alone = {name: resolve("epoch_ai", name).confidence for name in (sure, unsure)}
    assert alone[unsure] < alone[sure]
    together = resolve("epoch_ai", "+".join((sure, unsure)[::order]))
    assert together.method == "composite"
    assert together.confidence == pytest.approx(0.9 * alone[unsure], abs=0.001)
