"""A license that was looked up, as a program and as a person reads it."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from budmodel_pipeline.licensing.terms import terms_of
from budmodel_pipeline.targets.license_search import License


def license_json(found: License) -> dict[str, Any]:
    """For programs. `start` and `end` count characters of the text that was read: the file, or what a page says."""
    identification = found.identification
    return {
        "license_id": identification.license_id,
        "spdx_id": identification.spdx_id,
        "type": found.type,
        "suitability": found.suitability,
        "coverage": identification.coverage,
        "remainder": [
            {"start": span.start, "end": span.end, "text": (found.text or "")[span.start : span.end]}
            for span in identification.remainder
        ],
        "answers": [
            {
                "question": answer.question,
                "value": answer.value,
                "impact": answer.impact,
                "explanation": answer.explanation,
                "quote": answer.quote,
                "start": answer.start,
                "end": answer.end,
                "method": answer.method,
            }
            for answer in found.answers
        ],
        "state": identification.state,
        "reason": identification.reason,
        "candidates": identification.candidates,
        "near": [{"license_id": name, "similarity": score} for name, score in identification.near],
        "method": identification.method,
        "evidence": found.evidence,
        "passed_over": found.passed_over,
        "source": found.source,
        "text_sha256": sha256(found.text.encode()).hexdigest() if found.text is not None else None,
    }


def summary(found: License) -> Sequence[str]:
    """For people: which license it is, or why none, in a few lines."""
    identification = found.identification
    name = identification.license_id or identification.state.replace("_", " ")
    spdx = f" ({identification.spdx_id})" if identification.spdx_id else ""
    lines = [f"{name}{spdx}, from {_SAID[found.evidence]}: {found.source}"]
    terms = terms_of(identification.license_id) if identification.license_id is not None else None
    if identification.license_id is not None and terms is None:
        lines.append("recognized, but its terms are not reviewed")
    elif terms is not None and not terms.was_read:
        lines.append("its terms are recorded by what is said of it, not from its text: read it before you rely on them")
    if found.type is not None:
        lines.append(f"{found.type}; suitability {found.suitability}")
    if identification.reason:
        lines.append(identification.reason)
    lines += [f"passed over: {one}" for one in found.passed_over]
    lines += [f"! not part of the license: {_excerpt(found, at.start, at.end)}" for at in identification.remainder[:5]]
    if identification.near and identification.license_id is None:
        lines.append("like " + ", ".join(f"{other} ({score:.3f})" for other, score in identification.near))
    return lines


_SAID = {"text": "the text", "link": "the linked text", "tag": "the name alone", "none": "nothing"}


def _excerpt(found: License, start: int, end: int) -> str:
    said = " ".join((found.text or "")[start:end].split())
    return said if len(said) <= 200 else f"{said[:200]}…"
