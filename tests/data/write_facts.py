"""Writes out the facts that tests need of data which others published: names, figures, keys and values of configs.

    python -m tests.data.write_facts

The data lie beside the checkout and no test needs them. Texts and code of others stay there. The files:

- `labelled_names.tsv`: names as leaderboards publish them, and the model that each means.
- `published_entries.tsv`: what the sources say that tells whom an entry is about, save for one whose names are repositories
  and those of which nobody has a real file.
- `model_configs.json`: of each model the keys and values of its config.
- `model_figures.tsv`: what must be read from these. A model with a `trap` may be refused instead.
- `mirror/`: what catalogs of closed models say of each model by a maker, and of some models by resellers.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from budmodel_pipeline.commands.published_files import files_of
from budmodel_pipeline.fetching.mirror import mirror_path
from budmodel_pipeline.model_info.catalogs import LLM_STATS_URL, MAKERS, MODELS_DEV_URL
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Shape
from tests.checkout import DATA, SHARED

NAMES = ("source", "published_name", "link", "organization", "canonical_id", "variant")
ENTRIES = ("source", "published_name", "link", "organization", "published_id", "released_on")
FIGURES = (
    "model_id",
    "layers",
    "hidden",
    "heads",
    "kv_heads",
    "head_dim",
    "intermediate",
    "vocab",
    "context_config",
    "moe_experts",
    "moe_topk",
    "unique_params_analytic",
    "active_params_incl_emb",
    "kv_bytes_per_token_16bit",
    "hub_minus_analytic_pct",
)
PROVIDER = ("name", "doc")
MODEL = ("id", "name", "status", "release_date", "knowledge", "limit", "cost", "modalities", "tool_call", "reasoning")
LLM_STATS = (
    "model_id",
    "organization",
    "name",
    "license",
    "release_date",
    "knowledge_cutoff",
    "context",
    "params",
    "multimodal",
)
# Every name in them is that of a repository, and they have thousands.
OF_REPOSITORIES = {"open_llm_leaderboard"}
RESELLERS = ("azure", "github-copilot", "groq", "openrouter", "togetherai")
MODELS_OF_A_RESELLER = 5


def write_names(to: Path) -> None:
    lines = (SHARED / "identity" / "truth_dev.jsonl").read_text("utf-8").splitlines()
    write_table(to / "labelled_names.tsv", NAMES, (json.loads(line) for line in lines if line.strip()))


def write_entries(to: Path) -> None:
    """Of the entries of every source's files, each way of naming a model once."""
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for source in (one for one in catalog().values() if one.slug not in OF_REPOSITORIES and one.shape is Shape.SEEN):
        for entry in source.parse(files_of(source, SHARED / "mirror")).entries:
            said = {name: str(getattr(entry, name) or "") for name in ENTRIES[1:]}
            rows[source.slug, *said.values()] = {"source": source.slug} | said
    write_table(to / "published_entries.tsv", ENTRIES, rows.values())


def write_models(to: Path) -> None:
    with (SHARED / "models" / "TRUTH.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    traps = ({**row, "trap": "yes" if row["trap"] else ""} for row in rows)
    write_table(to / "model_figures.tsv", (*FIGURES, "trap"), traps)
    configs = {
        row["model_id"]: json.loads((SHARED / "models" / row["model_id"].replace("/", "__") / "config.json").read_bytes())
        for row in rows
    }
    write_lines(to / "model_configs.json", configs)


def write_catalogs(to: Path) -> None:
    providers = json.loads((SHARED / "mirror" / mirror_path(MODELS_DEV_URL)).read_bytes())
    said = {name: provider(providers[name]) for name in (*sorted(MAKERS), *RESELLERS) if name in providers}
    for name in RESELLERS:
        said[name]["models"] = dict(list(said[name]["models"].items())[:MODELS_OF_A_RESELLER])
    write_lines(to / "mirror" / mirror_path(MODELS_DEV_URL), said)
    rows = json.loads((SHARED / "mirror" / mirror_path(LLM_STATS_URL)).read_bytes())
    lines = ",\n".join(dumped(only(row, LLM_STATS)) for row in rows)
    write_text(to / "mirror" / mirror_path(LLM_STATS_URL), f"[\n{lines}\n]\n")


def provider(said: Mapping[str, Any]) -> dict[str, Any]:
    return only(said, PROVIDER) | {"models": {name: only(model, MODEL) for name, model in said["models"].items()}}


def only(row: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: row[key] for key in keys if key in row}


def write_table(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    text = StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), delimiter="\t", lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_lines(path: Path, values: Mapping[str, Any]) -> None:
    """A JSON object with one key on each line, so that a change of one is seen."""
    lines = ",\n".join(f"{dumped(key)}: {dumped(value)}" for key, value in values.items())
    write_text(path, f"{{\n{lines}\n}}\n")


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write_facts(to: Path) -> None:
    write_names(to)
    write_entries(to)
    write_models(to)
    write_catalogs(to)


if __name__ == "__main__":
    write_facts(DATA)
