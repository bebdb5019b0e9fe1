"""Who made a model, what it does and where it lives: the fields that are not architecture, each with its evidence.

Sources are the hub's record (the API's answer, of which no shape is trusted), the card, and the names of the files.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from budmodel_pipeline.model_info.card import Card, Evaluation
from budmodel_pipeline.model_info.facts import Fact, known, unknown

T = TypeVar("T")
# What goes in and comes out, by task: https://huggingface.co/docs/hub/models-tasks.
MODALITIES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **dict.fromkeys(
        (
            "text-generation",
            "text2text-generation",
            "translation",
            "summarization",
            "conversational",
            "question-answering",
            "fill-mask",
        ),
        (("text",), ("text",)),
    ),
    **dict.fromkeys(
        ("text-classification", "token-classification", "zero-shot-classification", "text-ranking"), (("text",), ("labels",))
    ),
    **dict.fromkeys(("feature-extraction", "sentence-similarity"), (("text",), ("embeddings",))),
    "image-text-to-text": (("image", "text"), ("text",)),
    "image-to-text": (("image",), ("text",)),
    "visual-question-answering": (("image", "text"), ("text",)),
    "document-question-answering": (("image", "text"), ("text",)),
    "video-text-to-text": (("text", "video"), ("text",)),
    "audio-text-to-text": (("audio", "text"), ("text",)),
    "any-to-any": (("audio", "image", "text"), ("audio", "image", "text")),
    "automatic-speech-recognition": (("audio",), ("text",)),
    "text-to-speech": (("text",), ("audio",)),
    "text-to-audio": (("text",), ("audio",)),
    "audio-to-audio": (("audio",), ("audio",)),
    "audio-classification": (("audio",), ("labels",)),
    "text-to-image": (("text",), ("image",)),
    "image-to-image": (("image",), ("image",)),
    "image-text-to-image": (("image", "text"), ("image",)),
    "text-to-video": (("text",), ("video",)),
    "image-to-video": (("image",), ("video",)),
    "image-classification": (("image",), ("labels",)),
    "zero-shot-image-classification": (("image", "text"), ("labels",)),
    "image-feature-extraction": (("image",), ("embeddings",)),
    "visual-document-retrieval": (("image", "text"), ("embeddings",)),
    "object-detection": (("image",), ("labels",)),
    "image-segmentation": (("image",), ("masks",)),
    "mask-generation": (("image",), ("masks",)),
    "depth-estimation": (("image",), ("depth map",)),
    "text-to-3d": (("text",), ("3d",)),
    "image-to-3d": (("image",), ("3d",)),
    "time-series-forecasting": (("numbers",), ("numbers",)),
    "tabular-classification": (("table",), ("labels",)),
    "tabular-regression": (("table",), ("numbers",)),
}
_PLAIN = re.compile(r"[^a-z0-9]+")
_LINK = re.compile(r"https?://([A-Za-z0-9.-]+)(/[^\s)\]>\"']{0,300})?")
_NOT_WEBSITES = ("huggingface.co", "hf.co", "github.com", "arxiv.org", "img.shields.io", "discord", "twitter", "x.com")
_LICENSE_NAMES = re.compile(r"(licen[sc]e|copying)([._-].*)?", re.IGNORECASE)


def profile(
    name: str, uri: str, card: Card, files: Sequence[str], record: Mapping[str, Any], *, gated: bool = False
) -> dict[str, Fact[Any]]:
    """The fields of a model called `name` (`org/name` on a hub) whose page or place is `uri`."""
    owner = name.partition("/")[0] if "/" in name else ""
    tags = tuple(dict.fromkeys([*_words(record.get("tags")), *card.tags]))
    task = _word(record.get("pipeline_tag")) or next(iter(card.tasks), None)
    facts: dict[str, Fact[Any]] = {
        "author": _first((_word(record.get("author")), "hub record"), (owner or None, "owner of the repository")),
        "uri": known(uri, "as opened", name),
        "provider_url": _first((uri.partition("/tree/")[0] if "://" in uri else None, "hub page")),
        "tasks": _first(([task] if task else None, "pipeline_tag")),
        "tags": _first((list(tags) or None, "hub record and card")),
        "languages": _first((list(card.languages) or None, "card")),
        "datasets": _first((list(card.datasets) or None, "card")),
        "library": _first((_word(record.get("library_name")), "hub record"), (card.library, "card")),
        "papers": _first((_papers(card, tags), "arXiv ids in tags and card")),
        "github": _named_after(card.github, name, "repository linked in the card"),
        "website": _website(card.text, owner),
        "license": _first((card.license, "license in the card"), (_tagged(tags, "license:"), "tag of the hub")),
        "license_name": _first((card.license_name, "license_name in the card")),
        "license_link": _first((card.license_link, "license_link in the card")),
        "license_files": _first(([path for path in files if _is_license(path)] or None, "names of files")),
        "created_at": _first((_moment(record.get("createdAt")), "hub record")),
        "updated_at": _first((_moment(record.get("lastModified")), "hub record")),
        "downloads": _first((_count(record.get("downloads")), "hub record, last 30 days")),
        "likes": _first((_count(record.get("likes")), "hub record")),
        "status": known("gated" if gated else "available", "hub record" if record else "as opened", uri),
    }
    inputs, outputs = MODALITIES.get(task or "", ((), ()))
    reason = f"the task {task!r} tells none" if task else "no task is stated"
    facts["input_modalities"] = known(list(inputs), "by task", task or "") if inputs else unknown(reason)
    facts["output_modalities"] = known(list(outputs), "by task", task or "") if outputs else unknown(reason)
    return facts


def base_models(card: Card, record: Mapping[str, Any], adapter: Mapping[str, Any]) -> list[dict[str, str | None]]:
    """What the model was made from: `base_model`, `relation` (finetune, adapter, quantized, merge or None) and `method`.

    The hub's own reading first, then the card, then the `adapter` of `variants.adapter_facts`.
    """
    found: dict[str, dict[str, str | None]] = {}
    hub = record.get("baseModels")
    if isinstance(hub, dict) and isinstance(hub.get("models"), list):
        for entry in hub["models"][:50]:
            if isinstance(entry, dict) and (name := _word(entry.get("id"))):
                found.setdefault(name, _parent(name, _word(hub.get("relation")), "hub record"))
    relation = card.base_model_relation or ("merge" if len(card.base_models) > 1 else None)
    for name in card.base_models[:50]:
        found.setdefault(name, _parent(name, relation, "base_model in the card"))
    if name := _word(adapter.get("base_model")):
        found.setdefault(name, _parent(name, "adapter", "adapter_config.json"))
    return list(found.values())


def evaluations(card: Card, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Results that the publisher states about its own model: those of the hub's record, then those of the card."""
    found = [
        Evaluation(
            _word(_dict(entry.get("dataset")).get("id")) or _word(_dict(entry.get("dataset")).get("name")) or "",
            _word(_dict(entry.get("dataset")).get("task_id")) or "",
            float(entry["value"]),
            "",
            "hub evaluation results",
        )
        for entry in _list(record.get("evalResults"))
        if isinstance(entry, dict) and isinstance(entry.get("value"), int | float) and isinstance(entry.get("dataset"), dict)
    ]
    return [
        {
            "benchmark": result.benchmark,
            "metric": result.metric,
            "value": result.value,
            "unit": result.unit,
            "where": result.where,
            "setting": result.setting,
        }
        for result in (*found, *card.evaluations)
        if result.benchmark
    ]


