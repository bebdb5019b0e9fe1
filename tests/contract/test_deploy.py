"""What `deploy/` ships fits together."""

import yaml

from tests.checkout import ROOT

DEPLOY = ROOT / "deploy"


def test_compose_gives_every_variable_that_the_instance_reads() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    instance = (DEPLOY / "dagster.yaml").read_text()
    read = {line.split("env: ")[1].strip(" }") for line in instance.splitlines() if "env: " in line}
    for service in ("code", "webserver", "daemon"):
        assert read <= set(compose["services"][service]["environment"])
