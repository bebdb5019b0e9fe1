"""The command about licenses."""

import json

import click

from budmodel_pipeline.commands.console import say, show
from budmodel_pipeline.commands.options import as_json
from budmodel_pipeline.settings import Settings


@click.command("license")
@click.argument("target", metavar="FILE|URL|TAG")
@as_json
def license_of_target(target: str, as_json: bool) -> None:
    """Which license FILE, URL or TAG is, and what it permits; also a directory or hf:org/name. Needs no database.

    Exits with 0 also where there is no license: the state says so, and why.
    """
    from budmodel_pipeline.model_info.repository import RepositoryError
    from budmodel_pipeline.targets.license_report import license_json, summary
    from budmodel_pipeline.targets.license_search import LicenseTargetError, license_of
    from budmodel_pipeline.targets.provider import ProviderError

    try:
        settings = Settings()
        token = settings.hf_token.get_secret_value() or None
        found = license_of(target, hub_endpoint=settings.hf_endpoint, token=token)
    except (LicenseTargetError, ProviderError, RepositoryError) as error:
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
