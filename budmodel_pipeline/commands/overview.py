"""What a person wants to know of a model first, in a few lines: its maker, size, license, verdict, memory, and ranks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from budmodel_pipeline.commands.console import cell

SHOWN_RANKS = 5
_KNOWN_BY = {"text": "by its text", "link": "by the text that its card links to", "tag": "by its name alone"}
_UNITS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


def overview(known: Mapping[str, Any]) -> dict[str, str]:
    """The lines above a report of `reports.model_report`, by what they are about. What is not known says why."""
    card = _first(known["cards"])
    lines = {}
    if card is not None:
        lines["maker"] = card["maker"] or card["author"] or _reason(card, "author")
        lines["size"] = _size(card)
        lines["context"] = (
            f"{cell(card['context_length'])} tokens" if card["context_length"] else _reason(card, "context_length")
        )
        lines["license"] = _license(card)
        lines["verdict"] = _verdict(card)
        lines["memory"] = _memory(card)
    lines["best ranks"] = "\n".join(_best(known["scores"])) or "no leaderboard ranks it"
    return lines


def _first(cards: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Of several places that a model is read from the one that has files."""
    return min(cards, key=lambda card: (card["provider"] == "cloud_model", card["target"]), default=None)


def _reason(card: Mapping[str, Any], *fields: str) -> str:
    reasons = (card["facts"].get(field, {}).get("reason") for field in fields)
    return f"unknown: {next(filter(None, reasons), 'nothing says so')}"


def in_short(number: int) -> str:
    """32,762,123,264 as 32.8B."""
    for size, unit in _UNITS:
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)


def _size(card: Mapping[str, Any]) -> str:
    total, active = card["parameters_unique"] or card["parameters_stated"], card["parameters_active"]
    if total is None:
        return _reason(card, "parameters_unique", "parameters_stated")
    used = f", of which a token uses {in_short(active)}" if active and active != total else ""
    stated = "" if card["parameters_unique"] else ", as its maker says"
    return f"{in_short(total)} parameters{used}{stated}"


def _license(card: Mapping[str, Any]) -> str:
    evidence = _KNOWN_BY.get(card["license_evidence"])
    if card["license_id"] is None:
        said = f"; it is called {card['license_tag']!r}" if card["license_tag"] else ""
        return f"unknown{said}"
    changed = " with changes" if card["license_state"] == "modified" else ""
    suitability = f"; suitability {card['license_suitability']}" if card["license_suitability"] else ""
    return f"{card['license_id']}{changed}, {evidence}{suitability}"


def _verdict(card: Mapping[str, Any]) -> str:
    verdict = str(card["security_verdict"])
    if card["scanned_at"] is None:
        return f"{verdict}: nobody looked at its files"
    outdated = "" if card["scanned_revision"] == card["revision"] else ", at another revision than the card"
    return f"{verdict}, scanned {cell(card['scanned_at'])}{outdated}"


def _memory(card: Mapping[str, Any]) -> str:
    known = {"8k": card["serving_bytes_8k"], "32k": card["serving_bytes_32k"]}
    if None in known.values():
        return _reason(card, "serving_bytes", "weight_bytes", "kv_cache_bytes_per_token")
    return ", ".join(f"{size / 1e9:,.1f} GB at {tokens}" for tokens, size in known.items()) + " tokens"


def _best(scores: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Headlines first, and each part by how many are behind."""
    ranked = [score for score in scores if score["rank"] is not None]
    ranked.sort(key=lambda score: (not score["is_headline"], -score["percentile"], score["metric"]))
    for score in ranked[:SHOWN_RANKS]:
        interval = ""
        if score["lower"] is not None and score["upper"] is not None:
            interval = f" ({cell(score['lower'])} to {cell(score['upper'])})"
        place = f"{score['rank']:,} of {score['of']:,} in {score['metric']}"
        yield f"{place}: {cell(score['score'])} {score['unit']}{interval}"
