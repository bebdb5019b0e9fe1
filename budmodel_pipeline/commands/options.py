"""Options and arguments that several commands share."""

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

as_json = click.option("--json", "as_json", is_flag=True, help="JSON for programs: one object or list, errors as well.")
as_lines = click.option("--json", "as_json", is_flag=True, help="JSON for programs: an object in a line for each file.")

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


class OneOf(click.Choice[str]):
    """One of a few words, in any spelling: `RTX 4090` is `rtx-4090`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from budmodel_pipeline.identity.spelling import do_you_mean, meant, near

        known, name = [str(one) for one in self.choices], str(value)
        found = meant(name, known)
        if found is None:
            alike = near(name, known)
            self.fail(f"{name!r} is none of {', '.join(known)}.{f' {do_you_mean(alike)}' if alike else ''}", param, ctx)
        return found


class Day(click.DateTime):
    """A day as 2026-03-01."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's own signature
        return "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"expected a day such as 2026-03-01; found {value!r}.", param, ctx)


class Count(click.IntRange):
    """A whole number within bounds."""

    name = "number"


class Amount(click.ParamType[int]):
    """A number with a unit: `8B` parameters, `24GB` of memory."""

    name = "amount"

    def __init__(self, *, of_bytes: bool = False) -> None:
        self._units = _BYTES if of_bytes else _COUNTS
        self._example = "24GB or 16GiB" if of_bytes else "32k, 500M, 8B or 7000000000"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _AMOUNT.fullmatch(str(value).strip().replace(",", ""))
        if found is None or found[2].lower() not in self._units:
            self.fail(f"expected a number such as {self._example}; found {value!r}.", param, ctx)
        return round(float(found[1]) * self._units[found[2].lower()])
