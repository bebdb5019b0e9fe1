"""Pickles that call something on loading, plainly and in every disguise that scanners have fallen for."""

import pickle
import struct
from collections.abc import Callable, Iterator

from tests.corpus.gadgets import BY_EFFECT, EVAL, POSIX_SYSTEM, SYSTEM, Gadget
from tests.corpus.pickling import STOP, Called, Global, New, call, dumps, find, find_on_stack, framed, literal, plain, text
from tests.corpus.sample import CODE, COMMAND, Sample, benign, hostile

WEIGHTS = {"layer.weight": [0.25, -0.5, 0.125], "layer.bias": [0.0], "epoch": 3}


def reduced_0(gadget: Gadget) -> bytes:
    """Protocol 0: text from end to end."""
    arguments = b"".join(literal(argument, 0) for argument in gadget.arguments)
    return find(gadget.module, gadget.name) + b"(" + arguments + b"tR" + STOP


def reduced_1(gadget: Gadget) -> bytes:
    return plain(find(gadget.module, gadget.name) + literal(gadget.arguments, 1) + b"R", 1)


def reduced_2(gadget: Gadget) -> bytes:
    return plain(call(find(gadget.module, gadget.name), *gadget.arguments))


def reduced_3(gadget: Gadget) -> bytes:
    return plain(call(find(gadget.module, gadget.name), *gadget.arguments), 3)


def reduced_4(gadget: Gadget) -> bytes:
    return framed(call(find_on_stack(gadget.module, gadget.name), *gadget.arguments))


def reduced_5(gadget: Gadget) -> bytes:
    return framed(call(find_on_stack(gadget.module, gadget.name), *gadget.arguments), 5)


def among_weights(gadget: Gadget) -> bytes:
    """A value of a dictionary that otherwise looks like a checkpoint."""
    body = b"}(" + text("state") + literal(WEIGHTS) + text("hook")
    return framed(body + call(find_on_stack(gadget.module, gadget.name), *gadget.arguments) + b"u")


def instance(gadget: Gadget) -> bytes:
    """INST, which needs no REDUCE."""
    arguments = b"".join(literal(argument, 0) for argument in gadget.arguments)
    return b"(" + arguments + f"i{gadget.module}\n{gadget.name}\n".encode() + STOP


def object_(gadget: Gadget) -> bytes:
    """OBJ."""
    arguments = b"".join(map(literal, gadget.arguments))
    return plain(b"(" + find(gadget.module, gadget.name) + arguments + b"o")


def new_object(gadget: Gadget) -> bytes:
    """NEWOBJ: a class's `__new__`, which may be the attacker's."""
    return plain(find(gadget.module, gadget.name) + literal(gadget.arguments) + b"\x81")


def new_object_ex(gadget: Gadget) -> bytes:
    return framed(find_on_stack(gadget.module, gadget.name) + literal(gadget.arguments) + b"}\x92")


def only_found(gadget: Gadget) -> bytes:
    """Never called: the import alone runs the module, and a later loader may call what it gets."""
    return framed(find_on_stack(gadget.module, gadget.name))


SHAPES: list[Callable[[Gadget], bytes]] = [reduced_0, reduced_1, reduced_2, reduced_3, reduced_4, reduced_5, among_weights]
RARE_SHAPES: list[Callable[[Gadget], bytes]] = [instance, object_, new_object, new_object_ex, only_found]
_OS_SYSTEM = Global("os", "system")
NAMES = (
    *("model.pkl", "pytorch_model.bin", "weights.pt", "model.joblib", "checkpoint.ckpt", "data.pickle"),
    *("model.pth", "cache.dat"),
)


