"""Where people are told of faults, as a Dagster resource."""

import dagster as dg

from budmodel_pipeline.services.webhook import post_message

# A tick has 60 seconds.
SECONDS = 10.0


class AlertingResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """A webhook; its address comes from an environment variable and is never shown, because who knows it can write there."""

    webhook: str = ""

    @property
    def is_configured(self) -> bool:
        """Whether anybody is told."""
        return bool(self.webhook)

    def tell(self, message: str) -> None:
        """Posts a message. Raises WebhookError."""
        post_message(self.webhook, message, SECONDS)
