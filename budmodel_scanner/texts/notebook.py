"""Notebooks: their code cells as Python, their shell lines as commands, their outputs as what a browser would run."""

import ast
import json
import re
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from budmodel_scanner.content import Place, UnscannedError
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.configuration import examine_configuration
from budmodel_scanner.texts.inner_programs import suffix_of
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.markup import examine_html, examine_markdown
from budmodel_scanner.texts.python_code import examine_python
from budmodel_scanner.texts.python_deeds import PERSISTENCE
from budmodel_scanner.texts.requirements import examine_requirement
from budmodel_scanner.verdict import Finding, Verdict

_KEPT = expression(r"^(\s*[\w, ]+=\s*)([!%].*)")
_INSTALL = expression(r"^\s*[!%]\s*(?:uv\s+)?pip3?\s+install\s+(.*)$")
_SHELL_CELL = expression(
    r"^%%(?:(?=(?:bash|sh|zsh|shell|cmd|powershell|system)\b|!)|script(?:\s+-\S+)*\s+\S*?(?=(?:\w*sh|powershell|cmd)\b))(\w*)"
)
# What goes on as Python; other cells are files of their own, of a name or of a language.
_PYTHON_CELL = expression(r"^%%(?:time|timeit|capture|prun|memit|mprun|debug|snakeviz|scalene|notify|wandb|bigquery|px)\b")
_OTHER_CELL = expression(
    r"""(?x)^%%(?:(?:writefile|file)(?:\s+-a)?\s+["']?(?P<name>[^\n"']+) | script(?:\s+-\S+)*\s+(?:\S*/)?(?P<program>\w+)
    | (?P<magic>\w+))[^\n]*\n"""
)
# Drawing libraries write scripts into outputs; those that reach for the kernel or the network are not theirs.
_HOSTILE_OUTPUT = expression(
    r"(?i)(?:IPython|Jupyter)\.notebook\.kernel\.execute|document\.cookie|XMLHttpRequest[^;]{0,200}\.open\(|eval\(atob|\bfetch\(\s*['\"]https?://(?!(?:cdn|unpkg)\b)|navigator\.sendBeacon|new\s+WebSocket\(\s*['\"]wss?://(?!localhost|127)|localStorage\.getItem\([^)]{0,40}token"
    r"|<(?:img|svg|video|audio|details|input)\b[^>]{0,300}\son(?:error|toggle|focus|begin)\s*=|<svg\b[^>]{0,300}\sonload\s*="
)


def _in_portions(sources: list[str], imports: list[str]) -> Iterator[str]:
    """Code of cells in texts that can be parsed in one go, each after what those before it imported."""
    portion: list[str] = []
    length = 0
    for source in sources:
        if length > _PORTION:
            yield "\n".join([*imports, *portion])
            imports += _imported(portion)
            portion, length = [], 0
        portion.append(source)
        length += len(source)
    yield "\n".join([*imports, *portion])
    imports += _imported(portion)
    del imports[:-_MOST_IMPORTS]


def _imported(sources: list[str]) -> list[str]:
    return list(dict.fromkeys(line for source in sources for line in source.splitlines() if _IMPORT.fullmatch(line)))


_PORTION = 1 << 18
_MOST_IMPORTS = 500
_IMPORT = expression(r"(?:import [\w., ]+|from [\w.]+ import [\w., *]+)")


AsFile = Callable[[str, str, Place], Iterator[Finding]]


def examine_cells(cells: Iterable[object], place: Place, as_file: AsFile) -> Iterator[Finding]:
    """The cells of a notebook that is too large to be held."""
    imports: list[str] = []
    batch: list[object] = []
    for cell in cells:
        batch.append(cell)
        if len(batch) == _CELLS:
            yield from examine_notebook({"cells": batch}, place, as_file, imports)
            batch.clear()
    yield from examine_notebook({"cells": batch}, place, as_file, imports)


_CELLS = 2_000


