"""How a model is built and how large it is, each field with its evidence or the reason why it is not known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from budmodel_pipeline.model_info import weights as weight_files
from budmodel_pipeline.model_info.attention import ENCODERS, Cache, cache_per_token, head_dim, key_value_heads
from budmodel_pipeline.model_info.config import ALIASES, ModelConfig, read_config
from budmodel_pipeline.model_info.encoders import TOKEN_HEADS
from budmodel_pipeline.model_info.facts import Fact, RefusedError, known, unknown
from budmodel_pipeline.model_info.layers import RECURRENT_TYPES, layer_count, not_described
from budmodel_pipeline.model_info.parameters import Parameters, count_parameters, dense_width, tied
from budmodel_pipeline.model_info.quantization import quantization, quantization_object
from budmodel_pipeline.model_info.weights import Counts, Weights

T = TypeVar("T")
# Formula and headers may differ by this share before the formula is taken to be of another model.
TOLERANCE = 0.005
JSON_FIELDS = (
    "num_layers",
    "hidden_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "intermediate_size",
    "vocab_size",
    "context_length",
    "num_experts",
    "num_experts_per_token",
    "parameters_unique",
    "parameters_active",
    "kv_cache_bytes_per_token",
)


@dataclass(frozen=True, slots=True)
class Architecture:
    """The text model of a repository, where there is one.

    `context_length` is what the config states; `context_length_native` is what it was trained for before any stretching of
    its positions, `context_length_extended` what stretching promises. `parameters_stored` counts elements in the files,
    `parameters_unique` those of the main model (tied tables once, packed values unpacked, without prediction layers, scales
    and buffers; without weights those of the class that the config names), `parameters_without_heads` those of the bare
    model, `parameters_language_model` the text part alone, `parameters_active` what one text token passes with the
    input and output tables counted. `kv_cache_bytes_per_token` is at 16 bits per element while the context is within every
    window; `kv_cache_bytes_per_token_beyond_window` is what further tokens add, and
    `kv_cache_window` how many tokens the windowed layers keep. `warnings` say where sources disagree.
    """

    model_type: Fact[str]
    num_layers: Fact[int]
    hidden_size: Fact[int]
    num_attention_heads: Fact[int]
    num_key_value_heads: Fact[int]
    head_dim: Fact[int]
    intermediate_size: Fact[int]
    vocab_size: Fact[int]
    context_length: Fact[int]
    context_length_native: Fact[int]
    context_length_extended: Fact[int]
    num_experts: Fact[int]
    num_experts_per_token: Fact[int]
    parameters_unique: Fact[int]
    parameters_stored: Fact[int]
    parameters_by_dtype: Fact[dict[str, int]]
    parameters_without_heads: Fact[int]
    parameters_language_model: Fact[int]
    parameters_active: Fact[int]
    parameters_active_without_input_embeddings: Fact[int]
    kv_cache_bytes_per_token: Fact[int]
    kv_cache_bytes_per_token_beyond_window: Fact[int]
    kv_cache_window: Fact[int]
    dtype: Fact[str]
    quantization: Fact[str]
    cache: Cache | None = None
    warnings: tuple[str, ...] = ()

    def facts(self) -> dict[str, Fact[Any]]:
        """Every field by name."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: fact for name, fact in found.items() if isinstance(fact, Fact)}


def architecture_json(architecture: Architecture) -> dict[str, Any]:
    """The object `architecture` of `budmodel inspect --json`: values, null with an entry in `reasons` where refused."""
    facts = {name: getattr(architecture, name) for name in JSON_FIELDS}
    found: dict[str, Any] = {name: fact.value for name, fact in facts.items()}
    found["reasons"] = {name: fact.reason for name, fact in facts.items() if fact.value is None}
    return found


