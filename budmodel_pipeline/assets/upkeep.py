"""Who looks after the assets, and how old they may become."""

from datetime import timedelta

import dagster as dg

OWNERS = ["team:data-engineering"]
FRESHNESS = dg.FreshnessPolicy.time_window(warn_window=timedelta(days=8), fail_window=timedelta(days=9))
