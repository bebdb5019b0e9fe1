"""Pickles written opcode by opcode, as libraries that are not installed here would write them, or as no library would."""

import pickle
import struct
from dataclasses import dataclass, field

from budmodel_scanner.content import Budget, MemoryContent, Place, Stream
from budmodel_scanner.pickles.examine import examine_pickle
from budmodel_scanner.verdict import Finding, Verdict, verdict_of

SAFE, SUSPICIOUS, MALICIOUS = Verdict.SAFE, Verdict.SUSPICIOUS, Verdict.MALICIOUS
TORCH_MAGIC = 0x1950A86A20F9469CFC6C


def findings(
    content: bytes, name: str = "model.pkl", members: tuple[str, ...] = (), opcodes: int = 1_000_000
) -> list[Finding]:
    return list(examine_pickle(Stream(MemoryContent(content)), Place(name, members, Budget(opcodes=opcodes))))


def verdict(content: bytes, name: str = "model.pkl", members: tuple[str, ...] = ()) -> Verdict:
    return verdict_of(findings(content, name, members))


def rules(content: bytes) -> set[str]:
    return {finding.rule for finding in findings(content)}


def text(value: str) -> bytes:
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def number(value: int) -> bytes:
    encoded = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"J" + struct.pack("<i", value) if -(1 << 31) <= value < 1 << 31 else b"\x8a" + bytes([len(encoded)]) + encoded


def name(module: str, attribute: str) -> bytes:
    """GLOBAL, as in protocol 2."""
    return f"c{module}\n{attribute}\n".encode()


def stack_name(module: str, attribute: str) -> bytes:
    """STACK_GLOBAL, as in protocol 4."""
    return text(module) + text(attribute) + b"\x93"


def group(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def mapping(entries: dict[str, bytes]) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u"


def call(callee: bytes, *arguments: bytes) -> bytes:
    return callee + group(*arguments) + b"R"


def instance(module: str, attribute: str, state: dict[str, bytes]) -> bytes:
    """NEWOBJ and BUILD, as protocol 2 and later write ordinary objects."""
    return name(module, attribute) + b")\x81" + mapping(state) + b"b"


def whole(body: bytes, protocol: int = 2) -> bytes:
    return b"\x80" + bytes([protocol]) + body + b"."


SYSTEM = call(name("os", "system"), text("true"))


def calling(module: str, attribute: str, *arguments: bytes) -> bytes:
    """A whole pickle that calls this when loaded."""
    return whole(call(name(module, attribute), *(arguments or (text("true"),))))


def dtype(code: str, flags: int = 0) -> bytes:
    state = group(number(3), text("<"), b"N", b"N", b"N", number(-1), number(-1), number(flags))
    return call(name("numpy", "dtype"), text(code), number(0), number(1)) + state + b"b"


def numpy_array(numbers: bytes = b"\x01\0\0\0") -> bytes:
    """As protocol 2 writes it: the numbers as text."""
    made = call(name("numpy.core.multiarray", "_reconstruct"), name("numpy", "ndarray"), group(number(0)), text("b"))
    encoded = call(name("_codecs", "encode"), text(numbers.decode("latin-1")), text("latin1"))
    return made + group(number(1), group(number(len(numbers) // 4)), dtype("i4"), b"\x89", encoded) + b"b"


def joblib_array(
    shape: bytes, code: str, numbers: bytes, *, aligned: bool = True, flags: int = 0, module: str = "joblib.numpy_pickle"
) -> bytes:
    state = {
        "subclass": name("numpy", "ndarray"),
        "shape": shape,
        "order": text("C"),
        "dtype": dtype(code, flags),
        "allow_mmap": b"\x88",
    }
    padding = b""
    if aligned:
        state["numpy_array_alignment_bytes"] = number(16)
        padding = b"\x03\xff\xff\xff"
    return instance(module, "NumpyArrayWrapper", state) + padding + numbers


def storage_id(key: str, elements: int, kind: str = "FloatStorage") -> bytes:
    return group(text("storage"), name("torch", kind), text(key), text("cpu"), number(elements)) + b"Q"


def tensor(key: str, elements: int, kind: str = "FloatStorage") -> bytes:
    hooks = call(name("collections", "OrderedDict"))
    arguments = (storage_id(key, elements, kind), number(0), group(number(elements)), group(number(1)), b"\x89", hooks)
    return call(name("torch._utils", "_rebuild_tensor_v2"), *arguments)


def state_dict(**tensors: bytes) -> bytes:
    return (
        call(name("collections", "OrderedDict"))
        + b"("
        + b"".join(text(key) + value for key, value in tensors.items())
        + b"u"
    )


@dataclass(frozen=True)
class LegacyTorch:
    """A file of torch before its zip format."""

    body: bytes = field(default_factory=lambda: state_dict(weight=tensor("94001", 3)))
    keys: tuple[str, ...] = ("94001",)
    numbers: bytes = struct.pack("<q", 3) + bytes(12)

    def written(self) -> bytes:
        system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
        head = [pickle.dumps(part, protocol=2) for part in (TORCH_MAGIC, 1001, system)]
        return b"".join([*head, whole(self.body), pickle.dumps(list(self.keys), protocol=2), self.numbers])
