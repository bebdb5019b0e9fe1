"""What `torch.save` and `torch.jit.save` write.

The zip layout is that of PyTorch's serialization notes: members stored, aligned to 64 bytes by an extra field, sizes in a
descriptor behind each; the legacy layout is five pickles and then the storages.
"""

import pickle
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from tests.corpus.pickling import Called, Global, New, Persistent, dumps
from tests.corpus.sample import Sample, benign
from tests.corpus.zips import UTF8, WITH_DESCRIPTOR, Ending, Member, zipped

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
SIZES = {"Float": 4, "Long": 8, "Half": 2, "BFloat16": 2, "Bool": 1, "Byte": 1, "Double": 8, "Char": 1, "Int": 4}
ORDERED_DICT = Global("collections", "OrderedDict")


class Checkpoint:
    """Storages numbered as they are used, and the stand-ins for the tensors that view them."""

    def __init__(self) -> None:
        self.storages: list[bytes] = []

    def tensor(self, shape: tuple[int, ...], kind: str = "Float", *, parameter: bool = False) -> Called:
        elements, strides = 1, list[int]()
        for size in reversed(shape):
            strides.insert(0, elements)
            elements *= size
        key = str(len(self.storages))
        self.storages.append(bytes(index % 251 for index in range(elements * SIZES[kind])))
        storage = Persistent(("storage", Global("torch", f"{kind}Storage"), key, "cpu", elements))
        view = (storage, 0, shape, tuple(strides), False, Called(ORDERED_DICT, ()))
        tensor = Called(Global("torch._utils", "_rebuild_tensor_v2"), view)
        if not parameter:
            return tensor
        return Called(Global("torch._utils", "_rebuild_parameter"), (tensor, True, Called(ORDERED_DICT, ())))

    def saved(self, value: Any, name: str = "archive", protocol: int = 2) -> bytes:
        return torch_zip(dumps(value, protocol), self.storages, name)


def state_dict(checkpoint: Checkpoint) -> dict[str, Called]:
    return {
        "embed.weight": checkpoint.tensor((16, 8)),
        "layer.0.weight": checkpoint.tensor((8, 8), "Half"),
        "layer.0.bias": checkpoint.tensor((8,), "BFloat16"),
        "norm.num_batches_tracked": checkpoint.tensor((), "Long"),
        "mask": checkpoint.tensor((4,), "Bool"),
    }


def torch_members(data: bytes, storages: list[bytes], name: str = "archive") -> list[Member]:
    files = {"data.pkl": data, ".format_version": b"1", ".storage_alignment": b"64", "byteorder": b"little"}
    files |= {f"data/{number}": storage for number, storage in enumerate(storages)}
    files |= {"version": b"3\n", ".data/serialization_id": b"0636067193106155163109834013424531211632"}
    return aligned(files, name)


def aligned(files: Mapping[str, bytes], name: str, filling: bytes = b"Z") -> list[Member]:
    members, position = [], 0
    for path, content in files.items():
        full = f"{name}/{path}"
        fixed = 30 + len(full) + 4
        padding = -(position + fixed) % 64
        extra = b"FB" + struct.pack("<H", padding) + filling * padding
        members.append(Member(full, content, flags=WITH_DESCRIPTOR | UTF8, local_extra=extra, mode=0))
        position += fixed + padding + len(content) + 16
    return members


def torch_zip(data: bytes, storages: list[bytes] | None = None, name: str = "archive") -> bytes:
    """A torch zip around any `data.pkl`."""
    return zipped(torch_members(data, storages or [], name), Ending(zip64=True))


def legacy(data: bytes, storages: list[tuple[str, int, bytes]], *, system: bytes | None = None) -> bytes:
    """The format before 1.6. Of each storage: key, elements, bytes."""
    sizes = {"short": 2, "int": 4, "long": 4}
    about = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": sizes}
    out = pickle.dumps(MAGIC, 2) + pickle.dumps(PROTOCOL, 2) + (system or pickle.dumps(about, 2)) + data
    out += pickle.dumps([key for key, _, _ in storages], 2)
    return out + b"".join(struct.pack("<q", elements) + content for _, elements, content in storages)


def legacy_state(elements: int = 32) -> tuple[Any, list[tuple[str, int, bytes]]]:
    storage = Persistent(("storage", Global("torch", "FloatStorage"), "94000902952432", "cpu", elements, None))
    arguments = (storage, 0, (elements,), (1,), False, Called(ORDERED_DICT, ()))
    tensor = Called(Global("torch._utils", "_rebuild_tensor_v2"), arguments)
    return {"weight": tensor}, [("94000902952432", elements, struct.pack(f"<{elements}f", *range(elements)))]


def torchscript(code: str, data: bytes | None = None, constants: bytes = b"\x80\x02).") -> bytes:
    """What `torch.jit.save` writes."""
    module = New(Global("__torch__.model", "Net"), (), {"training": False, "_is_full_backward_hook": None})
    files = {
        "data.pkl": data or dumps(module),
        "code/__torch__/model.py": code.encode(),
        "code/__torch__/model.py.debug_pkl": pickle.dumps(("FORMAT_WITH_STRING_TABLE", "", ((0, 1, 2),)), 2),
        "constants.pkl": constants,
        "version": b"3\n",
        "byteorder": b"little",
    }
    return zipped([Member(f"net/{name}", content, flags=WITH_DESCRIPTOR | UTF8) for name, content in files.items()])


