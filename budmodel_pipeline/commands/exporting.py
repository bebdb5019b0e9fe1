"""The tables as files for others."""

from pathlib import Path

import click

from budmodel_pipeline.commands.console import say, show
from budmodel_pipeline.commands.context import database
from budmodel_pipeline.commands.options import OneOf, as_json

# Those of `export_formats.FORMATS`, which takes longer to import than this list to read.
FORMATS = ("parquet", "csv", "sqlite", "xlsx")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--format", "file_format", type=OneOf(FORMATS), default="parquet", show_default=True, help="Of the files.")
@click.option("--noncommercial", is_flag=True, help="With what may be passed on, but not for money.")
@as_json
def export(folder: Path, file_format: str, noncommercial: bool, as_json: bool) -> None:
    """Write all marts into FOLDER, a new one, with what describes them (datapackage.json, croissant.json).

    Beside them: ATTRIBUTIONS.md, the scores as records of Every Eval Ever, and a manifest with hashes.

    Rows that their publishers forbid to pass on are left out and counted.
    """
    from budmodel_pipeline.workflows.exports import ExportError
    from budmodel_pipeline.workflows.exports import export as write_marts

    with database() as (_, engine):
        try:
            written = write_marts(engine, folder, file_format, noncommercial=noncommercial)
        except ExportError as error:
            raise click.ClickException(str(error)) from error
    show([{"mart": one.mart, "rows": one.rows, "left_out": one.left_out} for one in written], as_json=as_json)
    if not as_json:
        say(f"\nWritten to {folder}; ATTRIBUTIONS.md says whom to name.")
