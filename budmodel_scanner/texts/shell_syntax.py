"""Shell commands by the grammar of Bash: which program is started with which words, and what is piped or put into what."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

from budmodel_scanner.content import UnscannedError
from budmodel_scanner.expressions import expression
from budmodel_scanner.word_lists import sections

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_MAX_VISITS = 2_000_000
_STAGES = frozenset(
    {
        "command", "redirected_statement", "subshell", "compound_statement", "while_statement", "for_statement",
        "if_statement",
    }
)  # fmt: skip
_PUT_INTO = frozenset({"command_substitution", "process_substitution"})
_QUOTED = frozenset({"string", "raw_string", "ansi_c_string", "heredoc_body", "translated_string"})
_PROGRAMS = sections(__package__, "known/programs.txt")
_WRAPPERS, _KEEPING = _PROGRAMS["wrappers"], _PROGRAMS["keeping"]
_TO_BE_TOLD = expression(r"\$\((?!\()|`")
_NOT_A_PROGRAM = expression(r"-.*|[A-Za-z_]\w*\+?=.*|\d+[smh]?|.*:|[@-]|[\[\](){},\"'=]+")
_IS_TOLD = expression(r"-[\w-]|\w+://")
_WRITTEN_OTHERWISE = expression(r"[\\\"'$]")
_CODED = expression(r"\\x([0-9a-fA-F]{2})|\\([0-7]{3})")
_ESCAPED = expression(r"\\(.)", re.DOTALL)
_NOTHING = expression(r"(?<=\w)\$\{\w{1,3}\}(?=\w)|\$[@*](?=\w)")
_ESCAPED_IN_QUOTES = expression(r"\\([\"\\$`\n])")
_WINDOWS_PATH = expression(r"(?:\.{1,2}|~|[A-Za-z]:|%\w+%|\$\w+(?::\w+)?)(?:\\[\w.-]+)+[})]*")
_QUOTE = expression(r"(?<!\\)[\"']")
URL = expression(r"(?i)[a-z][a-z0-9+.-]*://\S+")
_BARE_ADDRESS = expression(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:/\S*)?|\d+(?:\.\d+){3}(?::\d+)?(?:/\S*)?")
_VARIABLE = expression(r"\$(?:\{(\w+)(?::(\d{1,4})(?::(\d{1,4}))?)?\}|(\w+))")


@dataclass(frozen=True)
class Command:
    """`words` without quotes and escapes, known variables filled in. `written` and `line` say where it stands."""

    words: tuple[str, ...]
    node: "Node"

    @property
    def written(self) -> str:
        return text_of(self.node)

    @property
    def line(self) -> int:
        return int(self.node.start_point[0]) + 1

    @property
    def program(self) -> str:
        return self._split[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        return self._split[1]

    @property
    def addresses(self) -> list[str]:
        written = [found[0] for word in self.words if (found := URL.search(word))]
        return written or [f"https://{word}" for word in self.arguments if _BARE_ADDRESS.fullmatch(word)]

    @cached_property
    def _split(self) -> tuple[str, tuple[str, ...]]:
        for number, word in enumerate(self.words):
            if _TO_BE_TOLD.match(word):
                return word, self.words[number + 1 :]
            name = re.split(r"[/\\]", _NOTHING.sub("", word).lstrip(":!@-{(").rstrip("})]").lower())[-1].removesuffix(".exe")
            # A Dockerfile's CMD has a program behind it; the one of Windows stands alone or has switches.
            if name == "cmd" and re.fullmatch(r"/\w|", next(iter(self.words[number + 1 :]), "")):
                return name, self.words[number + 1 :]
            if name and name not in _WRAPPERS and (word.startswith("@") or not _NOT_A_PROGRAM.fullmatch(word)):
                return name, self.words[number + 1 :]
        return "", ()


@dataclass(frozen=True, slots=True)
class Script:
    """`values` are the variables that are set to a plain text. Raises UnscannedError where reading it takes too long."""

    root: "Node"
    values: dict[str, str]
    _visits: Iterator[int] = field(default_factory=lambda: iter(range(_MAX_VISITS)))
    _every: list[Command] = field(default_factory=list)
    _known: dict[int, Command] = field(default_factory=dict)
    _into: dict[int, str | None] = field(default_factory=dict)
    _last: dict[int, Command | None] = field(default_factory=dict)

    @property
    def has_errors(self) -> bool:
        return bool(self.root.has_error)

    def pipelines(self) -> Iterator[tuple["Node", ...]]:
        """The stages of each pipeline, also of those inside of others."""
        for node in self._below(self.root):
            stages = [child for child in node.named_children if child.type in _STAGES or child.type == "pipeline"]
            if node.type == "pipeline" and stages:
                yield tuple(stages)

    def commands(self, node: "Node | None" = None) -> Iterable[Command]:
        """In the order in which they stand, those inside of others too."""
        if node is None:
            # Each rule goes through them.
            self._every.extend(self._commands(self.root) if not self._every else ())
            return self._every
        return self._commands(node)

    def _commands(self, node: "Node") -> Iterator[Command]:
        for inner in self._below(node):
            if inner.type == "command":
                known = self._known.get(inner.id)
                if known is None:
                    words = tuple(self._word(child) for child in inner.named_children if not _is_redirect(child))
                    known = self._known[inner.id] = Command((*self._set_to(inner, words), *words), inner)
                yield known

    def _set_to(self, node: "Node", words: tuple[str, ...]) -> Iterator[str]:
        """The program in `Exec=curl -s …`, which no shell reads: behind what is set for a command stands no option."""
        if words and _IS_TOLD.match(words[0]):
            for child in node.named_children:
                if child.type == "variable_assignment" and child.named_child_count > 1:
                    yield self._word(child.named_children[-1])

    def put_into(self, node: "Node") -> Iterator[Command]:
        """Commands whose output a command takes as text or as a file; what a variable is set to before it is data."""
        for inner in self._below(_statement(node)):
            if inner.type in _PUT_INTO and not _is_set_before(inner):
                yield from self.commands(inner)

    def fed_to(self, command: Command) -> Iterator[Command]:
        """Commands whose output a command, or a loop around it, reads as its input."""
        node: Node | None = command.node
        while node is not None and node.parent is not None and node.type != "redirected_statement":
            node = node.parent
        for child in node.named_children if node is not None else ():
            if child.type in {"file_redirect", "herestring_redirect"}:
                yield from self.commands(child)

    def here_strings(self, command: Command) -> list[str]:
        given = _statement(command.node).named_children + command.node.named_children
        return [self._word(child.named_children[0]) for child in given if child.type == "herestring_redirect"]

    def gone_through(self) -> Iterator[tuple[str, str]]:
        """Variables of loops, and the words that each goes through."""
        for node in self._below(self.root):
            if node.type == "for_statement" and len(node.named_children) > 1:
                name, *words = map(text_of, node.named_children[:-1])
                yield name, " ".join(words)

    def assigned(self) -> Iterator[tuple[str, "Node"]]:
        for node in self._below(self.root):
            if node.type == "variable_assignment" and node.named_child_count == 2:
                yield text_of(node.named_children[0]), node.named_children[1]

    def written_to(self, command: Command) -> str | None:
        """The file that the output of a command goes into, by itself or by a pipe."""
        if command.node.id not in self._into:
            self._into[command.node.id] = self._written_to(command)
        return self._into[command.node.id]

    def _written_to(self, command: Command) -> str | None:
        statement = _statement(command.node)
        pipeline = parent if (parent := statement.parent) is not None and parent.type == "pipeline" else None
        if pipeline is not None and statement == command.node and (redirected := _statement(pipeline)) != pipeline:
            # What redirects the last command stands behind all of them, and takes what comes of the first.
            statement = redirected
        for child in statement.named_children:
            if (
                child.type == "file_redirect"
                and b">" in (child.text or b"")
                and child.named_children
                # JavaScript has arrows.
                and not (statement.text or b"")[: child.start_byte - statement.start_byte].endswith(b"=")
            ):
                return self._word(child.named_children[-1])
        if pipeline is not None:
            if pipeline.id not in self._last:
                self._last[pipeline.id] = next(self._commands(pipeline.named_children[-1]), None)
            last = self._last[pipeline.id]
            if last is not None and last.program in _KEEPING and last.arguments:
                return last.arguments[-1]
        return None

    def read_from(self, command: Command) -> str | None:
        """The file that a command is given as its input."""
        for child in _statement(command.node).named_children:
            if child.type == "file_redirect" and (child.text or b"").lstrip(b"0").startswith(b"<") and child.named_children:
                return self._word(child.named_children[-1])
        return None

    def quoted(self) -> Iterator[tuple[str, Command | None]]:
        """Texts in quotes and here-documents, with the command that is given them."""
        for node in self._below(self.root):
            if node.type in _QUOTED:
                owner: Node | None = node.parent
                while owner is not None and owner.type not in {"command", "redirected_statement"}:
                    owner = owner.parent
                if owner is None and [inner.type for inner in node.named_children] == ["command_substitution"]:
                    continue  # What a variable is set to is no program; its commands are looked at where they stand.
                yield self._word(node), next(self._commands(owner), None) if owner is not None else None

    def _below(self, node: "Node") -> Iterator["Node"]:
        waiting = [node]
        while waiting:
            if next(self._visits, None) is None:
                raise UnscannedError("script.too-complex", "commands nested in commands, too many to be read")
            found = waiting.pop()
            yield found
            waiting.extend(reversed(found.named_children))

    def _word(self, node: "Node") -> str:
        text = text_of(node)
        if not _WRITTEN_OTHERWISE.search(text):
            return text
        if node.type == "ansi_c_string":
            text = _CODED.sub(_coded, text[1:])
        if node.type in {"raw_string", "string"} and len(text) > 1:
            text = text[1:-1] if node.type == "raw_string" else _ESCAPED_IN_QUOTES.sub(r"\1", text[1:-1])
        elif node.type != "heredoc_body" and not _WINDOWS_PATH.fullmatch(text):
            text = _ESCAPED.sub(r"\1", _QUOTE.sub("", text))
        return _VARIABLE.sub(self._filled, text)

    def _filled(self, found: re.Match[str]) -> str:
        """The value of a variable, or the piece of it that is asked for."""
        value, start = self.values.get(found[1] or found[4]), int(found[2] or 0)
        return found[0] if value is None else value[start : start + int(found[3])] if found[3] else value[start:]


def parse_shell(text: str) -> Script:
    """Bash as far as it is Bash; its grammar goes on after what it does not know."""
    root = _parser().parse(text.encode("utf-8", "replace")).root_node
    script = Script(root, {})
    for name, value in script.assigned():
        if value.type in {"word", "string", "raw_string", "concatenation"} and not any(
            inner.type in _PUT_INTO for inner in script._below(value)
        ):
            script.values[name] = script._word(value)[:2_000]
    return script


def text_of(node: "Node") -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _coded(found: re.Match[str]) -> str:
    return chr(int(found[1], 16) if found[1] else int(found[2], 8))


def _statement(node: "Node") -> "Node":
    """A command with its redirections."""
    parent = node.parent
    return parent if parent is not None and parent.type == "redirected_statement" else node


def _is_set_before(node: "Node") -> bool:
    """`X=$(…) program`"""
    above = node.parent.parent if node.parent is not None and node.parent.type == "string" else node.parent
    return (
        above is not None
        and above.type == "variable_assignment"
        and above.parent is not None
        and above.parent.type == "command"
    )


def _is_redirect(node: "Node") -> bool:
    return node.type.endswith("_redirect") or node.type == "variable_assignment"


@cache
def _parser() -> "Parser":
    # Few files hold a command that has to be parsed, and each child would pay for the import.
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))
