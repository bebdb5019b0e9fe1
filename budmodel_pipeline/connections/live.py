"""Database, object store, hub, scan engines and language model, made of what the settings say."""

import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy import Engine as Database

    from budmodel_pipeline.services.llm import Llm
    from budmodel_pipeline.services.object_store import ObjectStore
    from budmodel_pipeline.settings import Settings
    from budmodel_pipeline.targets.hub import Hub
    from budmodel_pipeline.targets.hub_requests import HubPolicy
    from budmodel_scanner.engines import Engine


class NotConfiguredError(Exception):
    """Something is needed that no setting names; the text says which one would."""


def database(host: str | None, port: int, user: str, password: str, name: str) -> "Database":
    """The database of the data; nothing is asked of the server yet."""
    from budmodel_pipeline.settings import database_url
    from budmodel_pipeline.warehouse.engine import open_engine

    return open_engine(database_url(host, port, user, password, name))


def database_of(settings: "Settings") -> "Database":
    """The database of the data; nothing is asked of the server yet."""
    password = settings.postgres_password.get_secret_value()
    return database(settings.postgres_host, settings.postgres_port, settings.postgres_user, password, settings.postgres_db)


def reading_database(url: "URL", connections: int, statement_seconds: int) -> "Database":
    """The database of the data for up to `connections` readers at a time; a statement that takes longer is canceled."""
    from budmodel_pipeline.warehouse.engine import open_reading_engine

    return open_reading_engine(url, connections, statement_seconds)


def object_store(
    endpoint: str | None, bucket: str, access_key: str, secret_key: str, region: str, directory: Path | None
) -> "ObjectStore":
    """A bucket where there is an `endpoint`, else a directory. Raises ObjectStoreError, NotConfiguredError."""
    from budmodel_pipeline.services.object_store import open_directory, open_s3

    if endpoint:
        return open_s3(endpoint, bucket, access_key, secret_key, region)
    if directory:
        return open_directory(directory)
    raise NotConfiguredError("No object store is configured: set MINIO_ENDPOINT, or start with `make run`.")


def object_store_of(settings: "Settings") -> "ObjectStore":
    """The configured object store. Raises ObjectStoreError."""
    return object_store(
        settings.minio_endpoint,
        settings.minio_bucket,
        settings.minio_access_key,
        settings.minio_secret_key.get_secret_value(),
        settings.minio_region,
        settings.objects_directory,
    )


def hub(
    endpoint: str | None,
    token: str,
    policy: "HubPolicy | None" = None,
    on_retry: Callable[[str], None] | None = None,
) -> "Hub":
    """The hub at `endpoint`, by default huggingface.co; anonymous without a token."""
    from dataclasses import replace

    from budmodel_pipeline.targets.hub import Hub

    known = Hub(endpoint, token or None) if endpoint else Hub(token=token or None)
    return replace(known, policy=policy or known.policy, on_retry=on_retry or known.on_retry)


def hub_of(settings: "Settings", policy: "HubPolicy | None" = None) -> "Hub":
    """The configured hub."""
    return hub(settings.hf_endpoint, settings.hf_token.get_secret_value(), policy)


def scan_engines(clamd: str | None, signature_days: int) -> Sequence["Engine"]:
    """What looks at files beside the scanner itself: ClamAV, where it is named."""
    if clamd is None:
        return []
    from budmodel_pipeline.services.clamd import ClamdPolicy, open_clamav

    return [open_clamav(clamd, ClamdPolicy(signature_days=signature_days))]


def scan_engines_of(settings: "Settings") -> Sequence["Engine"]:
    """The configured engines."""
    return scan_engines(settings.budmodel_clamd, settings.budmodel_clamd_signature_days)


def language_model(
    model: str | None, base_url: str, api_key: str, usd_per_million_input: str | None, usd_per_million_output: str | None
) -> "Llm | None":
    """The language model that writes prose, None where none is named or there is no key for it."""
    if not model or not api_key:
        return None
    from budmodel_pipeline.services.llm import Llm

    return Llm(
        base_url,
        api_key,
        model,
        usd_per_million_input=_price(usd_per_million_input),
        usd_per_million_output=_price(usd_per_million_output),
    )


def disk_roots(written: str) -> Sequence[Path]:
    """The folders that requests may name models in, as BUDMODEL_DISK_ROOTS lists them."""
    return [Path(root) for root in written.split(os.pathsep) if root]


def _price(written: str | None) -> Decimal | None:
    return Decimal(written) if written else None
