"""What a source makes of its files, without a database: the loop of whoever writes one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from budmodel_pipeline.commands.console import say, show
from budmodel_pipeline.commands.options import Count, SourceName, as_json
from budmodel_pipeline.commands.published_files import files_of

if TYPE_CHECKING:
    from budmodel_pipeline.sources.contract import Parsed, Source


@click.command()
@click.argument("source", type=SourceName())
@click.option(
    "--file",
    type=click.Path(exists=True, path_type=Path),
    help="The file of SOURCE, or a directory with its files, alone or laid out as a mirror; without it, the sample.",
)
@click.option("--limit", type=Count(min=1), default=20, show_default=True, help="How many scores to show.")
@as_json
def parse(source: str, file: Path | None, limit: int, as_json: bool) -> None:
    """What SOURCE makes of its files: scores, rejected rows and checks. Needs no database and keeps nothing.

    The exit status is 1 where the files would not be published.
    """
    from budmodel_pipeline.fetching.endpoints import SAMPLES
    from budmodel_pipeline.sources.catalog import catalog
    from budmodel_pipeline.sources.contract import SourceError
    from budmodel_pipeline.sources.quality import assess, outcomes_of
    from budmodel_pipeline.sources.reading import parse_files

    chosen = catalog()[source]
    parsed = None
    try:
        parsed = parse_files(chosen, files_of(chosen, file or Path(chosen.samples or SAMPLES)))
        outcomes = assess(chosen, parsed, None)
    except SourceError as error:
        outcomes = outcomes_of(error)
    checks = [{"check": one.check.name, "passed": one.passed, "found": one.found} for one in outcomes]
    if as_json:
        show([*(_scores(chosen, parsed) if parsed else []), *checks], as_json=True)
    else:
        if parsed:
            _say(chosen, parsed, limit)
        show(checks, as_json=False)
    sys.exit(1 if any(one.refuses for one in outcomes) else 0)


def _say(source: "Source", parsed: "Parsed", limit: int) -> None:
    date = f"as of {parsed.as_of} ({parsed.as_of_basis})" if parsed.as_of else "no date in the data"
    say(
        f"{source.slug}: {parsed.rows_kept:,} of {parsed.rows_read:,} rows, "
        f"{parsed.score_count:,} scores of {len(parsed.entries):,} entries, {date}"
    )
    show(_scores(source, parsed)[:limit], as_json=False)
    if parsed.rejections:
        say("\nRejected rows")
        show([one._asdict() for one in parsed.rejections], as_json=False)
    if parsed.unread:
        say("\nCells that could not be read")
        show([one._asdict() for one in parsed.unread], as_json=False)
    say("\nChecks")


def _scores(source: "Source", parsed: "Parsed") -> list[dict[str, object]]:
    metrics = {metric.slug: metric for metric in (*source.metrics, *parsed.metrics)}
    return [
        {
            "entry": entry.key,
            "metric": slug,
            "score": score.value,
            "unit": metrics[slug].unit.value,
            "standing": (score.standing or entry.standing).value,
        }
        for entry in parsed.entries
        for slug, score in entry.scores.items()
    ]
