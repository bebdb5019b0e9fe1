"""The labelled corpus holds enough of everything to judge a scanner by."""

import pytest

from tests.corpus.everything import corpus


@pytest.mark.cost
def test_the_corpus_covers_what_it_should() -> None:
    hostile = {sample.kind for sample in corpus() if sample.hostile}
    benign = {sample.kind for sample in corpus() if not sample.hostile}
    assert len(hostile) >= 50
    assert sum(sample.hostile for sample in corpus()) >= 500
    # Nobody's repository needs a link that leaves it.
    assert hostile - benign == {"link"}
