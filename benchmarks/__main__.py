"""Runs every benchmark beside this file and prints its figures. A target that is missed is said, not enforced."""

import importlib
import os
import pkgutil
import sys

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks.measure import Figure
from benchmarks.published_files import where_from


def main(only: list[str]) -> None:
    """Runs the benchmarks named in `only`, or all: the modules of this package that have a function `run`, but for those
    that say ON_REQUEST."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # Where it is set each start compiles what users have compiled once.
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    if strange := [name for name in only if name not in names]:
        sys.exit(f"{', '.join(strange)}: no such benchmark. There are {', '.join(names)}.")
    console = Console(highlight=False)
    console.print(where_from())
    figures: list[Figure] = []
    for name in only or names:
        module = importlib.import_module(f"{benchmarks.__name__}.{name}")
        if hasattr(module, "run") and (only or not hasattr(module, "ON_REQUEST")):
            console.print(f"Running {name} …", style="dim")
            for figure in module.run():
                figures.append(figure)
                console.print(f"{figure.what}: {figure.value:.2f}", style="dim")
    table = Table("", "figure", "value", "target", "met")
    for number, figure in enumerate(figures, 1):
        met = "yes" if figure.met else "no"
        table.add_row(str(number), figure.what, f"{figure.value:.2f}", f"at most {figure.target:g}", met)
    console.print(table)
    for number, figure in enumerate(figures, 1):
        console.print(f"{number}: {figure.detail}", style="dim")


if __name__ == "__main__":
    main(sys.argv[1:])
