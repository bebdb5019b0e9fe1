"""How models are scanned, as a setting of the deployment."""

import dagster as dg

from budmodel_pipeline.workflows.model_scanning import Scanning
from budmodel_scanner.engines import Engine

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
        engines: list[Engine] = []
        if self.clamd is not None:
            from budmodel_pipeline.services.clamd import ClamdPolicy, open_clamav

            engines.append(open_clamav(self.clamd, ClamdPolicy(signature_days=self.clamd_signature_days)))
        return Scanning(engines, int(self.max_megabytes * MEGABYTE))
