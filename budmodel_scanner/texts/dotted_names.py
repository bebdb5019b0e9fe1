"""Dotted Python names that a loader would import and call because a file says so: `_target_`, YAML tags, module types."""

import re
import sys

from budmodel_scanner.texts.python_deeds import deed_of
from budmodel_scanner.verdict import Verdict
from budmodel_scanner.word_lists import sections

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_LISTED = sections(__package__, "known/python.txt")
# Within those, what runs, loads or fetches something.
_DANGEROUS_WITHIN = re.compile(
    r"""(?x)^(?:
      torch\.(?:load|hub\.\w+|jit\.load|package\..*|utils\.cpp_extension\..*|ops\.load_library|classes\.load_library|_inductor\..*|_dynamo\..*
        |serialization\.load|multiprocessing\..*|distributed\.(?:rpc|run|launch)\..*|fx\..*exec.*|utils\.data\.datapipes\.utils\.decoder\..*)
    | numpy\.(?:load|loads|fromfile|testing\..*|f2py\..*|distutils\..*|lib\.npyio\..*|core\..*exec.*|ctypeslib\..*)
    | pandas\.(?:read_pickle|eval|DataFrame\.(?:query|eval)|read_\w+|io\..*) | sklearn\.externals\..*
      | lightning.*\.load_from_checkpoint
    | transformers\.(?:pipeline|dynamic_module_utils\..*|utils\..*import.*|tools\..*|agents\..*)
      | diffusers\..*dynamic_module.*
    | tensorflow\.(?:io\..*|load_op_library|saved_model\.load|keras\.models\.load_model|py_function|numpy_function|.*Lambda)
    | keras\..*(?:Lambda|load_model|deserialize\w*|get_file).* | datasets\.load.* | mlflow\..*load.* | wandb\..*
      | spacy\.(?:cli|util)\..*
    | fairseq\..*(?:import_user_module|load_checkpoint).* | hydra\..* | omegaconf\..*load.* | .*\.(?:eval|exec|system
      |popen|spawn|__\w+__)
    )$"""
)
_HARMLESS_STANDARD = re.compile(
    r"""(?x)^(?:collections\.(?:OrderedDict|defaultdict|deque|Counter|namedtuple)
      | datetime\.\w+ | pathlib\.(?:Pure)?(?:Posix|Windows)?Path
      | functools\.partial | decimal\.Decimal | fractions\.Fraction | uuid\.UUID | argparse\.Namespace | math\.\w+
        | random\.(?:Random|seed)
      | (?:builtins\.)?(?:dict|list|tuple|set|frozenset|int|float|str|bool|bytes|complex|slice|range|object|type|len
        |sum|min|max|abs)
      | operator\.(?:add|mul|sub|truediv|itemgetter) | itertools\.\w+ | logging\.\w+ | enum\.\w+
        | types\.SimpleNamespace | copy\.(?:copy|deepcopy)
      | os\.path\.(?:join|basename|dirname))$"""
)


def judge_dotted(name: str, *, unknown: Verdict = Verdict.SUSPICIOUS) -> Verdict:
    """What calling or importing the thing of this name would be. `unknown` is for packages that nobody here has heard of."""
    name = name.strip().replace("/", ".") if name.count("/") == 0 else name.strip()
    if not _NAME.fullmatch(name):
        return Verdict.SUSPICIOUS
    bare = name.removeprefix("builtins.").removeprefix("__builtin__.")
    if _HARMLESS_STANDARD.match(name):
        return Verdict.SAFE
    if deed_of(bare) is not None or _RUNS.match(bare):
        return Verdict.MALICIOUS
    package = name.split(".")[0]
    if package in sys.stdlib_module_names or package in {"builtins", "__builtin__", "__builtins__"}:
        return Verdict.MALICIOUS if package in _LISTED["powerful modules"] else Verdict.SUSPICIOUS
    if _DANGEROUS_WITHIN.match(name):
        return Verdict.SUSPICIOUS
    if package in _LISTED["ordinary packages"]:
        return Verdict.SAFE
    return unknown


_RUNS = re.compile(r"(?:eval|exec|execfile|compile|__import__|open|input|breakpoint|getattr|setattr|delattr|globals|vars)$")
