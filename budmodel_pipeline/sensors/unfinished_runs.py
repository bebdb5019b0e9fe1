"""Which runs of Dagster are not over yet."""

import dagster as dg

_OVER = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
# One that was made and not started may begin to write at any moment, and one that is being canceled still does.
UNFINISHED = [status for status in dg.DagsterRunStatus if status not in _OVER]
