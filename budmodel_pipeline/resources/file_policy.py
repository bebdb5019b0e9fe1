"""What is copied into the object store, as a setting of the deployment."""

from pathlib import Path

import dagster as dg

from budmodel_pipeline.resources.object_storage import ObjectStorageResource
from budmodel_pipeline.workflows.file_copies import Bandwidth, CopyLimits, FileCopying, Policy

GIGABYTE = 10**9


class FilePolicy(dg.ConfigurableResource):  # type: ignore[type-arg]
    """What is copied into the object store, and what that may take."""

    policy: str = "none"
    work: str
    max_bytes_per_model: int = 500 * GIGABYTE
    bytes_per_second: float | None = None

    def copying(self, storage: ObjectStorageResource, policy: str | None) -> FileCopying:
        """For one run, which may have a policy of its own."""
        chosen: dict[str, Policy] = {"none": "none", "metadata": "metadata", "all": "all"}
        if (wanted := policy or self.policy) not in chosen:
            raise dg.Failure(f"expected a policy of none, metadata or all; found {wanted!r}", allow_retries=False)
        return FileCopying(
            storage.store,
            Path(self.work),
            chosen[wanted],
            CopyLimits(max_bytes=self.max_bytes_per_model),
            Bandwidth(self.bytes_per_second),
        )
