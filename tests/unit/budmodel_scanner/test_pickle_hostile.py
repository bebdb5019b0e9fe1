"""Pickles that do something when they are loaded, however that is hidden; the findings say what."""

import os
import pickle
from base64 import b64encode, urlsafe_b64encode
from binascii import hexlify
from collections.abc import Callable

import pytest

from budmodel_scanner.verdict import Verdict
from tests.unit.budmodel_scanner.pickle_making import (
    MALICIOUS,
    SAFE,
    SUSPICIOUS,
    SYSTEM,
    LegacyTorch,
    call,
    calling,
    dtype,
    findings,
    group,
    instance,
    joblib_array,
    mapping,
    name,
    number,
    numpy_array,
    rules,
    stack_name,
    storage_id,
    text,
    verdict,
    whole,
)

DANGEROUS = [
    *("os.system", "posix.system", "nt.system", "subprocess.Popen", "builtins.eval", "__builtin__.eval"),
    *("builtins.exec", "builtins.__import__", "commands.getoutput", "runpy.run_path", "importlib.import_module"),
    *("pty.spawn", "pip._internal.main", "pydoc.pipepager", "timeit.timeit", "cProfile.run", "bdb.Bdb.run"),
    *("pickle.loads", "_pickle.loads", "dill.loads", "cloudpickle.loads", "joblib.load", "torch.load"),
    *("torch.hub.load", "numpy.load", "pandas.read_pickle", "pandas.eval", "marshal.loads", "types.FunctionType"),
    *("types.CodeType", "ctypes.CDLL", "webbrowser.open", "urllib.request.urlopen", "urllib2.urlopen"),
    *("requests.get", "socket.create_connection", "smtplib.SMTP", "shutil.rmtree"),
    *("numpy.testing._private.utils.runstring", "numpy.f2py.crackfortran.getlincoef"),
    *("numpy.core._ufunc_reconstruct", "torch.fx.graph_module.reduce_graph_module"),
    *("torch.jit.unsupported_tensor_ops.execWrapper", "torch.utils.collect_env.run"),
    *("torch._inductor.codecache.compile_file", "transformers.dynamic_module_utils.get_class_from_dynamic_module"),
    *("builtins.map", "builtins.setattr", "builtins.open", "io.open", "_io.FileIO", "logging.FileHandler"),
    *("logging.config.dictConfig", "asyncio.create_subprocess_shell", "multiprocessing.util.spawnv_passfds"),
    *("imaplib.IMAP4_stream", "idlelib.run.Executive.runcode", "code.InteractiveInterpreter.runcode"),
    *("pkgutil.resolve_name", "uuid._popen", "sqlite3.connect", "collections.namedtuple"),
    *("hydra.utils.instantiate", "models.yolo.parse_model", "keras.src.saving.serialization_lib.deserialize_keras_object"),
]


@pytest.mark.parametrize("path", DANGEROUS)
def test_names_that_run_or_load_or_reach_something_are_malicious(path: str) -> None:
    module, _, attribute = path.rpartition(".")
    assert verdict(calling(module, attribute)) is MALICIOUS
    assert verdict(whole(stack_name(module, attribute), protocol=4)) is MALICIOUS


def test_a_finding_says_what_is_called_with_what_and_where() -> None:
    found = findings(calling("os", "system", text("curl example.org | sh")))[-1]
    assert found.rule == "pickle.dangerous-call"
    assert 'os.system("curl example.org | sh")' in found.what
    assert found.where == "byte 41"


