"""Configuration of any syntax, as a tree: keys that make a loader fetch or run code, and paths that leave the repository."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts import keys, settings, tool_configuration
from budmodel_scanner.texts.environment import carries_secret, settings_in
from budmodel_scanner.texts.layouts import examine_layout
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.shell_commands import reads_as_command
from budmodel_scanner.texts.shell_deeds import fetches, runs
from budmodel_scanner.texts.sources import examine_statements
from budmodel_scanner.texts.statements import filled_in, in_words, statements
from budmodel_scanner.texts.steps import REFERS, is_record, named_in, started_by, steps
from budmodel_scanner.verdict import Finding, Verdict

_MAX_FINDINGS = 40
_MAX_PATH = 200
_LONGEST_PATH = 4_096
_MOST_KEPT = 1_000

Path = tuple[str, ...]

_URL = expression(r"(?i)^(?:https?|ftp|file|smb)://")
_NETWORK_SHARE = expression(r"^(?:\\\\[\w.-]+\\|(?:smb|cifs)://\w)")
# Under which keys variables stand as `NAME=value`.
_SETS = expression(r"(?i)env|variables|args|options")
_OF_CODE = {Deed.RUNS_CODE, Deed.RUNS_PROGRAM, Deed.CONNECTS, Deed.LOADS_OBJECTS}
_SUSPECT_TEXT = expression(
    r"__import__|\beval\s*\(|\bexec\s*\(|\bos\s*\.\s*(?:system|popen)|\bsubprocess\b|\bcompile\s*\(|\bgetattr\s*\(|/dev/tcp/|\brmtree\b|\bexpanduser\b|\b(?:curl|wget|powershell|nc|bash)\b|__subclasses__|__globals__"
)
_TEXT_PICKLE = expression(r"\(?[ci][A-Za-z_][\w.]{0,100}\n[A-Za-z_][\w.]{0,100}\n[(pq)]")
# As a pickle stands in a text of JSON: by escapes, each byte a character.
_BINARY_PICKLE = expression(r"\x80[\x02-\x05](?:\x95|c|\]|\}|K|X|\x8c|\()", re.DOTALL)


def examine_configuration(tree: object, place: Place) -> Iterator[Finding]:
    """`tree` is made of dict, list, str, numbers, bool and None, and holds nothing twice."""
    yield from _once(chain(_of_whole(tree, place), _findings(tree, (), place)))


def examine_parts(parts: Iterable[tuple[Path, object]], place: Place) -> Iterator[Finding]:
    """The same of a tree that is too large to be held: its parts, each with the keys that lead to it."""
    whole: dict[str, object] = {}

    def findings() -> Iterator[Finding]:
        for path, part in parts:
            if len(path) == 1 and path[0] != "[]" and len(whole) < _MOST_KEPT:
                whole[path[0]] = part
            named = path[-1:] != ("[]",) and path != ()
            yield from _findings({path[-1]: part} if named else part, path[:-1] if named else path, place)
        yield from _of_whole(whole, place)

    yield from _once(findings())


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The worst that is said of each thing, which several ways may lead to; also before what cannot be read to its end."""
    worst: dict[tuple[str, str], Finding] = {}
    try:
        for finding in findings:
            known = worst.get(said := (finding.rule, finding.what))
            if (known.verdict.rank < finding.verdict.rank) if known else len(worst) < _MAX_FINDINGS:
                worst[said] = finding
    finally:
        yield from worst.values()


def _of_whole(tree: object, place: Place) -> Iterator[Finding]:
    name = place.name.rsplit("/", 1)[-1].lower()
    yield from tool_configuration.examine(tree, name, place)
    yield from examine_layout(tree, name, place)


