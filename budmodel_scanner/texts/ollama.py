"""What Ollama makes a model of: the files that it takes, and what the model is told before anybody speaks to it."""

from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.verdict import Finding

_FILE = expression(r"(?im)^[ \t]*(FROM|ADAPTER)[ \t]+(\S+)")
_ORDERS = expression(r'(?im)^[ \t]*(?:SYSTEM|MESSAGE[ \t]+\w+)[ \t]+(?:"{3}([^"]*(?:"(?!"")[^"]*)*)|"?([^"\n]+))')


def examine_modelfile(text: str, place: Place) -> Iterator[Finding]:
    for named in _FILE.finditer(text):
        yield from judge(Leaf(LeafKind.FILE, named[2], role=named[1]), place)
    for told in _ORDERS.finditer(text):
        yield from judge(Leaf(LeafKind.ORDERS, told[1] or told[2]), place)
