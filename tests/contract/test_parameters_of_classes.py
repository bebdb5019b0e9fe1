"""Sizes by formula against the classes of transformers, at their defaults and with every boolean of their configs turned."""

import json
from pathlib import Path
from typing import Any

import pytest

from budmodel_pipeline.model_info.architecture import describe_architecture
from budmodel_pipeline.model_info.config import class_defaults

FACTS: dict[str, dict[str, dict[str, int]]] = json.loads(
    (Path(__file__).parent.parent / "data" / "parameters_of_classes.json").read_text(encoding="utf-8")
)
# The class ties its head whatever the config says; published checkpoints (mT5, T5 1.1) hold the head of their own.
UNTIED_BY_CHECKPOINTS = {("mt5", "tie_word_embeddings"), ("t5", "tie_word_embeddings"), ("umt5", "tie_word_embeddings")}
SIZES = ("num_hidden_layers", "hidden_size", "d_model", "num_layers", "encoder_layers", "n_layer", "n_embd")


def config_of(model_type: str, class_name: str, turned: str) -> dict[str, Any]:
    """A config that states the sizes and the turned boolean, and leaves the rest to the class."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    default = CONFIG_MAPPING[model_type]()
    stated = {key: value for key in SIZES if isinstance(value := default.to_dict().get(key), int)}
    flag = {turned: not getattr(default, turned)} if turned else {}
    return {"model_type": model_type, "architectures": [class_name], **stated, **flag}


@pytest.mark.parametrize("model_type", FACTS)
def test_what_a_class_holds_is_exact_or_not_known(model_type: str) -> None:
    wrong = []
    for class_name, by_flag in FACTS[model_type].items():
        for turned, expected in by_flag.items():
            if (model_type, turned) in UNTIED_BY_CHECKPOINTS:
                continue
            found = describe_architecture(config_of(model_type, class_name, turned)).parameters_unique
            if found.value != expected and not found.reason:
                wrong.append((class_name, turned, expected, found.value))
    assert wrong == []


def test_most_classes_are_known_at_their_defaults() -> None:
    known = [
        describe_architecture(config_of(model_type, class_name, "")).parameters_unique.value is not None
        for model_type, by_class in FACTS.items()
        for class_name in by_class
    ]
    assert len(known) > 150
    assert sum(known) > 0.85 * len(known)
    assert FACTS.keys() <= class_defaults().keys()