OS_SYSTEM = name("os", "system")
TRICKS = {
    "INST": whole(b"(" + text("true") + b"ios\nsystem\n"),
    "OBJ": whole(b"(" + OS_SYSTEM + text("true") + b"o"),
    "NEWOBJ": whole(OS_SYSTEM + group(text("true")) + b"\x81"),
    "NEWOBJ_EX": whole(OS_SYSTEM + group(text("true")) + b"}\x92"),
    "dropped by POP": whole(SYSTEM + b"0N"),
    "dropped by POP_MARK": whole(b"(" + SYSTEM + b"1N"),
    "in a dict key": whole(b"}(" + SYSTEM + b"Nu"),
    "names through the memo": whole(
        text("os") + b"q\1" + text("system") + b"q\2" + b"00h\1h\2\x93" + group(text("true")) + b"R", 4
    ),
    "memo entry overwritten": whole(
        text("math") + b"q\1" + b"0" + text("os") + b"q\1" + b"0h\1" + text("system") + b"\x93)R", 4
    ),
    "memo entry far away": whole(text("os") + b"r\xff\xff\xff\x7f" + b"0j\xff\xff\xff\x7f" + text("system") + b"\x93)R", 4),
    "memo entries out of order": whole(
        text("os") + b"q\7" + b"0" + text("a") + b"\x94" + b"0h\7" + text("system") + b"\x93)R", 4
    ),
    "name doubled by DUP": whole(text("os") + b"20" + text("system") + b"\x93)R", 4),
    "name from STRING escapes": whole(b"S'o\\x73'\n" + b"S'\\163ystem'\n" + b"\x93)R"),
    "name from UNICODE escapes": whole(b"V\\u006fs\n" + b"Vsystem\n" + b"\x93)R"),
    "name behind a UNICODE that is kept up to the middle of an escape": whole(
        b"V" + b"x" * 65533 + b"\\u0041" * 9 + b"\n0" + text("os") + text("system") + b"\x93)R"
    ),
    "name behind a STRING that is kept without its end": whole(
        b"S'" + b"x" * 70_000 + b"'\n0" + text("os") + text("system") + b"\x93)R"
    ),
    "name from bytes of Python 2": whole(b"U\2osU\6system\x93)R"),
    "name in eight bytes of length": whole(b"\x8d\2\0\0\0\0\0\0\0os" + text("system") + b"\x93)R"),
    "text protocol": b"cos\nsystem\n(S'true'\ntR.",
    "renamed from Python 2": calling("commands", "getstatusoutput"),
    "module lookalike": calling("\uff4fs", "system"),
    "protocol stated twice": b"\x80\x02\x80\x04" + SYSTEM + b".",
    "dotted way out of a module": whole(stack_name("json", "codecs.sys.modules") + b".", 4),
    "dotted way to a dunder": whole(stack_name("collections", "OrderedDict.__init__.__globals__"), 4),
    "computed name": whole(call(name("builtins", "str"), text("o")) + text("system") + b"\x93)R", 4),
    "name out of a list": whole(b"]" + text("system") + b"\x93)R", 4),
    "attribute of a class": whole(call(name("builtins", "getattr"), name("collections", "OrderedDict"), text("__init__"))),
    "attribute of a computed object": whole(call(name("builtins", "getattr"), call(call(name("a", "b"))), text("c"))),
    "state of a class": whole(name("collections", "OrderedDict") + mapping({"x": b"N"}) + b"b"),
    "items of a module": whole(name("torch", "nn") + text("x") + b"Ns"),
    "in the arguments of something harmless": whole(call(name("collections", "OrderedDict"), SYSTEM)),
    "in the state of a module": whole(instance("torch.nn.modules.linear", "Linear", {"_forward_hooks": OS_SYSTEM})),
    "in a pipeline": whole(
        instance("sklearn.preprocessing._function_transformer", "FunctionTransformer", {"func": OS_SYSTEM})
    ),
    "in a persistent id": whole(group(text("storage"), OS_SYSTEM, text("0"), text("cpu"), number(3)) + b"Q"),
    "through a partial function": whole(call(name("functools", "partial"), OS_SYSTEM, text("true"))),
    "in a very long name": whole(stack_name("a" * 300, "b"), 4),
    "after a number in another base": b"I0x1_0\n0" + OS_SYSTEM + b"(tR.",
    "after a number that a zero byte ends": b"F1.5\0junk\n0" + OS_SYSTEM + b"(tR.",
    "behind a memo entry with blanks": b"\x80\x02N" + b"p 7 \n" + b"0" + SYSTEM + b".",
    "in a frame that lies": b"\x80\x04\x95" + bytes([3, 0, 0, 0, 0, 0, 0, 0]) + SYSTEM + b".",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_dangerous_name_is_found_through_every_trick(trick: str) -> None:
    assert verdict(TRICKS[trick]) is MALICIOUS


YOLO = name("ultralytics.nn.tasks", "DetectionModel")
NESTED = pickle.dumps([1, 2])
DISTRIBUTION = ("scipy.stats._continuous_distns", "norm_gen")
PARSER = """
def _parse_args(self,  loc=0, scale=1):
    return (), loc, scale

def _parse_args_rvs(self,  loc=0, scale=1, size=None):
    return self._argcheck_rvs( loc, scale, size=size)

def _parse_args_stats(self,  loc=0, scale=1, moments='mv'):
    return (), loc, scale, moments
"""


def distribution(template: str) -> bytes:
    return whole(instance(*DISTRIBUTION, {"_parse_arg_template": text(template)}))


INDIRECT = {
    "a name on no list": calling("my_package.models", "Net"),
    "a name on no list, not called": whole(name("my_package.models", "Net")),
    "a name of the main program": whole(name("__main__", "Net") + b")\x81"),
    "a call of a class of which instances alone are known": calling("darts.unheard", "Unheard", text("x")),
    "a function that says what it does, named": whole(name("mne.utils", "run_subprocess")),
    "such a method": whole(stack_name("darts.unheard", "Unheard.load_from_checkpoint"), 4),
    "a class that loads what its state holds": whole(instance("tensordict.nn.common", "TensorDictModule", {})),
    "a class that removes what its state names": whole(
        instance("deepchem.models.models", "Model", {"model_dir": text("/")})
    ),
    "a function called with nothing": calling("darts.unheard", "unheard"),
    "a method called with nothing": whole(call(stack_name("darts.unheard", "Unheard.unheard")), 4),
    "a function on no list, bound": whole(
        call(call(name("dill._dill", "_load_type"), text("MethodType")), name("my_package.models", "f"), number(1))
    ),
    "a class within one, called": whole(
        call(call(name("builtins", "getattr"), name("matplotlib.patches", "BoxStyle"), text("Round")), text("x"))
    ),
    "a name with a space": whole(name("collections ", "OrderedDict") + b")R"),
    "a name that is no ASCII": whole(name("collections", "OrderedDi\u0441t") + b")R"),
    "a method of a class, called": whole(call(stack_name("collections", "OrderedDict.fromkeys"), text("x")), 4),
    "a call of a class that is only restored": whole(call(YOLO, mapping({"backbone": b"N"}))),
    "that call through the base of _reconstructor": whole(call(name("copyreg", "_reconstructor"), YOLO, YOLO, mapping({}))),
    "that call through a function of torch": whole(
        call(name("torch._tensor", "_rebuild_from_type_v2"), YOLO, YOLO, b")", b"N")
    ),
    "a call of the result of a call": whole(call(call(name("collections", "OrderedDict")), text("x"))),
    "an instance of a computed class": whole(call(name("collections", "OrderedDict")) + b")\x81"),
    "an encoding of its own": whole(call(name("_codecs", "encode"), text("x"), text("zip"))),
    "unpickling of bytes that are none": whole(call(name("torch.storage", "_load_from_bytes"), b"C\3abc")),
    "unpickling of computed bytes": whole(call(name("torch.storage", "_load_from_bytes"), call(name("builtins", "bytes")))),
    "much memory for bytes": calling("builtins", "bytearray", number(1 << 40)),
    "much memory for an array": calling("numpy", "ndarray", group(number(1 << 20), number(1 << 20))),
    "a range spelled out": whole(call(name("builtins", "list"), call(name("builtins", "range"), number(1 << 30)))),
    "an extension code": whole(b"\x82\1" + b")R"),
    "a persistent id": whole(text("http://example.org") + b"Q"),
    "a persistent id in text": b"Pexample\n.",
    "a buffer from elsewhere": whole(b"\x97", 5),
    "objects left behind": whole(text("x") + b"N"),
    "a name that does not end": b"\x80\x02ccollections",
    "a name that is no text": b"\x80\x02c\xff\xfe\nx\n.",
    "the state of a number": whole(number(3) + mapping({}) + b"b"),
    **{
        f"a distribution that executes its state: {what}": distribution(template)
        for what, template in {
            "any code": "import os",
            "more than its functions": PARSER + "import os\n",
            "a default": PARSER.replace("loc=0", "loc=print(1)"),
            "a shape": PARSER.replace("self, ", "self, a=print(1), "),
            "another result": PARSER.replace("return ()", "return (print(1))"),
        }.items()
    },
    "a distribution whose state is no plain description": whole(name(*DISTRIBUTION) + b")\x81" + number(3) + b"b"),
    "a formula that calls": whole(instance("statsmodels.base.data", "PandasData", {"formula": text("y ~ f(x)")})),
    "a formula that calls a method": whole(instance("statsmodels.base.data", "PandasData", {"formula": text("y ~ x.f(1)")})),
    "a formula that calls by a bracket": whole(
        instance("statsmodels.base.data", "PandasData", {"formula": text("y ~ (x)(1)")})
    ),
    "a formula that calls within another": whole(
        instance("statsmodels.base.data", "PandasData", {"formula": text("y ~ np.log(f (x))")})
    ),
    "a formula that calls an entry": whole(
        instance("statsmodels.base.data", "PandasData", {"formula": text("y ~ x[0](1)")})
    ),
    "a formula that calls a like name": whole(
        instance("statsmodels.base.data", "PandasData", {"formula": text("y ~ a.np.log(x)")})
    ),
    "a formula that calls a text": whole(instance("statsmodels.base.data", "PandasData", {"formula": text("y ~ 'abc'(x)")})),
    "a text for sympy": whole(name("sympy.core.add", "Add") + group(text("f(x)")) + b"\x81"),
    "a text for sympy inside of a list": whole(name("sympy.core.add", "Add") + group(b"](" + text("f(x)") + b"e") + b"\x81"),
    "a second text for a symbol": whole(name("sympy.core.symbol", "Symbol") + group(text("x"), text("f(x)")) + b"\x81"),
    "a call of a class of a family": whole(call(name("sklearn.cluster", "Unheard"), text("x"))),
    "a call of a function of a family by INST": b"(isklearn.utils\nunheard\n.",
    "a dotted name of a family": whole(stack_name("sklearn.utils", "fixes.unheard"), protocol=4),
    "what a family is without": whole(name("nltk.data", "Unheard") + b")\x81"),
    "a lazy module of a family": whole(name("imblearn", "LazyLoader") + b")\x81"),
    "another package of a similar name": whole(name("sklearn_other.cluster", "Unheard") + b")\x81"),
    "an attribute of a module of a family": whole(
        call(name("builtins", "getattr"), name("sklearn.utils", "fixes"), text("np"))
    ),
    "an extension type that is none": whole(call(name("sklearn.tree", "__pyx_unpickle_T"), text("x"), number(1), b"N")),
    "what goes through an object": whole(call(name("builtins", "iter"), name("sklearn.cluster", "Unheard") + b")\x81")),
    "an entry of something else than a type": whole(call(name("operator", "getitem"), name("sklearn", "data"), text("x"))),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode, hexlify])
