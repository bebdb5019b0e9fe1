"""The one database idiom: SQL as text, and rows written by `warehouse.rows` alone."""

import ast
from pathlib import Path

import pytest

from budmodel_pipeline import warehouse

ROOM = Path(warehouse.__file__).parent
MODULES = sorted(path for path in ROOM.glob("*.py") if path.name != "tables.py")
# The builders of statements, which would be a second way of saying the same.
BUILDERS = {"select", "insert", "update", "delete", "literal", "func", "and_", "or_"}


def imported(path: Path) -> set[str]:
    """The names that a module takes from SQLAlchemy."""
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
        for alias in node.names
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_statements_are_text(path: Path) -> None:
    names = imported(path)
    assert not {name for name in names if name.rpartition(".")[2] in BUILDERS}
    assert not {name for name in names if "dialects" in name}


def test_rows_are_written_in_one_place() -> None:
    """`upsert` means one thing, and so do the two others."""
    defined = {
        (node.name, path.stem)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name in ("upsert", "replace_rows", "copy_rows")
    }
    assert defined == {(name, "rows") for name in ("upsert", "replace_rows", "copy_rows")}
