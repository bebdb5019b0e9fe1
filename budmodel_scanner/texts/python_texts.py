"""Constants of Python files: paths and addresses that only a thief, a worm or a drop box has a use for."""

import ast
from collections.abc import Iterator

from budmodel_scanner.texts.python_deeds import (
    DROP_HOST,
    KEY_FILE,
    PERSISTENCE,
    RAW_ADDRESS,
    SENSITIVE_FILE,
    Deed,
)
from budmodel_scanner.texts.python_file import NETWORK, Found, PythonFile, opens_to_write
from budmodel_scanner.verdict import Verdict


def examine_texts(nodes: list[ast.AST], file: PythonFile) -> Iterator[Found]:
    """Paths and addresses in constants, docstrings left out."""
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    reaches_out = bool(file.deeds & NETWORK)
    acts = reaches_out or Deed.RUNS_PROGRAM in file.deeds
    writes = _writes(nodes, file)
    for node in nodes:
        if not isinstance(node, ast.Constant) or id(node) in prose or not isinstance(node.value, str | bytes):
            continue
        text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if len(text) > 4_000:
            continue
        if found := SENSITIVE_FILE.search(text):
            verdict = Verdict.MALICIOUS if reaches_out and KEY_FILE.search(text) else Verdict.SUSPICIOUS
            what = f"reads {found[0]}" + (" and reaches out to the network" if reaches_out else "")
            yield "python.sensitive-file", verdict, what, node.lineno
        elif (found := PERSISTENCE.search(text)) and (acts or writes):
            verdict = Verdict.MALICIOUS if id(node) in writes else Verdict.SUSPICIOUS
            yield "python.persistence", verdict, f"touches {found[0]}", node.lineno
        elif (found := DROP_HOST.search(text) or RAW_ADDRESS.search(text)) and reaches_out:
            yield "python.drop-address", Verdict.SUSPICIOUS, f"reaches out to {found[0]}", node.lineno


def _writes(nodes: list[ast.AST], file: PythonFile) -> set[int]:
    """Ids of the constants that say which file is opened to be written."""
    found: set[int] = set()
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        dotted = file.names.dotted(node.func) or ""
        opens = dotted in {"open", "io.open", "codecs.open"} and opens_to_write(node, file)
        if opens or dotted.endswith((".write_text", ".write_bytes")):
            scope = node.args[0] if opens and node.args else node.func
            for inner in ast.walk(scope):
                found.add(id(inner))
                if isinstance(inner, ast.Name) and inner.id in file.names.constants:
                    found.update(id(deeper) for deeper in ast.walk(file.names.constants[inner.id]))
    return found
