"""What tests of per-model work share beside hub and database: a store. Modules with needs of their own define theirs."""

from pathlib import Path

import pytest

from budmodel_pipeline.services.object_store import ObjectStore, open_directory


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_directory(tmp_path / "objects")
