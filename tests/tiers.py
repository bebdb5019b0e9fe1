"""A pytest plugin: which tier a test is of, whether it belongs there, and how tiers are dealt out to processes.

The tier of a test is its marker: the folder that it lies in, or `property` where hypothesis makes its cases, or `cost` where
it is marked so because it is slow on purpose. Tests of the fast tiers touch no server, database, socket, child process or
Dagster; tests of the slow tiers do, else they lie in the wrong folder. What a test touches is read from its code, its
fixtures and the helpers that they call, so collection fails before anything runs, and never by the clock. What the product
does beneath a fast test is seen while it runs: it fails where a socket or a child process comes of it.
"""

import sys
import threading
from collections.abc import Generator, Hashable, Iterable, Iterator
from functools import cache
from inspect import isclass, isfunction, ismodule, unwrap
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

FAST = ("unit", "contract")
SLOW = ("dagster", "integration")
# Of no one folder.
ELSEWHERE = ("property", "cost")
# Slow wherever they are called. Names of modules, or of what is in them.
SLOW_THINGS = (
    "budmodel_pipeline.fetching.mirror.serve_directory",
    "budmodel_pipeline.services.",
    "budmodel_pipeline.warehouse.engine.",
    "dagster.",
    "http.client.",
    "http.server.",
    "multiprocessing.",
    "playwright.",
    "psycopg.",
    "socket.",
    "socketserver.",
    "subprocess.",
    "tests.clamd.",
    "tests.cli.",
    "tests.failing_store.",
    "tests.hostile_server.",
    "tests.hub_server.",
    "tests.llm_server.",
    "tests.postgres.",
    "tests.s3_server.",
)
# What measures time or memory does much of something.
MEASURES = ("resource.", "signal.", "time.", "tracemalloc.")
# Rooms whose functions reach for disks, networks and children: enough for a test to be of a slow tier.
OUTSIDE = (
    "budmodel_pipeline.assets.",
    "budmodel_pipeline.cli.",
    "budmodel_pipeline.commands.",
    "budmodel_pipeline.definitions.",
    "budmodel_pipeline.fetching.",
    "budmodel_pipeline.resources.",
    "budmodel_pipeline.schedules.",
    "budmodel_pipeline.sensors.",
    "budmodel_pipeline.targets.",
    "budmodel_pipeline.warehouse.",
    "budmodel_pipeline.workflows.",
    "budmodel_scanner.",
)
SLOW_EVENTS = frozenset({"os.fork", "os.posix_spawn", "os.system", "socket.bind", "socket.connect", "subprocess.Popen"})


def tier_of(item: pytest.Function) -> str:
    """The tier of a test. A marker goes before the folder; what hypothesis makes goes before both."""
    if getattr(item.obj, "is_hypothesis_test", False):
        return "property"
    marked = [tier for tier in ELSEWHERE if item.get_closest_marker(tier) is not None]
    return marked[0] if marked else folder_of(item)


def folder_of(item: pytest.Function) -> str:
    """The name of the first folder under the last one that is called `tests`."""
    folders = item.path.parent.parts
    return folders[len(folders) - folders[::-1].index("tests")] if "tests" in folders[:-1] else ""


def touched(functions: Iterable[object]) -> frozenset[str]:
    """What functions name, and what the functions of the tests that they call do, each with its module."""
    found, seen, waiting = set[str](), set[object](), [*functions]
    while waiting:
        function = waiting.pop()
        if function not in seen:
            seen.add(function)
            names, called = named_by(function)
            found |= names
            waiting += called
    return frozenset(found)


@cache
def named_by(function: Any) -> tuple[frozenset[str], tuple[object, ...]]:
    """What a function names, with the module of each, and which of these are functions and classes of the tests."""
    if isclass(function):
        return frozenset(), tuple(member for member in vars(function).values() if isfunction(unwrap(member)))
    code = unwrap(function)
    if not isfunction(code):
        return frozenset(), ()
    names, modules = set(names_in(code.__code__)), set[str]()
    values: list[object] = []
    for name in names:
        value = code.__globals__.get(name)
        if value is None:
            # Imported where it is used; or a name of another kind, which is in no list.
            modules.add(f"{name}.")
        elif ismodule(value):
            modules.add(f"{value.__name__}.")
            values += [vars(value)[inner] for inner in names & vars(value).keys()] if of_tests(value.__name__) else []
        else:
            values.append(value)
    modules |= {origin(value) for value in values}
    return frozenset(modules), tuple(value for value in values if of_tests(origin(value)) and isinstance(value, Hashable))


