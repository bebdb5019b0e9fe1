"""Values of configuration in any syntax that are hostile by themselves: forms of `known/values.txt`, addresses of what is
loaded, orders to agents, and queries."""

import re
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import VALUES, matches, one_of
from budmodel_scanner.texts.known_places import is_strange
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.verdict import Finding, Verdict

_LONGEST = 4_096
_MOST_OF_LIST = 1_000
# What runs, or is unpickled, wherever it comes from; and what does once a loader takes it for a package or for weights.
_ADDRESS = expression(
    r"(?i)^(?:[\w.-]{1,80}=)?(?P<address>(?:https?|ftp|s3|gs|file|git\+https?|git\+ssh|git|ssh)(?::|\\:)//\S+?\.(?:(?P<runs>pkl|pickle|joblib|dill|py|sh|bash|ps1|so|dll|dylib|exe|bat|cmd|msi|jar|mar|whl|egg|nar|wasm)"
    r"|t?gz|tgz|git|zip|tar|bz2|xz|zst|pt|pth|ckpt|bin|h5|keras|npy|npz|[cm]?js)(?:[?#]\S*)?)$"
)
_LOADED_AS = one_of("keys", "loaded", re.IGNORECASE)
_READ_BY_PEOPLE = one_of("keys", "read by people", re.IGNORECASE)
_DOTTED = expression(r"[A-Za-z_]\w*(?:\.\w+)*[.:]\w+")
# What only talks of a name.
_NAMES_ONLY = expression(rf"(?i)(?:^|[._])(?:{one_of('keys', 'names').pattern})(?:\.\[\])?$")
_BUILT = expression(
    r"(?i)(?:^|\.)(?:pipeline|polic(?:y|ies)|components?|plugins?|callbacks?|hooks?|steps?|transforms?|handlers?|stages?)\."
)
_RUNNING = {Deed.RUNS_CODE, Deed.RUNS_PROGRAM, Deed.LOADS_OBJECTS}
_TO_AGENTS = expression(
    r"(?i)(?:^|[._])(?:description\w*|system\w*|instructions?|\w*prompt|rules?|guidelines?|persona|agent\w*)(?:\.\[\])?$"
)
# As schemas of tools say what each of their parameters is.
_OF_PARAMETERS = expression(r"(?i)(?:^|\.)(?:properties|param(?:eter)?s|arg(?:ument)?s)\.[^.]{1,80}\.(?:description|title)$")
_SHORTEST_ORDER = 40
_OF_QUERIES = expression(r"(?i)(?:^|[._])(?:sql|query|statements?|init_?sql|pipeline|cypher|kql)(?:\.\[\])?$")


def examine_value(keys: str, value: object, where: str, place: Place) -> Iterator[Finding]:
    """`keys`: the key of the value after those above it, joined by dots. Of a list, each of its texts is one."""
    for item in value[:_MOST_OF_LIST] if isinstance(value, list) else [value]:
        text = item if isinstance(item, str) else "true" if item is True else ""
        if not text or len(text) > _LONGEST:
            continue
        for name, _found in matches(VALUES, f"{keys} = {text}"):
            what = f"{keys[-80:]} {name}: {text[:120]!r}"
            yield Finding("config.hostile-value", Verdict.SUSPICIOUS, what, place.at(where))
        named = _NAMES_ONLY.search(keys) is not None and _BUILT.search(keys) is None
        if _DOTTED.fullmatch(text) and not named and (deed := deed_of(text.replace(":", "."))) in _RUNNING:
            what = f"{keys[-80:]} names {text[:120]}, which {deed}"
            yield Finding("config.target", Verdict.SUSPICIOUS, what, place.at(where))
        if "//" in text:
            yield from _address(keys, text, where, place)
        if len(text) > _SHORTEST_ORDER and " " in text:
            # Some values are told to agents, and others are only read by them, beside people.
            kind = LeafKind.ORDERS if _TO_AGENTS.search(keys) else LeafKind.NOTE
            yield from judge(Leaf(kind, text, where), place)
        if _OF_PARAMETERS.search(keys):
            from budmodel_scanner.texts.orders import wanted_by_tool

            if wanted := wanted_by_tool(text):
                yield Finding("prose.asks-for-secrets", Verdict.SUSPICIOUS, wanted, place.at(where))
        if _OF_QUERIES.search(keys):
            yield from judge(Leaf(LeafKind.QUERY, text, where), place)


def _address(keys: str, text: str, where: str, place: Place) -> Iterator[Finding]:
    found = _ADDRESS.match(text)
    loaded = found and (_LOADED_AS.search(keys) or (found["runs"] and not _READ_BY_PEOPLE.search(keys)))
    address = found["address"].replace("\\:", ":") if found else ""
    if loaded and is_strange(address):
        yield Finding("config.url", Verdict.SUSPICIOUS, f"{keys[-80:]} is fetched from {address[:120]}", place.at(where))
