"""The object store as a Dagster resource: MinIO or another S3-compatible server, or a directory without one."""

from functools import cached_property
from pathlib import Path

import dagster as dg

from budmodel_pipeline.services.object_store import ObjectStore, open_directory, open_s3


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
        if self.endpoint:
            return open_s3(self.endpoint, self.bucket, self.access_key, self.secret_key, self.region)
        if self.directory:
            return open_directory(Path(self.directory))
        raise dg.Failure("No object store is configured: set MINIO_ENDPOINT, or start with `make run`.", allow_retries=False)
