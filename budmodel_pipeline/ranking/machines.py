"""Common machines by name, with the memory that a model can have on them; kept in `machines.toml`, each with its reason."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that models are served on; `usable_bytes` is the memory that is left for weights, cache and server."""

    name: str
    title: str
    usable_bytes: int
    reason: str


@cache
def machines() -> dict[str, Machine]:
    """The machines by name, in the order of the file."""
    raw = tomllib.loads(resources.files(__package__).joinpath("machines.toml").read_text("utf-8"))
    return {
        name: Machine(name, said["title"], said["usable_mib"] * MIB, said["reason"].strip()) for name, said in raw.items()
    }
