"""What a model is, by a target that a person names: a directory or archive, `hf:org/name@revision`, or a URL."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from budmodel_pipeline.model_info.inspect import ModelInfo, inspect_files
from budmodel_pipeline.model_info.repository import Repository

HUB = "hf:"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A model as inspected. `name` and `revision` say exactly what was looked at; `provider` is where it lay."""

    provider: str
    name: str
    revision: str
    info: ModelInfo


def inspect_target(
    target: str, *, hub_endpoint: str | None = None, token: str | None = None, context: int | None = None
) -> Inspection:
    """Reads config, card and headers of `target`, never its weights. `context` is in tokens, for the memory to serve.

    Raises ProviderError where the model cannot be had, and RepositoryError where reading it failed for now.
    """
    if target.startswith(HUB):
        from budmodel_pipeline.resources.hub import Hub

        repo_id, _, revision = target.removeprefix(HUB).partition("@")
        hub = Hub(hub_endpoint, token) if hub_endpoint else Hub(token=token)
        model = hub.open(repo_id, revision or None)
        return _inspected("hugging_face", model.repo_id, model.revision, model.repository, context)
    if target.startswith(("http://", "https://")):
        from budmodel_pipeline.resources.url_files import open_url

        with TemporaryDirectory(prefix="budmodel-") as work:
            found = open_url(target, Path(work))
            return _inspected("url", found.url, found.revision, found.repository, context)
    from budmodel_pipeline.resources.disk import open_disk

    disk = open_disk(Path(target))
    return _inspected("disk", str(disk.path), disk.revision, disk.repository, context)


def _inspected(provider: str, name: str, revision: str, repository: Repository, context: int | None) -> Inspection:
    return Inspection(provider, name, revision, inspect_files(repository, name.rpartition("/")[2], context))