def refused(reason: str, files: Weights | None = None) -> Architecture:
    """An architecture of which nothing is known but, perhaps, its files."""
    nothing: Fact[Any] = unknown(reason)
    names = [field.name for field in fields(Architecture) if field.name not in ("cache", "warnings")]
    facts: dict[str, Any] = dict.fromkeys(names, nothing)
    if files is not None and files.tensors is not None:
        stored = sum(tensor.elements for tensor in files.tensors)
        facts["parameters_stored"] = known(stored, "sum of header shapes", ", ".join(files.files[:3]))
    return Architecture(**facts)


def describe_architecture(
    config: Mapping[str, Any],
    files: Weights | None = None,
    hf_quant_config: Mapping[str, Any] | None = None,
    cache_of: Callable[[ModelConfig], Cache] = cache_per_token,
) -> Architecture:
    """What config.json says, checked against and completed by the headers of the weights where there are some.

    `config` is the parsed file of a stranger and may hold anything. `cache_of` raises RefusedError; formats that describe
    their cache in keys of their own bring one. Never raises: what cannot be known carries its reason.
    """
    try:
        model = read_config(config)
    except RefusedError as error:
        return refused(str(error), files)
    quantized = hf_quant_config or {}
    counts, uncounted = _counts(model, files, quantized)
    formula = _attempt(lambda: count_parameters(model))
    cache = _attempt(lambda: cache_of(model))
    unique, warnings = _unique(model, formula, counts, uncounted)
    experts = _experts(model)
    native, extended = _stretched(model)
    headers = ", ".join(files.files[:3]) if files is not None else ""
    no_headers: Fact[Any] = unknown(uncounted)
    language = _map(formula, lambda found: found.total, "formula of the family", model.family)
    return Architecture(
        model_type=known(model.model_type, "stated", f"{model.path}model_type")
        if model.model_type
        else unknown("config.json states no model_type, and its architectures name no known one"),
        num_layers=_layers(model),
        hidden_size=model.number("hidden_size"),
        num_attention_heads=_heads(model),
        num_key_value_heads=_computed(lambda: key_value_heads(model), model),
        head_dim=_computed(lambda: head_dim(model), model),
        intermediate_size=_width(model),
        vocab_size=_vocabulary(model),
        context_length=model.number("max_position_embeddings"),
        context_length_native=native,
        context_length_extended=extended,
        num_experts=experts,
        num_experts_per_token=model.number("num_experts_per_tok")
        if experts.value
        else unknown(experts.reason or "no experts"),
        parameters_unique=unique,
        parameters_stored=known(counts.stored, "sum of header shapes", headers) if counts else no_headers,
        parameters_by_dtype=known(dict(counts.by_dtype), "sum of header shapes", headers) if counts else no_headers,
        parameters_without_heads=_map(
            formula, lambda found: found.total - found.heads, "formula of the family, the bare model", model.family
        ),
        parameters_language_model=language,
        parameters_active=_active(model, formula, counts),
        parameters_active_without_input_embeddings=_map(
            formula,
            lambda found: found.active - found.embeddings,
            "formula of the family, without the input table",
            model.family,
        ),
        kv_cache_bytes_per_token=_map(cache, lambda found: found.per_token, "16 bits per element", cache.evidence),
        kv_cache_bytes_per_token_beyond_window=_map(cache, lambda found: found.full, "16 bits per element", cache.evidence),
        kv_cache_window=_window(cache),
        dtype=_dtype(model),
        quantization=quantization(config, quantized, counts.by_dtype if counts else {}),
        cache=cache.value,
        warnings=warnings,
    )


def _attempt(compute: Callable[[], T]) -> Fact[T]:
    try:
        value = compute()
    except RefusedError as error:
        return unknown(str(error))
    return known(value, "formula", value.how if isinstance(value, Cache) else "")


def _map(fact: Fact[T], take: Callable[[T], int], method: str, evidence: str) -> Fact[int]:
    if fact.value is None:
        return unknown(fact.reason or "not computed")
    return known(take(fact.value), method, evidence)


