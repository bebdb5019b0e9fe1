"""One rule for each kind of leaf: the same trick is found in every carrier, and its ordinary twin is left alone."""

import pytest

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.repository_checks import check_paths
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Verdict, verdict_of
from tests.corpus import carriers, tools
from tests.corpus.sample import Sample

ALL = [*carriers.samples(), *tools.samples()]


def _verdict(sample: Sample) -> Verdict:
    name = sample.path.split("/", 2)[2]
    return verdict_of(examine_file(MemoryContent(sample.content), Place(name)))


@pytest.mark.parametrize("sample", [sample for sample in ALL if sample.hostile], ids=lambda sample: sample.path)
def test_a_trick_is_found_in_every_carrier(sample: Sample) -> None:
    assert _verdict(sample).rank >= Verdict.SUSPICIOUS.rank


@pytest.mark.parametrize("sample", [sample for sample in ALL if not sample.hostile], ids=lambda sample: sample.path)
def test_its_ordinary_twin_is_safe(sample: Sample) -> None:
    assert _verdict(sample) is Verdict.SAFE


@pytest.mark.parametrize(
    ("name", "found"),
    [("<img src=x onerror=a()>.png", True), ("$(id).txt", True), ("a <b> (1).txt", False), ("price in $ (2).md", False)],
)
def test_names_that_a_page_or_a_shell_would_run(name: str, found: bool) -> None:
    assert any(finding.rule == "path.markup" for _, finding in check_paths({name: 1}, {})) is found
