"""What our own examination says of the corpus, in this process; and a program that says it of a directory.

`python -m tests.corpus.judging DIR` examines the files that lie in `DIR` as `everything.write` lays them out, and prints
verdicts and rules by path as JSON.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath

from budmodel_scanner.content import MemoryContent, Place
from budmodel_scanner.described_weights import joined
from budmodel_scanner.repository_checks import check_paths, check_references
from budmodel_scanner.router import examine_file
from budmodel_scanner.verdict import Finding, Verdict, verdict_of

FLAGGED = frozenset({Verdict.SUSPICIOUS, Verdict.MALICIOUS})
# A path of the corpus is kind/repository/path-in-repository.
_ABOVE = 2


@dataclass(frozen=True, slots=True)
class File:
    """`link` is the target of a symbolic link, which has no content."""

    path: str
    content: bytes
    link: str | None = None


def judged(files: Iterable[File]) -> dict[str, tuple[Finding, ...]]:
    """The findings of each file by its path in the corpus; neighbors are those of the same repository."""
    found: dict[str, tuple[Finding, ...]] = {}
    ordered = sorted(files, key=lambda file: _split(file.path))
    for repository, members in groupby(ordered, key=lambda file: _split(file.path)[0]):
        found |= {f"{repository}/{path}": findings for path, findings in _repository(list(members)).items()}
    return found


def verdicts(findings: Mapping[str, Iterable[Finding]]) -> dict[str, Verdict]:
    return {path: verdict_of(found) for path, found in findings.items()}


def on_disk(folder: Path) -> Iterator[File]:
    """The files of a corpus that was written out."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield File(name, b"", str(path.readlink()))
        elif path.is_file():
            yield File(name, path.read_bytes())


def _split(path: str) -> tuple[str, str]:
    parts = path.split("/", _ABOVE)
    return "/".join(parts[:_ABOVE]), parts[_ABOVE]


def _repository(files: list[File]) -> dict[str, tuple[Finding, ...]]:
    inside = {_split(file.path)[1]: file for file in files}
    found: dict[str, list[Finding]] = defaultdict(list)
    for path, file in inside.items():
        found[path] += [] if file.link is not None else examine_file(MemoryContent(file.content), Place(path))
    sizes = {path: None if file.link is not None else len(file.content) for path, file in inside.items()}
    links = {path: file.link for path, file in inside.items() if file.link is not None}
    beside = [*check_paths(sizes, links), *check_references(sizes, lambda path: inside[path].content)]
    for path, finding in beside:
        found[path].append(finding)
    findings = {path: tuple(found[path]) for path in inside}
    return findings | dict(joined({path: (sizes[path], findings[path]) for path in inside}))


def main(folder: str) -> None:
    found = judged(on_disk(Path(folder)))
    said = {path: [verdict_of(findings), sorted({finding.rule for finding in findings})] for path, findings in found.items()}
    print(json.dumps(said))


if __name__ == "__main__":
    main(str(PurePosixPath(sys.argv[1])))
