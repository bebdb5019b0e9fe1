"""`python -m docs.recipes` writes `docs/recipes.md`: the questions of `dbt_leaderboard/analyses` and their answers."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

ROOT = Path(__file__).parents[1]
ANALYSES = ROOT / "dbt_leaderboard" / "analyses"
PAGE = ROOT / "docs" / "recipes.md"
SHOWN = 5
NOTHING = "The samples hold nothing of the kind.\n"
# What depends on when the samples were read, and so is another on every machine; moments do as well.
OF_THE_RUN = frozenset({"week", "days_since_we_looked"})
INTRODUCTION = """\
# Recipes

Ten questions to the marts, each with the SQL that answers it and what that says on the bundled samples, which hold a few
models of each leaderboard. `budmodel psql` takes the SQL as it stands; the same questions lie in `dbt_leaderboard/analyses`,
where dbt knows what they depend on. [recipes.ipynb](recipes.ipynb) draws three charts of the same marts.

`python -m docs.recipes` writes this page from the database that the settings name; a test compares it with a run on samples.
"""

Row = Mapping[str, Any]


def questions() -> dict[str, str]:
    """The SQL of each analysis as any client takes it, by the letter that it begins with."""
    return {path.stem[0]: plain_sql(path.read_text("utf-8")) for path in sorted(ANALYSES.glob("*.sql"))}


def plain_sql(analysis: str) -> str:
    """An analysis without the words of dbt: its tables by their names, its variables by their defaults."""
    tables = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"marts.\1", analysis)
    return re.sub(r"\{\{ var\(\"\w+\", \"([^\"]*)\"\) \}\}", r"\1", tables)


def page(connection: Connection) -> str:
    """The whole page, with the answers that the database gives now."""
    recipes = [_recipe(connection, letter, sql) for letter, sql in questions().items()]
    return "\n".join([INTRODUCTION, *recipes])


def _recipe(connection: Connection, letter: str, sql: str) -> str:
    lines = sql.splitlines()
    words = " ".join(line.removeprefix("-- ") for line in lines if line.startswith("-- "))
    query = "\n".join(line for line in lines if not line.startswith("-- "))
    title, ending, rest = words.partition(". ")
    about = f"{rest}\n\n" if ending else ""
    rows = [dict(row) for row in connection.exec_driver_sql(query.replace("%", "%%")).mappings()]
    answer = _table(rows) if rows else NOTHING
    return f"## ({letter}) {title.removesuffix('.')}\n\n{about}```sql\n{query}\n```\n\n{answer}"


def _table(rows: Sequence[Row]) -> str:
    names = [name for name in rows[0] if name not in OF_THE_RUN and not isinstance(rows[0][name], datetime)]
    lines = [names, ["---"] * len(names), *([_cell(row[name]) for name in names] for row in rows[:SHOWN])]
    more = f"\n{len(rows) - SHOWN:,} more rows.\n" if len(rows) > SHOWN else ""
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n" + more


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float | Decimal):
        # Figures of a fit are not the same to the last digit on every machine.
        return f"{value:.3g}" if isinstance(value, float) else f"{value:g}"
    return (json.dumps(value) if isinstance(value, dict) else str(value)).replace("|", r"\|")


def main() -> None:
    from budmodel_pipeline.commands.context import database

    with database() as (_, engine), engine.connect() as connection:
        PAGE.write_text(page(connection), "utf-8")


if __name__ == "__main__":
    main()