def _findings(tree: object, way: Path, place: Place) -> Iterator[Finding]:
    is_data = any(keys.DATA.search(part) for part in way)
    waiting: list[tuple[Path, object, bool]] = [(way, tree, is_data)]
    # No data set is TOML: `output` and the like are parts of a tool there.
    of_tool = place.name.endswith(".toml")
    reaches = acts = False
    texts: list[str] = []
    while waiting:
        path, node, is_data = waiting.pop()
        if isinstance(node, Mapping):
            yield from _mapping(node, path, place)
            if not is_data and (words := started_by(node)):
                yield from judge(Leaf(LeafKind.VALUE, in_words(words), _where(path)), place)
            is_data = is_data or is_record(node, path)
            above = path[-1] if path else ""
            waiting.extend(
                (
                    (*path[-5:], str(key)),
                    value,
                    is_data or (keys.names_data(str(key), node, above) and not (of_tool and isinstance(value, Mapping))),
                )
                for key, value in node.items()
            )
            for key in node:
                if isinstance(key, str) and len(key) < 200:
                    acts = acts or keys.COMMAND.search(key) is not None
                    if _SUSPECT_TEXT.search(key):
                        yield from _text(key, path, place, is_data or keys.LETTERS.match("".join(path[-1:])) is not None)
        elif isinstance(node, list | tuple):
            if not is_data and _is_command(node, path):
                yield from judge(Leaf(LeafKind.VALUE, in_words([*node]), _where(path)), place)
            inner = (*path, "[]") if path[-1:] != ("[]",) else path
            waiting.extend((inner, value, is_data) for value in node)
        elif isinstance(node, str):
            is_data = is_data or keys.holds_letters(path)
            if not is_data:
                reaches = reaches or fetches(node)
                texts.append(node)
                if (written := written_out(node)) is not None:
                    waiting.append((path, written, is_data))
            yield from _text(node, path, place, is_data)
    values = named_in(tree) if any(map(REFERS.search, texts)) else {}
    if values:
        texts = [filled_in(text, values) for text in texts]
        reaches = reaches or any(map(fetches, texts))
    if reaches and (acts or any(map(runs, texts))):
        stream = list(steps(tree))
        yield from examine_statements(stream, place, worst=Verdict.SUSPICIOUS, kind=LeafKind.VALUE, known=values)


def _is_command(items: Sequence[object], path: Path) -> bool:
    """Whether a list may be a program and its words, none of which is a command by itself."""
    first = items[0] if 1 < len(items) < _MOST_WORDS and all(isinstance(item, str) for item in items) else ""
    return isinstance(first, str) and reads_as_command(first) and not keys.holds_letters((*path, "[]"))


_MOST_WORDS = 60


def written_out(text: str) -> object:
    """The tree that a text is in JSON, as loaders hand one to another; None for any other text."""
    if len(text) < _LONGEST_WRITTEN and _BEGINS_AS_JSON.match(text):
        with suppress(ValueError, RecursionError):
            return json.loads(text)
    return None


_LONGEST_WRITTEN = 1 << 20
_BEGINS_AS_JSON = expression(r"\s*(?:[{\[]\s*[\"{\[]|\"\s*[{\[])")


def _where(path: Path) -> str:
    return ".".join(path)[:_MAX_PATH]


def _at(path: Path, place: Place) -> str:
    return place.at(_where(path))


def _mapping(node: Mapping[object, object], path: Path, place: Place) -> Iterator[Finding]:
    name, set_to = node.get("name"), node.get("value")
    if isinstance(name, str) and isinstance(set_to, str):
        # As Kubernetes and its like write an environment.
        yield from judge(Leaf(LeafKind.VARIABLE, set_to, _where(path), name), place)
    for key, value in node.items():
        if not isinstance(key, str):
            continue
        if isinstance(value, str) and key.isupper():
            yield from judge(Leaf(LeafKind.VARIABLE, value, _where((*path, key)), key), place)
        where = _where((*path, key))
        if keys.holds_letters((*path, key, "[]") if isinstance(value, list) else (*path, key)):
            continue
        yield from tool_configuration.examine_setting(key, value, where, place)
        yield from settings.examine_setting(key, value, node, path, where, place)


