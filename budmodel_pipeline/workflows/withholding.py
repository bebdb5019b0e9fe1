"""What publishers forbid to pass on stays out of what is handed on, the same for every mart; and whom to name beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

Term = Mapping[str, Any]

_TERMS = text("select * from marts.data_terms order by source, benchmark_id nulls first")
# A benchmark with terms of its own is under these, whatever those of its source.
_WITHHELD = text("""
    with terms as (
        select source, benchmark_id,
               allowed = 'forbidden' or (commercial = 'forbidden' and not :noncommercial) as is_withheld
        from budmodel.data_terms
    )
    select
        array(select source from terms where benchmark_id = '' and is_withheld order by 1) as sources,
        array(
            select metric_id from budmodel.metrics
            left join terms as own using (source, benchmark_id)
            left join terms as common on common.source = metrics.source and common.benchmark_id = ''
            where coalesce(own.is_withheld, common.is_withheld)
        ) as metrics
""")
# What says that a row is of a source, the first of these that a mart has.
_OF_A_SOURCE = (
    ({"metric_id", "source"}, "coalesce(metric_id = any(:metrics), source = any(:sources))"),
    ({"metric_id"}, "metric_id = any(:metrics)"),
    ({"source"}, "source = any(:sources)"),
    ({"catalog"}, "catalog = any(:sources)"),
)
# Terms are told of everyone; a group of models is known beyond a source, and a rank is made of all that it stands on.
_BY_MART = {
    "data_terms": "false",
    "gaps": "sources && cast(:sources as text[])",
    "model_groups": "sources <@ cast(:sources as text[])",
    "model_choice": "sources && cast(:sources as text[]) or price_catalogs && cast(:sources as text[])",
    "model_ranking": "sources && cast(:sources as text[])",
    "self_reported_gap": "claimed_metric_id = any(:metrics) or measured_metric_id = any(:metrics)",
}


@dataclass(frozen=True, slots=True)
class Withheld:
    """Whose figures may not be passed on: whole sources, and single metrics."""

    sources: Sequence[str]
    metrics: Sequence[str]

    def values(self, rule: str) -> dict[str, Sequence[str]]:
        """What a statement with this rule has to be given."""
        return {name: ids for name, ids in (("sources", self.sources), ("metrics", self.metrics)) if f":{name}" in rule}


def withheld(connection: Connection, *, noncommercial: bool) -> Withheld:
    """What the terms forbid, and unless it is `noncommercial` also what they forbid for money."""
    row = connection.execute(_WITHHELD, {"noncommercial": noncommercial}).one()
    return Withheld(row.sources, row.metrics)


def rule_of(mart: str, columns: Iterable[str]) -> str:
    """The SQL condition under which a row of `mart`, which has these columns, is withheld; null is as good as false."""
    names = frozenset(columns)
    return _BY_MART.get(mart) or next((rule for needed, rule in _OF_A_SOURCE if needed <= names), "false")


def terms_of_all(connection: Connection) -> list[Term]:
    """What every publisher allows, as marts.data_terms has it."""
    return [dict(row) for row in connection.execute(_TERMS).mappings()]


def credited(terms: Sequence[Term], kept_out: Withheld) -> list[Term]:
    """The terms of those who have to be named: whoever is not left out as a whole."""
    return [row for row in terms if row["attribution"] and row["source"] not in kept_out.sources]