@pytest.mark.parametrize("padding", [0, 300])
def test_an_encoded_pickle_in_a_text_is_examined(padding: int, encode: Callable[[bytes], bytes], protocol: int) -> None:
    class Command:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, ("true",)

    def verdict_of_text(content: bytes) -> Verdict:
        return verdict(pickle.dumps({"payload": encode(content).decode(), "other": "y" * padding}, protocol=4))

    if encode is not hexlify or protocol > 1:  # The oldest have no signature, so only names that are known begin them.
        assert verdict_of_text(pickle.dumps(Command(), protocol)) is MALICIOUS
    assert verdict_of_text(pickle.dumps(["x" * padding], protocol)) is SAFE


GETTERS = {
    "a way out": call(name("operator", "attrgetter"), text("__class__")),
    "a way out further on": call(name("operator", "attrgetter"), text("a.__globals__")),
    "a way out beside another": call(name("operator", "attrgetter"), text("a"), text("f_globals")),
    "a command": call(name("operator", "methodcaller"), text("system"), text("echo")),
    "a method with arguments": call(name("operator", "methodcaller"), text("get"), text("echo")),
    "no name": call(name("operator", "attrgetter"), text("a b")),
    "nothing": name("operator", "attrgetter") + b")R",
    "an entry that is computed": call(name("operator", "itemgetter"), name("sklearn.cluster", "Unheard") + b")\x81"),
}


