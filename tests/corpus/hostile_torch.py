"""Checkpoints of torch that call something on loading, or that scanners read otherwise than torch does."""

import pickle
from collections.abc import Iterator
from typing import Any

from tests.corpus.gadgets import BY_EFFECT, SYSTEM
from tests.corpus.hostile_pickles import among_weights, reduced_0, reduced_2, reduced_4
from tests.corpus.pickling import Called, Global, call, dumps, find, literal
from tests.corpus.sample import COMMAND, Sample, hostile
from tests.corpus.torch_files import (
    MAGIC,
    SCRIPT,
    Checkpoint,
    legacy,
    legacy_state,
    state_dict,
    torch_members,
    torch_zip,
    torchscript,
)
from tests.corpus.zips import ENCRYPTED, UTF8, Ending, Member, zipped


def samples() -> Iterator[Sample]:
    yield from hostile("torch-zip", "a call in data.pkl (CVE-2025-32434 and every torch.load)", _hostile_zips())
    yield from hostile(
        "torch-zip-trick",
        "CVE-2025-1944, CVE-2025-1945, CVE-2025-10156: zips that loaders and scanners read differently",
        _tricks(),
    )
    yield from hostile("torch-legacy", "modelscan stops after the first pickle", _hostile_legacy())
    yield from hostile("torch-raw", "a raw pickle in a checkpoint's clothes (CVE-2025-10155)", _hostile_raw())
    yield from hostile("torchscript", "archives of torch.jit", _hostile_script())


def _hostile_zips() -> dict[str, bytes]:
    weights = Checkpoint()
    whole = dumps(state_dict(weights))
    run = call(find("os", "system"), COMMAND)
    gadgets = [gadget for gadgets in BY_EFFECT.values() for gadget in gadgets[2:5]]
    files = {
        f"{gadget.module}-{gadget.name}/model.pt": torch_zip(reduced_4(gadget))
        for gadget in gadgets
        if gadget.module.isascii()
    }
    return files | {
        "before-weights/pytorch_model.bin": torch_zip(b"\x80\x02" + run + b"0" + whole[2:], weights.storages),
        "after-weights/pytorch_model.bin": torch_zip(whole[:-1] + run + b"0.", weights.storages),
        "among-weights/pytorch_model.bin": torch_zip(among_weights(SYSTEM), weights.storages),
        "second-pickle/pytorch_model.bin": torch_zip(whole + reduced_2(SYSTEM), weights.storages),
        "broken/model.pth": torch_zip(b"\x80\x02" + run + b"\xff", weights.storages),
        "storage-type/model.pt": torch_zip(b"\x80\x02(" + literal("storage") + find("os", "system") + literal("0") + b"tQ."),
        "hooks/model.pt": torch_zip(
            dumps(
                Called(
                    Global("torch._utils", "_rebuild_parameter_with_state"),
                    (None, False, None, {"x": Global("os", "system")}),
                )
            )
        ),
        "tensor-type/model.pt": torch_zip(
            dumps(
                Called(
                    Global("torch._tensor", "_rebuild_from_type_v2"),
                    (Global("os", "system"), Global("torch", "Tensor"), (COMMAND,), {}),
                )
            )
        ),
    }


