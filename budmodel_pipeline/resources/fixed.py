"""Resources as the settings say, whatever the launchpad says.

Dagster lets whoever launches a run override every field of a resource, also by the value of any environment variable: a hub
of one's own and `hub_token: {env: POSTGRES_PASSWORD}` would have a run carry the password there.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import dagster as dg

During = Callable[[dg.InitResourceContext, Any], AbstractContextManager[None]]


def fixed(resource: object, during: During = lambda _context, _ready: nullcontext()) -> object:
    """`resource` without anything that could be configured at launch; `during` is entered while it is there."""
    if not isinstance(resource, dg.ConfigurableResource):
        return resource

    @contextmanager
    def made(context: dg.InitResourceContext) -> Iterator[Any]:
        # As it was made: where a field names an environment variable, it is read here.
        with resource.process_config_and_initialize_cm() as ready, during(context, ready):
            yield ready

    return dg.ResourceDefinition(made, config_schema={}, description=type(resource).__doc__)
