"""No config.json, however odd, does anything but give values or reasons."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from budmodel_pipeline.model_info.architecture import architecture_json, describe_architecture
from budmodel_pipeline.model_info.config import ALIASES, TEXT_PARTS, class_defaults
from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.json_reading import json_object
from budmodel_pipeline.model_info.layers import NOT_DESCRIBED

KEYS = sorted(
    {key for keys in ALIASES.values() for key in keys}
    | {key for entry in class_defaults().values() for key in entry.get("defaults", {})}
    | set(NOT_DESCRIBED)
    | set(TEXT_PARTS)
    | {"layer_types", "rope_scaling", "rope_parameters", "quantization_config", "architectures", "hybrid_override_pattern"}
    | {
        "attn_type_list",
        "linear_attn_config",
        "block_types",
        "mlp_layer_types",
        "moe_layers",
        "torch_dtype",
        "vision_config",
    }
)
NUMBERS = st.sampled_from([0, 1, 2, 3, 8, 64, 128, 4096, -1, 2**70, 1.0, 1.5, float("nan"), float("inf"), True, False])
WORDS = st.sampled_from(["", "full_attention", "mamba", "M*-E", "sparse", "yarn", "LlamaForCausalLM", "auto"])
LEAVES = NUMBERS | WORDS | st.none()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
)
TYPES = st.sampled_from([*class_defaults(), "nemotron-nas", "chatglm", "unknown", "kimi_k2"])


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=25), TYPES | VALUES)
def test_every_field_has_a_value_or_a_reason(config: dict[str, Any], model_type: Any) -> None:
    found = architecture_json(describe_architecture({**config, "model_type": model_type}))
    reasons = found.pop("reasons")
    assert {name for name, value in found.items() if value is None} == set(reasons)
    assert all(isinstance(value, int) and value >= 0 for value in found.values() if value is not None)
    assert all(reasons.values())
    json.dumps(found, allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(TYPES, st.dictionaries(st.sampled_from(KEYS), LEAVES, max_size=3))
def test_a_plausible_config_with_a_few_odd_keys_never_crashes(model_type: str, odd: dict[str, Any]) -> None:
    base = {key: 8 for keys in ALIASES.values() for key in keys[:1]}
    found = describe_architecture({**base, "model_type": model_type, **odd})
    assert all((fact.value is None) == (fact.reason is not None) for fact in found.facts().values())


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,0eEN', max_size=60).map(str.encode))
def test_no_bytes_crash_the_json_reader(content: bytes) -> None:
    try:
        assert isinstance(json_object(content, "config.json"), dict)
    except RefusedError as error:
        assert "config.json" in str(error)  # noqa: PT017 - either outcome is right
