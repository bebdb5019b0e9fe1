"""Where a command that was told nothing fetches from."""

from datetime import timedelta

import pytest

from budmodel_pipeline.commands.quickstart import settled
from budmodel_pipeline.settings import Origin, Settings
from budmodel_pipeline.warehouse.states import SourceState

MIRROR = "https://mirror.example"


@pytest.mark.parametrize(
    ("said", "mirror", "published", "origin"),
    [
        (None, None, [], Origin.SAMPLE),
        (None, None, [None, "sample"], Origin.SAMPLE),
        # Who has gone live stays live: a plain `budmodel run` must not try to put samples in the place of real data.
        (None, None, ["sample", "live"], Origin.LIVE),
        (None, MIRROR, ["live"], Origin.MIRROR),
        (Origin.SAMPLE, None, ["live"], Origin.SAMPLE),
        (Origin.LIVE, MIRROR, ["sample"], Origin.LIVE),
    ],
)
def test_the_origin(said: Origin | None, mirror: str | None, published: list[str | None], origin: Origin) -> None:
    settings = Settings(budmodel_origin=said, budmodel_mirror_url=mirror)
    states = [SourceState(f"source {number}", timedelta(days=7), origin=name) for number, name in enumerate(published)]
    assert settled(settings, states).effective_origin is origin
