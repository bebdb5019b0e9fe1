"""Who looks after the assets, and how old they may become."""

from datetime import timedelta

import dagster as dg

OWNERS = ["team:data-engineering"]
WEEK = timedelta(days=7)


def stale_after(cadence: timedelta = WEEK) -> timedelta:
    """How old what comes every `cadence` may become."""
    return cadence + timedelta(days=2)


def freshness(cadence: timedelta = WEEK) -> dg.FreshnessPolicy:
    """Warns a day after what comes every `cadence` was due, and fails a day later."""
    return dg.FreshnessPolicy.time_window(warn_window=cadence + timedelta(days=1), fail_window=stale_after(cadence))


FRESHNESS = freshness()