def samples() -> Iterator[Sample]:
    number = 0
    for effect, gadgets in BY_EFFECT.items():
        kind = f"pickle-{effect}"
        for gadget in gadgets:
            # A dotted name is looked up attribute by attribute from protocol 4 on.
            shapes = SHAPES[4:] if "." in gadget.name or not gadget.module.isascii() else SHAPES
            folder = f"{gadget.module}-{gadget.name}" if gadget.module.isascii() else "cyrillic-module"
            number += 1
            path = f"{folder}/{NAMES[number % len(NAMES)]}"
            yield from hostile(kind, "picklescan advisories", {path: shapes[number % len(shapes)](gadget)})
        yield from benign(kind, "the same protocols without a call", {f"plain-{number}/model.pkl": _plain(number)})
    for shape in [*SHAPES, *RARE_SHAPES]:
        for gadget in (SYSTEM, EVAL, POSIX_SYSTEM):
            path = f"{shape.__name__}-{gadget.module}/model.pkl"
            yield from hostile("pickle-opcodes", "every opcode that calls or imports", {path: shape(gadget)})
    for protocol in range(6):
        path = f"protocol-{protocol}/model.pkl"
        yield from benign("pickle-opcodes", "ordinary values", {path: pickle.dumps(WEIGHTS, protocol)})
    yield from hostile(
        "pickle-memo", "picklescan issue 14, GHSA-9gvj-pp9x-gcfr: names through the memo", _through_the_memo()
    )
    yield from benign("pickle-memo", "shared strings", {"shared/model.pkl": pickle.dumps([WEIGHTS, WEIGHTS, "a", "a"], 4)})
    yield from hostile("pickle-disguise", "names spelled by rare opcodes and noise around them", _disguised())
    yield from benign("pickle-disguise", "every kind of constant", {"constants/model.pkl": _constants()})
    yield from hostile("pickle-broken", "fails only after it has run (nullifAI, GHSA-7q5r-7gvp-wc82)", _broken())
    yield from hostile("pickle-stacked", "a second pickle after the first", _stacked())
    yield from benign(
        "pickle-stacked", "stacked plain pickles", {"two/model.pkl": pickle.dumps(WEIGHTS) + pickle.dumps([1])}
    )
    yield from hostile("pickle-state", "BUILD and items that change classes", _states())
    yield from hostile("pickle-computed-name", "a global whose name is not a constant", _computed())
    yield from _benign_twins()


def _benign_twins() -> Iterator[Sample]:
    noise = pickle.dumps({"blob": bytes(range(256)) * 8, "text": "cos\nsystem\n(S'echo'\ntR."}, 4)
    yield from benign("pickle-broken", "bytes and text that look like opcodes", {"noise/model.pkl": noise})
    counted = Called(Global("collections", "Counter"), ({"a": 2},))
    grouped = Called(Global("collections", "defaultdict"), (Global("builtins", "list"),))
    moment = Called(Global("datetime", "datetime"), (b"\x07\xe9\x03\x01\x0c\x00\x00\x00\x00\x00",))
    built = dumps({"counts": counted, "groups": grouped, "at": moment, "ids": New(Global("collections", "OrderedDict"))}, 4)
    yield from benign("pickle-state", "objects of the standard library", {"library/metrics.pkl": built})
    encoded = dumps({"raw": b"\x00\xff", "name": "system", "module": "os"}, 2)
    yield from benign("pickle-computed-name", "bytes for Python 2", {"encoded/model.pkl": encoded})


def _plain(number: int) -> bytes:
    return pickle.dumps({**WEIGHTS, "run": number, "labels": ["os", "system", "eval"]}, number % 6)


def _constants() -> bytes:
    values = [0, -1, 255, 65_536, 2**40, -(2**70), 1.5, "é", b"\x00\xff", True, None, (), (1,), [], {}, {1}, frozenset({2})]
    return pickle.dumps([*values, "x" * 300, b"y" * 70_000, bytearray(b"z")], 5)


def _through_the_memo() -> dict[str, bytes]:
    run = literal((COMMAND,)) + b"R"
    os_, system = text("os"), text("system")
    decoy = text("torch._utils") + b"\x94" + text("_rebuild_tensor_v2") + b"\x94"
    return {
        # PUT numbers and MEMOIZE count differently: memo[0] is not what a scanner that appends thinks it is.
        "put-then-memoize/model.pkl": framed(os_ + b"q\x00" + system + b"q\x01" + decoy + b"h\x00h\x01\x93" + run),
        "memoize-then-put/model.pkl": framed(decoy + os_ + b"q\x00" + system + b"q\x01" + b"h\x00h\x01\x93" + run),
        "get/model.pkl": framed(os_ + b"\x94" + system + b"\x94" + b"00h\x00h\x01\x93" + run),
        "long-get/model.pkl": framed(
            os_ + b"r\xff\xff\x00\x00" + system + b"r\xfe\xff\x00\x000j\xff\xff\x00\x00j\xfe\xff\x00\x00\x93" + run
        ),
        "text-get/model.pkl": framed(os_ + b"p77\n" + system + b"p78\n00g77\ng78\n\x93" + run),
        "overwritten/model.pkl": framed(
            text("collections") + b"q\x000" + os_ + b"q\x000" + system + b"q\x010h\x00h\x01\x93" + run
        ),
        "function-from-memo/model.pkl": framed(find_on_stack("os", "system") + b"q\x200" + b"N0h\x20" + run),
        "far-apart/model.pkl": framed(os_ + b"q\x010" + literal(WEIGHTS) + b"0" + system + b"q\x020h\x01h\x02\x93" + run),
    }