SCRIPT = """class Net(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : NoneType
  def forward(self: __torch__.model.Net,
    input: Tensor) -> Tensor:
    _0 = torch.add(input, input)
    return torch.relu(_0)
"""


def samples() -> Iterator[Sample]:
    weights = Checkpoint()
    plain = weights.saved(state_dict(weights), "pytorch_model")
    yield from benign("torch-zip", "torch.save(model.state_dict())", {"state/pytorch_model.bin": plain})
    nested = Checkpoint()
    value = {
        "epoch": 4,
        "state_dict": {name: nested.tensor((4, 2), parameter=True) for name in ("a.weight", "b.weight")},
        "shape": Called(Global("torch", "Size"), ((4, 2),)),
        "device": Called(Global("torch", "device"), ("cpu",)),
        "dtype": Global("torch", "bfloat16"),
        "losses": [0.5, 0.25],
    }
    yield from benign("torch-zip-trick", "an ordinary nested checkpoint", {"nested/model.ckpt": nested.saved(value)})
    higher = Checkpoint()
    yield from benign(
        "torch-zip", "pickle_protocol=4", {"protocol-4/model.pt": higher.saved(state_dict(higher), protocol=4)}
    )
    optimizer = Checkpoint()
    moments = {"step": optimizer.tensor(()), "exp_avg": optimizer.tensor((8, 4)), "exp_avg_sq": optimizer.tensor((8, 4))}
    groups = [{"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01, "amsgrad": False, "params": [0]}]
    saved = {"state": {0: moments}, "param_groups": groups}
    yield from benign(
        "torch-trainer", "transformers.Trainer checkpoints", {"checkpoint-10/optimizer.pt": optimizer.saved(saved)}
    )
    schedule = {"base_lrs": [1e-3], "last_epoch": 10, "_step_count": 11, "_last_lr": [0.0], "lr_lambdas": [None]}
    yield from benign(
        "torch-trainer", "transformers.Trainer checkpoints", {"checkpoint-10/scheduler.pt": Checkpoint().saved(schedule)}
    )
    yield from benign("torch-trainer", "transformers.Trainer checkpoints", {"checkpoint-10/rng_state.pth": _random_state()})
    yield from benign(
        "torch-trainer", "transformers.Trainer checkpoints", {"checkpoint-10/training_args.bin": _training_arguments()}
    )
    state, storages = legacy_state()
    yield from benign(
        "torch-legacy", "before 1.6, and diffusers until today", {"state/model.pt": legacy(dumps(state), storages)}
    )
    yield from benign(
        "torch-raw",
        "a plain pickle saved as .pt",
        {"plain/meta.pt": pickle.dumps({"epoch": 1, "classes": ["cat", "dog"]}, 2)},
    )
    yield from benign("torchscript", "torch.jit.save", {"net/model.pt": torchscript(SCRIPT)})


def _random_state() -> bytes:
    checkpoint = Checkpoint()
    keys = Called(
        Global("numpy._core.multiarray", "_reconstruct"),
        (Global("numpy", "ndarray"), (0,), b"b"),
        (
            1,
            (4,),
            Called(Global("numpy", "dtype"), ("u4", False, True), (3, "<", None, None, None, -1, -1, 0)),
            False,
            bytes(16),
        ),
    )
    numpy = ("MT19937", keys, 624, 0, 0.0)
    return checkpoint.saved(
        {"python": (3, (2**31, 1, 2, 624), None), "numpy": numpy, "cpu": checkpoint.tensor((32,), "Byte")}
    )


def _training_arguments() -> bytes:
    def member(module: str, name: str, value: str) -> Called:
        return Called(Global(module, name), (value,))

    accelerator = New(
        Global("transformers.trainer_pt_utils", "AcceleratorConfig"), (), {"split_batches": False, "even_batches": True}
    )
    state = {
        "output_dir": "out",
        "per_device_train_batch_size": 8,
        "learning_rate": 5e-05,
        "eval_strategy": member("transformers.trainer_utils", "IntervalStrategy", "no"),
        "save_strategy": member("transformers.trainer_utils", "SaveStrategy", "steps"),
        "lr_scheduler_type": member("transformers.trainer_utils", "SchedulerType", "linear"),
        "hub_strategy": member("transformers.trainer_utils", "HubStrategy", "every_save"),
        "optim": member("transformers.training_args", "OptimizerNames", "adamw_torch"),
        "accelerator_config": accelerator,
        "distributed_state": New(
            Global("accelerate.state", "PartialState"),
            (),
            {"distributed_type": member("accelerate.utils.dataclasses", "DistributedType", "NO"), "num_processes": 1},
        ),
        "device": Called(Global("torch", "device"), ("cpu",)),
        "report_to": ["tensorboard"],
    }
    return Checkpoint().saved(New(Global("transformers.training_args", "TrainingArguments"), (), state), "training_args")
