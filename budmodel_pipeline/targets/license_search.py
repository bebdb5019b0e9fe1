"""What the license permits of a model or a file that a person names: a file, a URL, a directory, `hf:org/name`, or a tag."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from budmodel_pipeline.licensing.answers import answer_questions
from budmodel_pipeline.licensing.classification import license_type, suitability
from budmodel_pipeline.licensing.documents import MAX_BYTES, NotTextError, text_of
from budmodel_pipeline.licensing.identify import identify_text, no_license
from budmodel_pipeline.licensing.license_files import license_files
from budmodel_pipeline.licensing.model import Answer, Identification, LicenseType, Suitability
from budmodel_pipeline.licensing.tags import identify_tag
from budmodel_pipeline.licensing.terms import terms_of
from budmodel_pipeline.model_info.repository import Repository

HUB = "hf:"
CARD = "README.md"
# Where a license was read: the text itself, one that a card links to, a name only, nowhere.
Evidence = Literal["text", "link", "tag", "none"]

_READ_OF_A_REPOSITORY = 5
_FILE_ENDINGS = (".txt", ".md", ".html", ".htm", ".pdf", ".rst")
# Pages that show a file, and where the file itself is.
_SHOWN = (
    (re.compile(r"^https://github\.com/([^/]+/[^/]+)/blob/(.+)$"), r"https://raw.githubusercontent.com/\1/\2"),
    (re.compile(r"^https://huggingface\.co/(.+)/blob/(.+)$"), r"https://huggingface.co/\1/resolve/\2"),
)


class LicenseTargetError(Exception):
    """Nothing could be read where a license was said to be. The message says what was expected, and what to do."""


@dataclass(frozen=True, slots=True)
class License:
    """What was found out about one license. `text` is what was read, in which `answers` and `remainder` have their places;
    `source` is where: a path, a redacted URL, or the name itself."""

    source: str
    evidence: Evidence
    text: str | None
    identification: Identification
    type: LicenseType | None
    suitability: Suitability | None
    answers: tuple[Answer, ...]


def license_of(target: str, *, hub_endpoint: str | None = None, token: str | None = None) -> License:
    """The license at `target`. A file or page that holds none is an answer, too, with its reason.

    Raises LicenseTargetError where there is no such file, ProviderError and RepositoryError where a model cannot be read.
    """
    if target.startswith(HUB):
        from budmodel_pipeline.targets.hub import Hub

        repo_id, _, revision = target.removeprefix(HUB).partition("@")
        hub = Hub(hub_endpoint, token) if hub_endpoint else Hub(token=token)
        return license_of_repository(hub.open(repo_id, revision or None).repository)
    if target.startswith(("http://", "https://")):
        return license_of_url(target)
    path = Path(target).expanduser()
    if path.is_dir():
        from budmodel_pipeline.targets.disk import open_disk

        return license_of_repository(open_disk(path).repository)
    if path.is_file():
        with path.open("rb") as file:
            return license_of_content(str(path), file.read(MAX_BYTES + 1), "text")
    if target.startswith((".", "/", "~")) or target.lower().endswith(_FILE_ENDINGS):
        raise LicenseTargetError(
            f"{target}: there is no such file; give a file, a URL, a directory, or the name of a license"
        )
    return license_of_tag(target)


def license_of_tag(tag: str) -> License:
    """What a name alone tells; no answer has a quote."""
    return _described(tag, "tag", None, identify_tag(tag))


def license_of_content(source: str, content: bytes, evidence: Evidence) -> License:
    """The license in the bytes of a file; where there is no text in them, the reason says why."""
    try:
        text = text_of(content)
    except NotTextError as error:
        return _described(source, "none", None, no_license(str(error)))
    return _described(source, evidence, text, identify_text(text))


def license_of_url(url: str, *, trusted_hosts: frozenset[str] = frozenset()) -> License:
    """The license at `url`. Addresses that are not public are refused unless their `host:port` is trusted.

    Raises LicenseTargetError.
    """
    from budmodel_pipeline.fetching.http import FetchError, HttpPolicy, fetch

    for shown, file in _SHOWN:
        url = shown.sub(file, url)
    try:
        found = fetch(
            url, policy=HttpPolicy(total_timeout=60), max_bytes=MAX_BYTES, redirect_hosts=("*",), trusted_hosts=trusted_hosts
        )
    except FetchError as error:
        raise LicenseTargetError(str(error)) from error
    return license_of_content(found.final_url, found.content or b"", "link")


def license_of_repository(repository: Repository) -> License:
    """The license of a model: of its license file, else of what its card links to, else of what its card names.

    Raises RepositoryError.
    """
    for path in license_files(repository.files)[:_READ_OF_A_REPOSITORY]:
        found = license_of_content(path, repository.read(path, 0, MAX_BYTES + 1), "text")
        if found.identification.state != "not_a_license":
            return found
    if CARD not in repository.files:
        return _described("", "none", None, no_license("there is neither a license file nor a card"))
    from budmodel_pipeline.model_info.card import read_card

    card = read_card(repository.read(CARD, 0, MAX_BYTES))
    if card.license_link is not None:
        linked = _linked(repository, card.license_link)
        if linked is not None:
            return linked
    named = [name for name in (card.license, card.license_name) if name]
    for name in named:
        found = license_of_tag(name)
        if found.identification.license_id is not None:
            return found
    if named:
        return license_of_tag(named[0])
    return _described(CARD, "none", None, no_license("the card names no license, and there is no license file"))


def _linked(repository: Repository, link: str) -> License | None:
    """What a card links to as its license; None where that cannot be had, and its name has to do."""
    if link in repository.files:
        return license_of_content(link, repository.read(link, 0, MAX_BYTES + 1), "text")
    if not link.startswith(("http://", "https://")):
        return None
    try:
        found = license_of_url(link)
    except LicenseTargetError:
        return None
    return found if found.identification.state != "not_a_license" else None


def _described(source: str, evidence: Evidence, text: str | None, identification: Identification) -> License:
    terms = terms_of(identification.license_id) if identification.license_id is not None else None
    kind = license_type(terms) if terms is not None else None
    return License(
        source,
        evidence,
        text,
        identification,
        kind,
        suitability(kind) if kind is not None else None,
        answer_questions(text, identification),
    )


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
        "source": found.source,
        "text_sha256": sha256(found.text.encode()).hexdigest() if found.text is not None else None,
    }


def summary(found: License) -> Sequence[str]:
    """For people: which license it is, or why none, in a few lines."""
    identification = found.identification
    name = identification.license_id or identification.state.replace("_", " ")
    spdx = f" ({identification.spdx_id})" if identification.spdx_id else ""
    lines = [f"{name}{spdx}, from {_SAID[found.evidence]}: {found.source}"]
    if found.type is not None:
        lines.append(f"{found.type}; suitability {found.suitability}")
    if identification.reason:
        lines.append(identification.reason)
    lines += [f"! not part of the license: {_excerpt(found, at.start, at.end)}" for at in identification.remainder[:5]]
    if identification.near and identification.license_id is None:
        lines.append("like " + ", ".join(f"{other} ({score:.3f})" for other, score in identification.near))
    return lines


_SAID = {"text": "the text", "link": "the linked text", "tag": "the name alone", "none": "nothing"}


def _excerpt(found: License, start: int, end: int) -> str:
    said = " ".join((found.text or "")[start:end].split())
    return said if len(said) <= 200 else f"{said[:200]}…"
