"""Rows as they stand in the page: the names of the columns once, and a list of values for each row."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
Table = dict[str, Any]

# What is true of a model whatever it is ranked for; the other columns of marts.model_choice are of one scope.
OF_A_MODEL = (
    "group_id",
    "display_name",
    "maker",
    "sources",
    "target",
    "open_weights",
    "parameters",
    "parameters_basis",
    "context_length",
    "weight_bytes",
    "serving_bytes_8k",
    "serving_bytes_32k",
    "license_id",
    "license_type",
    "license_suitability",
    "license_basis",
    "license_conflicts",
    "commercial_use",
    "verdict",
    "input_usd_per_million_tokens",
    "output_usd_per_million_tokens",
    "cheapest_provider",
    "price_catalog",
    "prices_fetched_at",
    "priced_providers",
    "free_providers",
    "contradicted_providers",
)
OF_A_PLACE = (
    "group_id",
    "rank",
    "tier",
    "score",
    "lower",
    "upper",
    "benchmarks",
    "self_reported",
    "blended_usd_per_million_tokens",
    "dearest_blended_usd_per_million_tokens",
)
# More digits than anybody is shown.
_DIGITS = 5
_GREATEST_INTEGER = 2**53


def table(columns: Sequence[str], rows: Iterable[Row]) -> Table:
    """These columns of the rows."""
    return {"columns": list(columns), "rows": [[_short(row[name]) for name in columns] for row in rows]}


def models_and_places(choices: Iterable[Row]) -> tuple[Table, dict[str, Table]]:
    """Every model once, and by scope where it stands; `choices` are rows of marts.model_choice in the order to be shown."""
    models: dict[str, Row] = {}
    places: dict[str, list[Row]] = {}
    for row in choices:
        models.setdefault(row["group_id"], row)
        places.setdefault(row["scope"], []).append(row)
    return table(OF_A_MODEL, models.values()), {scope: table(OF_A_PLACE, rows) for scope, rows in places.items()}


def first_of_each(rows: Iterable[Row], keys: Sequence[str], most: int) -> list[Row]:
    """The first rows of every one that these columns tell apart; `more` of the last says how many there are beside them."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return [
        {**row, "more": len(same) - most if place == most else 0}
        for same in found.values()
        for place, row in enumerate(same[:most], 1)
    ]


def _short(value: Any) -> Any:
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else _as_scripts_have_it(value)


def _as_scripts_have_it(value: Any) -> Any:
    """A number that a script would round is a text, which it shows as it is."""
    match value:
        case dict():
            return {key: _as_scripts_have_it(one) for key, one in value.items()}
        case list():
            return [_as_scripts_have_it(one) for one in value]
        case Decimal():
            return float(value)
        case int() if abs(value) > _GREATEST_INTEGER:
            return str(value)
        case _:
            return value