def _tricks() -> dict[str, bytes]:
    bad, weights = reduced_2(SYSTEM), Checkpoint()
    good = dumps(state_dict(weights))
    members = torch_members(bad, weights.storages)
    first, rest = members[0], members[1:]
    end = Ending(zip64=True)

    def with_first(**changes: Any) -> bytes:
        return zipped([Member(first.name, first.data, **({"flags": UTF8} | changes)), *rest], end)

    return {
        "local-flag-encrypted/model.pt": with_first(local_flags=ENCRYPTED | UTF8),
        "central-flag-encrypted/model.pt": with_first(flags=ENCRYPTED | UTF8, local_flags=UTF8),
        "local-name-differs/model.pt": with_first(local_name="archive/data.txt"),
        "crc-wrong/model.pt": with_first(central_crc=0x12345678),
        "local-crc-wrong/model.pt": with_first(local_crc=0x12345678),
        "size-smaller/model.pt": with_first(central_size=4, central_compressed=4),
        "size-larger/model.pt": with_first(central_size=len(bad) + 9),
        "method-unknown/model.pt": with_first(local_method=99),
        "method-differs/model.pt": with_first(local_method=8),
        "not-in-central/model.pt": zipped(
            [*torch_members(good, weights.storages), Member("archive/data.pkl", bad, in_central=False)], end
        ),
        "twice/model.pt": zipped([*torch_members(good, weights.storages), Member("archive/data.pkl", bad)], end),
        "other-case/model.pt": zipped([*torch_members(good, weights.storages), Member("archive/DATA.PKL", bad)], end),
        "extra-pickle/model.pt": zipped([*torch_members(good, weights.storages), Member("archive/extra.bin", bad)], end),
        "payload-in-storage/model.pt": torch_zip(good, [*weights.storages, bad]),
        "prefix/model.pt": zipped(torch_members(good, weights.storages), end, prefix=bad),
        "between-members/model.pt": zipped(
            [*torch_members(good, weights.storages), Member("archive/x", b"1", before=bad)], end
        ),
        "before-central/model.pt": zipped(torch_members(good, weights.storages), Ending(before_central=bad)),
        "after-end/model.pt": zipped(torch_members(good, weights.storages), Ending(after=bad)),
        "in-comment/model.pt": zipped(torch_members(good, weights.storages), Ending(comment=bad)),
        "count-lies/model.pt": zipped(members, Ending(count=1)),
        "pickle-elsewhere/model.pt": zipped([Member("archive/data.p", bad), *rest], end),
        "slash-names/model.pt": zipped([Member("/archive/data.pkl", bad), *rest], end),
        "dot-dot-names/model.pt": zipped([Member("archive/../../data.pkl", good), *rest], end),
        "second-archive/model.pt": zipped(torch_members(good, weights.storages), end) + zipped(torch_members(bad, [])),
        "overlapping/model.pt": zipped([first, Member("archive/copy", bad, central_offset=0), *rest], end),
    }


def _hostile_legacy() -> dict[str, bytes]:
    state, storages = legacy_state()
    whole, bad = dumps(state), reduced_2(SYSTEM)
    good = legacy(whole, storages)
    return {
        "object/model.pt": legacy(bad, storages),
        "system-info/model.pt": legacy(whole, storages, system=bad),
        "before/model.bin": bad + good,
        "keys/model.pt": good.replace(pickle.dumps(["94000902952432"], 2), bad),
        "after-storages/model.pt": good + bad,
        "storage-too-short/model.pt": good[:-12],
        "elements-lie/model.pt": legacy(whole, [("94000902952432", 2**40, bytes(128))]),
        "key-without-storage/model.pt": legacy(whole, [*storages, ("x", 4, b"")]),
        "magic-only-then-call/model.pt": pickle.dumps(MAGIC, 2) + bad,
        "protocol-0/model.pt": legacy(reduced_0(SYSTEM), storages),
    }


def _hostile_raw() -> dict[str, bytes]:
    bad = among_weights(SYSTEM)
    names = [
        *("model.bin", "model.pt", "model.pth", "model.ckpt", "model.safetensors", "model.gguf", "model.json"),
        *("model", "model.txt", "model.data"),
    ]
    return {f"named-{name.replace('.', '-')}/{name}": bad for name in names}


def _hostile_script() -> dict[str, bytes]:
    return {
        "object/model.pt": torchscript(SCRIPT, reduced_2(SYSTEM)),
        "python/model.pt": torchscript(f"import os\nos.system({COMMAND!r})\n"),
        "file-access/model.pt": torchscript(SCRIPT.replace("torch.relu(_0)", "torch.from_file('/etc/hostname', False, 8)")),
        "save/model.pt": torchscript(SCRIPT.replace("torch.relu(_0)", "ops.aten.save(_0, '/tmp/budmodel-corpus')")),
        "constants/model.pt": torchscript(SCRIPT, constants=reduced_2(SYSTEM)),
        "native-library/model.pt": zipped(
            [*torch_members(dumps({"a": 1}), []), Member("archive/data/libx.so", b"\x7fELF\x02\x01\x01" + bytes(200))],
            Ending(zip64=True),
        ),
        "operator-library/model.pt": torchscript(SCRIPT.replace("torch.relu(_0)", "torch.ops.load_library('libcorpus.so')")),
    }
