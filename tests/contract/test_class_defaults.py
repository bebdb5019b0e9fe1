"""What the config classes say by default is what the installed transformers says."""

import json

from budmodel_pipeline.model_info.config import class_defaults
from budmodel_pipeline.model_info.read_transformers import class_table


def test_the_table_is_that_of_the_installed_transformers() -> None:
    fresh = json.loads(json.dumps(class_table()))
    kept = class_defaults()
    differing = {name for name in fresh.keys() | kept.keys() if fresh.get(name) != kept.get(name)}
    assert not differing, "run `python -m budmodel_pipeline.model_info.read_transformers` and read the difference"
