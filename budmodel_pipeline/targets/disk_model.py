"""What a model on disk is to those who read it, and how failures of reading it are told."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from budmodel_pipeline.model_info.repository import RepositoryFile
from budmodel_pipeline.targets.archive_streams import UnsafeArchiveError
from budmodel_pipeline.targets.provider import FileUnavailableError, ProviderError, State
from budmodel_pipeline.targets.target import instead_of_a_path

# What zipfile, tarfile and the decompressors below them raise on bytes that are not as they should be.
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
    OverflowError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class DiskModel:
    """A model on disk.

    `revision` is a hash over the listing (paths, sizes, times or checksums): it moves when the files do and costs little.
    `skipped` tells which entries are left out and why.
    """

    path: Path
    revision: str
    repository: "DiskRepository"
    skipped: Mapping[str, str] = field(default_factory=dict)


class DiskRepository:
    """Files of a directory or an archive: see `model_info.repository.Repository`. Reads raise FileUnavailableError."""

    def __init__(self, files: Mapping[str, RepositoryFile], reader: Callable[[str, int, int], bytes]) -> None:
        self._files = MappingProxyType(files)
        self.reader = reader

    @property
    def files(self) -> Mapping[str, RepositoryFile]:
        return self._files

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        try:
            listed = self._files.get(path)
            if listed is None or listed.size is None:
                raise unreadable(path, "not_found", "no such file", "check the path")
            end = listed.size if length is None else min(offset + length, listed.size)
            if offset >= end:
                return b""
            with io_failures(path):
                content = self.reader(path, offset, end - offset)
            if len(content) < end - offset:
                reason = f"it ends {end - offset - len(content):,} bytes before the size that is stated"
                raise unreadable(path, "invalid", reason, "check whether the file is whole")
        except ProviderError as failure:
            raise FileUnavailableError(path, failure) from failure
        return content


def revision_of(entries: Iterable[tuple[str, int, int]]) -> str:
    listing = "".join(f"{path}\0{size}\0{mark}\n" for path, size, mark in sorted(entries))
    return f"listing:{sha256(listing.encode('utf-8', 'surrogateescape')).hexdigest()[:40]}"


@contextmanager
def io_failures(target: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise unreadable(target, "not_found", "there is no such file or directory", instead_of_a_path(target)) from None
    except PermissionError:
        raise unreadable(target, "forbidden", "it may not be read", "check the rights of the file") from None
    except UnsafeArchiveError as error:
        raise unreadable(target, "unsafe", str(error), "do not use this archive") from None
    except RecursionError:
        raise unreadable(target, "unsafe", "headers nested without end", "do not use this archive") from None
    except _BROKEN as error:
        reason = f"not a readable archive ({type(error).__name__}: {error})"
        raise unreadable(target, "invalid", reason, "check whether the file is whole") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProviderError(target, "unavailable", reason, hint="check the disk, then try again", permanent=False) from None


def replaced(path: str) -> ProviderError:
    reason = "the file has changed since it was listed"
    return ProviderError(path, "changed", reason, hint="read the model again", permanent=False)


def unreadable(target: str, state: State, reason: str, hint: str) -> ProviderError:
    return ProviderError(target, state, reason, hint=hint, permanent=True)
