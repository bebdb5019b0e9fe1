"""What the containers have in common: how they report, which member names are dangerous, and when expansion is a bomb."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from budmodel_scanner.content import Place
from budmodel_scanner.examiner import suspicious
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.paths import DEVICE, runs_by_name
from budmodel_scanner.texts.python_deeds import PERSISTENCE
from budmodel_scanner.verdict import Finding

# Ordinary weights and texts shrink to a tenth at most; only runs of one byte come near deflate's limit of 1:1032.
BOMB_RATIO = 200
BOMB_BYTES = 4 << 20

_CONTROL = expression(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def shown(name: str) -> str:
    """A name that somebody else chose, safe to print."""
    return ascii(name if len(name) <= 120 else f"{name[:117]}...")


def name_problem(name: str) -> str | None:
    """Why extracting a member of this name could write elsewhere, run, or show another name than it has."""
    if not name:
        return "is empty"
    if _CONTROL.search(name):
        return "has control characters"
    path = name.replace("\\", "/")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "is absolute"
    if ".." in path.split("/") or path.startswith("~"):
        return "leaves the archive"
    if any(map(DEVICE.match, path.split("/"))):
        return "is that of a device on Windows"
    if runs := runs_by_name(path):
        return f"is told by: {runs}"
    return f"is that of {stays[0]}, which each login or boot runs" if (stays := PERSISTENCE.search(path)) else None


def leaves(directory: str, target: str) -> bool:
    """Whether a link in `directory` to `target` points out of the archive."""
    if target.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", target):
        return True
    depth = 0
    for part in f"{directory}/{target}".replace("\\", "/").split("/"):
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0:
            return True
    return False


def examine_names(names: Iterable[str], area: str, place: Place) -> Iterator[Finding]:
    """Dangerous names, and names that occur twice, for readers differ in which of the two they take."""
    seen: dict[str, str] = {}
    for name in names:
        problem = name_problem(name)
        if problem:
            yield suspicious(place, f"{area}.member-name", f"the member name {shown(name)} {problem}")
        same = "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", ".")).casefold()
        if same in seen:
            what = f"two members are called {shown(seen[same])} and {shown(name)}"
            yield suspicious(place, f"{area}.duplicate-name", what)
        seen.setdefault(same, name)


@dataclass(slots=True)
class Expansion:
    """Watches how much a compressed stream grows, and spends the budget of the file for it."""

    place: Place
    packed: int = 0
    expanded: int = 0

    def grew(self, length: int) -> None:
        """Raises UnscannedError (`budget`)."""
        self.expanded += length
        self.place.budget.spend("expanded_bytes", length)

    @property
    def is_bomb(self) -> bool:
        return self.expanded >= BOMB_BYTES and self.expanded > BOMB_RATIO * max(1, self.packed)

    def finding(self, area: str) -> Finding:
        return suspicious(
            self.place, f"{area}.bomb", f"{self.packed:,} bytes expand to {self.expanded:,} or more; the rest was not read"
        )
