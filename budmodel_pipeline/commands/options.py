"""Options and arguments that several commands share."""

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

as_json = click.option("--json", "as_json", is_flag=True, help="JSON for programs: one object or list, errors as well.")

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)
_COUNTS: dict[str, int] = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
_BYTES: dict[str, int] = {unit: 1000**power for power, unit in enumerate(("b", "kb", "mb", "gb", "tb"))}
_BYTES |= {unit: 1024**power for power, unit in enumerate(("kib", "mib", "gib", "tib"), 1)}
_BYTES |= {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class SourceName(click.ParamType[str]):
    """A leaderboard by its name, in any spelling. Where a name may also be that of one `of_others`, it may resemble none."""

    name = "source"

    def __init__(self, *, of_others: bool = False) -> None:
        self._of_others = of_others

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from budmodel_pipeline.identity.spelling import meant, near, unknown
        from budmodel_pipeline.sources.catalog import CatalogError, catalog

        name = str(value)
        try:
            known = list(catalog())
        except CatalogError as error:
            raise click.ClickException(str(error)) from error
        found = meant(name, known)
        if found is None and self._of_others and not near(name, known):
            return name
        if found is None:
            self.fail(unknown("source", name, near(name, known), f"Known: {', '.join(known)}."), param, ctx)
        return found

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":  # noqa: ARG002 - click's own signature
        from click.shell_completion import CompletionItem

        from budmodel_pipeline.sources.catalog import catalog

        return [CompletionItem(name) for name in catalog() if name.startswith(incomplete)]


class Amount(click.ParamType[int]):
    """A number with a unit: `8B` parameters, `24GB` of memory."""

    name = "amount"

    def __init__(self, *, of_bytes: bool = False) -> None:
        self._units = _BYTES if of_bytes else _COUNTS
        self._example = "24GB or 16GiB" if of_bytes else "8B, 500M or 7000000000"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _AMOUNT.fullmatch(str(value).strip().replace(",", ""))
        if found is None or found[2].lower() not in self._units:
            self.fail(f"expected a number such as {self._example}; found {value!r}.", param, ctx)
        return round(float(found[1]) * self._units[found[2].lower()])