def _window(cache: Fact[Cache]) -> Fact[int]:
    if cache.value is None:
        return unknown(cache.reason or "not computed")
    if cache.value.window is None:
        return unknown("no layer forgets tokens beyond a window")
    return known(cache.value.window, "stated", cache.evidence)


def _computed(compute: Callable[[], tuple[int, str]], model: ModelConfig) -> Fact[int]:
    if model.family in RECURRENT_TYPES:
        return unknown(f"{model.family} has no attention")
    try:
        value, evidence = compute()
    except RefusedError as error:
        return unknown(str(error))
    return known(value, "config.json", evidence)


def _heads(model: ModelConfig) -> Fact[int]:
    return (
        unknown(f"{model.family} has no attention")
        if model.family in RECURRENT_TYPES
        else model.number("num_attention_heads")
    )


def _layers(model: ModelConfig) -> Fact[int]:
    stated = model.number("num_hidden_layers")
    try:
        layers = layer_count(model)
    except RefusedError:
        return stated
    return stated if layers == stated.value else known(layers, "stated in config.json", "length of the list of layers")


def _width(model: ModelConfig) -> Fact[int]:
    stated = model.number("intermediate_size")
    if stated.value is not None or not_described(model):
        return stated
    if any(model.text.get(key) is not None for key in ("intermediate_size", "n_inner", "ffn_dim")):
        return stated
    try:
        return known(dense_width(model), "rule of the family", f"{model.family}: a multiple of hidden_size")
    except RefusedError as error:
        return unknown(str(error))


def _vocabulary(model: ModelConfig) -> Fact[int]:
    found = model.number("vocab_size")
    if model.composite and not found.method.startswith("stated"):
        whole = ModelConfig(model.whole, model.whole, "", "", model.class_name).number("vocab_size")
        return whole if whole.value is not None else found
    return found


def _experts(model: ModelConfig) -> Fact[int]:
    pattern, blocks = model.stated("hybrid_override_pattern"), model.stated("layers_block_type")
    if (isinstance(pattern, str) and "E" not in pattern) or (
        model.family == "nemotron_h" and isinstance(blocks, list) and "moe" not in blocks
    ):
        return unknown("not a mixture of experts: none of its layers is one of experts")
    if model.stated("enable_moe_block") is False:
        return unknown("not a mixture of experts: enable_moe_block is false")
    stated = [model.text[key] for key in ALIASES["num_experts"] if key in model.text]
    if stated and all(number is None or number is False or number == 0 for number in stated):
        return unknown("not a mixture of experts: the config states no or zero experts")
    found = model.number("num_experts")
    if found.value == 1:
        return unknown("not a mixture of experts: one expert")
    if found.value is None and (found.reason or "").startswith("config.json states no"):
        return unknown("not a mixture of experts: config.json states no number of experts")
    return found


def _stretched(model: ModelConfig) -> tuple[Fact[int], Fact[int]]:
    """Native and extended context: rope scaling states the original length or a factor; learned positions cannot stretch."""
    stated = model.number("max_position_embeddings")
    if stated.value is None:
        reason: Fact[int] = unknown(stated.reason or "no context length")
        return reason, reason
    length = stated.value
    rope = next((part for key in ("rope_scaling", "rope_parameters") if isinstance(part := model.raw(key), Mapping)), {})
    if isinstance(full := rope.get("full_attention"), Mapping):
        rope = full
    kind = next((rope[key] for key in ("rope_type", "type") if isinstance(rope.get(key), str)), "")
    original = next(
        (part[key] for part in (rope, model.text) for key in ("original_max_position_embeddings",) if _whole(part.get(key))),
        None,
    )
    factor = rope.get("factor")
    evidence = f"{stated.evidence}, {kind or 'no'} rope scaling, original {original}, factor {factor}"[:200]
    if model.family in ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "longformer"):
        usable = max(length - 2, 1)
        return known(usable, "two positions are reserved", evidence), known(usable, "two positions are reserved", evidence)
    if original is None or kind in ("", "default", "mrope"):
        return known(length, "no stretched positions", evidence), known(length, "no stretched positions", evidence)
    number = factor if isinstance(factor, int | float) and not isinstance(factor, bool) and 1 <= factor <= 1 << 20 else 1
    longest = max(length, int(original * number)) if length <= original else length
    return known(original, "rope scaling", evidence), known(longest, "rope scaling", evidence)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1 << 40


