"""An estimate of the memory that serving a model takes."""

from dataclasses import dataclass

from budmodel_pipeline.model_info.attention import Cache

OVERHEAD_SHARE = 0.10
OVERHEAD_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class ServingMemory:
    """Bytes. `total` = `weights` + `cache` + `overhead`."""

    weights: int
    cache: int
    overhead: int

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.overhead


def serving_memory(weight_bytes: int, cache: Cache, context: int, sequences: int = 1) -> ServingMemory:
    """Memory to serve `sequences` requests of `context` tokens each at once, summed over all accelerators.

    weights: the files as they are, so with the quantization that they have. cache: keys and values at 16 bits per element;
    windowed layers keep at most their window. overhead: an assumption, not a measurement: 10 % of the weights for
    activations and buffers plus 1 GiB for the runtime of one accelerator. Paged allocators, tensor parallelism, CUDA graphs
    and the fixed states of recurrent layers come on top. Raises ValueError where a number is negative or no token is asked.
    """
    if weight_bytes < 0 or context < 1 or sequences < 1:
        raise ValueError(
            f"{weight_bytes} weight bytes, {context} tokens, {sequences} sequences: none may be less than that of one token"
        )
    return ServingMemory(weight_bytes, cache.at(context) * sequences, int(weight_bytes * OVERHEAD_SHARE) + OVERHEAD_BYTES)
