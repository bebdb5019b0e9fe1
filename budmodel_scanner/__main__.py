"""`python -m budmodel_scanner PATH`: whether a file or the files of a folder are safe, without any of the pipeline."""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from budmodel_scanner.baseline import Judged, judged, read_baseline, unused
from budmodel_scanner.folder import files_listing, folder_listing
from budmodel_scanner.formatted import FORMATS, formatted
from budmodel_scanner.scanner import ScanOptions, cross_checking, scan_listing
from budmodel_scanner.telling import plain, summary
from budmodel_scanner.verdict import Finding, worst

INTERRUPTED = 130


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m budmodel_scanner",
        description="Whether the files of a model are safe. Nothing is unpickled, imported, rendered or unpacked.",
        epilog="The exit status is 0 when every file is safe or what is wrong with it is accepted, 1 when one is malicious "
        "or suspicious, and 2 when one was not looked at, there are none, or the command itself was wrong.",
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a folder, or files")
    parser.add_argument("--format", choices=("text", *FORMATS), default="text", help="of the report (default: %(default)s)")
    parser.add_argument("--baseline", metavar="FILE", help="what is accepted: TOML, each entry with a reason and a date")
    parser.add_argument(
        "--cross-check", action="store_true", help="ask modelscan and picklescan too, which takes several times as long"
    )
    arguments = parser.parse_args()
    paths = [Path(path) for path in arguments.paths]
    try:
        baseline = read_baseline(Path(arguments.baseline).read_text("utf-8")) if arguments.baseline else ()
    except (OSError, ValueError) as error:
        parser.error(plain(f"{arguments.baseline}: {getattr(error, 'strerror', None) or error}; correct the baseline"))
    try:
        listing = folder_listing(paths[0]) if len(paths) == 1 else files_listing(paths)
    except (OSError, ValueError) as error:
        what = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        parser.error(plain(f"{what}; check the path"))
    try:
        reports = scan_listing(listing, ScanOptions(cross_checker=cross_checking() if arguments.cross_check else None))
    except KeyboardInterrupt:
        return INTERRUPTED  # Not 1, which means that something was found.
    today = datetime.now(UTC).date()
    files = judged(reports, baseline, today)
    for sentence in unused(reports, baseline, today):
        print(f"! {plain(sentence)}", file=sys.stderr)
    if hasattr(signal, "SIGPIPE"):
        # A reader that has seen enough, such as `head`, ends this as it ends other programs.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for line in text_lines(files) if arguments.format == "text" else formatted(files, arguments.format, _base(paths)):
        print(line)
    return worst(file.verdict for file in files).exit_status


def _base(paths: Sequence[Path]) -> str:
    """Where the paths of the report begin for whoever stands where the command was started."""
    if len(paths) > 1:
        return ""
    folder = paths[0] if paths[0].is_dir() else paths[0].parent
    return "" if folder == Path() else f"{folder.as_posix().rstrip('/')}/"


def text_lines(files: Sequence[Judged]) -> Iterator[str]:
    """A table of what is wrong or accepted, worst files first; then the sum of it."""
    rows = [
        (plain(file.verdict_of(finding)), plain(file.report.path), *_told(finding))
        for file in sorted(files, key=lambda file: (-file.verdict.rank, file.report.path))
        for finding in sorted(file.report.findings, key=lambda finding: -finding.verdict.rank)
    ]
    if rows:
        rows.insert(0, ("verdict", "path", "finding", "where", "rule"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            yield "  ".join(map(str.ljust, row, widths)).rstrip()
    accepted = sum(len(file.accepted) for file in files)
    if accepted:
        yield f"baseline: {accepted:,} findings are accepted"
    yield from summary([file.counted for file in files])


def _told(finding: Finding) -> tuple[str, str, str]:
    return plain(finding.what), plain(finding.where), finding.rule


if __name__ == "__main__":
    sys.exit(main())
