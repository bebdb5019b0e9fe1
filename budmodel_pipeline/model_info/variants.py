"""Repositories that are not one model: several quantizations, the parts of a pipeline, an adapter."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from budmodel_pipeline.model_info import safetensors
from budmodel_pipeline.model_info.facts import RefusedError
from budmodel_pipeline.model_info.json_reading import MAX_CONFIG_BYTES, json_object
from budmodel_pipeline.model_info.repository import Repository, RepositoryError

PIPELINE_INDEX = "model_index.json"
ADAPTER_CONFIG = "adapter_config.json"
Kind = Literal["model", "pipeline", "adapter"]
MAX_VARIANTS = 500
_SHARD = re.compile(r"-\d{5,6}-of-\d{5,6}(?=\.\w+$)")
# How publishers call a quantization in the name of a GGUF file: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
_QUANTIZED = re.compile(
    r"(?:^|[-._])((?:UD-)?(?:I?Q\d\w*|TQ\d_\d|BF16|F16|FP16|F32|MXFP4\w*|NVFP4))(?=[-._]|$)", re.IGNORECASE
)
_PART = re.compile(r"(?P<stem>[^/]+?)(?:\.(?P<infix>[a-z0-9_]+))?\.(?:safetensors|bin)$")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to have a model, or one part of a pipeline in one precision.

    `part` is the folder of a pipeline's part with its `part_class`, "" for a whole model. `precision` is the quantization or
    dtype as its file says it, None where it says none. `size` is in bytes, None where the provider states none. `default` is
    what a loader takes that is asked for nothing in particular; of several quantizations none is.
    """

    name: str
    part: str
    part_class: str | None
    format: str
    precision: str | None
    files: tuple[str, ...]
    size: int | None
    default: bool


def kind_of(repository: Repository) -> Kind:
    """What kind of thing the repository holds."""
    if PIPELINE_INDEX in repository.files:
        return "pipeline"
    return "adapter" if ADAPTER_CONFIG in repository.files and "config.json" not in repository.files else "model"


def find_variants(repository: Repository) -> tuple[Variant, ...]:
    """The parts of a pipeline, or the quantizations where there are several; nothing for a repository that is one model.

    Raises RefusedError where the index of a pipeline cannot be understood, RepositoryError where reading failed.
    """
    if kind_of(repository) == "pipeline":
        return _parts(repository)
    quantized = quantizations(repository)
    return quantized if len(quantized) > 1 else ()


def quantizations(repository: Repository) -> tuple[Variant, ...]:
    """The models in GGUF files, one for each set of shards, smallest first."""
    groups: dict[str, list[str]] = defaultdict(list)
    for path in sorted(repository.files):
        if path.endswith(".gguf") and "mmproj" not in path and "imatrix" not in path:
            groups[_SHARD.sub("", path)].append(path)
    found = [
        Variant(
            name, "", None, "gguf", _named_quantization(name), tuple(paths), total_size(repository, paths), len(groups) == 1
        )
        for name, paths in list(groups.items())[:MAX_VARIANTS]
    ]
    return tuple(sorted(found, key=lambda variant: (variant.size is None, variant.size or 0, variant.name)))


def total_size(repository: Repository, paths: Sequence[str]) -> int | None:
    """The bytes of several files, None where the provider does not state one of them."""
    sizes = [repository.files[path].size for path in paths]
    return sum(size for size in sizes if size is not None) if None not in sizes else None


def read_adapter(repository: Repository) -> Mapping[str, Any]:
    """The parsed adapter_config.json, empty where there is none. Raises RefusedError and RepositoryError."""
    if ADAPTER_CONFIG not in repository.files:
        return {}
    return json_object(repository.read(ADAPTER_CONFIG, 0, MAX_CONFIG_BYTES + 1), ADAPTER_CONFIG)


def adapter_facts(config: Mapping[str, Any]) -> dict[str, Any]:
    """What adapter_config.json says of an adapter: base_model, type, rank, alpha and the modules that it changes."""
    targets = config.get("target_modules")
    return {
        "base_model": _text(config.get("base_model_name_or_path")),
        "type": _text(config.get("peft_type")),
        "rank": _count(config.get("r")),
        "alpha": _count(config.get("lora_alpha")),
        "targets": [name for name in targets if isinstance(name, str)] if isinstance(targets, list) else _text(targets),
    }


def _named_quantization(name: str) -> str | None:
    found = _QUANTIZED.findall(name.removesuffix(".gguf"))
    return str(found[-1]).upper() if found else None


def _parts(repository: Repository) -> tuple[Variant, ...]:
    index = json_object(repository.read(PIPELINE_INDEX, 0, MAX_CONFIG_BYTES + 1), PIPELINE_INDEX)
    found: list[Variant] = []
    for part, described in sorted(index.items()):
        # Each part is its library and class; what is null is not shipped.
        if isinstance(described, list) and len(described) == 2 and isinstance(described[1], str) and "/" not in part:
            found += _of_part(repository, part, described[1])
    if not found:
        raise RefusedError(f"{PIPELINE_INDEX} names no part whose weights are there")
    return tuple(found[:MAX_VARIANTS])


def _of_part(repository: Repository, part: str, part_class: str) -> list[Variant]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(repository.files):
        folder, _, name = path.rpartition("/")
        match = _PART.fullmatch(_SHARD.sub("", name)) if folder == part else None
        if match:
            groups[match["infix"] or "", name.rpartition(".")[2]].append(path)
    formats = {name for _, name in groups}
    best = "safetensors" if "safetensors" in formats else "bin"
    return [
        Variant(
            infix or "default",
            part,
            part_class,
            "safetensors" if suffix == "safetensors" else "pickle",
            _dtype(repository, paths[0]) if suffix == "safetensors" else None,
            tuple(paths),
            total_size(repository, paths),
            not infix and suffix == best,
        )
        for (infix, suffix), paths in groups.items()
    ]


def _dtype(repository: Repository, path: str) -> str | None:
    """The dtype of most values. A part whose header cannot be read is still a part; transient failures are raised."""
    try:
        tensors = safetensors.read_header(
            lambda offset, length: repository.read(path, offset, length), repository.files[path].size, path
        )
    except RefusedError:
        return None
    except RepositoryError as error:
        if error.transient:
            raise
        return None
    elements: Counter[str] = Counter()
    for tensor in tensors:
        elements[tensor.dtype] += tensor.elements
    return max(elements, key=lambda dtype: elements[dtype], default=None)


def _text(value: object) -> str | None:
    return value[:500] or None if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 < value <= 1 << 20 else None
