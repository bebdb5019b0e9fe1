"""`budmodel scan`: apart from the other commands, because it needs little of what they need, and starts in an instant."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from budmodel_pipeline.commands import context
from budmodel_pipeline.commands.console import put
from budmodel_pipeline.commands.options import OneOf, as_lines

if TYPE_CHECKING:
    from budmodel_pipeline.settings import Settings
    from budmodel_pipeline.targets.model_scan import ModelScan, Progress
    from budmodel_scanner.baseline import Judged

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
@click.option(
    "--format",
    "form",
    type=OneOf(["text", "json", "sarif", "github"]),
    default="text",
    help="Of the report: a table, one document of JSON, SARIF 2.1.0, or annotations for a workflow of GitHub.",
)
@click.option(
    "--baseline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Findings that are accepted, in TOML, each with a reason and a date (see budmodel_scanner/README.md).",
)
@as_lines
def scan(target: str, no_cache: bool, cross_check: bool, form: str, baseline: Path | None, as_json: bool) -> None:
    """Whether the files of TARGET are safe: a directory, a file, hf:org/name@revision, or a URL. Needs no database.

    Nothing is unpickled, imported, rendered or unpacked. The exit status is 0 when every file is safe, 1 when one is
    malicious or suspicious, and 2 when one was not looked at or there are none. With --json, a line of JSON for each file.
    What a baseline accepts is shown as accepted, and counts as safe.
    """
    from datetime import UTC, datetime

    from budmodel_pipeline.connections import live
    from budmodel_pipeline.targets.model_scan import scan_target
    from budmodel_pipeline.targets.provider import ProviderError
    from budmodel_pipeline.targets.target import TargetError
    from budmodel_scanner.baseline import judged, read_baseline, unused
    from budmodel_scanner.cache import NoCache, SqliteCache
    from budmodel_scanner.formatted import file_as_json, formatted
    from budmodel_scanner.scanner import ScanOptions, cross_checking
    from budmodel_scanner.verdict import worst

    try:
        settings = context.settings()
    except click.ClickException as problem:
        raise click.UsageError(problem.message) from problem  # Not 1, which means that something was found.
    try:
        entries = read_baseline(baseline.read_text("utf-8")) if baseline else ()
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{baseline}: {error}", param_hint="--baseline") from error
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
    today = datetime.now(UTC).date()
    files = judged(found.files, entries, today)
    for sentence in unused(found.files, entries, today):
        _warn(sentence)
    if as_json:
        for file in files:
            put(json.dumps(file_as_json(file)))
    elif form != "text":
        for line in formatted(files, form):
            put(line)
    else:
        _show(found, files)
    if not found.files:
        _warn("there are no files to scan")
    sys.exit(worst(file.verdict for file in files).exit_status)


def _show(found: "ModelScan", files: "Sequence[Judged]") -> None:
    """What is wrong, worst first; then who looked; then the sum of it."""
    from budmodel_pipeline.commands.console import say, show
    from budmodel_scanner.telling import plain, summary

    say(plain(f"{found.name} at {found.revision}" if found.revision else found.name))
    rows = list(_rows(sorted(files, key=lambda file: (-file.verdict.rank, file.report.path))))
    if rows:
        show(rows, as_json=False)
    for line in summary([file.counted for file in files]):
        say(line)


def _rows(files: "Sequence[Judged]") -> Iterator[dict[str, Any]]:
    for file in files:
        path = file.report.path
        findings = sorted(file.report.findings, key=lambda finding: -finding.verdict.rank)
        for finding in findings[:SHOWN]:
            texts = {"path": path, "finding": finding.what, "where": finding.where, "rule": finding.rule}
            yield {"verdict": file.verdict_of(finding), **texts}
        if len(findings) > SHOWN:
            left = f"and {len(findings) - SHOWN:,} more, which --json shows"
            yield {"verdict": "", "path": path, "finding": left, "where": "", "rule": ""}


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
