"""`budmodel scan`: apart from the other commands, because it needs little of what they need, and starts in an instant."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from budmodel_pipeline.commands import context
from budmodel_pipeline.commands.options import as_json

if TYPE_CHECKING:
    from budmodel_pipeline.settings import Settings
    from budmodel_pipeline.targets.model_scan import ModelScan, Progress
    from budmodel_scanner.scanner import FileReport

# Findings of one file that a table has room for; --json has all of them.
SHOWN = 5
INTERRUPTED = 130


def _home(settings: "Settings") -> Path:
    """Where results are remembered: BUDMODEL_HOME, or with the user's settings where there is none yet.

    A folder of ours would otherwise appear in the model that somebody stands in, and be scanned with it.
    """
    known = "budmodel_home" in settings.model_fields_set or settings.budmodel_home.is_dir()
    return settings.budmodel_home if known else Path(click.get_app_dir("budmodel"))


@click.command()
@click.argument("target")
@click.option("--no-cache", is_flag=True, help="Examine everything anew, and remember nothing.")
@click.option("--cross-check", is_flag=True, help="Ask modelscan and picklescan too, which takes several times as long.")
@as_json
def scan(target: str, no_cache: bool, cross_check: bool, as_json: bool) -> None:
    """Whether the files of TARGET are safe: a directory, a file, hf:org/name@revision, or a URL. Needs no database.

    Nothing is unpickled, imported, rendered or unpacked. The exit status is 0 when every file is safe, 1 when one is
    malicious or suspicious, and 2 when one was not looked at or there are none. With --json, a line of JSON for each file.
    """
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.targets.model_scan import scan_target
    from budmodel_pipeline.targets.provider import ProviderError
    from budmodel_pipeline.targets.target import TargetError
    from budmodel_scanner.cache import NoCache, SqliteCache
    from budmodel_scanner.scanner import ScanOptions, cross_checking

    try:
        settings = context.settings()
    except click.ClickException as problem:
        raise click.UsageError(problem.message) from problem  # Not 1, which means that something was found.
    cache = NoCache() if no_cache else SqliteCache(_home(settings) / "scans.sqlite", _warn)
    try:
        with nullcontext() if isinstance(cache, NoCache) else closing(cache), _progress_bar() as on_progress:
            found = scan_target(
                target,
                open_hub=lambda policy: live.hub_of(settings, policy),
                options=ScanOptions(
                    cache=cache,
                    engines=live.scan_engines_of(settings),
                    cross_checker=cross_checking() if cross_check else None,
                ),
                on_progress=on_progress,
            )
    except (ProviderError, TargetError) as error:
        raise click.BadParameter(str(error), param_hint="TARGET") from error
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)  # Not 1, which click would say and which means that something was found.
    if as_json:
        for report in found.files:
            print(json.dumps(_line(report)))
    else:
        _show(found)
    if not found.files:
        _warn("there are no files to scan")
    sys.exit(found.verdict.exit_status)


def _line(report: "FileReport") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "path": report.path,
        "verdict": report.verdict,
        "findings": [asdict(finding) for finding in report.findings],
        "sha256": report.sha256,
        "size": report.size,
        "engines": dict(report.engines),
    }


def _show(found: "ModelScan") -> None:
    """What is wrong, worst first; then who looked; then the sum of it."""
    from budmodel_pipeline.commands.console import say, show
    from budmodel_scanner.telling import plain, summary

    say(plain(f"{found.name} at {found.revision}" if found.revision else found.name))
    rows = list(_rows(sorted(found.files, key=lambda report: (-report.verdict.rank, report.path))))
    if rows:
        show(rows, as_json=False)
    for line in summary(found.files):
        say(line)


def _rows(reports: Sequence["FileReport"]) -> Iterator[dict[str, Any]]:
    from rich.markup import escape

    from budmodel_scanner.telling import plain

    for report in reports:
        findings = sorted(report.findings, key=lambda finding: -finding.verdict.rank)
        for finding in findings[:SHOWN]:
            texts = {"path": report.path, "finding": finding.what, "where": finding.where, "rule": finding.rule}
            yield {"verdict": str(finding.verdict)} | {name: escape(plain(text)) for name, text in texts.items()}
        if len(findings) > SHOWN:
            left = f"and {len(findings) - SHOWN:,} more, which --json shows"
            yield {"verdict": "", "path": escape(plain(report.path)), "finding": left, "where": "", "rule": ""}


def _warn(sentence: str) -> None:
    from budmodel_scanner.telling import plain

    print(f"! {plain(sentence)}", file=sys.stderr)


@contextmanager
def _progress_bar() -> Iterator[Callable[["Progress"], None]]:
    """A bar on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("scanning")

        def on_progress(progress: "Progress") -> None:
            done = f"{progress.files_done:,} of {progress.files:,} files"
            bar.update(task, description=done, completed=progress.bytes_done, total=progress.bytes)

        yield on_progress
