"""Writes the corpus into a directory: `python -m tests.corpus DIR`, the files under `DIR/files`, their labels beside."""

import sys
from pathlib import Path

from tests.corpus.everything import LABELS, corpus, write, write_labels


def main(target: str) -> None:
    """Writes everything into `target`, a directory that must not exist."""
    folder = Path(target)
    files = folder / "files"
    files.mkdir(parents=True)
    samples = corpus()
    write(samples, files)
    write_labels(samples, folder / LABELS)
    hostile = sum(sample.hostile for sample in samples)
    kinds = len({sample.kind for sample in samples})
    print(f"{len(samples):,} files in {kinds} classes, {hostile:,} of them hostile: {files}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.corpus DIR")
    main(sys.argv[1])