def _disguised() -> dict[str, bytes]:
    run = literal((COMMAND,)) + b"R"

    def named(module: bytes, name: bytes) -> bytes:
        return framed(module + name + b"\x93" + run)

    return {
        "string/model.pkl": named(b"S'os'\n", b"S'system'\n"),
        "escaped-string/model.pkl": named(b"S'\\x6f\\x73'\n", b"S'\\x73ystem'\n"),
        "binstring/model.pkl": named(b"T\x02\x00\x00\x00os", b"U\x06system"),
        "unicode/model.pkl": named(b"Vos\n", b"Vsystem\n"),
        "escaped-unicode/model.pkl": named(b"V\\u006f\\u0073\n", b"V\\u0073ystem\n"),
        "binunicode/model.pkl": named(b"X\x02\x00\x00\x00os", b"X\x06\x00\x00\x00system"),
        "binunicode8/model.pkl": named(b"\x8d\x02" + bytes(7) + b"os", b"\x8d\x06" + bytes(7) + b"system"),
        "dup-pop/model.pkl": framed(text("os") + b"200" + text("os") + text("system") + b"20\x93" + run),
        "mark-pop/model.pkl": framed(
            b"(" + text("collections") + text("OrderedDict") + b"1" + find_on_stack("os", "system") + run
        ),
        "unused-before/model.pkl": framed(
            find_on_stack("collections", "OrderedDict") + b"0" + find_on_stack("os", "system") + run
        ),
        "many-frames/model.pkl": _many_frames(),
        "no-proto/model.pkl": find_on_stack("os", "system") + run + STOP,
        "proto-again/model.pkl": b"\x80\x02\x80\x04" + find_on_stack("os", "system") + run + STOP,
        "proto-late/model.pkl": b"N0\x80\x04" + find_on_stack("os", "system") + run + STOP,
        "crlf-name/model.pkl": b"cos\r\nsystem\r\n" + run + STOP,
        "spaces-before/model.pkl": plain(b"N0" * 5_000 + call(find("os", "system"), COMMAND)),
        "behind-a-megabyte/model.pkl": plain(
            b"B" + struct.pack("<I", 1 << 20) + bytes(1 << 20) + b"0" + call(find("os", "system"), COMMAND), 3
        ),
        "extension-code/model.pkl": plain(b"\x82\x01" + run),
        "extension-code-4/model.pkl": plain(b"\x84\x01\x00\x00\x00" + run),
        "persistent-call/model.pkl": plain(call(find("os", "system"), COMMAND) + b"Q"),
        "nested-in-bytes/model.pkl": plain(call(find("pickle", "loads"), reduced_2(SYSTEM)), 3),
        "nested-in-storage/model.pkl": plain(call(find("torch.storage", "_load_from_bytes"), reduced_2(SYSTEM)), 3),
        "key-of-dict/model.pkl": framed(b"}(" + call(find_on_stack("os", "system"), COMMAND) + b"Nu"),
        "in-a-set/model.pkl": framed(b"\x8f(" + call(find_on_stack("os", "system"), COMMAND) + b"\x90"),
        "buffer/model.pkl": framed(b"\x97" + call(find_on_stack("os", "system"), COMMAND), 5),
    }


def _many_frames() -> bytes:
    pieces = [text("os"), text("system"), b"\x93", literal((COMMAND,)), b"R", STOP]
    return b"\x80\x04" + b"".join(b"\x95" + struct.pack("<Q", len(piece)) + piece for piece in pieces)


def _broken() -> dict[str, bytes]:
    run = call(find("os", "system"), COMMAND)
    return {
        "no-stop/model.pkl": b"\x80\x02" + run,
        "unknown-opcode/model.pkl": b"\x80\x02" + run + b"\xff\xfe.",
        "empty-stack/model.pkl": plain(run + b"00000"),
        "truncated-string/model.pkl": b"\x80\x02" + run + b"X\xff\x00\x00\x00short",
        "bad-memo/model.pkl": plain(run + b"h\xfe"),
        "bad-mark/model.pkl": plain(run + b"0tR"),
        "negative-length/model.pkl": b"\x80\x02" + run + b"T\xff\xff\xff\xff.",
        "bad-number/model.pkl": b"\x80\x02" + run + b"Inot a number\n.",
        "bad-utf8/model.pkl": b"\x80\x02" + run + b"X\x02\x00\x00\x00\xff\xff.",
        "protocol-99/model.pkl": b"\x80\x63" + run + STOP,
        "frame-too-long/model.pkl": b"\x80\x04\x95\xff\xff\xff\x00\x00\x00\x00\x00"
        + call(find_on_stack("os", "system"), COMMAND)
        + STOP,
        "frame-too-short/model.pkl": b"\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00"
        + call(find_on_stack("os", "system"), COMMAND)
        + STOP,
        "protocol-0-no-stop/model.pkl": reduced_0(SYSTEM)[:-1],
        "legacy-extension/pytorch_model.bin": b"\x80\x02" + run + b"\xff",
        "renamed/weights.txt": b"\x80\x02" + run,
    }


