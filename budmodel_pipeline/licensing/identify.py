"""Which license a text is: exactly, in part, with terms added, or none.

Three ways lead to a license: the hash of all its words; templates of SPDX texts, which know where names and years stand
(licenseclassifier); and fingerprints, which also know the licenses of models. What neither covers and says something makes
the text another one than the license.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from budmodel_pipeline.licensing.comparison import (
    Comparison,
    Run,
    ceremonies,
    compare,
    extra_terms,
    holds_term,
    operative_terms,
)
from budmodel_pipeline.licensing.fingerprints import alike, by_digest, known_fingerprints
from budmodel_pipeline.licensing.model import Identification, Span, State
from budmodel_pipeline.licensing.other_documents import other_document
from budmodel_pipeline.licensing.registry import license_id_of, spdx_id_of
from budmodel_pipeline.licensing.words import Words, words_of

MAX_CHARACTERS = 1_000_000
_FEWEST_WORDS = 12
# Of a license, the share that must be in a text for the text to contain it; and of what it explains, the share that no
# license before it has explained.
_CONTAINED = 0.8
_OF_ITS_OWN = 0.5
_NEAR_VARIANT = 0.85
_WORTH_NAMING = 0.5
_NAMED = 5
_ALMOST_ALL = 0.995
_CLOSE = 0.9
# A text in which a license covers far more words than it has holds another one, too, which is there as a whole.
_TOO_LONG = 1.25
_WHOLE = 0.98
# A template that covers as much of a license has read it all.
_WHOLE_TEMPLATE = 0.8
# Words of a text that a template with room for names may take for one that it is not.
_SHORT = 350
# Replaced words make a variant; far more words than were lost are terms that somebody added.
_ADDED = 8
_REPLACED = 3
# The share of a text that several licenses have to be for it to be these, and one for it to be that one with additions.
_MOST = 0.5
_NOT_A_MENTION = 0.3


@dataclass(frozen=True, slots=True)
class _Explanation:
    """Licenses that a text may be made of, and what they leave unexplained."""

    licenses: tuple[str, ...]
    covered: bytearray
    extra: list[Run]
    lost: int
    method: str
    score: float

    @property
    def complete(self) -> bool:
        return not self.extra and not self.lost


def identify_text(text: str) -> Identification:
    """Which license `text` is; offsets of the answer are those of `text`. Never guesses: see `Identification.state`."""
    if len(text) > MAX_CHARACTERS:
        reason = f"{len(text):,} characters, where the longest license has fewer than {MAX_CHARACTERS:,}"
        return _none("not_a_license", (), reason)
    words = words_of(text)
    if len(words) < _FEWEST_WORDS:
        return _too_short(text, words)
    exact = by_digest(words.digest())
    if exact is not None and "/" not in exact.license_id:
        return Identification(
            exact.license_id, spdx_id_of(exact.license_id), "identified", 1.0, (), (), "exact text", (exact.license_id,)
        )
    comparisons = _comparisons(text, words)
    spans = _template_matches(text)
    found = _best(_by_fingerprints(text, words, comparisons, spans), _by_templates(text, words, spans), comparisons)
    near = tuple((one.license_id, round(one.score, 3)) for one in comparisons[:_NAMED] if one.score >= _WORTH_NAMING)
    return _unknown(text, near) if found is None else _judged(words, found, near)


def _comparisons(text: str, words: Words) -> list[Comparison]:
    """The closest wording of each license that is like the text, the closest license first."""
    grams = words.grams().tolist()
    places = {gram: at for at, gram in enumerate(grams)}
    best: dict[str, Comparison] = {}
    for known in alike(places.keys()):
        found = compare(text, words, grams, places, known)
        before = best.get(known.license_id)
        if before is None:
            best[known.license_id] = found
            continue
        # What one wording lacks another may have: together they cover what belongs to the license.
        better, other = (found, before) if found.score > before.score else (before, found)
        covered = bytearray(map(max, better.covered, other.covered))
        best[known.license_id] = replace(better, covered=covered)
    return sorted(best.values(), key=lambda one: one.score, reverse=True)


def _template_matches(text: str) -> list[tuple[str, Span]]:
    """Licenses of SPDX in the text, without those that are only mentioned by their address."""
    # Half of what it takes to start a command would be this import.
    from licenseclassifier import identify_license

    matches = identify_license(text, coverage_threshold=0)
    return [
        (license_id_of(match.id), Span(match.start, match.end))
        for match in matches
        if not text.startswith(("http://", "https://"), match.start)
    ]


def _by_fingerprints(
    text: str, words: Words, comparisons: Sequence[Comparison], spans: Sequence[tuple[str, Span]]
) -> _Explanation | None:
    covered = bytearray(len(words))
    parts: list[Comparison] = []
    for one in comparisons:
        if one.contained < _CONTAINED:
            continue
        own = sum(1 for mine, before in zip(one.covered, covered, strict=True) if mine and not before)
        if own >= _OF_ITS_OWN * sum(one.covered):
            parts.append(one)
            covered = bytearray(map(max, covered, one.covered))
    if not parts:
        return None
    parts += _copies(parts, comparisons)
    ids = {part.license_id for part in parts}
    own_spans = [span for license_id, span in spans if license_id in ids]
    others = [
        (license_id, span)
        for license_id, span in spans
        if license_id not in ids and not _mostly_covered(words, covered, span)
    ]
    templates = _mask(words, [*own_spans, *(span for _, span in others)])
    # A template takes what stands between a copyright line and its own words for the holder's name.
    beyond = bytes(1 - inside for inside in _mask(words, own_spans))
    terms = operative_terms(words, bytearray(map(max, covered, beyond)))
    everything = bytearray(map(max, covered, templates, _weightless(text, words)))
    # What a template lets pass is no loss; a template that is a notice at the end says nothing of what stands before.
    known = _mask(words, [span for _, span in spans])
    lost = sum(
        part.turned + sum(count for at, count in part.losses if not known[at])
        for part in parts
        if part.turned or _confirmed(words, part, spans) < _WHOLE_TEMPLATE
    )
    names = tuple(dict.fromkeys([*(part.license_id for part in parts), *(license_id for license_id, _ in others)]))
    extra = sorted({*extra_terms(text, words, everything, _titles(names)), *terms})
    return _Explanation(names, everything, extra, lost, "fingerprint", parts[0].score)


def _copies(parts: Sequence[Comparison], comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Licenses that are in the text beside one that has nearly all of their words: together they are longer than it."""
    (longest, *_) = parts
    if sum(longest.covered) <= _TOO_LONG * longest.length:
        return []
    return [one for one in comparisons if one.contained >= _WHOLE and one not in parts]


