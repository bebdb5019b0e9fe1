"""A folder or a file on disk: what there is of it to scan, and its scan."""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from budmodel_scanner.links import followed, is_blob
from budmodel_scanner.scanner import FileReport, Listing, ScanOptions, WantedFile, not_examined, on_disk, scan_listing
from budmodel_scanner.verdict import Finding, Verdict, worst


@dataclass(frozen=True, slots=True)
class Report:
    """What a scan says of a folder: a report of every file, sorted by path."""

    files: tuple[FileReport, ...]

    @property
    def verdict(self) -> Verdict:
        """That of the worst file; UNSCANNED where there is none."""
        return worst(report.verdict for report in self.files)


def scan(
    path: str | os.PathLike[str],
    options: ScanOptions | None = None,
    on_report: Callable[[FileReport], None] = lambda _: None,
) -> Report:
    """Scans every file below `path`, or the one file; `on_report` gets each as it is done.

    Raises OSError or ValueError where nothing of that name can be listed; the troubles of a file are in its report.
    """
    return Report(scan_listing(folder_listing(Path(path)), options, on_report))


def folder_listing(target: Path) -> Listing:
    """Every file in the folder `target`, hidden ones and those of .git too; or the one file. Raises OSError, ValueError."""
    if not stat.S_ISDIR(target.stat().st_mode):
        real = target.resolve()
        status = real.stat()
        return Listing([replace(on_disk(target.name, real), size=status.st_size)])
    files: list[WantedFile] = []
    links: dict[str, str] = {}
    others: list[FileReport] = []

    def unreadable(error: OSError) -> None:
        path = Path(error.filename).relative_to(target).as_posix()
        finding = Finding("scan.unreadable", Verdict.ERROR, f"the directory cannot be read: {error.strerror}")
        others.append(not_examined(path, finding))

    for folder, folders, names in os.walk(target, onerror=unreadable):
        for name in (*folders, *names):
            file = Path(folder, name)
            path = file.relative_to(target).as_posix()
            try:
                status = file.lstat()
                if stat.S_ISLNK(status.st_mode):
                    links[path] = str(file.readlink())
                elif stat.S_ISREG(status.st_mode):
                    files.append(replace(on_disk(path, file), size=status.st_size))
                elif not stat.S_ISDIR(status.st_mode):
                    what = "it is a pipe, a socket or a device, which is not opened"
                    others.append(not_examined(path, Finding("scan.not-regular", Verdict.UNSCANNED, what)))
            except OSError as error:
                what = f"the file cannot be read: {error.strerror}"
                others.append(not_examined(path, Finding("scan.unreadable", Verdict.ERROR, what)))
    leads = followed(target, links)
    files += [replace(on_disk(path, file), size=file.stat().st_size) for path, file in leads.items()]
    blobs = _names_of_blobs(target.resolve(), leads)
    return Listing(
        sorted((wanted for wanted in files if wanted.path not in blobs), key=lambda wanted: wanted.path),
        {path: to for path, to in links.items() if path not in leads},
        others,
        blobs,
    )


def files_listing(files: Sequence[Path]) -> Listing:
    """These files below the working directory, and no others. Raises OSError or ValueError where one is none such."""
    wanted: dict[str, WantedFile] = {}
    links: dict[str, str] = {}
    for file in files:
        if not file.absolute().is_relative_to(Path.cwd()):
            raise ValueError(f"{file} is not below the working directory, as several files have to be")
        path = file.absolute().relative_to(Path.cwd()).as_posix()
        status = file.lstat()
        if stat.S_ISLNK(status.st_mode):
            links[path] = str(file.readlink())
        elif stat.S_ISDIR(status.st_mode):
            raise ValueError(f"{file} is a folder, which is scanned alone")
        else:
            wanted[path] = replace(on_disk(path, file), size=status.st_size)
    return Listing(list(wanted.values()), links)


def _names_of_blobs(root: Path, leads: Mapping[str, Path]) -> dict[str, list[str]]:
    """The blobs within `root`, and all the names that they have there: read once, under those that tell what they are."""
    names: dict[str, list[str]] = {}
    for path, file in leads.items():
        if is_blob(file) and file.is_relative_to(root):
            names.setdefault(file.relative_to(root).as_posix(), []).append(path)
    return names
