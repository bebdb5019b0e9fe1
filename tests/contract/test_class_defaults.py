"""What the config classes say by default is what the installed transformers says."""

import json

from budmodel_pipeline.model_info.config import class_defaults
from tests.contract.class_defaults import class_defaults as installed


def test_the_table_is_that_of_the_installed_transformers() -> None:
    fresh = json.loads(json.dumps(installed()))
    kept = class_defaults()
    differing = {name for name in fresh.keys() | kept.keys() if fresh.get(name) != kept.get(name)}
    assert not differing, "run `python -m tests.contract.class_defaults` and read the difference"
