"""Counts the parameters of classes as PyTorch builds them without weights: `python -m tests.data.write_parameter_facts`.

It needs torch and transformers and takes some minutes; the tests need what it writes alone. For every described model type,
every class of it that reads or writes tokens, at the defaults of its config and with each of its booleans turned round.
"""

import json
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError

from budmodel_pipeline.model_info.encoder_decoders import BART, T5
from budmodel_pipeline.model_info.encoders import ENCODERS
from budmodel_pipeline.model_info.families import DECODERS

FILE = Path(__file__).with_name("parameters_of_classes.json")
OTHERS = ("albert", "bamba", "falcon", "falcon_h1", "falcon_mamba", "granitemoehybrid", "jamba", "lfm2", "mamba", "mamba2")
MORE = ("modernbert", "nemotron_h", "recurrent_gemma", "rwkv", "whisper", "zamba2")
MAPS = (
    "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
    "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
    "MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES",
    "MODEL_FOR_MASKED_LM_MAPPING_NAMES",
    "MODEL_MAPPING_NAMES",
)
# Booleans of how a model runs or of what it is used for, not of how it is built.
NOT_BUILT = frozenset(
    {"add_cross_attention", "is_decoder", "is_encoder_decoder", "output_attentions", "output_hidden_states"}
)
# A routing bias is stored with the weights and is no parameter of the class.
STORED_BUFFER = "correction_bias"


def parameters(model_class: Any, config: Any) -> int:
    torch = import_module("torch")
    with torch.device("meta"):
        model = model_class(config)
    model.tie_weights()
    routing = sum(buffer.numel() for name, buffer in model.named_buffers() if name.endswith(STORED_BUFFER))
    return int(routing + sum(parameter.numel() for parameter in model.parameters()))


def classes(model_type: str) -> Iterator[str]:
    auto = import_module("transformers.models.auto.modeling_auto")
    for name in MAPS:
        found = getattr(auto, name).get(model_type, ())
        yield from (found,) if isinstance(found, str) else found


def facts(model_type: str, config_class: Any) -> dict[str, dict[str, int]]:
    """Class, then the boolean that is turned round ("" for the defaults), then parameters."""
    transformers = import_module("transformers")
    default = config_class()
    booleans = [f.name for f in fields(config_class) if isinstance(getattr(default, f.name, None), bool)]
    found: dict[str, dict[str, int]] = {}
    for class_name in dict.fromkeys(classes(model_type)):
        for name in ("", *sorted(set(booleans) - NOT_BUILT)):
            try:
                config = config_class(**({name: not getattr(default, name)} if name else {}))
                counted = parameters(getattr(transformers, class_name), config)
            except (AttributeError, TypeError, ValueError, StrictDataclassError) as error:
                print(f"{model_type} {class_name} {name}: {error}"[:200])
                continue
            found.setdefault(class_name, {})[name] = counted
    return found


def main() -> None:
    """Writes the file anew and says which classes could not be built."""
    configs = import_module("transformers.models.auto.configuration_auto").CONFIG_MAPPING
    types = sorted({*DECODERS, *ENCODERS, *BART, *T5, *OTHERS, *MORE} & set(configs))
    found = {model_type: facts(model_type, configs[model_type]) for model_type in types}
    lines = [f"{json.dumps(name)}: {json.dumps(entry, sort_keys=True)}" for name, entry in found.items() if entry]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
