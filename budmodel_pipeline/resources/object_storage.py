"""The object store as a Dagster resource: MinIO or another S3-compatible server, or a directory without one."""

from functools import cached_property
from pathlib import Path

import dagster as dg

from budmodel_pipeline.connections.live import NotConfiguredError, object_store
from budmodel_pipeline.services.object_store import ObjectStore


class ObjectStorageResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """`directory` is used where no `endpoint` is given. The keys come from environment variables and are never shown."""

    endpoint: str | None = None
    bucket: str = "budmodel"
    access_key: str = ""
    secret_key: str = ""
    region: str = "us-east-1"
    directory: str | None = None

    @cached_property
    def store(self) -> ObjectStore:
        """The store that this run writes to."""
        directory = Path(self.directory) if self.directory else None
        try:
            return object_store(self.endpoint, self.bucket, self.access_key, self.secret_key, self.region, directory)
        except NotConfiguredError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
