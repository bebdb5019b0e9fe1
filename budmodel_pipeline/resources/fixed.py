"""Resources as the settings say, whatever the launchpad says.

Dagster lets whoever launches a run override every field of a resource, also by the value of any environment variable: a hub
of one's own and `hub_token: {env: POSTGRES_PASSWORD}` would have a run carry the password there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

def fixed(resource: object) -> object:
    """`resource` without anything that could be configured at launch."""
    if not isinstance(resource, dg.ConfigurableResource):
        return resource

    @contextmanager
    def made(_context: dg.InitResourceContext) -> Iterator[Any]:
        # As it was made: where a field names an environment variable, it is read here.
        with resource.process_config_and_initialize_cm() as ready:
            yield ready

    return dg.ResourceDefinition(made, config_schema={}, description=type(resource).__doc__)