def examine_notebook(
    notebook: Mapping[str, object], place: Place, as_file: AsFile, imports: list[str] | None = None
) -> Iterator[Finding]:
    """`imports` are lines of cells before these, and are added to.

    Raises UnscannedError at the end when a code cell could not be parsed and nothing worse was found."""
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
            yield from _shell_lines(source, place, where, as_file)
            if found := _HOSTILE_OUTPUT.search(source):
                yield Finding("notebook.active-output", Verdict.SUSPICIOUS, f"runs {found[0][:80]!r}", place.at(where))
            other = None if _PYTHON_CELL.match(source) else _OTHER_CELL.match(source)
            if other and not _SHELL_CELL.match(source):
                yield from _other_cell(other, source[other.end() :], place.inside(where), as_file)
            elif other is None:
                code = _plain_python(source)
                try:
                    ast.parse(code)
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    try:
                        yield from examine_python(code, place.inside(where), script=True)
                    except UnscannedError as error:
                        mended, left = _mended(code)
                        # A line that is no Python may still be a command that IPython knows.
                        yield from judge(Leaf(LeafKind.COMMAND, "\n".join(left), where), place)
                        if mended is None:
                            unparsed = error
                        else:
                            source_of_all.append(mended)
                else:
                    source_of_all.append(code)
        elif cell.get("cell_type") == "markdown":
            yield from examine_markdown(_joined(cell.get("source")), place.inside(where))
        elif cell.get("cell_type") == "raw":
            yield from judge(Leaf(LeafKind.VALUE, _joined(cell.get("source")), where), place)
        attached = cell.get("attachments")
        for output in [*_list(cell.get("outputs")), *(attached.values() if isinstance(attached, Mapping) else ())]:
            yield from _output(output, place, where)
    # One namespace: what one cell imports, another calls.
    inside = place.inside("code")
    for source in _in_portions(source_of_all, imports if imports is not None else []):
        yield from examine_python(source, inside, script=True)
    if unparsed is not None and not source_of_all:
        raise unparsed


def examine_metadata(metadata: object, place: Place) -> Iterator[Finding]:
    """What starts the kernel, and the saved state of widgets, which is shown again."""
    yield from examine_configuration(metadata, place)
    if found := _HOSTILE_OUTPUT.search(json.dumps(metadata, ensure_ascii=False)):
        yield Finding("notebook.active-output", Verdict.SUSPICIOUS, f"a widget runs {found[0][:80]!r}", place.at("metadata"))


def _other_cell(magic: re.Match[str], source: str, place: Place, as_file: AsFile) -> Iterator[Finding]:
    if stays := PERSISTENCE.search(magic["name"] or ""):
        yield Finding("notebook.stays", Verdict.SUSPICIOUS, f"a cell writes {stays[0]}", place.at(""))
    language = magic["program"] or magic["magic"] or ""
    yield from as_file((magic["name"] or f"cell.{suffix_of(language)}").strip(), source, place)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _joined(value: object) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _shell_lines(source: str, place: Place, where: str, as_file: AsFile) -> Iterator[Finding]:
    whole = _SHELL_CELL.match(source)
    lines = [_KEPT.sub(r"\2", line) for line in source.splitlines()[whole is not None :]]
    written = [line for line in lines if whole or line.lstrip().startswith(("!", "%"))]
    if written:
        commands = "\n".join(line if whole else line.lstrip(" !%") for line in written)
        yield from as_file(f"cell.{suffix_of(whole[1] or 'sh') if whole else 'sh'}", commands, place.inside(where))
    for line in written:
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
        elif told := _KEPT.match(line):
            # What a command says, which is no more than its text here.
            kept.append(f"{told[1]}[{told[2]!r}]")
        else:
            kept.append(line)
    return "\n".join(kept)


def _mended(code: str) -> tuple[str | None, list[str]]:
    """The code without the lines that keep it from being parsed, and these: cells are left unfinished every day."""
    lines, left = code.splitlines(), list[str]()
    for _ in range(_MOST_MENDED if len(code) < _LONGEST_MENDED else 0):
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            at = min(max(error.lineno or 1, 1), len(lines)) - 1
            written = lines[at].strip()
            if not written:
                break
            # Where not even `pass` may stand, nothing may.
            left += [lines[at]] * (written != "pass")
            lines[at] = "" if written == "pass" else lines[at][: -len(lines[at].lstrip())] + "pass"
        except (ValueError, RecursionError, MemoryError):
            break
        else:
            return "\n".join(lines), left
    return None, left


_MOST_MENDED, _LONGEST_MENDED = 30, 50_000


def _output(output: object, place: Place, where: str) -> Iterator[Finding]:
    if not isinstance(output, Mapping):
        return
    data = output.get("data", output)
    for kind, value in data.items() if isinstance(data, Mapping) else []:
        if kind in {"text/html", "application/javascript", "image/svg+xml", "html", "javascript", "svg"} and (
            found := _HOSTILE_OUTPUT.search(_joined(value))
        ):
            yield Finding("notebook.active-output", Verdict.SUSPICIOUS, f"an output runs {found[0][:80]!r}", place.at(where))
        elif kind == "image/svg+xml":
            text = _joined(value)
            plain = text if "<" in text else _decoded(text)
            yield from examine_html(plain, place.inside(where))


def _decoded(text: str) -> str:
    with suppress(ValueError):
        return a2b_base64(text.encode()).decode("utf-8", "replace")
    return text