@pytest.mark.parametrize("what", GETTERS)
def test_a_getter_of_more_than_a_plain_name_is_malicious(what: str) -> None:
    assert verdict(whole(GETTERS[what])) is MALICIOUS


@pytest.mark.parametrize("what", INDIRECT)
def test_what_could_do_something_is_not_safe(what: str) -> None:
    assert verdict(INDIRECT[what]) is SUSPICIOUS


def framed(length: int, body: bytes) -> bytes:
    return b"\x80\x04\x95" + length.to_bytes(8, "little") + body


MISFRAMED = {
    "longer than the pickle": framed(9, b"N." + b"N" * 8),
    "longer than the file": framed(9, b"N."),
    "longer than a file that breaks off": framed(9, b"NNN"),
    "inside a frame": framed(20, framed(2, b"N.")),
    "ends in a number": framed(3, b"NJ" + bytes(4) + b"0."),
    "ends before an argument": framed(2, b"NK\x01" + b"0."),
    "ends in the length of a text": framed(3, b"NX\0" + bytes(3) + b"0."),
    "ends in a short text": framed(4, text("abc")[:3] + b"\0\0abc."),
    "ends in a text": framed(20, text("x" * 300) + b"."),
    "ends in bytes": framed(20, b"B" + (70_000).to_bytes(4, "little") + bytes(70_000) + b"."),
    "ends in a line": framed(4, b"I12345\n."),
    "ends in a name": framed(9, name("collections", "OrderedDict") + b"."),
    "ends in a frame": framed(3, framed(0, b"N.")),
    "before an array of joblib ends": framed(
        1000, b"]" + joblib_array(group(number(2)), "f8", bytes(16), aligned=False) + b"a."
    ),
}


