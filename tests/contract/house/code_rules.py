"""The rules of the house that are about words in the code, which an import linter cannot see.

Each is a function of a module, and yields a sentence for everything that breaks it.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath

PURE_ROOMS = ("sources", "identity", "model_info", "licensing", "ranking", "report")
PURE = tuple(f"budmodel_pipeline/{room}/" for room in PURE_ROOMS)
SCANNER = "budmodel_scanner/"
FACE = "budmodel_scanner/__init__.py"

# What the pure rooms may use beside each other: what neither reaches out of the process nor knows when it runs.
STANDARD = frozenset(
    """
    array base64 binascii bisect collections contextlib copy csv dataclasses datetime decimal difflib enum fractions
    functools gc gzip hashlib heapq html importlib io itertools json math numbers operator pathlib pkgutil posixpath re
    statistics string struct sys textwrap tomllib types typing unicodedata zipfile zlib
    """.split()  # noqa: SIM905
)
# Of a package of which the rest is not: addresses are taken apart, and nothing is opened.
STANDARD_IN_PART = ("urllib.parse",)
LIBRARIES: Mapping[str, str] = {
    "bs4": "license texts in HTML",
    "license_expression": "SPDX expressions",
    "licenseclassifier": "license texts",
    "licenselynx": "names of licenses",
    "numpy": "arithmetic",
    "orjson": "JSON",
    "pyarrow": "Parquet",
    "pypdf": "license texts in PDF",
    "scipy": "arithmetic",
    "yaml": "model cards",
}

# Modules that need what their room does without, and why.
KNOWS_THE_TIME: Mapping[str, str] = {
    "budmodel_scanner/cache.py": "says when a result was last needed; no verdict depends on it",
    "budmodel_scanner/isolation.py": "how long a child may be silent",
    "budmodel_scanner/worker.py": "how much processor time a file may take",
}
OPENS_FILES: Mapping[str, str] = {
    "budmodel_pipeline/identity/knowledge.py": "the knowledge file of the room itself",
    "budmodel_pipeline/identity/lines.py": "the files that `budmodel resolve` was given",
    "budmodel_pipeline/licensing/fingerprint_texts.py": "the texts that `budmodel license --add` was given",
    "budmodel_pipeline/licensing/fingerprints.py": "the fingerprints of the room itself",
    "budmodel_pipeline/licensing/registry.py": "the list that licenselynx brings",
    "budmodel_pipeline/licensing/terms.py": "the records of the room itself",
    "budmodel_pipeline/ranking/machines.py": "the machines of the room itself",
    "budmodel_pipeline/model_info/config.py": "the class defaults of the room itself",
    "budmodel_pipeline/report/page.py": "the parts of the page, which lie in the room itself",
}
RUN_BY_HAND: Mapping[str, str] = {
    "budmodel_pipeline/model_info/read_transformers.py": "writes class_defaults.json from the installed transformers",
}
IMPORTS_BY_NAME: Mapping[str, str] = {
    "budmodel_pipeline/sources/catalog.py": "finds the sources beside it",
    "budmodel_scanner/__init__.py": "the face of the package is lazy",
    "budmodel_scanner/cross_checks.py": "engines that need not be installed, in a child of their own",
}

ENVIRONMENT = frozenset({"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"})
CLOCK = frozenset({"now", "utcnow", "today"})
OPENING = frozenset({"open", "read_bytes", "read_text", "write_bytes", "write_text"})
BY_NAME = frozenset({"import_module", "__import__"})
# `*+`, `?+`, `}+`, `++` after what a pattern repeats, and `(?>`.
POSSESSIVE = re.compile(r"(?<!\\)(?:\\\\)*(?:[*?}]\+|[\])}.]\+\+|\\[A-Za-z]\+\+|\(\?>)")

SAYS_NOTHING = frozenset({"base", "common", "core", "helper", "helpers", "misc", "shared", "util", "utils"})
# Here a module is named for the matter that it shows, and the matters are the same: models, licenses, scans.
SHOW_THE_SAME_MATTERS = frozenset({"assets", "commands", "resources", "schedules", "sensors"})


class Module:
    """A module as its rules see it: where it is, what it says, and what it mentions."""

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.tree = ast.parse(source, path)
        self.nodes = list(ast.walk(self.tree))

    @cached_property
    def imported(self) -> list[tuple[str, int]]:
        """The full names of what is imported anywhere, and the lines."""
        found = [(alias.name, node.lineno) for node in self.nodes if isinstance(node, ast.Import) for alias in node.names]
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom):
                found += [(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
        return found

    @cached_property
    def mentioned(self) -> list[tuple[str, int]]:
        """What is asked of something (`.now`) or imported, and the lines: no alias hides it."""
        found = [(node.attr, node.lineno) for node in self.nodes if isinstance(node, ast.Attribute)]
        return found + [(name.rpartition(".")[2], line) for name, line in self.imported]

    @cached_property
    def called(self) -> list[tuple[str, int]]:
        """The last names of what is called, `open()` and `path.open()` alike, and the lines."""
        found = []
        for node in self.nodes:
            if isinstance(node, ast.Call):
                match node.func:
                    case ast.Name(name) | ast.Attribute(attr=name):
                        found.append((name, node.lineno))
        return found

    @cached_property
    def assigned(self) -> set[str]:
        """The names that the module itself gives to something."""
        targets = [node.targets for node in self.tree.body if isinstance(node, ast.Assign)]
        targets += [[node.target] for node in self.tree.body if isinstance(node, ast.AnnAssign)]
        return {target.id for some in targets for target in some if isinstance(target, ast.Name)}


def no_environment_and_no_clock(module: Module) -> Iterator[str]:
    """Floor 1 and the scanner give the same answer whenever and wherever they are asked.

    The scanner's command alone asks for the day, which it hands to the baseline.
    """
    if not module.path.startswith((*PURE, SCANNER)):
        return
    for word, line in (*module.mentioned, *module.called):
        if word in ENVIRONMENT:
            yield f"{module.path}:{line}: {word} reads the environment; what a pure room has to know is handed to it"
        elif word in CLOCK and module.path != f"{SCANNER}__main__.py":
            yield f"{module.path}:{line}: {word} reads the clock; the time is handed to it"
        elif word in BY_NAME and module.path not in IMPORTS_BY_NAME:
            yield f"{module.path}:{line}: {word} imports what no rule sees"
    if module.path not in KNOWS_THE_TIME:
        for name, line in module.imported:
            if name.partition(".")[0] == "time":
                yield f"{module.path}:{line}: time is a clock; the time is handed to it"


def nothing_from_outside(module: Module) -> Iterator[str]:
    """Floor 1 uses libraries that are known to be pure, and opens no file but the data that lie in its rooms."""
    if not module.path.startswith(PURE) or module.path in RUN_BY_HAND:
        return
    for name, line in module.imported:
        root = name.partition(".")[0]
        if root not in {*STANDARD, *LIBRARIES, "budmodel_pipeline"} and not name.startswith(STANDARD_IN_PART):
            kind = "module" if root in sys.stdlib_module_names else "library"
            yield f"{module.path}:{line}: {root} is no {kind} that a pure room may use; if it is pure, list it in {__name__}"
    if module.path not in OPENS_FILES:
        yield from (f"{module.path}:{line}: {word} opens a file" for word, line in module.called if word in OPENING)


def annotations_that_dagster_can_read(module: Module) -> Iterator[str]:
    """Dagster reads the types of what it decorates, which that import turns into texts."""
    names = dict(module.imported)
    if any(name.partition(".")[0].startswith("dagster") for name in names) and "__future__.annotations" in names:
        yield f"{module.path}:{names['__future__.annotations']}: no `from __future__ import annotations` beside Dagster"


def modules_with_something_in_them(module: Module) -> Iterator[str]:
    """No module hands on what others define, but for the face of the scanner; a room has a docstring and nothing else."""
    docstring = ast.get_docstring(module.tree)
    if not docstring:
        yield f"{module.path}:1: a docstring says what belongs here"
    if module.path == FACE:
        return
    code = module.tree.body[1:] if docstring else module.tree.body
    if module.path.endswith("__init__.py") and code:
        yield f"{module.path}:{code[0].lineno}: a room has a docstring and no code"
    elif code and all(isinstance(node, ast.Import | ast.ImportFrom) for node in code):
        yield f"{module.path}:{code[0].lineno}: it only hands on what others define"
    for node in module.nodes:
        if isinstance(node, ast.Name) and node.id == "__all__":
            yield f"{module.path}:{node.lineno}: only the face of the scanner needs __all__"
        if isinstance(node, ast.ImportFrom):
            yield from (
                f"{module.path}:{node.lineno}: `{alias.name} as {alias.asname}` hands it on"
                for alias in node.names
                if alias.name == alias.asname
            )


def names_that_say_something(paths: Iterable[str]) -> Iterator[str]:
    """No utils; and a name belongs to one room."""
    rooms: dict[str, set[str]] = {}
    for path in paths:
        file = PurePosixPath(path)
        if file.stem in SAYS_NOTHING:
            yield f"{path}: {file.stem} says nothing of what is in it"
        package, *folders, _ = file.parts
        if package == "budmodel_pipeline" and folders and file.stem != "__init__":
            rooms.setdefault(file.stem, set()).add(folders[0])
    for name, where in rooms.items():
        if len(where) > 1 and not where <= SHOW_THE_SAME_MATTERS:
            yield f"{name}.py stands in {' and '.join(sorted(where))}: one of them means something else"


def leaderboards_that_know_no_other(modules: Iterable[Module]) -> Iterator[str]:
    """A leaderboard is one file: the catalog finds it by itself, and nobody else knows it by name."""
    every = list(modules)
    boards = {
        module.path.removesuffix(".py").replace("/", ".")
        for module in every
        if module.path.startswith("budmodel_pipeline/sources/") and "SOURCE" in module.assigned
    }
    for module in every:
        for name, line in module.imported:
            if any(f"{name}.".startswith(f"{board}.") for board in boards):
                yield f"{module.path}:{line}: {name} is a leaderboard, which is found in the catalog and not imported"


def patterns_that_every_python_reads(module: Module) -> Iterator[str]:
    """Python 3.11.0 to 3.11.4 misread possessive repeats and atomic groups: a valid text does not match."""
    for node in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            written = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if POSSESSIVE.search(written):
                yield f"{module.path}:{node.lineno}: a possessive repeat or atomic group, which Python 3.11.2 misreads"


def expressions_that_wait(module: Module) -> Iterator[str]:
    """The scanner is started for single files, which need few of its expressions."""
    if not module.path.startswith(SCANNER):
        return
    waiting: list[ast.AST] = [module.tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "re.compile":
            yield f"{module.path}:{node.lineno}: it is compiled with every start; `expression` waits for its use"
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.FunctionDef)]


OF_ONE_MODULE = (
    no_environment_and_no_clock,
    nothing_from_outside,
    annotations_that_dagster_can_read,
    modules_with_something_in_them,
    patterns_that_every_python_reads,
    expressions_that_wait,
)


def breaches(module: Module) -> list[str]:
    """What a module breaks of all the rules about one module."""
    return list(dict.fromkeys(breach for rule in OF_ONE_MODULE for breach in rule(module)))
