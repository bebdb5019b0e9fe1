"""Describes a repository from its small files and the headers of its weights."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from budmodel_pipeline.model_info import gguf
from budmodel_pipeline.model_info.architecture import Architecture, describe_architecture, refused
from budmodel_pipeline.model_info.card import CARD_NAMES, MAX_CARD_BYTES, Card, read_card
from budmodel_pipeline.model_info.config import TEXT_PARTS, states_a_model
from budmodel_pipeline.model_info.facts import Fact, RefusedError, known, unknown
from budmodel_pipeline.model_info.gguf_cache import cache_of_header
from budmodel_pipeline.model_info.json_reading import MAX_CONFIG_BYTES, json_object
from budmodel_pipeline.model_info.memory import serving_memory
from budmodel_pipeline.model_info.repository import Repository, RepositoryError
from budmodel_pipeline.model_info.usage import usage_facts
from budmodel_pipeline.model_info.variants import Kind, Variant, adapter_facts, find_variants, kind_of, read_adapter
from budmodel_pipeline.model_info.weights import Weights, find_weights

T = TypeVar("T")
CONFIG_NAMES = ("config.json", "params.json")
_TEMPLATES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
_TOOLS = re.compile(r"\b(tools|tool_calls|available_tools|builtin_tools)\b")
_NO_CONFIG: Mapping[Kind, str] = {
    "model": "the repository has no config.json",
    "adapter": "an adapter has no architecture of its own: see its base model",
    "pipeline": "a pipeline has no architecture as a whole: see its parts among the variants",
}
# params.json of Mistral's and Meta's own format, in the words of config.json.
_PARAMS_KEYS = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "hidden_dim": "intermediate_size",
    "vocab_size": "vocab_size",
    "head_dim": "head_dim",
    "max_position_embeddings": "max_position_embeddings",
    "max_seq_len": "max_position_embeddings",
}


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the files of one revision say. `problems` are files that were there and could not be read, with the reason.

    `adapter` are the facts of an adapter, empty for everything else; `usage` is what the publisher says of how it is run.
    """

    architecture: Architecture
    card: Card
    weights: Fact[Weights]
    weight_bytes: Fact[int]
    serving_bytes: Fact[int]
    chat_template: Fact[str]
    tool_use: Fact[bool]
    kind: Kind
    variants: tuple[Variant, ...]
    adapter: Mapping[str, Any]
    usage: Mapping[str, Fact[Any]]
    problems: tuple[str, ...] = ()


def inspect_files(repository: Repository, model_name: str | None = None, context: int | None = None) -> ModelInfo:
    """Everything that the files say. Raises RepositoryError alone, and only where the failure is transient: try again.

    `context` is the number of tokens for `serving_bytes`; without it, the whole context that the model states.
    """
    problems: list[str] = []
    files = repository.files
    hf_quant = _optional(repository, "hf_quant_config.json", problems)
    weights = _fact(lambda: find_weights(repository), "headers")
    if weights.value is None and weights.reason and any(path.endswith((".safetensors", ".gguf")) for path in files):
        problems.append(weights.reason)
    architecture = _architecture(repository, weights.value, hf_quant)
    variants = _fact(lambda: find_variants(repository), "names and headers of files").value or ()
    size = _size(weights, variants)
    card_name = next((name for name in CARD_NAMES if name in files), None)
    content = _read(repository, card_name, MAX_CARD_BYTES + 1, problems) if card_name else b""
    template = _chat_template(repository, weights.value, problems)
    return ModelInfo(
        architecture=architecture,
        card=read_card(content, model_name),
        weights=weights,
        weight_bytes=size,
        serving_bytes=_serving(architecture, size, context),
        chat_template=template,
        tool_use=unknown(template.reason or "no chat template")
        if template.value is None
        else known(bool(_TOOLS.search(template.value)), "the chat template refers to tools", template.evidence),
        kind=kind_of(repository),
        variants=variants,
        adapter=_adapter(repository, problems),
        usage=usage_facts(lambda name: _optional(repository, name, problems)),
        problems=tuple(problems),
    )


def _size(weights: Fact[Weights], variants: tuple[Variant, ...]) -> Fact[int]:
    if weights.value is None:
        return unknown(weights.reason or "no weights")
    if weights.value.one_of > 1:
        sizes = [variant.size for variant in variants if variant.size is not None]
        span = f"from {min(sizes):,} to {max(sizes):,} bytes" if sizes else "of sizes that the provider does not state"
        return unknown(f"{weights.value.one_of} quantizations {span}: see the variants")
    if weights.value.size is None:
        return unknown("the provider states no file sizes")
    return known(weights.value.size, "sum of file sizes", f"{len(weights.value.files)} {weights.value.format} files")


