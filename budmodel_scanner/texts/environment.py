"""Variables of the environment by which programs load code, or choose where models, packages and answers come from."""

import re
from collections.abc import Iterator
from itertools import islice

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.known_places import DOWNLOADS, PACKAGES, host_of, is_known, is_local

_RUNS = one_of("reached", "variables that run")
# Those of runtimes hold many options, of which these load code.
_OPTIONS = {
    "ENV": expression(r"^\S*/\S*(?:rc|init|\.sh|env)$"),
    "NODE_OPTIONS": expression(r"(?:^|\s)(?:-r|--require|--import|--(?:experimental-)?loader)\b"),
    **dict.fromkeys(("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"), expression(r"-(?:javaagent|agent\w+):")),
}
_PRELOADED = one_of("reached", "preloaded")
_KEEPS_SSH = expression(r"(?:/usr/bin/)?ssh(?:\s+-(?:i\s+\S+|o\s*\w+=\w+|[vqT46]))*\s*")
_FROM = expression(
    r"(?P<downloads>HF_(?:HUB_)?ENDPOINT|HUGGINGFACE_CO_RESOLVE_ENDPOINT|MODELSCOPE_(?:DOMAIN|ENDPOINT))"
    r"|(?P<packages>PIP_(?:EXTRA_)?(?:INDEX_URL|FIND_LINKS)|UV_(?:DEFAULT_|EXTRA_)?INDEX(?:_URL)?|UV_FIND_LINKS|GOPROXY"
    r"|(?i:NPM_CONFIG_REGISTRY)|YARN_NPM_REGISTRY_SERVER|BUN_CONFIG_REGISTRY|ANTHROPIC_(?:BASE|API)_URL)"
)
_ADDRESS = expression(r"[a-z][a-z+]{1,9}://[^\s,;|\"']+")
_SET = expression(
    r"(?m)^[ \t]*(?:(?:export|ENV|ARG|set|setx|setenv|declare|typeset)(?:[ \t]+-\w+)*[ \t]+|Environment=[\"']?)?(?:\$env:)?"
    rf"(?P<name>{_RUNS.pattern}|{'|'.join(_OPTIONS)}|{re.sub(r'[?]P<[a-z]+>', '?:', _FROM.pattern)})"
    r"[ \t]{0,3}(?:[ \t]|:?=)[ \t]{0,3}(?P<value>\"[^\"\n]{0,1000}\"|'[^'\n]{0,1000}'|[^\s;&|]{1,1000})"
)
_MOST = 200
# As Hydra, OmegaConf, Compose, shells and workflows write it.
_SECRET_ADDRESS = expression(
    r"(?i)https?://[^\s\"'<>]{0,300}\$\{{0,2}\s?(?:oc\.env:|env:|env\.|secrets\.|var\.|local\.)?\w*(?:token(?!iz)|secret|passw|api_?key|credential|access_key)\w*"
    r"[^\s\"'<>]{0,200}"
)
# Keys for one service, which no other one is to be given.
OWNERS = (
    r"(HF|HUGGING_?FACE|AWS|GITHUB|GH|GITLAB|OPENAI|ANTHROPIC|WANDB|NPM|PYPI|CARGO|TWINE|AZURE|GOOGLE|GCP|KAGGLE|DOCKER)"
)
_OWNED = expression(rf"\$\{{{{0,2}}{OWNERS}_\w")


def carries_secret(text: str, *, of_another: bool = False) -> str | None:
    """An address of a stranger with a secret in it. `of_another`: programs give each service its own key every day."""
    found = _SECRET_ADDRESS.search(text) if "://" in text and "$" in text else None
    if found is None or is_known(found[0], DOWNLOADS) or is_local(found[0]):
        return None
    return found[0] if not of_another or is_of_another(found[0], found[0]) else None


def is_of_another(text: str, address: str) -> bool:
    """Whether `text` names a key for one service, and `address` is of another."""
    owned = _OWNED.search(text if "$" in text else f"${text}")
    return owned is not None and owned[1].lower().replace("_", "") not in host_of(re.sub(r"\$\{?\w+\}?", "", address))


def does(name: str, value: str) -> str | None:
    """What programs do that find the variable `name` with this value, None where that is ordinary."""
    if _RUNS.fullmatch(name):
        parts = re.split(r"[:\s]", value) if "PRELOAD" in name else [value]
        harmless = name == "PYTHONBREAKPOINT" and value in {"0", "pdb.set_trace", "ipdb.set_trace"}
        harmless |= name.startswith("GIT_SSH") and _KEEPS_SSH.fullmatch(value) is not None
        if not harmless and not all(map(_PRELOADED.fullmatch, parts)):
            return f"makes programs load {value[:120]!r} by {name}"
    if (loads := _OPTIONS.get(name)) and loads.search(value):
        return f"makes programs load code by {name}: {value[:120]!r}"
    if kind := _FROM.fullmatch(name):
        purpose = DOWNLOADS if kind["downloads"] else PACKAGES
        for address in _ADDRESS.findall(value):
            if not is_known(address, purpose) and not is_local(address):
                return f"takes what {name} stands for from {address[:120]}"
    return None


def settings_in(text: str) -> Iterator[tuple[str, str, int]]:
    """Names, values and lines of the variables above that scripts, images and files of variables set."""
    for found in islice(_SET.finditer(text), _MOST):
        yield found["name"], found["value"].strip("\"'"), text.count("\n", 0, found.start()) + 1
