"""Notebooks: their code cells as Python, their shell lines as commands, their outputs as what a browser would run."""

import ast
import re
from collections.abc import Iterator, Mapping

from budmodel_scanner.content import Place, UnscannedError
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.markup import examine_markdown
from budmodel_scanner.texts.python_code import examine_python
from budmodel_scanner.texts.requirements import examine_requirement
from budmodel_scanner.verdict import Finding, Verdict

_INSTALL = re.compile(r"^\s*[!%]\s*(?:uv\s+)?pip3?\s+install\s+(.*)$")
_SHELL_CELL = re.compile(r"^%%(?:bash|sh|script|shell|cmd|powershell|system|!)\b")
_OTHER_CELL = re.compile(r"^%%(?!time|timeit|capture|prun|writefile|file)\w+")
# Drawing libraries write scripts into outputs; those that reach for the kernel or the network are not theirs.
_HOSTILE_OUTPUT = re.compile(
    r"(?i)(?:IPython|Jupyter)\.notebook\.kernel\.execute|document\.cookie|XMLHttpRequest[^;]{0,200}\.open\(|eval\(atob|\bfetch\(\s*['\"]https?://(?!(?:cdn|unpkg)\b)|navigator\.sendBeacon|new\s+WebSocket\(\s*['\"]wss?://(?!localhost|127)|localStorage\.getItem\([^)]{0,40}token"
)


def examine_notebook(notebook: Mapping[str, object], place: Place) -> Iterator[Finding]:
    """Raises UnscannedError at the end when a code cell could not be parsed and nothing worse was found."""
    unparsed: UnscannedError | None = None
    source_of_all: list[str] = []
    cells = notebook.get("cells")
    worksheets = notebook.get("worksheets")
    if not isinstance(cells, list) and isinstance(worksheets, list):
        cells = [cell for sheet in worksheets if isinstance(sheet, Mapping) for cell in _list(sheet.get("cells"))]
    for number, cell in enumerate(_list(cells), start=1):
        if not isinstance(cell, Mapping):
            continue
        where = f"cell {number}"
        if cell.get("cell_type") == "code":
            source = _joined(cell.get("source", cell.get("input")))
            yield from _shell_lines(source, place, where)
            if not _SHELL_CELL.match(source) and not _OTHER_CELL.match(source):
                code = _plain_python(source)
                try:
                    ast.parse(code)
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    try:
                        yield from examine_python(code, place.inside(where), script=True)
                    except UnscannedError as error:
                        unparsed = error
                else:
                    source_of_all.append(code)
        elif cell.get("cell_type") == "markdown":
            yield from examine_markdown(_joined(cell.get("source")), place.inside(where))
        for output in _list(cell.get("outputs")):
            yield from _output(output, place, where)
    # One namespace: what one cell imports, another calls.
    yield from examine_python("\n".join(source_of_all), place.inside("code"), script=True)
    if unparsed is not None and not source_of_all:
        raise unparsed


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _joined(value: object) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _shell_lines(source: str, place: Place, where: str) -> Iterator[Finding]:
    whole = bool(_SHELL_CELL.match(source))
    lines = (
        source.splitlines()[1:] if whole else [line for line in source.splitlines() if line.lstrip().startswith(("!", "%"))]
    )
    yield from judge(Leaf(LeafKind.COMMAND, "\n".join(line.lstrip(" !%") for line in lines), where), place)
    for line in lines:
        if install := _INSTALL.match(line):
            for word in install[1].split():
                yield from examine_requirement(word, place, place.at(where))


def _plain_python(source: str) -> str:
    """Magics and shell lines taken out, the indentation of their blocks kept."""
    kept: list[str] = []
    for line in source.splitlines():
        stripped = line.lstrip()
        if stripped.startswith(("!", "%", "?")) or stripped.rstrip().endswith("?"):
            kept.append(line[: len(line) - len(stripped)] + "pass")
        elif re.match(r"^\s*[\w, ]+=\s*[!%]", line):
            kept.append(line[: len(line) - len(stripped)] + line.strip().split("=")[0] + "= None")
        else:
            kept.append(line)
    return "\n".join(kept)


def _output(output: object, place: Place, where: str) -> Iterator[Finding]:
    if not isinstance(output, Mapping):
        return
    data = output.get("data", output)
    for kind, value in data.items() if isinstance(data, Mapping) else []:
        if kind in {"text/html", "application/javascript", "image/svg+xml", "html", "javascript", "svg"} and (
            found := _HOSTILE_OUTPUT.search(_joined(value))
        ):
            yield Finding("notebook.active-output", Verdict.SUSPICIOUS, f"an output runs {found[0][:80]!r}", place.at(where))