@pytest.mark.parametrize("what", MISFRAMED)
def test_a_frame_that_ends_in_the_wrong_place_is_malicious(what: str) -> None:
    assert "pickle.frame" in rules(MISFRAMED[what])
    assert verdict(MISFRAMED[what]) is MALICIOUS


def test_frames_in_the_right_places_are_fine() -> None:
    array = joblib_array(group(number(2)), "f8", bytes(16), aligned=False)
    rows = {
        "one": framed(2, b"N."),
        "empty": framed(0, b"N."),
        "two": framed(2, b"N0") + framed(2, b"N.")[2:],
        "payload between": framed(2, b"N0") + b"B" + (70_000).to_bytes(4, "little") + bytes(70_000) + framed(1, b".")[2:],
        "many windows": framed(120_001, b"N0" * 60_000 + b"(") + framed(2, b"1N")[2:] + b".",
        "before an array": framed(len(array) - 16, array + b"."),
    }
    for what, content in rows.items():
        assert findings(content) == [], what


GETATTR = name("builtins", "getattr")
SCHEDULER = name("transformers.trainer_utils", "SchedulerType")
REACHING = {
    "of a dangerous name": call(GETATTR, name("os", "path"), text("sep")),
    "of a module on no list": call(GETATTR, name("mypackage", "json"), text("loads")),
    "of a private module": call(GETATTR, name("mypackage", "_threading"), text("x")),
    "of a module of a list": call(GETATTR, name("torch", "nn"), text("Linear")),
    "of something computed": call(GETATTR, call(call(name("mypackage", "make"))), text("x")),
    "of an instance by a name known to be bad": call(GETATTR, call(name("mypackage", "make")), text("__globals__")),
    "of an attribute": call(GETATTR, call(GETATTR, SCHEDULER, text("LINEAR")), text("value")),
    "by a computed name": call(GETATTR, SCHEDULER, call(name("builtins", "str"), text("x"))),
    "by a name known to be bad": call(GETATTR, name("mypackage", "Thing"), text("__globals__")),
    "of data by a name known to be bad": call(GETATTR, text("x"), text("__class__")),
    "of a listed class by a name known to be bad": call(GETATTR, SCHEDULER, text("__subclasses__")),
    "of a class by the name of a module": call(GETATTR, SCHEDULER, text("sys")),
    "a reduction by another function": call(name("functools", "reduce"), name("builtins", "len"), group(text("x"))),
    "a union of what is no type": call(name("functools", "reduce"), name("_operator", "or_"), group(text("x"), text("y"))),
    "with a default": call(GETATTR, SCHEDULER, text("LINEAR"), b"N"),
    "of getattr itself": call(GETATTR, GETATTR, text("x")),
}