def _stacked() -> dict[str, bytes]:
    plain_one, bad_one = pickle.dumps(WEIGHTS, 4), reduced_4(SYSTEM)
    return {
        "second/model.pkl": plain_one + bad_one,
        "third/model.pkl": plain_one + pickle.dumps([1], 2) + bad_one,
        "after-100/model.pkl": pickle.dumps(None, 2) * 100 + bad_one,
        "protocol-0-second/model.pkl": plain_one + reduced_0(SYSTEM),
        "after-zeros/model.pkl": plain_one + bytes(64) + bad_one,
        "after-noise/model.pkl": plain_one + b"\xde\xad\xbe\xef" * 8 + bad_one,
        "after-text/model.pkl": plain_one + b"-----BEGIN-----\n" + bad_one,
        "before-plain/model.pkl": bad_one + plain_one,
    }


def _states() -> dict[str, bytes]:
    ordered = find("collections", "OrderedDict")
    return {
        "setstate-of-unknown/model.pkl": plain(
            find("corpus.module", "Loader") + b")\x81" + literal({"command": COMMAND}) + b"b"
        ),
        "build-on-class/model.pkl": plain(ordered + literal({"__reduce__": "x"}) + b"b"),
        "build-slots/model.pkl": plain(find("builtins", "set") + b"N" + literal({"add": 1}) + b"\x86b"),
        "defaultdict-factory/model.pkl": plain(
            call(find("collections", "defaultdict"))[:-2] + find("os", "system") + b"\x85R"
        ),
        "reconstructor/model.pkl": plain(
            find("copyreg", "_reconstructor") + find("os", "_wrap_close") + find("builtins", "object") + b"N\x87R"
        ),
        "newobj-function/model.pkl": plain(
            find("copyreg", "__newobj__") + find("subprocess", "Popen") + literal("echo") + b"\x86R"
        ),
        "hooks-in-ordereddict/model.pkl": plain(
            ordered + b")R}(" + literal("_forward_hooks") + find("os", "system") + b"ub"
        ),
        "partial-in-list/model.pkl": plain(
            b"](" + call(find("functools", "partial"))[:-2] + find("os", "system") + literal(COMMAND) + b"\x86Re"
        ),
        "function-transformer/model.pkl": dumps(
            New(Global("sklearn.preprocessing._function_transformer", "FunctionTransformer"), (), {"func": _OS_SYSTEM}), 4
        ),
        "array-type/model.pkl": dumps(Called(Global("numpy.core.multiarray", "_reconstruct"), (_OS_SYSTEM, (0,), b"b")), 4),
        "extension-registered/model.pkl": plain(call(find("copyreg", "add_extension"), "os", "system", 7) + b"0\x82\x07"),
        "namespace-of-builtins/model.pkl": plain(find("builtins", "__dict__") + literal("x") + find("os", "system") + b"s"),
        "eval-in-lambda/model.pkl": plain(call(find("builtins", "eval"), f"lambda: {CODE}")),
    }


def _computed() -> dict[str, bytes]:
    encode = call(find("_codecs", "encode"), "os", "latin1")
    decode = call(find("_codecs", "decode"), b"system", "latin1")
    joined = plain(encode + decode + b"\x93" + literal((COMMAND,)) + b"R", 4)
    from_list = plain(b"](" + text("os") + text("system") + b"e\x93", 4)
    return {
        "called/model.pkl": joined,
        "half-called/model.pkl": plain(text("os") + decode + b"\x93" + literal((COMMAND,)) + b"R", 4),
        "persistent/model.pkl": plain(literal("module") + b"Q" + text("system") + b"\x93" + literal((COMMAND,)) + b"R", 4),
        "not-text/model.pkl": from_list,
        "number/model.pkl": plain(literal(1) + literal(2) + b"\x93", 4),
        "missing-memo/model.pkl": plain(b"h\x05h\x06\x93" + literal((COMMAND,)) + b"R", 4),
        "codecs-rot13/model.pkl": plain(
            call(find("codecs", "decode"), "bf", "rot13") + text("system") + b"\x93" + literal((COMMAND,)) + b"R", 4
        ),
        "call-of-called/model.pkl": plain(call(find("collections", "OrderedDict")) + literal((COMMAND,)) + b"R"),
    }
