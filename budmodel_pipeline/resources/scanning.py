"""How models are scanned, as a setting of the deployment."""

import dagster as dg

from budmodel_pipeline.connections.live import scan_engines
from budmodel_pipeline.workflows.model_scanning import Scanning

MEGABYTE = 1_000_000


class ScanningResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """`max_megabytes` is what may be downloaded of a file for its scan; 0 scans nothing. `clamd` is where ClamAV listens."""

    max_megabytes: float = 64
    clamd: str | None = None
    clamd_signature_days: int = 7

    @property
    def scanning(self) -> Scanning | None:
        """How to scan; None where scans are turned off."""
        if self.max_megabytes <= 0:
            return None
        return Scanning(scan_engines(self.clamd, self.clamd_signature_days), int(self.max_megabytes * MEGABYTE))