def _adapter(repository: Repository, problems: list[str]) -> Mapping[str, Any]:
    try:
        config = read_adapter(repository)
    except (RefusedError, RepositoryError) as error:
        _raise_transient(error)
        problems.append(str(error))
        return {}
    return adapter_facts(config) if config else {}


def _architecture(repository: Repository, weights: Weights | None, hf_quant: Mapping[str, Any]) -> Architecture:
    name = next((name for name in CONFIG_NAMES if name in repository.files), None)
    metadata = weights.metadata if weights is not None and weights.format == "gguf" else None
    try:
        if name is not None:
            config = json_object(_bytes(repository, name, MAX_CONFIG_BYTES + 1), name)
            if metadata is not None and not states_a_model(config) and not any(key in config for key in TEXT_PARTS):
                return _by_header(metadata, weights, hf_quant)
            return describe_architecture(_from_params(config) if name == "params.json" else config, weights, hf_quant)
        if metadata is not None:
            return _by_header(metadata, weights, hf_quant)
    except (RefusedError, RepositoryError) as error:
        _raise_transient(error)
        return refused(str(error), weights)
    return refused(_NO_CONFIG[kind_of(repository)], weights)


def _by_header(metadata: Mapping[str, Any], weights: Weights | None, hf_quant: Mapping[str, Any]) -> Architecture:
    """The architecture of a repository that holds GGUF files alone; what differs between quantizations is not told."""
    found = describe_architecture(gguf.as_config(metadata), weights, hf_quant, lambda _: cache_of_header(metadata))
    if weights is None or weights.one_of == 1:
        return found
    differs: Fact[Any] = unknown(f"differs between {weights.one_of} quantizations: see the variants")
    return replace(found, quantization=differs, parameters_by_dtype=differs, dtype=differs)


def _from_params(params: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: params[key] for key, name in _PARAMS_KEYS.items() if params.get(key) is not None}
    moe = params.get("moe")
    if isinstance(moe, dict):
        found |= {"num_experts": moe.get("num_experts"), "num_experts_per_tok": moe.get("num_experts_per_tok")}
    return found


def _serving(architecture: Architecture, size: Fact[int], context: int | None) -> Fact[int]:
    tokens = context or architecture.context_length.value
    if size.value is None or architecture.cache is None or tokens is None:
        missing = size.reason or architecture.kv_cache_bytes_per_token.reason or architecture.context_length.reason
        return unknown(missing or "not computed")
    memory = serving_memory(size.value, architecture.cache, tokens)
    evidence = f"{memory.weights:,} weights + {memory.cache:,} cache at {tokens:,} tokens + {memory.overhead:,} overhead"
    return known(memory.total, "weights + cache of one sequence + assumed overhead", evidence)


def _chat_template(repository: Repository, weights: Weights | None, problems: list[str]) -> Fact[str]:
    for name in _TEMPLATES:
        if name not in repository.files:
            continue
        if name.endswith(".jinja"):
            text = _read(repository, name, MAX_CONFIG_BYTES, problems).decode("utf-8", errors="replace")
            if text:
                return known(text, "a file", name)
            continue
        stated = _optional(repository, name, problems).get("chat_template")
        if isinstance(stated, list):
            parts = [part["template"] for part in stated if isinstance(part, dict) and isinstance(part.get("template"), str)]
            stated = "\n".join(parts) or None
        if isinstance(stated, str) and stated:
            return known(stated, "a key", name)
    stated = weights.metadata.get("tokenizer.chat_template") if weights is not None else None
    if isinstance(stated, str) and stated:
        return known(stated, "a key", "GGUF metadata")
    return unknown("no file holds a chat template")


def _optional(repository: Repository, name: str, problems: list[str]) -> dict[str, Any]:
    if name not in repository.files:
        return {}
    try:
        return json_object(_bytes(repository, name, MAX_CONFIG_BYTES + 1), name)
    except (RefusedError, RepositoryError) as error:
        _raise_transient(error)
        problems.append(str(error))
        return {}


def _read(repository: Repository, name: str, limit: int, problems: list[str]) -> bytes:
    try:
        return _bytes(repository, name, limit)
    except RepositoryError as error:
        _raise_transient(error)
        problems.append(str(error))
        return b""


def _bytes(repository: Repository, name: str, limit: int) -> bytes:
    return repository.read(name, 0, limit)


def _fact(compute: Callable[[], T], method: str) -> Fact[T]:
    try:
        return known(compute(), method, "")
    except (RefusedError, RepositoryError) as error:
        _raise_transient(error)
        return unknown(str(error))


def _raise_transient(error: Exception) -> None:
    if isinstance(error, RepositoryError) and error.transient:
        raise error
