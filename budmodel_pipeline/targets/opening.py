"""Opens a model wherever it lies: on the hub, on disk, behind a URL, or in the catalogs of closed models."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import orjson

from budmodel_pipeline.model_info.catalogs import CatalogRecord
from budmodel_pipeline.model_info.facts import Fact, known, unknown
from budmodel_pipeline.model_info.repository import Repository
from budmodel_pipeline.targets.provider import ProviderError
from budmodel_pipeline.targets.target import Target

if TYPE_CHECKING:
    from budmodel_pipeline.targets.hub import Hub
    from budmodel_pipeline.targets.url_files import UrlPolicy

Catalogs = Callable[[], Mapping[str, Sequence[CatalogRecord]]]


@dataclass(frozen=True, slots=True)
class Providers:
    """Where models are read from.

    `hub` is None where none can be reached, `no_hub` then says why; `hub_pages` is where people see its models instead.
    `disk_roots` are the only folders that targets on disk may lie in; None allows all, for a person's own commands.
    `catalogs` gives the records of every closed model by its id. `work` holds what is downloaded for a moment, `urls` says
    how.
    """

    hub: "Hub | None" = None
    hub_pages: str | None = None
    no_hub: str = "no hub is configured"
    disk_roots: Sequence[Path] | None = None
    catalogs: Catalogs | None = None
    work: Path | None = None
    urls: "UrlPolicy | None" = None


@dataclass(frozen=True, slots=True)
class OpenedModel:
    """A model at one revision. `uri` is a page or path of this very revision, `record` what the hub's API tells.

    A closed model has no `repository`; its `catalog_records` tell everything that is known. What `repository` moves is
    bounded, for describing a model takes little; `whole` are the same files for who reads all of them within own bounds.
    """

    target: Target
    name: str
    revision: str
    uri: str
    repository: Repository | None = None
    whole: Repository | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    gated: bool = False
    logo: Fact[str] = field(default_factory=lambda: unknown("the provider shows no picture of the owner"))
    catalog_records: Sequence[CatalogRecord] = ()


@contextmanager
def open_model(target: Target, providers: Providers, revision: str | None = None) -> Iterator[OpenedModel]:
    """The model at `target`, readable while the context lasts; on a hub at `revision`, or at that of the target.

    Raises ProviderError, CatalogError, FetchError.
    """
    match target.provider:
        case "hugging_face":
            if providers.hub is None:
                raise ProviderError(target.key, "unavailable", providers.no_hub, hint="set HF_ENDPOINT", permanent=False)
            model = providers.hub.open(target.uri, revision or target.revision)
            page = f"{providers.hub_pages or providers.hub.root}/{model.repo_id}/tree/{model.revision}"
            logo = _logo(providers.hub, model.repo_id.partition("/")[0])
            files = model.repository
            yield OpenedModel(
                target,
                model.repo_id,
                model.revision,
                page,
                files,
                files.unbounded(),
                model.info,
                gated=model.gated,
                logo=logo,
            )
        case "disk":
            from budmodel_pipeline.targets.disk import open_disk

            path = Path(target.uri)
            refuse_outside(path, target, providers.disk_roots)
            disk = open_disk(path)
            yield OpenedModel(target, str(disk.path), disk.revision, str(disk.path), disk.repository, disk.repository)
        case "url":
            from budmodel_pipeline.targets.url_files import UrlRepository, open_url

            with TemporaryDirectory(prefix="budmodel-", dir=providers.work) as work:
                found = open_url(target.uri, Path(work), providers.urls)
                read = found.repository
                whole = read.unbounded() if isinstance(read, UrlRepository) else read
                yield OpenedModel(target, found.url, found.revision, found.url, read, whole)
        case "cloud_model":
            records = providers.catalogs().get(target.uri, ()) if providers.catalogs else ()
            if not records:
                reason = "no catalog knows this model"
                raise ProviderError(
                    target.key, "not_found", reason, hint="see `budmodel resolve NAME` for ids", permanent=True
                )
            yield OpenedModel(target, target.uri, _revision(records), records[0].url, catalog_records=records)


@lru_cache(maxsize=4096)
def _logo(hub: "Hub", owner: str) -> Fact[str]:
    """Asked once for an owner; a model is not lost for want of a picture."""
    try:
        found = hub.avatar(owner)
    except ProviderError as error:
        return unknown(f"the hub did not tell: {error.reason}")
    return (
        known(found, "picture of the owner on the hub", owner) if found else unknown("the owner has no picture on the hub")
    )


def _revision(records: Sequence[CatalogRecord]) -> str:
    """Names what the catalogs say now: the same statements are the same revision."""
    said = [[record.catalog, record.maker, record.name, dict(record.values)] for record in records]
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def refuse_outside(path: Path, target: Target, roots: Sequence[Path] | None) -> None:
    """Raises ProviderError where `path`, its links followed, lies below none of the `roots`; None allows every place."""
    if roots is not None and not any(path.resolve().is_relative_to(root.resolve()) for root in roots):
        reason = "requests may name paths only below " + (
            ", ".join(map(str, roots)) or "BUDMODEL_DISK_ROOTS, which is empty"
        )
        raise ProviderError(
            target.key, "forbidden", reason, hint="move the model there, or allow its folder", permanent=True
        )
