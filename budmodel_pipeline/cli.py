"""The `budmodel` command. A command is imported when it is called: a scan need not wait for a database driver."""

from importlib import import_module

import click

_COMMANDS = "budmodel_pipeline.commands"
# Commands that need neither database nor leaderboards, by the module that each is in.
_APART = {"scan": "budmodel_pipeline.commands_scan"}

as_json = click.option("--json", "as_json", is_flag=True, help="JSON for programs instead of a table.")


class _Commands(click.Group):
    """Its commands add themselves when their module is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        for module in (_COMMANDS, *_APART.values()):
            import_module(module)
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        import_module(_APART.get(cmd_name, _COMMANDS))
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands)
@click.pass_context
def main(context: click.Context) -> None:
    """Collects public evidence about AI models into Postgres tables a person can trust."""
    if context.invoked_subcommand in _APART:
        return
    from budmodel_pipeline.sources.catalog import CatalogError, catalog

    try:
        catalog()
    except CatalogError as error:
        raise click.ClickException(str(error)) from error
