"""What the license permits of a model or a file that a person names: by a target, or by the name of a license."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from budmodel_pipeline.identity.hub_links import split_link
from budmodel_pipeline.identity.spelling import do_you_mean, near
from budmodel_pipeline.licensing.answers import answer_questions
from budmodel_pipeline.licensing.classification import license_type, suitability
from budmodel_pipeline.licensing.conflicts import same_license
from budmodel_pipeline.licensing.documents import MAX_BYTES, NotTextError, text_of
from budmodel_pipeline.licensing.identify import identify_text, no_license, not_understood
from budmodel_pipeline.licensing.license_files import beside_licenses, license_files, of_a_part
from budmodel_pipeline.licensing.model import Answer, Identification, LicenseType, Suitability, Value
from budmodel_pipeline.licensing.other_documents import other_document
from budmodel_pipeline.licensing.registry import NO_LICENSE_NAMED
from budmodel_pipeline.licensing.tags import (
    forbids_commercial_use,
    identify_statement,
    identify_tag,
    license_section,
    names_on_record,
)
from budmodel_pipeline.licensing.terms import Topic, terms_of
from budmodel_pipeline.model_info.repository import Repository
from budmodel_pipeline.targets.target import parse_target

if TYPE_CHECKING:
    from budmodel_pipeline.model_info.card import Card
    from budmodel_pipeline.targets.hub import Hub

# Where a license was read: the text itself, one that a card links to, a name only, nowhere.
Evidence = Literal["text", "link", "tag", "none"]

_MOST_FILES = 12
_FILE_ENDINGS = (".txt", ".md", ".html", ".htm", ".pdf", ".rst")
_SHOWN_ON_GITHUB = re.compile(r"^https://github\.com/([^/]+/[^/]+)/blob/(.+)$")


class LicenseTargetError(Exception):
    """Nothing could be read where a license was said to be. The message says what was expected, and what to do."""


@dataclass(frozen=True, slots=True)
class License:
    """What was found out about one license. `text` is what was read, in which `answers` and `remainder` have their places;
    `source` is where: paths, a redacted URL, or the name itself. `passed_over` is weaker evidence that did not decide."""

    source: str
    evidence: Evidence
    text: str | None
    identification: Identification
    type: LicenseType | None
    suitability: Suitability | None
    answers: tuple[Answer, ...]
    passed_over: tuple[str, ...] = ()


def license_of(word: str, open_hub: "Callable[[], Hub]") -> License:
    """The license at the target `word`, or of that name. A file or page that holds none is an answer, with its reason.

    Raises LicenseTargetError where there is no such file, TargetError for what is no target, ProviderError and
    RepositoryError where a model cannot be read.
    """
    target = parse_target(word)
    match target.provider:
        case "hugging_face":
            return license_of_repository(open_hub().open(target.uri, target.revision).repository, target.uri)
        case "url":
            return license_of_url(target.uri)
        case "cloud_model":
            raise LicenseTargetError(
                f"A closed model has no license file; `budmodel request {word}` reads what the catalogs say of it."
            )
    path = Path(target.uri)
    if os.path.isdir(path):  # noqa: PTH112 - says no also to a name that is too long for a file.
        from budmodel_pipeline.targets.disk import open_disk

        return license_of_repository(open_disk(path).repository)
    if os.path.isfile(path):  # noqa: PTH113
        with path.open("rb") as file:
            return license_of_content(str(path), file.read(MAX_BYTES + 1), "text")
    if word.startswith((".", "/", "~")) or word.lower().endswith(_FILE_ENDINGS):
        raise LicenseTargetError(f"{word}: there is no such file; give a file, a URL, a directory, or the name of a license")
    return _with_what_comes_near(license_of_tag(word), word)


def license_of_tag(tag: str, *places: str) -> License:
    """What a name alone tells; no answer has a quote. `places` are names of models and links that tell apart licenses which
    share a name."""
    return _described(tag, "tag", None, identify_tag(tag, *places))


def _with_what_comes_near(found: License, name: str) -> License:
    """The same, and where the name means nothing, the licenses that may have been meant: they are told, and not answered."""
    identification = found.identification
    if identification.license_id is not None or identification.candidates:
        return found
    known = names_on_record()
    alike = list(dict.fromkeys(known[one] for one in near(name, known)))
    if not alike:
        return found
    return replace(found, identification=replace(identification, reason=f"{identification.reason}. {do_you_mean(alike)}"))


def license_of_content(source: str, content: bytes, evidence: Evidence) -> License:
    """The license in the bytes of a file; where there is no text in them, the reason says why."""
    try:
        text = text_of(content)
    except NotTextError as error:
        return _described(source, "none", None, no_license(str(error)))
    return _described(source, evidence, text, identify_text(text))


def file_shown(url: str) -> str:
    """Where the file itself is that a page of the hub or of GitHub shows; any other URL as it is."""
    parts = split_link(url)
    if parts is not None:
        return parts._replace(path=parts.path.replace("/blob/", "/resolve/", 1)).geturl()
    return _SHOWN_ON_GITHUB.sub(r"https://raw.githubusercontent.com/\1/\2", url)


def license_of_url(url: str, *, trusted_hosts: frozenset[str] = frozenset()) -> License:
    """The license at `url`. Addresses that are not public are refused unless their `host:port` is trusted.

    Raises LicenseTargetError.
    """
    from budmodel_pipeline.fetching.http import FetchError, HttpPolicy, fetch

    try:
        found = fetch(
            file_shown(url),
            policy=HttpPolicy(total_timeout=60),
            max_bytes=MAX_BYTES,
            redirect_hosts=("*",),
            trusted_hosts=trusted_hosts,
        )
    except FetchError as error:
        raise LicenseTargetError(str(error)) from error
    return license_of_content(found.final_url, found.content or b"", "link")


def license_of_repository(repository: Repository, *places: str) -> License:
    """The license of a model: of its license files, else of what its card links to, else of what its card names.

    What is stronger and cannot be understood is the answer, which is unknown then: what is weaker is among `passed_over` and
    decides nothing. `places`, such as `org/name`, tell apart licenses that share a name. Raises RepositoryError.
    """
    card_name, card = _card(repository)
    link = [f"license_link {card.license_link}"] if card.license_link else []
    names = (("license", card.license), ("license_name", card.license_name))
    named = tuple(f"{key} {value}" for key, value in names if value)
    files = license_files(repository.files)
    beside = tuple(f"{path}: not taken for a license" for path in beside_licenses(repository.files) if path not in files)
    by_name = _named(card, *places)
    of_parts = bool(files) and all(map(of_a_part, files))
    if card.license_link is not None and (not files or of_parts):
        linked = _linked(repository, card.license_link, by_name)
        if linked.identification.state != "not_a_license":
            return replace(linked, passed_over=(*named, *beside, *(path for path in files if path != linked.source)))
        link = [f"license_link {card.license_link}: {linked.identification.reason}"]
    if files:
        found = _of_files(repository, files)
        found = _against_name(found, by_name) if of_parts else found
        return replace(found, passed_over=(*found.passed_over, *link, *named, *beside))
    if by_name is not None:
        return replace(by_name, passed_over=(*link, *beside))
    if card_name is None:
        return _described("", "none", None, no_license("there is neither a license file nor a card"), beside)
    if unread := [problem for problem in card.problems if "front matter" in problem]:
        return _described(card_name, "none", None, not_understood(unread[0]), (*link, *beside))
    reason = "the card names no license, and there is no license file"
    return _described(card_name, "none", None, no_license(reason), (*link, *beside))


def _card(repository: Repository) -> "tuple[str | None, Card]":
    """The card and what it is called."""
    from budmodel_pipeline.model_info.card import CARD_NAMES, Card, read_card

    name = next((name for name in CARD_NAMES if name in repository.files), None)
    return name, read_card(repository.read(name, 0, MAX_BYTES)) if name is not None else Card()


def _against_name(found: License, named: License | None) -> License:
    """The same, but where files that may be for a part of the repository alone say other than the card, neither decides."""
    license_id = found.identification.license_id
    if license_id is None or named is None:
        return found
    claimed = named.identification
    if claimed.license_id is not None and same_license(claimed.license_id, license_id):
        return found
    reason = f"{found.source} is {license_id} and may be for a part alone, while the card says {named.source}"
    candidates = tuple(dict.fromkeys((license_id, *claimed.candidates)))
    return _described(found.source, "text", None, not_understood(reason, candidates))


def _of_files(repository: Repository, paths: Sequence[str]) -> License:
    """The license in files of one level, as one text: what only one of them says is not what the model is under, and what
    one of them says that was not read nobody knows."""
    read = {path: _of_file(path, repository.read(path, 0, MAX_BYTES + 1)) for path in paths[:_MOST_FILES]}
    unread = paths[_MOST_FILES:]
    nothing = {path: found for path, found in read.items() if found.identification.state == "not_a_license"}
    passed_over = (
        *(f"{path}: {found.identification.reason}" for path, found in nothing.items()),
        *(f"{path}: not read, after {_MOST_FILES} others" for path in unread),
    )
    texts: dict[str, str] = {}
    for path, found in read.items():
        if found.text is not None and path not in nothing:
            texts.setdefault(found.text, path)
    if not texts:
        path, found = next(iter(read.items()))
        reason = f"{path} is there, but no license can be read in it: {found.identification.reason}"
        return _described(path, "text", None, not_understood(reason), passed_over[1:])
    source, text = ", ".join(texts.values()), "\n\n".join(texts)
    found = read[source] if len(texts) == 1 else _described(source, "text", text, identify_text(text))
    if unread:
        reason = f"{len(unread)} of {len(paths)} license files were not read, and each may have terms of its own"
        found = _described(source, "text", None, not_understood(reason, found.identification.candidates))
    return replace(found, passed_over=passed_over)


def _of_file(path: str, content: bytes) -> License:
    """The license of a file that is there for it, where a few words may say which one it is."""
    found = license_of_content(path, content, "text")
    if found.text is None or found.identification.license_id is not None or found.identification.candidates:
        return found
    stated = identify_statement(found.text)
    return found if stated is None else _described(path, "text", found.text, stated)


def _linked(repository: Repository, link: str, named: License | None) -> License:
    """What a card links to as its license. `not_a_license` only where what is there shows to be something else."""
    path = link.removeprefix("./")
    if path in repository.files:
        found = license_of_content(path, repository.read(path, 0, MAX_BYTES + 1), "text")
    elif link.startswith(("http://", "https://")):
        try:
            found = license_of_url(link)
        except LicenseTargetError as error:
            return _unread(link, f"the license that the card links to cannot be had: {error}", named)
    else:
        return _unread(link, f"the card links to {link}, which is not among its files", named)
    other = other_document(found.text) if found.text is not None else None
    if found.identification.state != "not_a_license" or (other is not None and not other.leaves_open):
        return found
    reason = f"what the card links to is there, but no license can be read in it: {found.identification.reason}"
    return _unread(found.source, reason, named)


def _unread(link: str, reason: str, named: License | None) -> License:
    """A license whose text could not be had; its name tells what it may be, and nothing more."""
    candidates = named.identification.candidates if named is not None else ()
    if candidates:
        reason += f" (by its name it may be {', '.join(candidates)})"
    return _described(link, "link", None, not_understood(reason, candidates))


def _named(card: "Card", *places: str) -> License | None:
    """What the names in a card tell, and its prose where it has none; `license_name` counts where `license` says nothing.

    Names that contradict each other, or the prose, tell nothing but what it may be.
    """
    where = (*places, card.license_link or "")
    names = [license_of_tag(name, *where) for name in (card.license, card.license_name) if name]
    told = [one for one in names if one.identification.candidates]
    said = license_section(card.text)
    stated = identify_statement(said) if said else None
    if not told:
        if names or stated is None:
            return names[0] if names else None
        return _described("what the card says under its heading", "tag", None, stated)
    (found, *others) = told
    if found is names[0]:
        others = [one for one in names[1:] if one.source.casefold() not in NO_LICENSE_NAMED]
    contrary = [one.source for one in others if not _agree(found.identification, one.identification)]
    if stated is not None and not _agree(found.identification, stated):
        contrary.append(f"{stated.license_id} (in its prose)")
    terms = terms_of(found.identification.license_id or "")
    if terms is not None and terms[Topic.COMMERCIAL_USE] is Value.YES and forbids_commercial_use(said):
        contrary.append("words against commercial use (in its prose)")
    if not contrary:
        return found
    reason = f"the card says {found.source}, and also {', '.join(contrary)}"
    source = ", ".join((found.source, *contrary))
    return _described(source, "tag", None, not_understood(reason, found.identification.candidates))


def _agree(one: Identification, other: Identification) -> bool:
    if one.license_id is None or other.license_id is None:
        return bool(one.candidates) and set(one.candidates) == set(other.candidates)
    return same_license(one.license_id, other.license_id) or same_license(other.license_id, one.license_id)


def _described(
    source: str,
    evidence: Evidence,
    text: str | None,
    identification: Identification,
    passed_over: tuple[str, ...] = (),
) -> License:
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
        passed_over,
    )
