"""Symbolic links that a scan follows: within the scanned folder, and from a hub client's snapshot into its own blobs.

A hub client keeps `models--org--name/snapshots/<commit>/config.json` as a link to `../../blobs/<digest>`. Every other link
that leaves the folder is left alone: whoever made the folder would choose which files of this machine are read.
"""

from collections.abc import Iterable
from os.path import normpath
from pathlib import Path

from budmodel_scanner.expressions import expression

_DIGEST = expression(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REPOSITORIES = ("models--", "datasets--", "spaces--")


def followed(folder: Path, links: Iterable[str]) -> dict[str, Path]:
    """Of the links in `folder`, those that may be followed, each with the regular file that it leads to."""
    root = folder.resolve()
    found = {}
    for path in links:
        link = root / path
        try:
            file = link.resolve(strict=True)
            if file.is_file() and (file.is_relative_to(root) or _is_blob_of(root, link, file)):
                found[path] = file
        except (OSError, RuntimeError):
            continue  # It leads nowhere, or in a circle.
    return found


def is_blob(file: Path) -> bool:
    """Whether a hub client keeps it under its digest, which says nothing of what it is; its snapshots have its names."""
    kept = file.parent
    return kept.name == "blobs" and _DIGEST.fullmatch(file.name) is not None and kept.parent.name.startswith(_REPOSITORIES)


def _is_blob_of(root: Path, link: Path, file: Path) -> bool:
    """Whether `root` is a snapshot, or lies in one, and the link leads straight to a blob beside the snapshots."""
    straight = normpath(link.parent / link.readlink()) == str(file)
    snapshots = file.parent.parent / "snapshots"
    return straight and is_blob(file) and root != snapshots and root.is_relative_to(snapshots)
