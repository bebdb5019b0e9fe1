"""The command that takes a model out of everything."""

from typing import TYPE_CHECKING

import click

from budmodel_pipeline.commands import context
from budmodel_pipeline.commands.console import say, show, tell
from budmodel_pipeline.commands.options import as_json

if TYPE_CHECKING:
    from budmodel_pipeline.settings import Settings


@click.command()
@click.argument("target")
@click.option("--reason", help="Why; it is kept with the note. Needed with --yes.")
@click.option("--by", default=None, help="Who wants it; without it the name of the user.")
@click.option("--yes", is_flag=True, help="Do it; without it, what would go is told and nothing is done.")
@as_json
def withdraw(target: str, reason: str | None, by: str | None, yes: bool, as_json: bool) -> None:
    """Remove the model at TARGET: its rows in every table, and the objects that no other model has.

    Scores that leaderboards publish stay, and so does a note: who, when and why. No discovery brings the model back; a
    request for it does.
    """
    import getpass
    from datetime import UTC, datetime

    from budmodel_pipeline.targets.target import TargetError, parse_target, target_of

    if yes and not (reason or "").strip():
        raise click.UsageError("--yes needs a --reason, which is kept")
    try:
        written = parse_target(target)
        wanted = target_of(written.provider, written.place)
    except TargetError as error:
        raise click.ClickException(str(error)) from error
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.workflows.model_withdrawal import WithdrawalError, look_at
    from budmodel_pipeline.workflows.model_withdrawal import withdraw as withdraw_model

    with context.database() as (settings, engine):
        if yes:
            try:
                gone = withdraw_model(
                    engine,
                    live.object_store_of(settings),
                    wanted,
                    by or getpass.getuser(),
                    (reason or "").strip(),
                    datetime.now(UTC),
                )
            except WithdrawalError as error:
                raise click.ClickException(str(error)) from error
            _remove_partition(settings, gone.target)
        else:
            gone = look_at(engine, wanted)
    if as_json:
        tell({"target": gone.target, "done": yes, "rows": dict(gone.rows), "objects": list(gone.objects)})
        return
    if not yes and not gone.rows and not gone.objects:
        say(f"Nothing is kept of {gone.target}, so there is nothing to remove; a model of the hub is hf:org/name.")
        return
    if gone.rows:
        show([{"table": table, "rows": count} for table, count in gone.rows.items()], as_json=False)
    counted = f"{sum(gone.rows.values()):,} rows and {len(gone.objects):,} objects of {gone.target}"
    if yes:
        say(f"Removed {counted}. The next build of the marts leaves it out of what they count.")
    else:
        say(f"Would remove {counted}. To do it: budmodel withdraw {gone.target} --reason WHY --yes")


def _remove_partition(settings: "Settings", target: str) -> None:
    """Dagster's UI does not offer the model any more; what its runs said goes with them: `budmodel prune`."""
    from budmodel_pipeline.commands import quickstart

    quickstart.enter(settings)
    import dagster as dg

    from budmodel_pipeline.assets.per_model import MODELS

    with dg.DagsterInstance.get() as instance:
        instance.delete_dynamic_partition(str(MODELS.name), target)
