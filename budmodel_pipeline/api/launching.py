"""Launches extractions where a Dagster web server is, which knows the code and queues the run."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

# The name that the definitions give it.
JOB = "extract_leaderboards"
SECONDS = 30
UNKNOWN = (
    "No Dagster is known here: set BUDMODEL_DAGSTER_URL to the address of its web server, such as http://webserver:3000."
)


def launch_extraction(url: str | None, sources: Sequence[str], asked_by: str) -> str:
    """The id of the run that was queued to extract `sources`. Raises HTTPException."""
    if url is None:
        raise HTTPException(503, UNKNOWN)
    # Takes seconds to import, and a server that launches nothing need not have it.
    from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError
    from requests import RequestException

    parts = urlsplit(url)
    client = DagsterGraphQLClient(
        parts.netloc, use_https=parts.scheme == "https", timeout=SECONDS, path_prefix=parts.path.rstrip("/")
    )
    try:
        return client.submit_job_execution(
            JOB,
            asset_selection=[[layer, source] for source in sources for layer in ("snapshots", "scores")],
            tags={"budmodel/sources": ",".join(sources), "budmodel/asked_by": asked_by},
        )
    except (DagsterGraphQLClientError, RequestException) as error:
        raise HTTPException(503, f"Dagster at {url} did not launch a run: {error}. Nothing was started.") from error
