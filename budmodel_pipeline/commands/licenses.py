"""The command about licenses."""

import json

import click

from budmodel_pipeline.commands import context
from budmodel_pipeline.commands.console import say, show
from budmodel_pipeline.commands.options import as_json


@click.command("license")
@click.argument("target", metavar="TARGET|NAME")
@as_json
def license_of_target(target: str, as_json: bool) -> None:
    """Which license TARGET has, or NAME is, and what it permits. Needs no database.

    TARGET is a license file, a directory, a URL, or hf:org/name@revision; NAME is that of a license.

    Exits with 0 also where there is no license: the state says so, and why.
    """
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.model_info.repository import RepositoryError
    from budmodel_pipeline.targets.license_report import license_json, summary
    from budmodel_pipeline.targets.license_search import LicenseTargetError, license_of
    from budmodel_pipeline.targets.provider import ProviderError
    from budmodel_pipeline.targets.target import TargetError

    try:
        found = license_of(target, lambda: live.hub_of(context.settings()))
    except (LicenseTargetError, ProviderError, RepositoryError, TargetError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print(json.dumps(license_json(found), ensure_ascii=False))
        return
    for line in summary(found):
        say(line)
    say("")
    show(
        [{"question": one.question, "answer": one.value, "because": one.explanation} for one in found.answers], as_json=False
    )
