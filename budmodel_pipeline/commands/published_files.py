"""Files of a source that lie on a disk."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from budmodel_pipeline.sources.contract import Source


def files_of(source: "Source", file: Path) -> dict[str, bytes]:
    """The bytes of each endpoint of `source` by its name.

    They come from its one file, from a directory that holds its files, or from one that is laid out as a mirror.
    """
    from budmodel_pipeline.fetching.mirror import mirror_path
    from budmodel_pipeline.sources.contract import SourceError

    paths = {endpoint: mirror_path(endpoint.url) for endpoint in source.endpoints}
    wanted = {endpoint: path.rpartition("/")[2] for endpoint, path in paths.items() if not endpoint.supplement}
    if file.is_file():
        if len(wanted) > 1:
            names = ", ".join(wanted.values())
            raise click.BadParameter(f"{source.slug} has several files; give a directory with {names}", param_hint="FILE")
        return {endpoint.name: file.read_bytes() for endpoint in wanted}
    found: dict[str, bytes] = {}
    for endpoint, path in paths.items():
        places = [file / path, *([file / wanted[endpoint]] if endpoint in wanted else [])]
        place = next((place for place in places if place.is_file()), None)
        if place is not None:
            found[endpoint.name] = place.read_bytes()
        elif endpoint in wanted:
            raise click.BadParameter(f"{file} lacks {wanted[endpoint]}", param_hint="FILE")
    # Those that a file lists lie where a mirror has them; whoever parses that file says what is wrong with it.
    with suppress(SourceError):
        listed = {one.name: file / mirror_path(one.url) for one in source.all_endpoints(found) if one.name not in found}
        found |= {name: place.read_bytes() for name, place in listed.items() if place.is_file()}
    return found
