"""The command that tells which model a name means; it needs no database."""

from pathlib import Path

import click

from budmodel_pipeline.commands.console import say, show, tell
from budmodel_pipeline.commands.options import SourceName, as_json


@click.command()
@click.argument("name", required=False)
@click.option(
    "--source",
    type=SourceName(of_others=True),
    metavar="SOURCE",
    help="The leaderboard that publishes NAME; some have habits of their own.",
)
@click.option("--link", help="What the leaderboard links NAME to.")
@click.option(
    "--input", "names", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON lines to resolve."
)
@click.option("--output", "resolved", type=click.Path(dir_okay=False, path_type=Path), help="Where the resolved lines go.")
@as_json
def resolve(
    name: str | None, source: str | None, link: str | None, names: Path | None, resolved: Path | None, as_json: bool
) -> None:
    """Which model NAME means and why; or resolve a file of names. Needs no database.

    Lines of --input hold source, published_name, link and organization; those of --output the same plus model_id, group_id,
    variant, method and confidence.
    """
    from budmodel_pipeline.identity.groups import groups_of
    from budmodel_pipeline.identity.lines import resolve_lines
    from budmodel_pipeline.identity.resolve import resolve as resolve_name
    from budmodel_pipeline.identity.tokens import UnresolvableName

    try:
        if names is not None and resolved is not None and name is None:
            count = resolve_lines(names, resolved)
            if as_json:
                tell({"names": count, "output": str(resolved)})
            else:
                say(f"{count:,} names resolved into {resolved}")
        elif name is not None and names is None and resolved is None:
            found = resolve_name(source or "", name, link)
            answer = {
                "model_id": found.model_id,
                # As it stands alone: the tables tell it from a second revision of the model where there is one.
                "group_id": groups_of((found.model_id,))[found.model_id],
                "variant": found.variant,
                "method": found.method,
                "confidence": found.confidence,
            }
            show([{**answer, **({"evidence": found.evidence} if as_json else {})}], as_json=as_json)
            if not as_json:
                say("\n" + "\n".join(f"- {step}" for step in found.evidence))
        else:
            raise click.UsageError("give a NAME, or both --input and --output")
    except UnresolvableName as rejection:
        raise click.ClickException(f"{name!r} means no model: {rejection.reason}") from rejection
    except ValueError as error:
        raise click.ClickException(str(error)) from error
