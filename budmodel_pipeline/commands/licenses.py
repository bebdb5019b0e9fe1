"""The command about licenses."""

from pathlib import Path

import click

from budmodel_pipeline.commands import context
from budmodel_pipeline.commands.console import say, show, tell
from budmodel_pipeline.commands.options import as_json


@click.command("license")
@click.argument("target", metavar="TARGET|NAME", required=False)
@as_json
@click.option("--add", "text", type=click.Path(exists=True, path_type=Path), help="A license text to know from now on.")
@click.option("--id", "license_id", help="With --add: the id of the license.")
@click.option("--title", help="With --add: what the license is called.")
@click.option("--source", help="With --add: the address where the text is published.")
def license_of_target(
    target: str | None,
    as_json: bool,
    text: Path | None,
    license_id: str | None,
    title: str | None,
    source: str | None,
) -> None:
    """Which license TARGET has, or NAME is, and what it permits. Needs no database.

    TARGET is a license file, a directory, a URL, or hf:org/name@revision; NAME is that of a license.

    Exits with 0 also where there is no license: the state says so, and why. With --add it learns a text instead.
    """
    if text is not None:
        learnt = _add(text, license_id, title, source)
        if as_json:
            tell({"learnt": learnt})
        for sentence in () if as_json else learnt:
            say(sentence)
    elif target is not None:
        _tell(target, as_json)
    else:
        raise click.UsageError("give a TARGET or NAME, or a text to --add")


def _tell(target: str, as_json: bool) -> None:
    from budmodel_pipeline.connections import live
    from budmodel_pipeline.identity.hub_links import is_repository
    from budmodel_pipeline.licensing.model import Value
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
        tell(license_json(found))
        return
    for line in summary(found):
        say(line)
    if all(one.value is Value.UNKNOWN for one in found.answers):
        say("Nothing is known of what it permits: read it yourself.")
        if is_repository(target):
            say(f"That of a model of the hub is asked for as hf:{target}.")
        return
    say("")
    show(
        [{"question": one.question, "answer": one.value, "because": one.explanation} for one in found.answers], as_json=False
    )


def _add(text: Path, license_id: str | None, title: str | None, source: str | None) -> list[str]:
    """What was learnt, in sentences."""
    from budmodel_pipeline.licensing.documents import NotTextError
    from budmodel_pipeline.licensing.fingerprint_texts import FingerprintError, teach, teach_folder, text_to_teach
    from budmodel_pipeline.licensing.terms import terms_of

    try:
        if text.is_dir():
            return [teach_folder(text)]
        if license_id is None:
            raise click.UsageError("give the --id of the license")
        learnt = [teach([text_to_teach(text.read_bytes(), license_id, title or license_id, source or "")])]
    except (FingerprintError, NotTextError, OSError) as error:
        raise click.ClickException(f"{text}: {error}; nothing was changed") from error
    if source is None:
        learnt.append("! no --source was given, so that nobody can find the text again: say it with the same command")
    if terms_of(license_id) is None:
        learnt.append(f"! {license_id} is recognized, but not reviewed: add a record to budmodel_pipeline/licensing/records")
    return learnt
