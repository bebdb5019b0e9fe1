"""What tests of the marts share: one build."""

from collections.abc import Iterator

import pytest

from budmodel_pipeline.services.embedded_postgres import Server
from tests.integration.warehouse.built_database import Built, building


@pytest.fixture(scope="session")
def built(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The marts of four sources in their different states; whoever changes something puts it back."""
    with building(postgres_server, tmp_path_factory.mktemp("dbt")) as made:
        yield made
