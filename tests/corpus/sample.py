"""One labelled file of the corpus, and the shorthand in which the modules beside this one list theirs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# What hostile samples would run. Nothing of the corpus is ever loaded; if it were, this is all that would happen.
COMMAND = "echo budmodel-corpus"
CODE = "print('budmodel-corpus')"
# RFC 2606: never resolves.
HOST = "corpus.invalid"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file that a scanner must judge.

    `kind` is the class in which it is counted, `why` the advisory, the format's rule or the ordinary use behind it. Hostile
    files have a benign twin of the same kind. `link` is the target of a symbolic link, which has no content.
    """

    path: str
    content: bytes
    hostile: bool
    kind: str
    why: str
    link: str | None = None

    @property
    def folder(self) -> str:
        """Files of one folder are neighbors, as in a repository."""
        return self.path.rpartition("/")[0]

    @property
    def label(self) -> str:
        return "hostile" if self.hostile else "benign"


def hostile(kind: str, why: str, files: Mapping[str, bytes | str]) -> Iterator[Sample]:
    """A sample for each of `files`, by `folder/name`; the folder says what is special about it."""
    return _samples(kind, why, files, True)


def benign(kind: str, why: str, files: Mapping[str, bytes | str]) -> Iterator[Sample]:
    """As `hostile`, of files that nobody should be warned of."""
    return _samples(kind, why, files, False)


def _samples(kind: str, why: str, files: Mapping[str, bytes | str], is_hostile: bool) -> Iterator[Sample]:
    for path, content in files.items():
        folder = f"{kind}/{'h' if is_hostile else 'b'}-{path}"
        yield Sample(folder, content.encode() if isinstance(content, str) else content, is_hostile, kind, why)