def _parent(name: str, relation: str | None, method: str) -> dict[str, str | None]:
    return {"base_model": name, "relation": relation, "method": method}


def _first(*candidates: tuple[T | None, str]) -> Fact[T]:
    """The first value that is stated, with where it was stated."""
    for value, method in candidates:
        if value is not None:
            return known(value, method, "")
    return unknown(f"not stated: looked at {', '.join(method for _, method in candidates)}")


def _papers(card: Card, tags: Sequence[str]) -> list[str] | None:
    tagged = [tag.partition(":")[2] for tag in tags if tag.lower().startswith("arxiv:")]
    return list(dict.fromkeys([*card.papers, *tagged])) or None


def _named_after(links: Sequence[str], name: str, method: str) -> Fact[str]:
    """The one link whose words are those of the model or of its owner; a link to something else would be a wrong answer."""
    owner, _, model = name.rpartition("/")
    words = [plain for word in (model, owner) if len(plain := _PLAIN.sub("", word.lower())) > 2]
    scored: list[tuple[int, int, str]] = []
    for link in links:
        parts = [_PLAIN.sub("", part.lower()) for part in link.split("/")[3:5]]
        score = sum(part in word or word in part for part in parts if len(part) > 2 for word in words)
        if score:
            scored.append((score, -len(scored), link))
    return (
        known(max(scored)[2], method, "") if scored else unknown("no linked repository carries the model's or owner's name")
    )


def _website(text: str, owner: str) -> Fact[str]:
    plain = _PLAIN.sub("", owner.lower())
    for host, path in _LINK.findall(text) if len(plain) > 2 else []:
        known_place = any(part in host for part in _NOT_WEBSITES)
        labels = [_PLAIN.sub("", label) for label in host.lower().split(".")[:-1]]
        if not known_place and any(len(label) > 3 and (label in plain or plain in label) for label in labels):
            return known(f"https://{host}{path}", "link in the card that carries the owner's name", "")
    return unknown("no link in the card carries the owner's name")


def _is_license(path: str) -> bool:
    return "/" not in path and _LICENSE_NAMES.fullmatch(path) is not None


def _tagged(tags: Sequence[str], prefix: str) -> str | None:
    return next((tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)), None)


def _word(value: Any) -> str | None:
    return value.strip()[:500] or None if isinstance(value, str) else None


def _words(value: Any) -> list[str]:
    return [word for item in _list(value)[:500] if (word := _word(item))]


def _moment(value: Any) -> str | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC).isoformat() if found is not None and found.tzinfo is not None else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