@pytest.mark.parametrize("what", REACHING)
def test_getattr_that_goes_looking_is_malicious(what: str) -> None:
    assert verdict(whole(REACHING[what])) is MALICIOUS


PARTIAL = name("functools", "partial")
RELU = name("torch.nn.functional", "relu")
HALF_WAY = {
    "getattr of a class on no list": call(GETATTR, name("mypackage", "Thing"), text("MEMBER")),
    "getattr of an instance of a class on no list": call(GETATTR, instance("mypackage", "Thing", {}), text("method")),
    "getattr of a private name": call(GETATTR, SCHEDULER, text("_private")),
    "getattr that nobody calls": GETATTR,
    "a bound method that is called": call(call(GETATTR, text("a,b"), text("split")), text(",")),
    "a partial function of one on no list": call(PARTIAL, name("mypackage", "f")),
    "a partial function of something computed": call(PARTIAL, call(name("collections", "OrderedDict"))),
    "a partial function of nothing": call(PARTIAL),
    "a partial function that is called": call(call(PARTIAL, RELU)),
    "a partial function whose function is exchanged": call(PARTIAL, RELU)
    + group(call(name("collections", "OrderedDict")), b")", b"}", b"N")
    + b"b",
    "a partial function of getattr": call(PARTIAL, GETATTR, text("x")),
    "a class made by type": call(name("builtins", "type"), text("X"), b")", b"}"),
    "a type of something computed": call(name("builtins", "type"), call(name("mypackage", "make"))),
    "getattr made without a call": GETATTR + b")\x81",
}


@pytest.mark.parametrize("what", HALF_WAY)
def test_getattr_and_partial_that_are_not_understood_are_suspicious(what: str) -> None:
    assert verdict(whole(HALF_WAY[what])) is SUSPICIOUS


INERT = LegacyTorch().written()
BROKEN_TORCH = {
    "object": LegacyTorch(body=SYSTEM),
    "storages": LegacyTorch(keys=("94002",)),
    "more storages": LegacyTorch(keys=("94001", "94002")),
    "numbers missing": LegacyTorch(numbers=b"\3" + bytes(11)),
    "count of numbers": LegacyTorch(numbers=b"\4" + bytes(19)),
    "bytes behind": LegacyTorch(numbers=b"\3" + bytes(19) + b"x"),
}


@pytest.mark.parametrize("part", BROKEN_TORCH)
def test_a_legacy_file_of_torch_is_examined_in_all_its_parts(part: str) -> None:
    expected = MALICIOUS if part == "object" else SUSPICIOUS
    assert verdict(BROKEN_TORCH[part].written()) is expected


def test_a_magic_number_that_is_computed_hides_nothing() -> None:
    magic = whole(call(name("builtins", "int"), text(str(0x1950A86A20F9469CFC6C))))
    rest = LegacyTorch(body=SYSTEM).written()[len(pickle.dumps(0x1950A86A20F9469CFC6C, 2)) :]
    assert verdict(magic + rest) is MALICIOUS


@pytest.mark.parametrize("place", ["second", "last of many", "after bytes", "after a break", "compact names after a break"])
def test_what_follows_a_harmless_pickle_is_examined(place: str) -> None:
    harmless, hostile = pickle.dumps({"a": 1}), whole(SYSTEM)
    contents = {
        "second": harmless + hostile,
        "last of many": harmless * 100 + hostile,
        "after bytes": harmless + b"\0" * 5000 + hostile,
        "after a break": harmless[:-4] + b"\xff" * 5000 + hostile,
        "compact names after a break": b"\x80\x04\xff" + b"\x8c\x02os\x94\x8c\x06system\x94\x93\x94.",
    }
    assert verdict(contents[place]) is MALICIOUS


@pytest.mark.parametrize(
    "behind",
    [b"\0", b"\n", b"PK\x03\x04rest", b"\x7fELF", b"#!/bin/sh\n", b"\xff" * 3_000_000],
    ids=lambda behind: repr(behind[:6]),
)
def test_bytes_behind_the_last_pickle_are_suspicious(behind: bytes) -> None:
    assert verdict(pickle.dumps({"a": 1}) + behind) is SUSPICIOUS


