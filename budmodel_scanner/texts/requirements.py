"""Requirements of pip: what an installer fetches."""

import re
from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.known_places import PACKAGES, is_known
from budmodel_scanner.verdict import Finding, Verdict

_DIRECT = expression(r"(?i)(?:^|[\s@=])((?:git|hg|svn|bzr)\+\S+|(?:https?|ftp|file)://\S+)")
_OPTION = expression(r"^\s*(?:--(?:extra-)?index-url|-i|--find-links|-f|--trusted-host|--pre-install)[=\s]+(\S+)")


def examine_requirements(text: str, place: Place) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), start=1):
        yield from examine_requirement(line, place, place.at(f"line {number}"))


def examine_requirement(line: str, place: Place, where: str) -> Iterator[Finding]:
    """One line of requirements, as in pip's own file or in a list of a configuration."""
    line = re.split(r"\s#", line.strip(), maxsplit=1)[0]
    if not line or line.startswith("#") or len(line) > 4_000:
        return
    if option := _OPTION.match(line):
        if not is_known(option[1], PACKAGES):
            what = f"installs from {option[1][:120]}"
            yield Finding("requirements.index", Verdict.SUSPICIOUS, what, where or place.at(""))
    elif (direct := _DIRECT.search(line)) and not is_known(direct[1].strip("\"'"), PACKAGES):
        yield Finding("requirements.direct", Verdict.SUSPICIOUS, f"installs {direct[1][:120]}", where or place.at(""))
