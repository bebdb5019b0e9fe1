"""LMArena's further arenas: one reader, what counts into what, and files that come and go."""

from pathlib import Path

import pytest

from budmodel_pipeline.fetching.mirror import mirror_path
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Entry, SourceError, Unit
from budmodel_pipeline.sources.lmarena_arenas import ARENAS, REQUIRED, SOURCE

SAMPLES = Path(__file__).parents[2] / "samples"


def files(root: Path = SAMPLES) -> dict[str, bytes]:
    paths = {endpoint.name: root / mirror_path(endpoint.url) for endpoint in SOURCE.endpoints}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}


def entries(content: dict[str, bytes]) -> dict[str, Entry]:
    return {entry.key: entry for entry in SOURCE.parse(content).entries}


def test_a_model_has_an_entry_in_each_arena() -> None:
    found = entries(files())
    assert found["vision | gemini-3-pro"].published_name == found["text_style_control | gemini-3-pro"].published_name
    assert {key.split(" | ")[0] for key in found} == {arena.name for arena in ARENAS}


def test_agents_have_a_share_and_no_rating() -> None:
    agent = entries(files())["agent | sample-agent-a"]
    score = agent.scores["agent_overall"]
    assert (score.value, score.lower, score.upper, score.votes, score.rank) == (0.6, 0.55, 0.65, 500, 1)
    assert agent.settings == {"sessions": {"overall": 100}}
    units = {metric.slug: metric.unit for metric in SOURCE.metrics}
    assert (units["agent_overall"], units["webdev_overall"]) == (Unit.FRACTION, Unit.ELO)


def test_the_same_votes_count_once() -> None:
    """A board with style control is part of the one without, of which another source may be."""
    wholes = {benchmark.slug: benchmark.part_of for benchmark in SOURCE.benchmarks}
    assert wholes["text_style_control_coding"] == "lmarena_text/coding"
    assert wholes["text_style_control_overall"] == "lmarena_text/overall"
    assert (wholes["vision_style_control_ocr"], wholes["vision_ocr"], wholes["vision_overall"]) == (
        "vision_ocr",
        "vision_overall",
        "",
    )


def test_what_is_part_of_another_source_is_part_of_something_there() -> None:
    known = {benchmark.id_in(slug) for slug, source in catalog().items() for benchmark in source.benchmarks}
    abroad = {one.part_of for source in catalog().values() for one in source.benchmarks if "/" in one.part_of}
    assert abroad
    assert abroad <= known


def test_a_file_that_is_lacking_is_reported_and_a_damaged_one_refused() -> None:
    content = files()
    del content["webdev"]
    parsed = SOURCE.parse(content)
    assert parsed.missing_columns == ("webdev: the whole file",)
    assert not any(entry.key.startswith("webdev") for entry in parsed.entries)
    with pytest.raises(SourceError) as failure:
        SOURCE.parse(content | {"vision": content["vision"][:-50]})
    assert failure.value.endpoint == "vision"
    assert [endpoint.name for endpoint in SOURCE.endpoints if not endpoint.supplement] == [REQUIRED]


def test_values_of_the_real_files(mirror: Path) -> None:
    """Read by hand."""
    found = entries(files(mirror))
    gemini = "gemini-3-pro"
    assert found[f"text_style_control | {gemini}"].scores["text_style_control_chinese"].value == 1521.5315484193638
    assert found[f"vision | {gemini}"].scores["vision_captioning"].value == 1312.0083741127146
    assert found[f"vision_style_control | {gemini}"].scores["vision_style_control_captioning"].upper == 1302.966745024135
    picture = found["text_to_image | gemini-3-pro-image-preview-2k (nano-banana-pro)"]
    assert picture.scores["text_to_image_overall"].value == 1234.3266631609022
