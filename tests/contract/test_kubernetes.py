"""The values for Dagster's Helm chart: words that the chart knows, and an instance like the other deployments'."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests.checkout import ROOT

VALUES: Mapping[str, Any] = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "values.yaml").read_text())
INSTANCE: Mapping[str, Any] = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text())
# Of the chart's schema (helm/dagster/schema of dagster-io/dagster, version 1.13), what these values may name. Where a word
# is wrong the chart refuses to install, or ignores it.
POD = (
    "image env envConfigMaps envSecrets labels nodeSelector affinity tolerations podSecurityContext securityContext "
    "resources livenessProbe readinessProbe startupProbe annotations schedulerName volumes volumeMounts"
)
KNOWN = {
    "": "global generatePostgresqlPasswordSecret postgresql dagster-user-deployments dagsterWebserver dagsterDaemon "
    "runLauncher computeLogManager pythonLogs retention telemetry additionalInstanceConfig",
    "postgresql": "enabled postgresqlScheme postgresqlHost postgresqlUsername postgresqlDatabase postgresqlParams service",
    "dagster-user-deployments": "enabled enableSubchart imagePullSecrets deployments",
    "dagster-user-deployments.deployments": f"{POD} name port codeServerArgs dagsterApiGrpcArgs includeConfigInLaunchedRuns",
    "dagsterWebserver": f"{POD} replicaCount nameOverride service workspace deploymentLabels enableReadOnly logLevel",
    "dagsterDaemon": f"{POD} enabled runCoordinator heartbeatTolerance deploymentLabels runMonitoring runRetries sensors "
    "schedules",
    "dagsterDaemon.runCoordinator": "enabled type config",
    "dagsterDaemon.runCoordinator.config": "queuedRunCoordinator customRunCoordinator",
    "dagsterDaemon.runCoordinator.config.customRunCoordinator": "module class config",
    "dagsterDaemon.sensors": "useThreads numWorkers numSubmitWorkers",
    "runLauncher": "type config",
    "runLauncher.config": "celeryK8sRunLauncher k8sRunLauncher customRunLauncher",
    "runLauncher.config.k8sRunLauncher": "image imagePullPolicy jobNamespace loadInclusterConfig kubeconfigFile "
    "envConfigMaps envSecrets envVars volumeMounts volumes labels failPodOnRunFailure resources schedulerName "
    "securityContext runK8sConfig",
    "computeLogManager": "type config",
    "computeLogManager.config": "azureBlobComputeLogManager gcsComputeLogManager s3ComputeLogManager "
    "customComputeLogManager",
    "computeLogManager.config.s3ComputeLogManager": "bucket localDir prefix useSsl verify verifyCertPath endpointUrl "
    "skipEmptyFiles uploadInterval uploadExtraArgs showUrlOnly region",
    "pythonLogs": "pythonLogLevel managedPythonLoggers dagsterHandlerConfig",
    "retention": "enabled sensor schedule autoMaterialize",
    "telemetry": "enabled",
}


def sections(value: object, path: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every mapping of the values with its words; those that stand for texts to be repeated are left out."""
    if isinstance(value, list):
        for one in value:
            yield from sections(one, path)
    elif isinstance(value, dict):
        yield path, {name for name in value if not name.startswith("x-")}
        for name, inner in value.items():
            yield from sections(inner, f"{path}.{name}".removeprefix("."))


def test_the_chart_knows_every_word() -> None:
    told = list(sections(VALUES))
    assert KNOWN.keys() <= {path for path, _ in told}
    for path, words in told:
        if path in KNOWN:
            assert words <= set(KNOWN[path].split()), path


def test_the_instance_is_that_of_the_other_deployments() -> None:
    daemon, more = VALUES["dagsterDaemon"], VALUES["additionalInstanceConfig"]
    assert {name: INSTANCE[name] for name in more} == more
    # Given twice, the instance would not load.
    assert not daemon["runMonitoring"]["enabled"]
    assert not daemon["runRetries"]["enabled"]
    assert daemon["runCoordinator"]["config"]["customRunCoordinator"] == INSTANCE["run_coordinator"]
    assert daemon["sensors"] == {"useThreads": True, "numWorkers": INSTANCE["sensors"]["num_workers"]}
    assert VALUES["postgresql"]["postgresqlScheme"] == INSTANCE["storage"]["postgres"]["postgres_db"]["scheme"]
    logs = VALUES["computeLogManager"]["config"]["s3ComputeLogManager"]
    assert {"endpoint_url" if name == "endpointUrl" else name: value for name, value in logs.items()} == (
        INSTANCE["compute_logs"]["config"]
    )
    for kind in ("schedule", "sensor"):
        assert VALUES["retention"][kind]["purgeAfterDays"] == INSTANCE["retention"][kind]["purge_after_days"]
    assert VALUES["telemetry"] == INSTANCE["telemetry"]
    assert VALUES["pythonLogs"]["managedPythonLoggers"] == INSTANCE["python_logs"]["managed_python_loggers"]


def test_nobody_is_root_and_no_secret_is_written_down() -> None:
    (code,) = VALUES["dagster-user-deployments"]["deployments"]
    parts = (code, VALUES["dagsterWebserver"], VALUES["dagsterDaemon"])
    assert {part["securityContext"]["runAsUser"] for part in parts} == {10001}
    assert [part["envSecrets"] for part in parts] == [[{"name": "budmodel"}]] * 3
    assert code["includeConfigInLaunchedRuns"] == {"enabled": True}
    assert "postgresqlPassword" not in VALUES["postgresql"]
    assert VALUES["dagsterWebserver"]["enableReadOnly"] is True
    image = (ROOT / "deploy" / "kubernetes" / "Dockerfile").read_text().splitlines()
    assert image[-1] == "USER budmodel"
