"""A test in the wrong tier fails collection; what it hides from collection fails the test."""

import pytest

pytest_plugins = ["pytester"]

OPTIONS = ("-p", "tests.tiers", "-p", "no:cacheprovider", "--import-mode=importlib")
TIERS = {"unit", "contract", "dagster", "integration", "property", "cost"}
RUNS = "import subprocess\ndef run(): subprocess.run(['true'])\n"
# Folder, text, and why collection fails.
WRONG = [
    ("unit/room", f"{RUNS}def test_it(): subprocess.run(['true'])", "fast tier 'unit', but uses subprocess."),
    ("unit/room", f"{RUNS}def helper(): run()\ndef test_it(): helper()", "fast tier 'unit', but uses subprocess."),
    ("contract", "def test_it():\n    import socket\n    socket.socket()", "fast tier 'contract', but uses socket."),
    ("unit", f"import pytest\n{RUNS}@pytest.fixture\ndef made(): run()\ndef test_it(made): pass", "but uses subprocess."),
    ("unit", "import tracemalloc\ndef test_it(): tracemalloc.start()", "measures with tracemalloc.: mark it as `cost`"),
    ("integration", "def test_it(): assert 1 + 1 == 2", "'integration', but needs no server, process or database"),
    ("dagster", "from math import pi\ndef test_it(): assert pi > 3", "'dagster', but needs no server, process or database"),
    ("other", "def test_it(): pass", "lies in no folder of a tier"),
]
RIGHT = [
    ("unit", "def test_it(): assert 1 + 1 == 2", "unit"),
    ("contract", "def test_it(): assert 1 + 1 == 2", "contract"),
    ("integration", f"{RUNS}def test_it(): run()", "integration"),
    ("dagster", f"{RUNS}def test_it(): run()", "dagster"),
    ("unit", "from hypothesis import given, strategies as s\n@given(s.none())\ndef test_it(a): pass", "property"),
    ("unit", "import pytest, tracemalloc\n@pytest.mark.cost\ndef test_it(): tracemalloc.is_tracing()", "cost"),
]


@pytest.fixture(autouse=True)
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else is installed takes longer to load than these tests to run."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def write(pytester: pytest.Pytester, number: int, folder: str, text: str) -> str:
    path = pytester.path / "tests" / folder / f"test_{number}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path.name


def test_a_test_in_the_wrong_tier_fails_collection(pytester: pytest.Pytester) -> None:
    names = [write(pytester, number, folder, text) for number, (folder, text, _) in enumerate(WRONG)]
    result = pytester.runpytest_inprocess(*OPTIONS)
    assert result.parseoutcomes() == {"errors": len(WRONG)}
    printed = str(result.stdout)
    for name, (_, _, why) in zip(names, WRONG, strict=True):
        said = printed.partition(f"{name} ____")[2].partition("\n_____")[0]
        assert "test_it " in said
        assert why in said


def test_a_test_has_the_marker_of_its_tier_alone(pytester: pytest.Pytester) -> None:
    expected = {write(pytester, number, folder, text): {tier} for number, (folder, text, tier) in enumerate(RIGHT)}
    items, _ = pytester.inline_genitems(*OPTIONS)
    assert {item.path.name: TIERS & {marker.name for marker in item.iter_markers()} for item in items} == expected


def test_a_fast_test_that_starts_a_process_out_of_sight_fails(pytester: pytest.Pytester) -> None:
    write(pytester, 0, "unit", "from importlib import import_module as a\ndef test_it(): a('sub' + 'process').run(['true'])")
    result = pytester.runpytest_inprocess(*OPTIONS)
    assert result.parseoutcomes() == {"failed": 1}
    assert "a test of a fast tier did what takes long: subprocess.Popen" in str(result.stdout)
