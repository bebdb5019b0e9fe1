"""What an engineer sees beside a materialization: counts, previews, differences, links and a plot."""

import base64
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import dagster as dg
from sqlalchemy import Connection, text

from budmodel_pipeline.assets.markdown import inert, link, shown, table
from budmodel_pipeline.sources.contract import Metric, Source
from budmodel_pipeline.warehouse.changes import Changes
from budmodel_pipeline.warehouse.tables import scores
from budmodel_pipeline.workflows.extraction import Published, Taken

if TYPE_CHECKING:
    import pandas as pd

PREVIEW_ROWS = 20
COLORS = 16

_RANKED = text("""
    select published_name, value, lower, upper, votes, organization, entry_key
    from budmodel.scores join budmodel.entries using (snapshot_id, entry_no)
    where snapshot_id = :snapshot_id and metric_id = :metric_id
    order by case when :descending then -value else value end, entry_key
""")


def snapshot_metadata(taken: Taken) -> dict[str, dg.MetadataValue]:
    """Where the bytes came from, how many they are and where they lie."""
    snapshot = taken.snapshot
    rows = [
        f"| {link(file.endpoint, file.url)} | {file.size_bytes:,} | `{file.sha256[:12]}` | `{file.object_key}` |"
        for file in snapshot.files
    ]
    lines = ["| endpoint | bytes | sha256 | object |", "|---|---:|---|---|", *rows]
    return {
        "snapshot": dg.MetadataValue.text(snapshot.snapshot_id),
        "unchanged": dg.MetadataValue.bool(taken.unchanged),
        "origin": dg.MetadataValue.text(snapshot.origin),
        "bytes": dg.MetadataValue.int(sum(file.size_bytes for file in snapshot.files)),
        "files": dg.MetadataValue.md("\n".join(lines)),
        "first_fetched": dg.MetadataValue.timestamp(snapshot.fetched_at),
    }


def scores_metadata(
    connection: Connection, source: Source, published: Published, changes: Changes
) -> dict[str, dg.MetadataValue]:
    """Row account, preview and plot of the headline metric, difference to the snapshot before, column schema."""
    snapshot, headline = published.snapshot, source.headline_metric()
    difference = "unchanged" if published.unchanged else None if snapshot.previous_snapshot_id else "first snapshot"
    count = text("select count(*) from budmodel.scores where snapshot_id = :snapshot_id")
    total: int = connection.execute(count, {"snapshot_id": snapshot.snapshot_id}).scalar_one()
    ranked = cache(lambda: _read_ranked(connection, snapshot.snapshot_id, source))
    facts: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(total),
        "rows_read": dg.MetadataValue.int(snapshot.rows_read or 0),
        "rows_kept": dg.MetadataValue.int(snapshot.rows_kept or 0),
        "rows_rejected": dg.MetadataValue.int(snapshot.rows_rejected or 0),
        "unchanged": dg.MetadataValue.bool(published.unchanged),
        "as_of": dg.MetadataValue.text(f"{snapshot.as_of or 'unknown'} ({snapshot.as_of_basis})"),
        "origin": dg.MetadataValue.text(snapshot.origin),
        "snapshot": dg.MetadataValue.text(snapshot.snapshot_id),
        "homepage": dg.MetadataValue.url(source.homepage),
        "fetched_from": dg.MetadataValue.md("\n".join(f"- {link(file.endpoint, file.url)}" for file in snapshot.files)),
        "changes": dg.MetadataValue.text(difference or changes.sentence()),
        "dagster/column_schema": dg.MetadataValue.table_schema(_column_schema()),
    }
    views: dict[str, Callable[[], dg.MetadataValue]] = {
        "changed_scores": lambda: dg.MetadataValue.md(difference or _changes_table(changes)),
        "preview": lambda: dg.MetadataValue.md(
            f"**{headline.title}** ({headline.unit})\n\n{_preview(ranked()).to_markdown(index=False)}"
        ),
        "plot": lambda: dg.MetadataValue.md(
            f"![{headline.title}](data:image/png;base64,{_plot(ranked(), source, headline)})"
        ),
    }
    return facts | {name: shown(view) for name, view in views.items()}


def _read_ranked(connection: Connection, snapshot_id: str, source: Source) -> "pd.DataFrame":
    """The entries of the headline metric, the best first."""
    import pandas as pd

    headline = source.headline_metric()
    values: dict[str, str | bool] = {
        "snapshot_id": snapshot_id,
        "metric_id": f"{source.slug}.{headline.slug}",
        "descending": headline.higher_is_better is not False,
    }
    return pd.read_sql(_RANKED, connection, params=values).astype({"value": float})


def _preview(ranked: "pd.DataFrame") -> "pd.DataFrame":
    top = ranked.drop(columns="entry_key").dropna(axis="columns", how="all").head(PREVIEW_ROWS)
    return top.map(lambda value: inert(value) if isinstance(value, str) else value)


def _changes_table(changes: Changes) -> str:
    rows = [
        (change.change, change.published_name, change.metric_id, _shown(change.value_before), _shown(change.value_now))
        for change in changes.scores[:PREVIEW_ROWS]
    ]
    rest = len(changes.scores) - PREVIEW_ROWS
    more = f"\n\n… and {rest:,} more" if rest > 0 else ""
    return table(("change", "name", "metric", ":before", ":now"), rows) + more


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _column_schema() -> dg.TableSchema:
    return dg.TableSchema([dg.TableColumn(column.name, str(column.type)) for column in scores.columns])


def _plot(ranked: "pd.DataFrame", source: Source, metric: Metric) -> str:
    """The top of the board beside the distribution of all scores, as a base64 PNG.

    Dagster keeps it twice for each run: with a palette it is a quarter of the size. A link into the store would show
    nothing, because a browser cannot look into it.
    """
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(10, 4.5), dpi=80, layout="constrained")
    top_axes, spread_axes = figure.subplots(1, 2, width_ratios=(3, 2))
    top = ranked.head(PREVIEW_ROWS).iloc[::-1]
    names = [name if len(name) <= 42 else f"{name[:41]}…" for name in top["published_name"]]
    top_axes.barh(range(len(top)), top["value"], color="#4f6bed")
    # Names are no formulas, whatever dollars and underscores are in them.
    top_axes.set_yticks(range(len(top)), names, fontsize=7, parse_math=False)
    top_axes.set_title(f"{source.title}: {metric.title}", fontsize=10, parse_math=False)
    top_axes.set_xlabel(metric.unit)
    lowest, highest = top["value"].min(), top["value"].max()
    if highest > lowest > 0.5 * highest:
        top_axes.set_xlim(lowest - (highest - lowest) / 2, None)
    spread_axes.hist(ranked["value"], bins=min(30, 1 + len(ranked) // 2), color="#9aa7d9")
    spread_axes.yaxis.get_major_locator().set_params(integer=True)
    spread_axes.set_title(f"all {len(ranked)} entries", fontsize=10)
    spread_axes.set_xlabel(metric.unit)
    drawn, image = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png")
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(image, "png", optimize=True)
    return base64.b64encode(image.getvalue()).decode()