def _by_templates(text: str, words: Words, spans: Sequence[tuple[str, Span]]) -> _Explanation | None:
    if not spans:
        return None
    covered = bytearray(map(max, _mask(words, [span for _, span in spans]), _weightless(text, words)))
    names = tuple(dict.fromkeys(license_id for license_id, _ in spans))
    extra = extra_terms(text, words, covered, _titles(names))
    return _Explanation(names, covered, extra, 0, "template", sum(covered) / len(covered))


def _best(
    fingerprints: _Explanation | None, templates: _Explanation | None, comparisons: Sequence[Comparison]
) -> _Explanation | None:
    """The one that leaves nothing open; where both do, fingerprints only if the text is theirs almost to the word, or more
    theirs than that of the license whose template fits."""
    if templates is not None and _is_rather_another(templates, comparisons):
        return fingerprints if fingerprints is not None and fingerprints.complete else None
    if fingerprints is None or templates is None:
        return fingerprints or templates
    # Templates let pass what they take for a name or an optional word; a fingerprint of the same license knows better.
    same = set(fingerprints.licenses) == set(templates.licenses)
    if fingerprints.complete != templates.complete:
        return fingerprints if fingerprints.complete or same else templates
    if fingerprints.complete:
        other = max((one.score for one in comparisons if one.license_id in templates.licenses), default=0.0)
        # Without a fingerprint of it, nothing tells how close it is: a few words make CC BY 1.0 of CC BY-SA 1.0.
        closer = not same and 0 < other < fingerprints.score and fingerprints.score > _CLOSE
        return fingerprints if closer or fingerprints.score >= _ALMOST_ALL else replace(templates, method="template")
    return max(fingerprints, templates, key=lambda one: sum(one.covered))


def _is_rather_another(templates: _Explanation, comparisons: Sequence[Comparison]) -> bool:
    """Whether a short text is nearer to a license of another name, some words of which it lacks, than to that of a template:
    one of few words lets many a license pass."""
    if len(templates.covered) > _SHORT or not comparisons:
        return False
    nearest = comparisons[0]
    own = max((one.score for one in comparisons if one.license_id in templates.licenses), default=0.0)
    return nearest.license_id not in templates.licenses and nearest.score > max(_CLOSE, own) and nearest.contained < _WHOLE


