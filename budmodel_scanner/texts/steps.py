"""Steps of tools in a tree, as statements: what they fetch, what they are run with, and what is filled in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts import keys
from budmodel_scanner.texts.shell_programs import PRIVATE
from budmodel_scanner.texts.statements import Statement, listing

_MAX_STEPS = 20_000
_MOST_NAMED = 2_000
# Where a step of a tool fetches from, and where it puts what it fetched.
_FROM_KEY = expression(r"(?i)^(?:ur[li]s?|src|source|from|link|href|get|download\w*|\w+_url)$")
_TO_KEY = expression(r"(?i)^(?:dest\w*|target|to|path|output\w*|out|into|file\w*|creates|save_as|location|name)$")
# Programs and what they are started with, as tools call them.
_PROGRAM_KEY = expression(r"(?i)(?:\w*command|cmd|program|path|exe|exec|\w*executable|entry_?point)")
_WORDS_KEY = expression(r"(?i)(?:\w*(?:args|arguments)|parameters|command arguments)")
# What is filled in from elsewhere, and where that is set.
REFERS = expression(r"<<|\$|\{\{")
_NAMES_VALUES = expression(
    r"(?i)(?:\w*param(?:eter)?s|inputs|env\w*|\w*vars|var|variables|matrix|arg(?:ument)?s|values|set_fact|with)"
)
# A command that is nothing but what another step put out; and under which names steps put something out.
_WHOLLY = expression(
    r"""(?x)\s*(?:(?:/bin/)?(?:ba|z|da)?sh\s+-\w*c\s+|eval\s+)?["']?
    (?:\$\{\{([^{}\n]+)\}\}|\{\{([^{}\n]+)\}\}|<<([^<>\n]+)>>|\$\(([\w.]+)\)|\$\{?(\w+)\}?)["']?\s*"""
)
_PUT_OUT = expression(r"\bvariable=(\w{1,60})|[\"'\s=](?!variable=)(\w{1,60})(?:=|<<)")
_PUTS_OUT = expression(r"\$\{?GITHUB_(?:OUTPUT|ENV)\b|##vso\[task\.setvariable|::set-output")
# Where Drone and Woodpecker, and pods, take a variable from a store of secrets.
_OF_A_STORE = frozenset({"from_secret", "secretKeyRef"})
# What a step gives to the address that it asks.
_CARRIED = frozenset({"body", "data", "payload", "content", "json", "form", "form_data", "request_body", "postdata"})
_LONGEST_PATH = 200
_ITS_NAMES = ("id", "register", "name", "task_id")


def steps(tree: object) -> Iterator[Statement]:
    """Mappings and lists in the order in which they stand, as statements: what they fetch, and what they are run with."""
    if isinstance(tree, list):
        tree = [item for item in tree if not isinstance(item, Mapping) or not is_record(item, ("[]",))]
    waiting: list[tuple[str, object]] = [("", tree)]
    for _ in range(_MAX_STEPS):
        if not waiting:
            return
        key, node = waiting.pop()
        if isinstance(node, str):
            node = [node]
        if isinstance(node, list | tuple):
            if node and all(isinstance(item, str) for item in node):
                yield listing(key, node)
                yield from _runs_what_is_put_out(key, node)
            else:
                waiting.extend((key, item) for item in reversed(node) if isinstance(item, Mapping | list | tuple | str))
        elif isinstance(node, Mapping):
            yield from _of_mapping(key, node)
            waiting.extend(
                (str(name), value)
                for name, value in reversed(list(node.items()))
                if isinstance(value, Mapping | list | tuple | str) and not keys.names_data(str(name), node, key)
            )


def _of_mapping(key: str, node: Mapping[Any, object]) -> Iterator[Statement]:
    if fetched := download_step(node):
        yield fetched
    if words := started_by(node):
        yield listing("command", words)
    # What a step that asks an address puts out goes by the name of the step, or by one that it says.
    inner = [value for value in node.values() if isinstance(value, Mapping)]
    texts = [word for part in (node, *inner) for value in part.values() for word in _as_words(value) if "://" in word]
    told = [(str(at).lower(), word) for part in (node, *inner) for at, value in part.items() for word in _as_words(value)]
    if private := [word for _, word in told if len(word) < _LONGEST_PATH and PRIVATE.search(word)]:
        yield from (Statement(f'{node[name]} = read("0")', (private[0],), 1) for name in _ITS_NAMES if name in node)
    if texts and (carried := [word for at, word in told if at in _CARRIED]):
        yield Statement(f"request({listing('', [texts[0], *carried]).code})", (texts[0], *carried), 1)
    if 0 < len(texts) < _MOST_NAMED:
        names = {str(node[name]) for name in _ITS_NAMES if name in node} | ({key} if "sh" in node else set())
        names |= {name for text in texts if _PUTS_OUT.search(text) for found in _PUT_OUT.findall(text) for name in found}
        for name in filter(str.isidentifier, names):
            yield Statement(f"{name} = fetch({listing('', texts).code})", tuple(texts), 1)


def started_by(node: Mapping[Any, object]) -> list[str]:
    """The program that a mapping names, with what it is started with, which stands under another key."""
    lists = [value for key, value in node.items() if str(key)[-1:] in "sS" and _WORDS_KEY.fullmatch(str(key))]
    told = [word for value in lists for word in _as_words(value)]
    programs = [value for key, value in node.items() if _PROGRAM_KEY.fullmatch(str(key))] if told else []
    return [*(word for value in programs for word in _as_words(value)), *told]


def _runs_what_is_put_out(key: str, texts: Sequence[Any]) -> Iterator[Statement]:
    for text in texts:
        if len(text) < 200 and keys.COMMAND.search(key) and (found := _WHOLLY.fullmatch(text)):
            yield Statement(f"eval({next(filter(None, found.groups()))})", (), 1)


def _as_words(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def _as_mapping(value: object) -> Mapping[Any, object]:
    return value if isinstance(value, Mapping) else {}


def download_step(step: Mapping[Any, object], line: int = 1) -> Statement | None:
    """What a step of a tool, such as `get_url` with `url` and `dest`, fetches into a file."""
    texts = {str(key): value for key, value in step.items() if isinstance(value, str)}
    fetched = next((value for key, value in texts.items() if _FROM_KEY.search(key)), "")
    kept = next((value for key, value in texts.items() if _TO_KEY.search(key)), "")
    return Statement('download("0", "1")', (fetched, kept), line) if "://" in fetched and kept else None


def named_in(tree: object) -> dict[str, str]:
    """Variables and parameters that a tool fills in, by their names: what they are set to, or what they are by default."""
    values: dict[str, str] = {}
    waiting: list[tuple[bool, object]] = [(False, tree)]
    for _ in range(_MAX_STEPS):
        if not waiting or len(values) > _MOST_NAMED:
            break
        names_values, node = waiting.pop()
        if isinstance(node, list):
            waiting.extend((names_values, item) for item in node)
        if not isinstance(node, Mapping):
            continue
        pairs = [(node.get("name"), node)] if names_values and "name" in node else list(node.items()) if names_values else []
        for name, value in pairs:
            told: object = value
            if isinstance(value, Mapping):
                stored = not _OF_A_STORE.isdisjoint({**value, **_as_mapping(value.get("valueFrom"))})
                # As those of a build server are called that hold what signs in.
                told = f"${{secret_{name}}}" if stored else value.get("default", value.get("value"))
            if isinstance(name, str) and isinstance(told, str):
                values.setdefault(name, told)
        waiting.extend((_NAMES_VALUES.fullmatch(str(key)) is not None, value) for key, value in node.items())
    return values


def is_record(node: Mapping[object, object], path: tuple[str, ...]) -> bool:
    """Whether it is a row of a data set: an item of a list at the top, or of one called rows, with a column of such."""
    of_rows = path == ("[]",) or (len(path) == 2 and path[1] == "[]" and keys.ROWS.fullmatch(path[0]) is not None)
    return of_rows and any(isinstance(key, str) and keys.COLUMN.fullmatch(key) for key in node)
