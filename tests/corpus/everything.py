"""The whole corpus, and how it is laid out on disk."""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.corpus import (
    archives,
    arrays,
    binaries,
    bypasses,
    carriers,
    catboost_files,
    configurations,
    documents,
    estimators,
    hostile_pickles,
    hostile_torch,
    keras_files,
    paths,
    programs,
    protobufs,
    repositories,
    small_binaries,
    templates,
    tensor_headers,
    tools,
    torch_files,
    tricks,
    weights_beside,
)
from tests.corpus.sample import Sample

LABELS = "labels.tsv"


@cache
def corpus() -> tuple[Sample, ...]:
    """Every sample. Paths are distinct and stay the same from run to run."""
    found = tuple(_all())
    paths_found = {sample.path for sample in found}
    if len(paths_found) < len(found):
        raise ValueError(f"{len(found) - len(paths_found)} samples share a path with another")
    return found


def _all() -> Iterator[Sample]:
    yield from hostile_pickles.samples()
    yield from torch_files.samples()
    yield from hostile_torch.samples()
    yield from archives.samples()
    yield from arrays.samples()
    yield from tensor_headers.samples()
    yield from templates.samples()
    yield from protobufs.samples()
    yield from weights_beside.samples()
    yield from catboost_files.samples()
    yield from keras_files.samples()
    yield from small_binaries.samples()
    yield from configurations.samples()
    yield from carriers.samples()
    yield from tools.samples()
    yield from tricks.samples()
    yield from programs.samples()
    yield from documents.samples()
    yield from binaries.samples()
    yield from paths.samples()
    yield from estimators.samples()
    yield from repositories.samples()
    yield from bypasses.samples()


def write(samples: tuple[Sample, ...], folder: Path) -> None:
    """The files of `samples` under `folder`, which must exist."""
    for sample in samples:
        path = folder / sample.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if sample.link is not None:
            path.symlink_to(sample.link)
        else:
            path.write_bytes(sample.content)


def write_labels(samples: tuple[Sample, ...], path: Path) -> None:
    """A table of path, label, kind and why; beside the corpus, not in it, because it is no sample."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerow(["path", "label", "kind", "why"])
        table.writerows([sample.path, sample.label, sample.kind, sample.why] for sample in samples)
