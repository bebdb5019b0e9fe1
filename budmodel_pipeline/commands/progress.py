"""What a run in this process shows while it works: a line per asset, as Dagster reports it."""

import logging
from collections.abc import Callable

import dagster as dg

Say = Callable[[str], None]

NAME = "progress"


def progress_logger(say: Say) -> dg.LoggerDefinition:
    """A Dagster logger that turns the events of a run into lines for people and drops the rest."""

    @dg.logger
    def progress(_context: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("budmodel.progress")
        logger.addHandler(_Handler(say))
        return logger

    return progress


class _Handler(logging.Handler):
    def __init__(self, say: Say) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        line = line_for(event) if isinstance(event, dg.DagsterEvent) else None
        if line:
            self._say(line)


def line_for(event: dg.DagsterEvent) -> str | None:
    """The line that an event deserves, None for most."""
    if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
        materialization = event.step_materialization_data.materialization
        stored = materialization.metadata.get("files_in_store")
        if stored is not None and not stored.value:
            return None
        which = f" {materialization.partition}" if materialization.partition else ""
        return f"  ✓ {materialization.asset_key.to_user_string()}{which}{_details(materialization.metadata)}"
    if event.event_type is dg.DagsterEventType.STEP_UP_FOR_RETRY:
        delay = event.step_retry_data.seconds_to_wait
        return f"  … {event.step_key} is tried again in {delay:g} s"
    if event.event_type is dg.DagsterEventType.STEP_FAILURE:
        failure = event.step_failure_data
        described = failure.user_failure_data.description if failure.user_failure_data else None
        cause = (failure.error.cause or failure.error).message.strip() if failure.error else "unknown"
        return f"  ✗ {event.step_key}: {described or cause}"
    return None


def _details(metadata: object) -> str:
    if not isinstance(metadata, dict):
        return ""
    values = {name: value.value for name, value in metadata.items() if isinstance(value, dg.MetadataValue)}
    if values.get("unchanged"):
        return "  unchanged"
    if "verdict" in values:
        return f"  {values['verdict']}"
    if "evidence" in values:
        return f"  {values['license']} (by {values['evidence']})"
    if "fields" in values:
        return f"  {values['fields']} fields"
    if "files_in_store" in values:
        return f"  {values['files']} files, {values['files_in_store']} in the store"
    if "bytes" in values:
        return f"  {values['bytes']:,} bytes"
    if "rows_read" in values:
        kept, read = values["rows_kept"], values["rows_read"]
        return f"  {kept:,} of {read:,} rows, {values['dagster/row_count']:,} scores"
    if "dagster/row_count" in values:
        return f"  {values['dagster/row_count']:,} rows"
    return ""
