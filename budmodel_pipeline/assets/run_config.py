"""What a run may be configured with: words and numbers, never the environment of the process."""

from collections.abc import Iterator

import dagster as dg


def refuse_environment(context: dg.AssetExecutionContext) -> None:
    """Ends a run whose config names variables: Dagster puts their values there, and words of a run go into tables and logs.

    Raises dg.Failure.
    """
    named = sorted(set(_variables(context.run.run_config.get("ops"))))
    if named:
        raise dg.Failure(
            f"The run config takes values from the environment ({', '.join(named)}); write what is meant instead. "
            "Nothing was read or changed.",
            allow_retries=False,
        )


def _variables(config: object) -> Iterator[str]:
    if isinstance(config, dict):
        if set(config) == {"env"}:
            yield str(config["env"])
        for value in config.values():
            yield from _variables(value)
    elif isinstance(config, list):
        for value in config:
            yield from _variables(value)
