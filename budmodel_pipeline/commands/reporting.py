"""The tables as a page for people."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from budmodel_pipeline.commands.console import say, tell
from budmodel_pipeline.commands.context import database
from budmodel_pipeline.commands.options import as_json


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--open/--no-open", "opened", default=sys.stdout.isatty, help="In a browser; without either, where this is a terminal."
)
@click.option("--commercial", is_flag=True, help="Without what publishers forbid to use for money.")
@as_json
def report(file: Path | None, opened: bool, commercial: bool, as_json: bool) -> None:
    """Write the ranking and all behind it as one page, into FILE, and open it: it needs no network and no database.

    Without a FILE it is report.html in BUDMODEL_HOME. What publishers forbid to pass on is left out.
    """
    from budmodel_pipeline.workflows.report_content import make_report, write_report

    with database() as (settings, engine):
        made = make_report(engine, datetime.now(UTC), commercial=commercial)
        place = (file or settings.report_file).absolute()
        try:
            write_report(made, place)
        except OSError as error:
            raise click.ClickException(f"{place} cannot be written: {error.strerror}") from error
    if as_json:
        counts = {"models": made.models, "ranked_models": made.ranked, "ranked_models_left_out": made.left_out}
        tell({"file": str(place), "bytes": len(made.content), **counts, "sources_left_out": list(made.kept_out)})
        return
    say(f"{place}\n{made.models:,} models, {made.ranked:,} of them ranked, in {len(made.content) / 1e6:.1f} MB")
    if made.kept_out:
        say(f"Left out by its terms: {', '.join(made.kept_out)}, and {made.left_out:,} ranks that stand on it")
    if opened:
        click.launch(place.as_uri())
