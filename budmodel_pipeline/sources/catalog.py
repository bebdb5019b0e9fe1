"""Finds the sources: every module beside this one that holds a `SOURCE`."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import budmodel_pipeline.sources as package
from budmodel_pipeline.sources.contract import Source, check_declaration


class CatalogError(Exception):
    """A source is declared inconsistently, or two share a slug."""


@cache
def catalog() -> Mapping[str, Source]:
    """All sources by slug, in alphabetical order.

    Raises CatalogError when a declaration contradicts itself or two files claim one slug.
    """
    found: dict[str, Source] = {}
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        source = getattr(module, "SOURCE", None)
        if source is None:
            continue
        problems = check_declaration(source)
        if source.slug in found:
            problems.append("another file declares the same slug")
        if problems:
            raise CatalogError(f"{module.__name__} ({source.slug}): {'; '.join(problems)}")
        found[source.slug] = source
    return MappingProxyType(dict(sorted(found.items())))
