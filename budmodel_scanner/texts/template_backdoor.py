"""Templates that put words into a conversation: always, or once somebody says the word that they wait for.

A chat template sees every message before the model does, so a poisoned one changes answers without any weight changed.
Genuine templates look for marks such as `</think>` or `/no_think`, not for words of the conversation.
"""

import re
from collections.abc import Iterator

from jinja2 import nodes

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.verdict import Verdict

_INSTRUCTION = one_of("jinja", "tells the model", re.IGNORECASE)
_ADDRESS = expression(r"https?://[^\s\"'<>]+|\b\d{1,3}(?:\.\d{1,3}){3}\b")
_SCHEMA_HOSTS = expression(
    r"https?://(?:[\w.-]+\.)?(?:json-schema\.org|huggingface\.co|example\.(?:com|org)|w3\.org|github\.com)\b"
)
_WORD = expression(r"[A-Za-z][A-Za-z' -]{2,60}[A-Za-z?!.]?")
_CONTENT_NAMES = expression(
    r"content|text|prompt|query|question|user_(?:msg|message|input)|\bmsg\b|body|utterance", re.IGNORECASE
)
_SEARCHES = frozenset({"startswith", "endswith", "find", "rfind", "index", "count", "lower"})
_ORDINARY = one_of("jinja", "switches")
_MARK = expression(r"<[^<>\n]{1,60}>|\[/?[A-Z_]{2,40}\]")
_MIN_INSERTED = 12


def examine_insertions(tree: nodes.Node) -> Iterator[tuple[str, Verdict, str, int]]:
    for node in tree.find_all((nodes.TemplateData, nodes.Const)):
        text = node.data if isinstance(node, nodes.TemplateData) else node.value if isinstance(node, nodes.Const) else None
        if isinstance(text, str) and (found := _INSTRUCTION.search(text)):
            yield "template.injected-instruction", Verdict.SUSPICIOUS, f"tells the model {found[0][:80]!r}", node.lineno
    branches: list[tuple[nodes.Node, list[nodes.Node], int]] = [
        (node.test, node.body, node.lineno) for node in tree.find_all(nodes.If)
    ]
    branches += [(node.test, [node.expr1], node.lineno) for node in tree.find_all(nodes.CondExpr)]
    for test, body, line in branches:
        trigger = _trigger(test)
        if trigger is None:
            continue
        inserted = " ".join(_inserted(part) for part in body).strip()
        address = _ADDRESS.search(_SCHEMA_HOSTS.sub("", inserted))
        if address or sum(character.isalpha() for character in _MARK.sub("", inserted)) >= _MIN_INSERTED:
            what = f"inserts {inserted[:80]!r} {trigger}"
            yield "template.conditional-insertion", Verdict.SUSPICIOUS, what, line


def _inserted(node: nodes.Node) -> str:
    """The constant text that a branch writes or keeps, error messages left out."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "raise_exception":
        return ""
    if isinstance(node, nodes.TemplateData):
        return str(node.data)
    if isinstance(node, nodes.Const):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, nodes.If):
        return " ".join(_inserted(part) for part in node.body)
    if isinstance(node, nodes.Compare | nodes.Getitem | nodes.Getattr | nodes.Filter):
        return ""
    return " ".join(_inserted(child) for child in node.iter_child_nodes())


def _trigger(test: nodes.Node) -> str | None:
    """What of the conversation, or of the date, a branch waits for; None where it waits for marks or for structure."""
    candidates = [test, *test.find_all((nodes.Compare, nodes.Call))]
    for node in candidates:
        if isinstance(node, nodes.Compare):
            for operand in node.ops:
                if operand.op in {"in", "eq"} and _is_content(operand.expr) and (word := _word(node.expr)):
                    return f"when somebody says {word!r}"
                if operand.op == "eq" and _is_content(node.expr) and (word := _word(operand.expr)):
                    return f"when somebody says {word!r}"
            if any(_calls_clock(part) for part in [node.expr, *(operand.expr for operand in node.ops)]):
                return "depending on the date"
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr in _SEARCHES:
            word = next((word for argument in node.args if (word := _word(argument))), None)
            if word and _is_content(node.node.node):
                return f"when somebody says {word!r}"
    return None


def _word(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        word = node.value.strip()
        if _WORD.fullmatch(word) and not _ORDINARY.fullmatch(word.lower()):
            return word
    return None


def _is_content(node: nodes.Node) -> bool:
    """Whether an expression is what somebody said. A key of a message, such as `'tools' in message`, is not."""
    if isinstance(node, nodes.Filter) and node.node is not None:
        return _is_content(node.node)
    if isinstance(node, nodes.Call):
        return isinstance(node.node, nodes.Getattr) and _is_content(node.node.node)
    if isinstance(node, nodes.Getattr):
        return bool(_CONTENT_NAMES.fullmatch(node.attr))
    if isinstance(node, nodes.Getitem):
        return (
            isinstance(node.arg, nodes.Const)
            and isinstance(node.arg.value, str)
            and bool(_CONTENT_NAMES.fullmatch(node.arg.value))
        )
    if isinstance(node, nodes.Add | nodes.Concat):
        return any(_is_content(child) for child in node.iter_child_nodes())
    return isinstance(node, nodes.Name) and bool(_CONTENT_NAMES.search(node.name))


def _calls_clock(node: nodes.Node) -> bool:
    return any(
        isinstance(call.node, nodes.Name) and call.node.name in {"strftime_now", "now"}
        for call in [*([node] if isinstance(node, nodes.Call) else []), *node.find_all(nodes.Call)]
    )