def _counts(model: ModelConfig, files: Weights | None, quantized: Mapping[str, Any]) -> tuple[Counts | None, str]:
    if files is None:
        return None, "no weight files were read"
    if files.tensors is None:
        return None, f"{files.format} files have no header that can be read without loading them"
    try:
        shared = tied(model)
    except RefusedError as error:
        return None, str(error)
    counts = weight_files.count(
        files.tensors,
        tied=shared,
        layers=model.number("num_hidden_layers").value,
        vocab=_vocabulary(model).value,
        quantization=quantization_object(model.whole, quantized)[0],
    )
    return counts, counts.refusal or ""


def _unique(
    model: ModelConfig, formula: Fact[Parameters], counts: Counts | None, uncounted: str
) -> tuple[Fact[int], tuple[str, ...]]:
    """Headers are the truth; without them the formula, where it covers the whole model."""
    whole = formula.value is not None and not _beside(model)
    if counts is not None and counts.unique is not None:
        left_out = ", ".join(f"{elements:,} {why}" for why, elements in counts.left_out.items()) or "none"
        evidence = f"of {counts.stored:,} stored; left out: {left_out}"
        fact = known(counts.unique, "header shapes, each parameter once", evidence)
        if whole and formula.value and abs(counts.unique - formula.value.total) > TOLERANCE * counts.unique:
            numbers = f"the config gives {formula.value.total:,}, the headers {counts.unique:,}"
            return fact, (f"parameters_mismatch: {numbers}",)
        return fact, ()
    if formula.value is None:
        return unknown(f"{formula.reason or 'no formula'} ({uncounted})"), ()
    if beside := _beside(model):
        rest = f"{', '.join(beside)} on top is not covered by a formula"
        return unknown(f"the language model has {formula.value.total:,}; {rest} ({uncounted})"), ()
    counted = model.family not in ENCODERS or model.class_name.endswith(("Model", *TOKEN_HEADS))
    head = "" if counted else ", without task heads"
    return known(formula.value.total, f"formula of the family{head}", model.family), ()


def _beside(model: ModelConfig) -> list[str]:
    """Parts of the repository's model that the formula for its text model does not count."""
    if model.class_name.endswith("ForCausalLM") and not any(key in model.whole for key in model.towers):
        return []
    return model.towers


def _active(model: ModelConfig, formula: Fact[Parameters], counts: Counts | None) -> Fact[int]:
    if formula.value is None:
        return unknown(formula.reason or "no formula")
    total, active = formula.value.total, formula.value.active
    if counts is not None and counts.unique is not None and not _beside(model):
        if abs(counts.unique - total) > TOLERANCE * counts.unique:
            return unknown(
                f"the config gives {total:,} parameters, the headers {counts.unique:,}: the formula is of another model"
            )
        active += counts.unique - total
    method = "formula of the family, with input and output tables" + (", text tokens only" if _beside(model) else "")
    return known(active, method, f"{total:,} without the {total - formula.value.active:,} of experts that are not chosen")


def _dtype(model: ModelConfig) -> Fact[str]:
    for part in (model.text, model.whole):
        for key in ("dtype", "torch_dtype"):
            if isinstance(value := part.get(key), str) and value:
                return known(value.removeprefix("torch.")[:40], "stated in config.json", key)
    return unknown("config.json states no dtype")
