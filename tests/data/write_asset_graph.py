"""What hangs under what in Dagster, as lines that a person can review: `python -m tests.data.write_asset_graph`.

The sources stand under one name, `*`, as long as they are alike: a new leaderboard changes no line.
"""

from collections.abc import Iterable
from pathlib import Path

import dagster as dg

from budmodel_pipeline.definitions import build_definitions
from budmodel_pipeline.settings import Settings
from budmodel_pipeline.sources.catalog import catalog

FILE = Path(__file__).with_name("asset_graph.txt")
LAYERS = ("snapshots", "scores")


def described(definitions: dg.Definitions) -> str:
    """Every asset with what it hangs under, group, owners, kinds, freshness and checks; and every job with its assets."""
    graph = definitions.resolve_asset_graph()
    assets = set[str]()
    for key in graph.get_all_asset_keys():
        node, own = graph.get(key), key.path[-1] if key.path[0] in LAYERS else None
        lines = {
            "under": _names(node.parent_keys, own),
            "group": "none, nobody here writes it" if node.is_external else node.group_name or "",
            "owners": ", ".join(node.owners),
            "kinds": ", ".join(sorted(node.kinds)),
            "freshness": "watched" if node.freshness_policy else "",
            "checks": ", ".join(sorted(check.name for check in node.check_keys)),
        }
        told = [f"  {name}: {value}" for name, value in lines.items() if value]
        assets.add("\n".join([_names([key], own), *told]))
    jobs = [definitions.resolve_job_def(job.name) for job in definitions.jobs or ()]
    selections = [
        f"job {job.name}\n  assets: {_names(job.asset_layer.executable_asset_keys, None) or 'none'}" for job in jobs
    ]
    return "\n".join([*sorted(assets), *sorted(selections)]) + "\n"


def _names(keys: Iterable[dg.AssetKey], own: str | None) -> str:
    """`own` is the source whose line this is."""
    names = {"/".join([*key.path[:-1], "*" if key.path[-1] == own else key.path[-1]]) for key in keys}
    for layer in LAYERS:
        every = {f"{layer}/{source}" for source in catalog()}
        if every <= names:
            names = names - every | {f"{layer}/*"}
    return ", ".join(sorted(names))


def write_asset_graph(file: Path = FILE) -> None:
    file.write_text(described(build_definitions(Settings())), "utf-8")


if __name__ == "__main__":
    write_asset_graph()
