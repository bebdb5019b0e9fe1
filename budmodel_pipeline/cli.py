"""The `budmodel` command. A command's module is imported when it is called: a scan need not wait for a database driver."""

from importlib import import_module

import click

# Each command's module under `commands/`, and its name there.
_PIPELINE = (
    "run",
    "sources",
    "leaderboard",
    "compare",
    "resolve",
    "replay",
    "backfill",
    "rebuild",
    "migrate",
    "connect",
    "ui",
)
PLACES = {
    **{name: f"pipeline:{name}" for name in _PIPELINE},
    **{name: f"models:{name}" for name in ("inspect", "request", "model")},
    "ranking": "rankings:ranking",
    "parse": "parsing:parse",
    **{name: f"operations:{name}" for name in ("doctor", "stop", "backup", "restore", "prune")},
    "license": "licenses:license_of_target",
    "scan": "scan:scan",
    "serve": "serve:serve",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        return sorted(PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own signature
        if cmd_name not in PLACES:
            return None
        module, _, name = PLACES[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"budmodel_pipeline.commands.{module}"), name)
        return command


@click.group(cls=_Commands)
def main() -> None:
    """Collects public evidence about AI models into Postgres tables a person can trust."""