def _text(text: str, path: Path, place: Place, is_data: bool) -> Iterator[Finding]:
    key = next((part for part in reversed(path) if part != "[]"), "")
    if not text:
        return
    if "{" in text and any(keys.TEMPLATE.search(part) for part in path[-4:]):
        # Its parser costs more to import than most files to examine.
        from budmodel_scanner.texts.template import examine_template

        must_parse = any("chat_template" in part for part in path[-4:])
        yield from examine_template(
            text, place.inside(".".join(part for part in path if part != "[]") or "template"), must_parse=must_parse
        )
        return
    if len(text) > 20_000:
        return
    if text[0] in "\x80(ci" and (_BINARY_PICKLE.match(text) or _TEXT_PICKLE.match(text)):
        yield Finding("config.pickle", Verdict.SUSPICIOUS, f"{key} holds a pickle as text", _at(path, place))
    if keys.holds_letters(path):
        return
    if _NETWORK_SHARE.match(text):
        what = f"{key} names a share on the network: {text[:80]}"
        yield Finding("config.network-share", Verdict.SUSPICIOUS, what, _at(path, place))
    is_file = keys.FILE.search(key) or (key == "path" and place.name.endswith("modules.json"))
    if (is_file and len(text) < _LONGEST_PATH and place.name.endswith(".json")) or (
        key in keys.LISTED["models"] and _URL.match(text)
    ):
        yield from judge(Leaf(LeafKind.FILE, text, _where(path), key), place)
    for name, value, _ in settings_in(text) if "=" in text and _SETS.search(key) else ():
        yield from judge(Leaf(LeafKind.VARIABLE, value, _where(path), name), place)
    if address := carries_secret(text):
        what = f"{key} sends a secret of the environment to {address[:120]}"
        yield Finding("config.sends-secret", Verdict.SUSPICIOUS, what, _at(path, place))
    if is_data:
        return
    either = keys.EITHER.search(key) is not None
    worst = Verdict.MALICIOUS if any(keys.COMMAND.search(part) for part in path[-3:]) else Verdict.SUSPICIOUS
    yield from judge(Leaf(LeafKind.VALUE if either else LeafKind.COMMAND, text, _where(path)), place, worst=worst)
    if worst is Verdict.MALICIOUS and ("\n" in text or ";" in text):
        # A step of several statements is a program, in whatever language.
        yield from examine_statements(list(statements(text)), place, worst=Verdict.SUSPICIOUS)
    # A step of Python is examined as a program of its own.
    if ("(" in text or "__" in text) and not (key == "run" and "\n" in text) and _SUSPECT_TEXT.search(text):
        yield from _code(text, key, path, place)


# What a name stands for that is put together, and what is done with a call's answer.
_HELD_CALL = expression(r"^__builtins__\.(?:exec|eval)$|urlopen\(\)\.read$")


def _code(text: str, key: str, path: Path, place: Place) -> Iterator[Finding]:
    """Code where a value is expected. Prose that talks of code does not parse as one expression."""
    from budmodel_scanner.texts.python_behaviour import verdict_of_code
    from budmodel_scanner.texts.python_bindings import names_of

    text = text.strip()
    if text[:1] in {"'", '"'} and text[-1:] == text[:1]:
        text = text[1:-1]
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    names = names_of([*ast.walk(tree)])
    what = f"{key} holds code: {text.strip()[:120]!r}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            deed = deed_of(names.dotted(node.func))
            if (
                deed in _OF_CODE
                or _HELD_CALL.search(names.dotted(node.func) or "")
                or names.dotted(node.func) == "__import__"
            ):
                verdict = Verdict.MALICIOUS if deed is Deed.RUNS_PROGRAM else Verdict.SUSPICIOUS
                yield Finding("config.code-in-value", verdict, what, _at(path, place))
                return
        if isinstance(node, ast.Attribute) and node.attr in {"__subclasses__", "__globals__", "__builtins__"}:
            yield Finding("config.code-in-value", Verdict.SUSPICIOUS, what, _at(path, place))
            return
    if len(tree.body) > 1 and verdict_of_code(text, names) is Verdict.MALICIOUS:
        yield Finding("config.code-in-value", Verdict.SUSPICIOUS, what, _at(path, place))