def of_tests(name: str) -> bool:
    return name.startswith("tests.")


def origin(value: Any) -> str:
    """Where a value is from: module and name, or of an object those of its class."""
    named = value if isfunction(unwrap(value)) or isclass(value) else type(value)
    return f"{named.__module__}.{named.__name__}"


def names_in(code: CodeType) -> Iterator[str]:
    """Global names and attributes in a function and in those within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def breach(item: pytest.Function) -> str | None:
    """Why a test is in the wrong tier, or None."""
    tier = tier_of(item)
    if tier not in FAST + SLOW:
        return None if tier in ELSEWHERE else f"lies in no folder of a tier: {', '.join(FAST + SLOW)}"
    fixtures = (definition.func for known in item._fixtureinfo.name2fixturedefs.values() for definition in known)
    names = touched([getattr(item.obj, "__func__", item.obj), *fixtures])
    slow = sorted(name for name in names if name.startswith(SLOW_THINGS))
    if tier in FAST and slow:
        return f"is of the fast tier {tier!r}, but uses {', '.join(slow)}: move it to tests/integration"
    if tier in FAST and (measured := sorted(name for name in names if name.startswith(MEASURES))):
        return f"is of the fast tier {tier!r}, but measures with {', '.join(measured)}: mark it as `cost`"
    if tier in SLOW and not slow and not any(name.startswith(OUTSIDE) for name in names):
        return f"is of the slow tier {tier!r}, but needs no server, process or database: move it to tests/unit"
    return None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    items = [item for item in report.result or () if isinstance(item, pytest.Function)]
    breaches = {f"{item.originalname} {why}": None for item in items if (why := breach(item)) is not None}
    for item in items:
        if tier_of(item) in FAST + SLOW + ELSEWHERE:
            item.add_marker(tier_of(item))
    if breaches:
        report.outcome = "failed"
        report.longrepr = "\n".join(breaches)
    return report


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are called by their argument: what is packed holds the time, and processes have to agree on names."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among processes the slow tiers go first, so that none is left alone with a long test at the end."""
    if config.pluginmanager.has_plugin("dsession") or hasattr(config, "workerinput"):
        items.sort(key=turn)


def turn(item: pytest.Item) -> int:
    """Whole runs of the product first, fast tests last."""
    if not isinstance(item, pytest.Function) or tier_of(item) in FAST:
        return 3
    if tier_of(item) in ELSEWHERE:
        return 2
    return 0 if "install" in item.fixturenames else 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Deals out groups of tests. Not by xdist_group: pytest-xdist 3.8 writes that into ids that pytest 9.2 does not read."""
    from xdist.scheduler import LoadScopeScheduling

    class Dealing(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(config.rootpath, nodeid)

    return Dealing(config, log)


def group_of(root: Path, nodeid: str) -> str:
    """Tests of one group run in one process: those of a file that shares something, and the fast ones of a file."""
    file, _, _ = nodeid.partition("::")
    return file if shares(root / file) else nodeid


@cache
def shares(file: Path) -> bool:
    """Whether tests of a file wait for one thing that is made once, or are too small to be dealt out one by one."""
    folders = file.parent.parts
    return bool({*FAST, "dagster"} & {*folders}) or 'scope="module"' in file.read_text("utf-8")


class Watch:
    """Notes what takes long in the main thread while a test of a fast tier runs."""

    def __init__(self) -> None:
        self.noted: list[str] | None = None

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.noted is not None and event in SLOW_EVENTS and threading.current_thread() is threading.main_thread():
            self.noted.append(f"{event} {arguments!r:.200}")


WATCH = Watch()
sys.addaudithook(WATCH)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    noted: list[str] = []
    before = WATCH.noted
    WATCH.noted = noted if isinstance(item, pytest.Function) and tier_of(item) in FAST else None
    try:
        result = yield
    finally:
        WATCH.noted = before
    if noted:
        pytest.fail(f"a test of a fast tier did what takes long: {', '.join(noted)}", pytrace=False)
    return result
