"""The facts that tests read are those that were published, where what was published lies beside the checkout."""

from pathlib import Path

import pytest

from budmodel_pipeline.resources.models import SAMPLE_HUB
from tests.checkout import DATA
from tests.data.write_facts import write_facts
from tests.data.write_sample_models import OWNER, write_sample_models

FACTS = sorted(
    path.relative_to(DATA).as_posix() for path in DATA.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")
)
# Made from packages and from our own code: each has a writer and a test of its own.
OUR_OWN = {"parameters_of_classes.json", "asset_graph.txt", "evaluation_schema.json", "hdf5_files.tsv", "inert_files.zip"}
# Everybody who clones the repository gets them.
MAX_BYTES = 256 * 1024


@pytest.fixture(scope="module")
def fresh(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert shared.is_dir()
    directory = tmp_path_factory.mktemp("facts")
    write_facts(directory)
    return directory


@pytest.mark.parametrize("name", [name for name in FACTS if name not in OUR_OWN])
def test_a_fact_is_as_it_was_published(fresh: Path, name: str) -> None:
    assert (fresh / name).read_bytes() == (DATA / name).read_bytes(), "run `python -m tests.data.write_facts`"


@pytest.mark.parametrize("name", FACTS)
def test_facts_are_small(name: str) -> None:
    assert (DATA / name).stat().st_size <= MAX_BYTES


def test_our_own_sample_models_are_as_they_are_written(tmp_path: Path) -> None:
    write_sample_models(tmp_path)
    written, bundled = (
        {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in (tmp_path, SAMPLE_HUB / OWNER)
    )
    assert written == bundled, "run `python -m tests.data.write_sample_models`"
