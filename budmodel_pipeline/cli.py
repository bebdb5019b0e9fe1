"""The `budmodel` command. A command's module is imported when it is called: a scan need not wait for a database driver."""

import json
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

INTERRUPTED = 130
# Each command's module under `commands/`, and its name there.
PLACES = {
    **{name: f"pipeline:{name}" for name in ("run", "sources", "replay", "backfill", "rebuild", "migrate")},
    "resolve": "resolving:resolve",
    **{name: f"leaderboards:{name}" for name in ("leaderboard", "compare", "metrics", "changes")},
    **{name: f"models:{name}" for name in ("inspect", "request", "model", "models")},
    **{name: f"doors:{name}" for name in ("connect", "psql", "ui", "completion")},
    **{name: f"choosing:{name}" for name in ("choose", "gaps")},
    "ranking": "rankings:ranking",
    "export": "exporting:export",
    "report": "reporting:report",
    "parse": "parsing:parse",
    **{name: f"operations:{name}" for name in ("doctor", "stop", "backup", "restore", "prune")},
    "withdraw": "withdrawing:withdraw",
    "license": "licenses:license_of_target",
    "scan": "scan:scan",
    "serve": "serve:serve",
}
# In the order in which somebody new asks for them.
HEADINGS = {
    "Collect": ("run", "sources", "ui"),
    "Ask about models": ("choose", "ranking", "models", "model", "compare", "leaderboard", "metrics", "changes", "gaps"),
    "Look at one thing, without a database": ("inspect", "license", "scan", "resolve"),
    "Take the tables along": ("report", "export", "connect", "psql", "serve"),
    "Ask for models, and let go of them": ("request", "withdraw"),
    "Keep it running": ("doctor", "stop", "migrate", "backup", "restore", "prune", "completion"),
    "Work on sources": ("parse", "replay", "backfill", "rebuild"),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        return sorted(PLACES)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, names in HEADINGS.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [(name, _in_short(command)) for name in names if (command := self.get_command(ctx, name))]
                )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own signature
        if cmd_name not in PLACES:
            return None
        module, _, name = PLACES[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"budmodel_pipeline.commands.{module}"), name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name, *rest = args
        if name == "help":
            name, *rest = [*rest, "--help"]
        if name not in PLACES and not name.startswith("-"):
            from budmodel_pipeline.identity.spelling import meant, near, unknown

            found = meant(name, PLACES)
            if found is None:
                alike = near(name, PLACES) or self._speaking_of(ctx, name)
                ctx.fail(unknown("command", name, alike, "`budmodel --help` lists them."))
            name = found
        return super().resolve_command(ctx, [name, *rest])

    def _speaking_of(self, ctx: click.Context, word: str) -> list[str]:
        """The commands whose help begins with a sentence that has this word: who looks for `status` finds `sources`."""
        helps = {name: command.get_short_help_str(1_000) for name in PLACES if (command := self.get_command(ctx, name))}
        return [name for name, said in helps.items() if word.casefold() in re.findall(r"\w+", said.casefold())]

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]
        """Ends the process: a problem is a sentence on standard error, or an object of JSON where JSON was asked for."""
        words, output = sys.argv[1:] if args is None else list(args), sys.stdout
        as_json = "--json" in words
        if as_json and not sys.stderr.isatty():
            # What is logged on the way, such as that a download is tried again, would stand before the object of a problem.
            logging.getLogger().addHandler(logging.NullHandler())
        try:
            # What a command returns is nothing; `--help` and the like end with a status.
            with _interruptible():
                status = super().main(words, standalone_mode=False, **extra)
        except click.Abort:
            status = INTERRUPTED
            if as_json:
                _tell_problem("interrupted", status)
        except SystemExit:
            # Click has put another in its place: nobody reads its help to the end, which is no failure.
            if sys.stdout is not output:
                sys.exit(0)
            raise
        except OSError as error:
            if error.filename is None:
                raise
            # A disk that is full, a folder that may not be written: nothing that a traceback explains better.
            status = _tell(click.ClickException(f"{error.filename}: {error.strerror}"), as_json=as_json)
        except click.NoSuchOption as problem:
            said = click.NoSuchOption(problem.option_name, possibilities=_options_near(problem), ctx=problem.ctx)
            status = _tell(said, as_json=as_json)
        except click.ClickException as problem:
            status = _tell(problem, as_json=as_json)
        sys.exit(status)


@contextmanager
def _interruptible() -> Iterator[None]:
    """What fails while a command that was interrupted lets go, such as a rollback, is that interruption."""
    try:
        yield
    except Exception as error:
        before: BaseException | None = error
        while before is not None:
            if isinstance(before, KeyboardInterrupt):
                raise click.Abort from error
            before = before.__cause__ or before.__context__
        raise


def _in_short(command: click.Command) -> str:
    """What it says of itself, up to where it begins to go into detail."""
    return re.split("[:;] |, such as ", command.get_short_help_str(1_000))[0].rstrip(".")


def _options_near(problem: click.NoSuchOption) -> list[str]:
    """Those of the command that may have been meant, as every other name is looked for."""
    from budmodel_pipeline.identity.spelling import near

    known = problem.ctx.command.params if problem.ctx else ()
    options = [name for one in known if isinstance(one, click.Option) for name in (*one.opts, *one.secondary_opts)]
    return near(problem.option_name, options)


def _tell(problem: click.ClickException, *, as_json: bool) -> int:
    """Its exit status."""
    if as_json:
        _tell_problem(problem.format_message(), problem.exit_code)
    else:
        problem.show()
    return problem.exit_code


def _tell_problem(sentence: str, status: int) -> None:
    said = {"error": sentence, "exit_status": status}
    print(json.dumps(said, indent=1 if sys.stderr.isatty() else None), file=sys.stderr)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="The exit status is 0 when all went well, 1 when something failed (of `sources`: when one is failing; of `scan`: "
    "when a file is not safe), 2 when the command was called wrongly (of `scan` also: when a file was not looked at), and "
    "130 when it was interrupted. With --json a problem is an object on standard error.",
)
@click.version_option(package_name="budmodel-pipeline", message="budmodel %(version)s")
def main() -> None:
    """Collects public evidence about AI models into Postgres tables a person can trust."""
