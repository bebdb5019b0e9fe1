"""Which files of a repository are the weights of its model, and how many parameters they hold."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from budmodel_pipeline.model_info import gguf, safetensors
from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.json_reading import json_object
from budmodel_pipeline.model_info.repository import Repository
from budmodel_pipeline.model_info.safetensors import Tensor
from budmodel_pipeline.model_info.variants import find_variants, kind_of, quantizations, total_size

MAX_INDEX_BYTES = 64 * 1024 * 1024
MAX_SHARDS = 2_000
_SHARD = re.compile(r"-(\d{5,6})-of-(\d{5,6})\.(safetensors|gguf|bin)$")
# Files of weights that are not (all of) the model's own.
_NOT_THE_MODEL = re.compile(r"(^|/)(adapter_|consolidated|mmproj|optimizer|training_args|scheduler|rng_state)[^/]*$|imatrix")

# Tensors that belong to quantization, not to the model.
_SCALE = re.compile(
    r"(\.(qzeros|scales|biases|g_idx|absmax|quant_map|nested_absmax|nested_quant_map|SCB|weight_format|weight_shape|perm)"
    r"|\.quant_state\.[\w.]+"
    r"|[._](weight|input|output|activation|act|[qkv]|kv|zero_point|down_proj|up_proj|gate_proj|gate_up_proj)_(scale|scale_inv|scale_2"
    r"|zero_point|global_scale|scales|scales_inv|input_scale)"
    r"|[._](input|weight|output)_global_scale|\.(scale|scale_inv)_[a-z]+)$"
)
_BUFFER = re.compile(
    r"(\.attn\.(bias|masked_bias)|\.attention\.(bias|masked_bias|attn_bias)|rotary_emb\.inv_freq|position_ids|num_batches_tracked"
    r"|rope_freqs\.weight|causal_mask)$"
)
_ROPE_FACTORS = re.compile(r"^(rope_freqs|rope_factors_(long|short))\.weight$")
_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blk)\.(\d+)\.")
_TEXT_STACK = re.compile(r"(model\.)?(language_model\.)?(model\.)?layers\.|blk\.")
_PREDICTION = re.compile(r"(^|\.)(mtp|mtp_layers|mtp_block|nextn_predict_layers)\.")
_TABLE = re.compile(
    r"(^|\.)(shared|embed_tokens|wte|word_embeddings|embeddings|embedding|embed_in|embed_out|lm_head|output_layer|output|decoder"
    r"|tok_embeddings|token_embd|transformer\.ff_out|tokens_embed)\.weight$"
)


@dataclass(frozen=True, slots=True)
class Weights:
    """The weight files of a model. `size` is their bytes; `tensors` is None where their format has no readable header.

    Of several quantizations these are the smallest one, which tells of all how they are built; they are `one_of` so many.
    """

    format: str
    files: tuple[str, ...]
    size: int | None
    tensors: tuple[Tensor, ...] | None
    metadata: Mapping[str, Any]
    one_of: int = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """Parameters in files. `stored` are all elements as the headers state them, `by_dtype` the same apart.

    `unique` are the model's: tied copies once, packed values unpacked, without scales, buffers and prediction layers; None
    with the `refusal` where values are packed in a way that is not described.
    """

    stored: int
    by_dtype: Mapping[str, int]
    unique: int | None
    left_out: Mapping[str, int]
    refusal: str | None = None


def find_weights(repository: Repository) -> Weights:
    """Finds the weights and reads their headers. Raises RefusedError with the reason where that is impossible."""
    paths = [path for path in repository.files if "/" not in path]
    kind = kind_of(repository)
    if kind == "pipeline":
        return _of_parts(repository)
    if kind == "adapter":
        return _of_adapter(repository, paths)
    index = next(
        (path for path in sorted(paths) if path.endswith(".safetensors.index.json") and "consolidated" not in path), None
    )
    shards = _shards_of_index(repository, index) if index else _plain(paths, ".safetensors")
    if not shards:
        shards = [path for path in sorted(paths) if path.startswith("consolidated") and path.endswith(".safetensors")]
    if shards:
        return _safetensors(repository, shards)
    quantized = quantizations(repository)
    if quantized:
        return _gguf(repository, _whole(list(quantized[0].files)), len(quantized))
    pickled = _plain(paths, ".bin") or _plain(paths, ".pt") or _plain(paths, ".pth") or _plain(paths, ".h5")
    if pickled:
        return Weights("pickle", tuple(pickled), total_size(repository, pickled), None, {})
    raise RefusedError("the repository has no weight files")


def _shards_of_index(repository: Repository, index: str) -> list[str]:
    mapped = json_object(repository.read(index, 0, MAX_INDEX_BYTES + 1), index, MAX_INDEX_BYTES).get("weight_map")
    if not isinstance(mapped, dict) or not mapped or not all(isinstance(shard, str) for shard in mapped.values()):
        raise RefusedError(f"{index} has no weight_map from names to files")
    shards = sorted(set(mapped.values()))
    missing = [shard for shard in shards if shard not in repository.files]
    if missing:
        raise RefusedError(
            f"{index} names {len(shards)} files, {len(missing)} of them are not there, such as {missing[0][:100]!r}"
        )
    return shards


def _plain(paths: list[str], suffix: str) -> list[str]:
    """The files of one format that are the model: one complete set of shards, or one file."""
    named = sorted(path for path in paths if path.endswith(suffix) and not _NOT_THE_MODEL.search(path))
    groups: dict[str, list[str]] = defaultdict(list)
    for path in named:
        groups[_SHARD.sub("", path)].append(path)
    if not groups:
        return []
    preferred = next(
        (stem for stem in ("model", "pytorch_model", f"model{suffix}", f"pytorch_model{suffix}") if stem in groups), None
    )
    return _whole(groups[preferred or min(groups)])


def _whole(shards: list[str]) -> list[str]:
    """The files of one model. Raises RefusedError where some are missing."""
    match = _SHARD.search(shards[0])
    if match and len(shards) != int(match[2]):
        raise RefusedError(f"{len(shards)} of {int(match[2])} shards of {_SHARD.sub('', shards[0])} are there")
    return shards


def _of_parts(repository: Repository) -> Weights:
    """All parts of a pipeline in the precision that a loader takes by default."""
    files = [path for part in find_variants(repository) if part.default for path in part.files]
    if files and all(path.endswith(".safetensors") for path in files):
        tensors = tuple(tensor for path in files for tensor in _header(repository, path))
        return Weights("safetensors", tuple(files), total_size(repository, files), tensors, {})
    return Weights("pickle", tuple(files), total_size(repository, files), None, {})


def _of_adapter(repository: Repository, paths: list[str]) -> Weights:
    for suffix in (".safetensors", ".bin"):
        files = sorted(path for path in paths if path.startswith("adapter_model") and path.endswith(suffix))
        if files and suffix == ".safetensors":
            return _safetensors(repository, files)
        if files:
            return Weights("pickle", tuple(files), total_size(repository, files), None, {})
    raise RefusedError("the repository has an adapter_config.json and no adapter_model files")


def _read_of(repository: Repository, path: str) -> safetensors.Read:
    return lambda offset, length: repository.read(path, offset, length)


def _header(repository: Repository, path: str) -> list[Tensor]:
    return safetensors.read_header(_read_of(repository, path), repository.files[path].size, path)


def _safetensors(repository: Repository, shards: list[str]) -> Weights:
    if len(shards) > MAX_SHARDS:
        raise RefusedError(f"{len(shards):,} weight files are more than the {MAX_SHARDS:,} that are read")
    tensors: list[Tensor] = []
    for path in shards:
        tensors += _header(repository, path)
    names = Counter(tensor.name for tensor in tensors)
    repeated = next((name for name, count in names.items() if count > 1), None)
    if repeated is not None:
        raise RefusedError(f"the tensor {repeated[:80]!r} is in more than one file")
    return Weights("safetensors", tuple(shards), total_size(repository, shards), tuple(tensors), {})


def _gguf(repository: Repository, files: list[str], one_of: int) -> Weights:
    headers = [gguf.read_header(_read_of(repository, path), repository.files[path].size, path) for path in files]
    tensors = tuple(tensor for header in headers for tensor in header.tensors)
    return Weights("gguf", tuple(files), total_size(repository, files), tensors, headers[0].metadata, one_of)


def count(
    tensors: Iterable[Tensor], *, tied: bool, layers: int | None, vocab: int | None, quantization: Mapping[str, Any]
) -> Counts:
    """Counts parameters by headers.

    `layers` is the number of layers of the model: tensors of later ones belong to multi-token prediction. `tied` and `vocab`
    tell which tables are copies. `quantization` is the quantization_config, for the width of packed values.
    """
    found = list(tensors)
    names = {tensor.name for tensor in found}
    by_dtype: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    unique = 0
    refusal: str | None = None
    places: set[tuple[str, int, int]] = set()
    tables: set[tuple[int, ...]] = set()
    for tensor in found:
        by_dtype[tensor.dtype] += tensor.elements
        why = _left_out(tensor, layers)
        place = (tensor.file, tensor.start, tensor.end)
        if why is None and tensor.end > tensor.start and place in places:
            why = "shared"
        if why is None and tied and vocab is not None and _TABLE.search(tensor.name) and vocab in tensor.shape:
            why = "tied" if tensor.shape in tables else None
            tables.add(tensor.shape)
        places.add(place)
        if why is None:
            try:
                unique += tensor.elements * _packing(tensor, names, quantization)
            except RefusedError as error:
                refusal = refusal or str(error)
        else:
            left_out[why] += tensor.elements
    counted = None if refusal else unique
    return Counts(sum(by_dtype.values()), dict(by_dtype), counted, dict(left_out), refusal)


def _left_out(tensor: Tensor, layers: int | None) -> str | None:
    name = tensor.name
    if _PREDICTION.search(name):
        return "multi-token prediction"
    layer = _LAYER.search(name)
    # Only the text model's own stack is compared: towers number their layers too.
    if layer and layers is not None and int(layer[1]) >= layers and _TEXT_STACK.match(name):
        return "multi-token prediction"
    if _SCALE.search(name) or name.endswith(("_scales", ".weight_scale_2")):
        return "quantization scales"
    if _BUFFER.search(name) or _ROPE_FACTORS.search(name) or tensor.dtype in ("BOOL", "I64"):
        return "buffers"
    return None


def _packing(tensor: Tensor, names: set[str], quantization: Mapping[str, Any]) -> int:
    """Parameters per stored element."""
    name, dtype = tensor.name, tensor.dtype
    if dtype in ("I32", "U32"):
        if name.endswith((".qweight", ".weight_packed")) or f"{name.removesuffix('.weight')}.scales" in names:
            return _per_word(quantization, name)
        raise RefusedError(f"tensor {name[:80]!r} holds packed {dtype} values in a way that is not described")
    if dtype == "U8":
        stem = name.removesuffix(".weight")
        marks = (f"{name}.absmax", f"{stem}.weight_scale", f"{stem}.weight_scale_2", f"{name}_scale", f"{stem}_weight_scale")
        if name.endswith(("_blocks", ".weight_packed")) or any(mark in names for mark in marks):
            return 2
        raise RefusedError(f"tensor {name[:80]!r} holds packed U8 values in a way that is not described")
    return 1


def _per_word(quantization: Mapping[str, Any], name: str) -> int:
    groups = quantization.get("config_groups")
    weights = (
        [group.get("weights") for group in groups.values() if isinstance(group, dict)] if isinstance(groups, dict) else []
    )
    widths = [part.get("num_bits") for part in weights if isinstance(part, dict)]
    bits = next(
        (width for width in (quantization.get("bits"), quantization.get("w_bit"), *widths) if type(width) is int), None
    )
    if bits not in (2, 4, 8):
        raise RefusedError(f"tensor {name[:80]!r} is packed and the config states no width of 2, 4 or 8 bits")
    return 32 // bits