def _judged(words: Words, found: _Explanation, near: tuple[tuple[str, float], ...]) -> Identification:
    """What an explanation makes of a text. Documents that come with a license, such as `llama4/use-policy`, go with it."""
    licenses = [name for name in found.licenses if "/" not in name]
    coverage = round(sum(found.covered) / len(found.covered), 4)
    remainder = tuple(Span(words.starts[first], words.ends[last - 1]) for first, last in found.extra)
    near = tuple(one for one in near if one[0] not in licenses)
    added = sum(last - first for first, last in found.extra)

    def is_(state: State, reason: str, license_id: str | None = None) -> Identification:
        spdx_id = spdx_id_of(license_id) if license_id else None
        return Identification(license_id, spdx_id, state, coverage, remainder, near, found.method, found.licenses, reason)

    if not licenses:
        return is_("unknown", f"{found.licenses[0]} comes with a license and is none itself")
    most = _MOST if len(licenses) > 1 else _NOT_A_MENTION
    if coverage < most and added > _ADDED:
        names = ", ".join(licenses)
        return is_("unknown", f"{coverage:.0%} of it are {names}, and the rest is text that is not on record")
    if len(licenses) > 1:
        return is_("several", f"it holds {', '.join(licenses)}; which one applies to what, it is for a person to say")
    (name,) = licenses
    if found.complete:
        return is_("identified", f"the text is {name}, and nothing else in it says anything", name)
    if added > (found.lost + _ADDED if found.lost else _REPLACED):
        return is_("modified", f"{name} with {added:,} words of other terms: read the remainder")
    if found.lost > added + _ADDED:
        return is_("modified", f"{name} without {found.lost:,} of its words")
    return is_("near_variant", f"close to {name}, but {added:,} words are others and {found.lost:,} are missing")


def _unknown(text: str, near: tuple[tuple[str, float], ...]) -> Identification:
    if near and near[0][1] >= _NEAR_VARIANT:
        name, score = near[0]
        return replace(_none("near_variant", near, f"like {name} (similarity {score:.3f}), but not it"), candidates=(name,))
    other = None if near else other_document(text)
    if other is not None:
        return _none("not_a_license", near, f"it is {other.name}")
    return _none("unknown", near, "it may be terms of a license, but none that are on record")


def _too_short(text: str, words: Words) -> Identification:
    if not words.spelled:
        return _none("not_a_license", (), "there are no words in it")
    other = other_document(text)
    if other is not None:
        return _none("not_a_license", (), f"only {len(words)} words: it is {other.name}")
    if holds_term(text):
        return _none("unknown", (), f"only {len(words)} words, but they may be terms, and none that are on record")
    return _none("not_a_license", (), f"only {len(words)} words")


def no_license(reason: str) -> Identification:
    """What there is to say where nothing could be read."""
    return _none("not_a_license", (), reason)


def not_understood(reason: str, candidates: tuple[str, ...] = ()) -> Identification:
    """What there is to say where a license is, and cannot be read or understood; `candidates` are those it may be."""
    return replace(_none("unknown", (), reason), candidates=candidates)


def _none(state: State, near: tuple[tuple[str, float], ...], reason: str) -> Identification:
    return Identification(None, None, state, 0.0, (), near, "none", (), reason)


def _mask(words: Words, spans: Collection[Span]) -> bytearray:
    """A 1 for each word that lies in one of the spans."""
    mask = bytearray(len(words))
    for span in spans:
        first, last = bisect_left(words.starts, span.start), bisect_right(words.ends, span.end)
        mask[first:last] = b"\1" * max(last - first, 0)
    return mask


def _confirmed(words: Words, part: Comparison, spans: Sequence[tuple[str, Span]]) -> float:
    """The share of a license's words that lie within its own templates."""
    inside = _mask(words, [span for license_id, span in spans if license_id == part.license_id])
    return sum(map(min, inside, part.covered)) / sum(part.covered)


def _weightless(text: str, words: Words) -> bytearray:
    return _mask(words, [Span(start, end) for start, end in ceremonies(text)])


def _mostly_covered(words: Words, covered: bytearray, span: Span) -> bool:
    first, last = bisect_left(words.starts, span.start), bisect_right(words.ends, span.end)
    return sum(covered[first:last]) > _OF_ITS_OWN * max(last - first, 0)


def _titles(license_ids: Collection[str]) -> frozenset[str]:
    """The words that name these licenses, and those that every heading may have."""
    titles = [known.title for known in known_fingerprints() if known.license_id in license_ids]
    names = [word for title in (*titles, *license_ids) for word in words_of(f" {title} ").spelled]
    parts = [part for name in license_ids for part in re.findall("[a-z]+|[0-9]+", name)]
    return frozenset((*names, *parts))
