"""Programs of other languages that stand in commands: after an option, as a here-document, in a file that is written so."""

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping
from textwrap import dedent

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts import keys
from budmodel_scanner.texts.here_documents import documents_in
from budmodel_scanner.texts.shell_programs import LANGUAGES, file_name
from budmodel_scanner.texts.shell_syntax import parse_shell
from budmodel_scanner.texts.statements import put_together, set_by, statements, without_comments
from budmodel_scanner.word_lists import lines

_SUFFIXES = {program: suffix for _, (program, suffix) in lines(__package__, "known/languages.txt")}
_LANGUAGE = expression(rf"(?i)(?<![\w.-]){LANGUAGES.pattern}(?![\w.=-])")
_OPTION = expression(r"-\w*[cerE]|--?eval|--execute|--print")
_GIVEN = expression(
    rf"(?i)(?<![\w.-]){LANGUAGES.pattern}[\"',]*\s[^\n]{{0,300}}?(?:(?<![\w-])(?:{_OPTION.pattern})(?=[\s\"',]|$)|<<<)"
)
_WRITTEN = expression(
    r"(?:>|\btee\s(?:-a\s)?|<<[-~]?[\"']?\w+[\"']?)\s*[\"']?"
    r"([\w./~${}%-]{0,200}\.(?:pyw?|pth|[cm]?js|ts|rb|pl|php|lua|jl|r|ps1|bat|cmd|vbs))\b"
)
# As Nextflow and Groovy write a script.
_QUOTED = expression(r"(\"{3}|'{3})(\s*#!.*?)\1", re.DOTALL)
_MAX_NODES = 100_000
_LONGEST = 1 << 20
# Under which keys tools hold the text of a step, and under which what runs it.
_TEXTS = ("run", "script", "source", "code", "inline", "inlineScript", "content")
_RUNNERS = ("shell", "command", "executable", "interpreter", "language", "entrypoint")

Programs = Iterator[tuple[str, str]]


def suffix_of(language: str) -> str:
    """Of files in a language that goes by this name, or by that of the program that runs it."""
    name = language.lower()
    return _SUFFIXES.get(name) or _SUFFIXES.get(name.rstrip("0123456789."), name)


def programs_in(text: str) -> Programs:
    """The name that a file of each would have, and its code. `text` is of commands of a shell."""
    for opens, begin, end in documents_in(text) if "<<" in text else ():
        line = text[text.rfind("\n", 0, opens.start()) + 1 : begin]
        if written := _WRITTEN.search(line):
            yield file_name(written[1]), dedent(text[begin:end])
        elif text.startswith("#!", text.find("#", begin, end)):
            yield "document", dedent(text[begin:end]).lstrip()
        elif language := _LANGUAGE.search(line):
            yield f"document.{suffix_of(language[0])}", dedent(text[begin:end])
    for quoted in _QUOTED.finditer(text) if "#!" in text else ():
        yield "script", dedent(quoted[2]).lstrip()
    if len(text) > _LONGEST or not _GIVEN.search(text):
        return
    script = parse_shell(text)
    for command in script.commands():
        if LANGUAGES.fullmatch(command.program):
            told = [code for option, code in itertools.pairwise(command.arguments) if _OPTION.fullmatch(option)]
            for code in (*told, *script.here_strings(command)):
                yield f"argument.{suffix_of(command.program)}", code


def programs_in_source(text: str) -> Programs:
    """The same of commands that a source of another language puts together; a program that a name stands for is told by
    its own text."""
    values: dict[str, str] = {}
    for statement in statements(without_comments(text)) if _HANDED.search(text) else ():
        if statement.texts:
            for command in put_together(statement, values):
                yield from programs_in(command)
            for option, code in itertools.pairwise(statement.texts):
                if option == "-c" and _PYTHON.match(code):
                    yield "argument.py", code
            set_by(statement, values)


_HANDED = expression(rf"[\s\"'](?:{_OPTION.pattern})[\s\"']")
_PYTHON = expression(r"\s*(?:import\s+\w[\w.]*(?:\s+as\s+\w+)?\s*[,;\n]|from\s+[\w.]+\s+import\s)")


def programs_in_tree(tree: object) -> Programs:
    """The same of a configuration: its commands, and steps that say by what they are run: `shell: python`."""
    waiting = [tree]
    for _ in range(_MAX_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, str):
            yield from programs_in(node)
            if node.startswith("#!") and "\n" in node:
                yield "script", node
        elif isinstance(node, Mapping):
            yield from _of_step(node)
            waiting.extend(value for key, value in node.items() if not keys.DATA.search(str(key)))
        elif isinstance(node, list | tuple):
            words = [word for word in node if isinstance(word, str)]
            if any(map(_OPTION.fullmatch, words)):
                yield from programs_in(shlex.join(words))
            waiting.extend(node)


def _of_step(step: Mapping[object, object]) -> Programs:
    for runner in map(step.get, _RUNNERS):
        words = runner.split() if isinstance(runner, str) else runner if isinstance(runner, list) else []
        programs = (file_name(word) for word in words if isinstance(word, str))
        language = next(filter(LANGUAGES.fullmatch, programs), None)
        for name in _TEXTS if language else ():
            if isinstance(code := step.get(name), str):
                yield f"{name}.{suffix_of(language or '')}", code
