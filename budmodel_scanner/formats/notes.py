"""Texts that a format keeps beside its numbers, handed to the rules that hold for such texts in any carrier.

Those rules take longer to import than most headers to read, so that only a text that may need them asks for them.
"""

import re
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.values import examine_value
from budmodel_scanner.verdict import Finding, Verdict

# What a loader may open; how a model was made is told in paths of its maker's machine.
_OF_MAKING = re.compile(r"(?:^|\.)(?:quantize|general|imatrix|training|modelspec|ss_\w+)(?:\.|$)")
_PATH_KEY = re.compile(r"(?:[._]|^)(?:paths?|files?|filenames?|dir|directory|location)$")


def examine_note(text: str, key: str, place: Place) -> Iterator[Finding]:
    """`key` is what the format calls the text."""
    if text[:1] in ("{", "["):
        from budmodel_scanner.texts.configuration import examine_configuration, written_out

        if (tree := written_out(text)) is not None:
            yield from examine_configuration(tree, place.inside(key))
            return
    yield from examine_value(key, text, key, place)
    yield from judge(Leaf(LeafKind.VALUE, text, key), place, worst=Verdict.SUSPICIOUS)
    of_file = _PATH_KEY.search(key) and not _OF_MAKING.search(key) and "://" not in text and "\n" not in text
    yield from judge(Leaf(LeafKind.FILE if of_file else LeafKind.REFERENCE, text, key, key), place)
