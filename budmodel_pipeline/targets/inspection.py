"""What a model is: everything that its files, its hub's record or the catalogs say, as fields with their evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from budmodel_pipeline.model_info.architecture import architecture_json
from budmodel_pipeline.model_info.catalogs import merge_catalogs
from budmodel_pipeline.model_info.facts import Fact, known, unknown
from budmodel_pipeline.model_info.inspect import ModelInfo, inspect_files
from budmodel_pipeline.model_info.profile import base_models, evaluations, profile
from budmodel_pipeline.model_info.variants import ADAPTER_CONFIG
from budmodel_pipeline.targets.opening import OpenedModel


@dataclass(frozen=True, slots=True)
class Inspection:
    """A model as inspected. `name` and `revision` say exactly what was looked at; `provider` is where it lay.

    `facts` are all fields by name. `base_models`, `evaluations` and `variants` are plain rows; evaluations are what the
    publisher reports about itself. `info` and `card` are of a model with files.
    """

    provider: str
    name: str
    revision: str
    facts: Mapping[str, Fact[Any]]
    base_models: Sequence[Mapping[str, Any]] = ()
    evaluations: Sequence[Mapping[str, Any]] = ()
    variants: Sequence[Mapping[str, Any]] = ()
    warnings: Sequence[str] = ()
    problems: Sequence[str] = ()
    info: ModelInfo | None = None

    @property
    def card(self) -> str:
        """The text of the model card, empty where there is none."""
        return self.info.card.text if self.info else ""


def inspect_model(opened: OpenedModel, context: int | None = None) -> Inspection:
    """Reads config, card and headers of a model, never its weights. `context` is in tokens, for the memory to serve.

    Raises RepositoryError where reading failed for now; what is wrong with a file for good is among `problems`.
    """
    provider = opened.target.provider
    if opened.repository is None:
        facts, warnings = merge_catalogs(opened.catalog_records)
        facts["uri"] = known(opened.uri, "catalog", "")
        return Inspection(provider, opened.name, opened.revision, facts, warnings=warnings)
    info = inspect_files(opened.repository, opened.name.rpartition("/")[2], context)
    problems = [*info.problems, *info.card.problems]
    named = opened.name if provider == "hugging_face" else ""
    about = profile(named, opened.uri, info.card, tuple(opened.repository.files), opened.record, gated=opened.gated)
    return Inspection(
        provider,
        opened.name,
        opened.revision,
        facts={"name": known(opened.name, "as opened", ""), "logo": opened.logo, **about, **_file_facts(info)},
        base_models=base_models(info.card, opened.record, info.adapter),
        evaluations=evaluations(info.card, opened.record),
        variants=[asdict(variant) for variant in info.variants],
        warnings=info.architecture.warnings,
        problems=problems,
        info=info,
    )


def inspection_json(found: Inspection) -> dict[str, Any]:
    """What `budmodel inspect --json` prints: `architecture`, and every field with method and evidence or the reason."""
    return {
        "provider": found.provider,
        "name": found.name,
        "revision": found.revision,
        "architecture": architecture_json(found.info.architecture) if found.info else None,
        "fields": facts_json(found.facts),
        "base_models": list(found.base_models),
        "variants": list(found.variants),
        "self_reported_evaluations": list(found.evaluations),
        "warnings": list(found.warnings),
        "problems": list(found.problems),
    }


def facts_json(facts: Mapping[str, Fact[Any]]) -> dict[str, dict[str, Any]]:
    """Fields as they are stored: value, method and evidence, and null with the reason where nothing is known."""
    return {
        name: {"value": fact.value, "method": fact.method, "evidence": fact.evidence, "reason": fact.reason}
        for name, fact in facts.items()
    }


def _file_facts(info: ModelInfo) -> dict[str, Fact[Any]]:
    template = info.chat_template
    return {
        **info.architecture.facts(),
        "kind": known(info.kind, "names of files", ""),
        "adapter": known(dict(info.adapter), "stated", ADAPTER_CONFIG) if info.adapter else unknown("no adapter"),
        **info.usage,
        "weight_bytes": info.weight_bytes,
        "serving_bytes": info.serving_bytes,
        "has_chat_template": known(
            template.value is not None, template.method or "looked for one", template.evidence or (template.reason or "")
        ),
        "tool_use": info.tool_use,
    }
