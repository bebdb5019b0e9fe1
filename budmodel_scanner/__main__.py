"""`python -m budmodel_scanner PATH`: whether a file or the files of a folder are safe, without any of the pipeline."""

import argparse
import sys
from collections.abc import Iterator

from budmodel_scanner.folder import Report, scan
from budmodel_scanner.telling import plain, summary

INTERRUPTED = 130


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m budmodel_scanner",
        description="Whether the files of a model are safe. Nothing is unpickled, imported, rendered or unpacked.",
        epilog="The exit status is 0 when every file is safe, 1 when one is malicious or suspicious, and 2 when one was not "
        "looked at or there are none.",
    )
    parser.add_argument("path", metavar="PATH", help="a folder or a file")
    path: str = parser.parse_args().path
    try:
        report = scan(path)
    except (OSError, ValueError) as error:
        parser.error(plain(f"{path}: {getattr(error, 'strerror', None) or error}; check the path"))
    except KeyboardInterrupt:
        return INTERRUPTED  # Not 1, which means that something was found.
    for line in lines(report):
        print(line)
    return report.verdict.exit_status


def lines(report: Report) -> Iterator[str]:
    """A table of what is wrong, worst first; then the sum of it."""
    rows = [
        (str(finding.verdict), plain(file.path), plain(finding.what), plain(finding.where), finding.rule)
        for file in sorted(report.files, key=lambda file: (-file.verdict.rank, file.path))
        for finding in sorted(file.findings, key=lambda finding: -finding.verdict.rank)
    ]
    if rows:
        rows.insert(0, ("verdict", "path", "finding", "where", "rule"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            yield "  ".join(map(str.ljust, row, widths)).rstrip()
    yield from summary(report.files)


if __name__ == "__main__":
    sys.exit(main())