@pytest.mark.parametrize("where", ["array", "objects", "after the array"])
def test_a_call_among_arrays_of_joblib_is_found(where: str) -> None:
    bodies = {
        "array": joblib_array(group(number(4)), "S20", SYSTEM.ljust(80, b"."), aligned=False),
        "objects": joblib_array(group(number(1)), "O8", whole(SYSTEM), flags=63, aligned=False),
        "after the array": b"]" + joblib_array(group(number(4)), "f8", b"\xff" * 32) + b"a" + SYSTEM + b"a",
    }
    assert verdict(whole(bodies[where])) is MALICIOUS


@pytest.mark.parametrize("field", ["shape", "dtype", "state", "key"])
def test_an_array_of_joblib_whose_length_is_hidden_is_suspicious(field: str) -> None:
    whole_state = {"shape": group(number(1)), "dtype": dtype("f8")}
    bodies = {
        "shape": instance(
            "joblib.numpy_pickle", "NumpyArrayWrapper", whole_state | {"shape": group(call(name("builtins", "int")))}
        ),
        "dtype": instance("joblib.numpy_pickle", "NumpyArrayWrapper", whole_state | {"dtype": text("f8")}),
        "key": name("joblib.numpy_pickle", "NumpyArrayWrapper")
        + b")\x81"
        + mapping(whole_state)
        + call(name("builtins", "str"), text("shape"))
        + group(number(2))
        + b"sb",
        "state": name("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81" + call(name("builtins", "dict")) + b"b",
    }
    assert verdict(whole(bodies[field] + bytes(8))) is SUSPICIOUS


def test_the_state_of_an_array_may_not_change_behind_the_description_that_was_read() -> None:
    """The second wrapper reuses a dict of the first, whose length was changed in between."""
    state = {"shape": group(number(1)), "dtype": dtype("f8"), "subclass": name("numpy", "ndarray")}
    wrapper = name("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81"
    changed = b"h\7" + text("shape") + group(number(2)) + b"s0"
    body = (
        b"](" + wrapper + mapping(state) + b"q\7" + b"b" + bytes(8) + changed + wrapper + b"h\7b" + bytes(16) + SYSTEM + b"e"
    )
    assert verdict(whole(body)) is MALICIOUS
    assert "pickle.malformed" not in rules(whole(body))


@pytest.mark.parametrize("loader", ["torch.storage._load_from_bytes", "my.loads"])
def test_a_pickle_inside_bytes_is_examined(loader: str) -> None:
    module, _, attribute = loader.rpartition(".")
    hostile = whole(SYSTEM)
    payload = b"B" + len(hostile).to_bytes(4, "little") + hostile
    assert verdict(whole(call(name(module, attribute), payload))) is MALICIOUS


def test_pickles_inside_pickles_end_at_a_depth() -> None:
    body = pickle.dumps(1)
    for _ in range(50):
        body = whole(call(name("torch.storage", "_load_from_bytes"), b"B" + len(body).to_bytes(4, "little") + body))
    assert verdict(body) is SUSPICIOUS


def test_findings_of_one_cause_are_told_once_and_few_of_many() -> None:
    assert len(findings(whole(SYSTEM * 1000 + b"N"))) < 10
    many = b"".join(name(f"package{index}", "Net") + b"0" for index in range(5000))
    assert 1 < len(findings(whole(many + b"N"))) <= 400
    assert verdict(whole(many + SYSTEM)) is MALICIOUS


def test_the_twins_of_these_are_safe() -> None:
    """The same constructions, with nothing hostile in them."""
    twins = [
        whole(b"(" + b"ccollections\nOrderedDict\n" + b"o"),
        whole(b"(icollections\nOrderedDict\n"),
        whole(b"N0" + numpy_array()),
        whole(call(name("collections", "defaultdict"), name("builtins", "list"))),
        whole(call(name("copyreg", "_reconstructor"), YOLO, name("builtins", "object"), b"N")),
        whole(call(name("torch.storage", "_load_from_bytes"), b"B" + len(INERT).to_bytes(4, "little") + INERT)),
        whole(b"B" + len(NESTED).to_bytes(4, "little") + NESTED),
    ]
    assert [verdict(content) for content in twins] == [SAFE] * len(twins)
    assert verdict(whole(storage_id("0", 1)), members=("archive/data.pkl",)) is Verdict.SAFE
