"""Launches extractions where a Dagster web server is, which knows the code and queues the run."""

from collections.abc import Sequence
from typing import Any

import requests
from starlette.exceptions import HTTPException

# The names that the definitions and the workspace give.
JOB, LOCATION, REPOSITORY = "extract_leaderboards", "budmodel_pipeline", "__repository__"
LOOK_SECONDS, LAUNCH_SECONDS = 10, 60
UNKNOWN = (
    "No Dagster is known here: set BUDMODEL_DAGSTER_URL to the address of its web server, such as http://webserver:3000."
)
ADVICE = "set BUDMODEL_DAGSTER_URL to where its web server is. Nothing was started."
# By GraphQL itself: Dagster's own client takes seconds and 40 MB to import, and tells queries where people look for causes.
LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) { ... on LaunchRunSuccess { run { runId } } ... on Error { message } }
}
"""


def launch_extraction(url: str | None, sources: Sequence[str], asked_by: str) -> str:
    """The id of the run that was queued to extract `sources`, due or not. Raises HTTPException."""
    if url is None:
        raise HTTPException(503, UNKNOWN)
    place = url.rstrip("/")
    _expect_dagster(place)
    assets = [{"path": [layer, source]} for source in sources for layer in ("snapshots", "scores")]
    tags = {"budmodel/sources": ",".join(sources), "budmodel/asked_by": asked_by}
    params = {
        "selector": {
            "repositoryLocationName": LOCATION,
            "repositoryName": REPOSITORY,
            "jobName": JOB,
            "assetSelection": assets,
        },
        "executionMetadata": {"tags": [{"key": name, "value": value} for name, value in tags.items()]},
    }
    asked = {"query": LAUNCH, "variables": {"params": params}}
    try:
        # It tells in the body what happened, with status 500 where its code does not load.
        answer = requests.post(f"{place}/graphql", json=asked, timeout=LAUNCH_SECONDS).json()
        launched: dict[str, Any] = answer["data"]["launchRun"]
    except (requests.RequestException, LookupError, TypeError) as error:
        said = f"Dagster at {place} broke off while a run was launched; {place}/runs shows whether it is queued."
        raise HTTPException(503, said) from error
    if "run" in launched:
        run_id: str = launched["run"]["runId"]
        return run_id
    cause = launched["message"].strip().partition("\n")[0].rstrip(".")
    said = f"Dagster at {place} launched no {JOB}: {cause}. {place}/locations tells whether its code is loaded."
    raise HTTPException(503, f"{said} Nothing was started.")


def _expect_dagster(place: str) -> None:
    """Looks before anything is sent: what fails here has started nothing. Raises HTTPException."""
    try:
        answer = requests.get(f"{place}/server_info", timeout=LOOK_SECONDS)
        answer.raise_for_status()
        known = "dagster_version" in answer.json()
    except (requests.HTTPError, requests.JSONDecodeError):
        known = False
    except requests.RequestException as error:
        raise HTTPException(503, f"Dagster at {place} does not answer: start it, or {ADVICE}") from error
    if not known:
        raise HTTPException(503, f"{place} is no web server of Dagster: {ADVICE}")
