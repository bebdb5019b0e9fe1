"""Finds the sources: every module beside this one that holds a `SOURCE`, and those that installed packages bring."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType

import budmodel_pipeline.sources as package
from budmodel_pipeline.sources.contract import Source, check_declaration

# A package of a third party names its sources here, `slug = "module:SOURCE"`, in its own pyproject.
ENTRY_POINTS = "budmodel.sources"


class CatalogError(Exception):
    """A source is declared inconsistently or cannot be loaded, or two share a slug."""


@cache
def catalog() -> Mapping[str, Source]:
    """All sources by slug, in alphabetical order.

    Raises CatalogError when a declaration contradicts itself or two files claim one slug.
    """
    found: dict[str, Source] = {}
    for place, source in (*_beside(), *_installed()):
        problems = check_declaration(source)
        if source.slug in found:
            problems.append("another file declares the same slug")
        if problems:
            raise CatalogError(f"{place} ({source.slug}): {'; '.join(problems)}")
        found[source.slug] = source
    return MappingProxyType(dict(sorted(found.items())))


def _beside() -> Iterator[tuple[str, Source]]:
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        source = getattr(module, "SOURCE", None)
        if source is not None:
            yield module.__name__, source


def _installed() -> Iterator[tuple[str, Source]]:
    """Those of other packages. What goes wrong while one is loaded is its own, and nothing goes without it unnoticed."""
    for entry in entry_points(group=ENTRY_POINTS):
        place = f"{entry.value} of the package {entry.dist.name if entry.dist else 'that is unknown'}"
        try:
            source = entry.load()
        except Exception as error:
            raise CatalogError(f"{place} cannot be loaded: {type(error).__name__}: {error}") from error
        if not isinstance(source, Source):
            raise CatalogError(f"{place} is no Source")
        yield place, source
