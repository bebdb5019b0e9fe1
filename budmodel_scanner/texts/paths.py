"""Paths in files of a repository: whether following them leaves it."""

import re

_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")


def leaves_repository(path: str, *, absolute_too: bool = True) -> str | None:
    """Why following `path` leaves the repository, or None. In places, absolute paths of an author's machine are ordinary."""
    parts = path.replace("\\", "/").split("/")
    depth = 0
    for part in parts:
        depth += -1 if part == ".." else 1 if part not in {"", "."} else 0
        if depth < 0:
            return "leads out of the repository"
    if absolute_too and (path.startswith(("/", "\\", "~")) or _DRIVE.match(path)):
        return "is absolute"
    if "\x00" in path:
        return "holds a NUL"
    return None
