"""Model groups: releases without what changes between their snapshots. A second level above the id of a model."""

from collections.abc import Iterable
from functools import lru_cache

from budmodel_pipeline.identity.canonical import Form, lead_version
from budmodel_pipeline.identity.knowledge import Family, Knowledge, knowledge
from budmodel_pipeline.identity.published import id_of, read_id, settled
from budmodel_pipeline.identity.releases import facts
from budmodel_pipeline.identity.tokens import UnresolvableName
from budmodel_pipeline.identity.variant import version_tuple

# What a maker says of a snapshot and not of the release.
STAGES = frozenset({"preview", "exp", "beta", "latest"})
_TUNED = frozenset({"instruct"})


@lru_cache(maxsize=32_768)
def group_of(model_id: str) -> str:
    """The id of the group that a model belongs to; a group is its own group.

    Dropped are dates, release stages and revisions such as `-001`, and `-instruct` where a name without it means the same
    weights. What a person reviewed (`[groups]` of the knowledge file) comes first. Composites and names that mean nothing
    are groups of one.
    """
    known = knowledge()
    try:
        reading = read_id(model_id)
    except UnresolvableName:
        return model_id
    if id_of(reading, known) != model_id:  # A composite, or a name that nothing can be taken off.
        return model_id
    form = reading.form
    own = reading.family is not None and reading.vendor == reading.family.vendor
    reviewed = facts().groups
    if own and form in reviewed:
        return settled(id_of(reading._replace(form=reviewed[form]), known))
    bare = _without_snapshot(form, reading.family, known)
    if own:
        bare = _without_tuning(bare, reading.family)
        if bare in reviewed:  # `llama-4-maverick-exp` is no snapshot of what `llama-4-maverick` stands for.
            bare = form._replace(dates=())
    group = settled(id_of(reading._replace(form=bare), known)) if bare != form else model_id
    # Without its date, `qwen3-4b-thinking-2507` would be read as a way to run another release.
    return group if read_id(group).form.words == bare.words else model_id


def groups_of(model_ids: Iterable[str]) -> dict[str, str]:
    """The group of each of these models, as they stand beside each other.

    Where the first revision of a model is its only one (`nova-pro-v1`, and no `-v2`), it is of one group with the name
    that gives no revision. It takes all known models to tell.
    """
    groups = {model_id: group_of(model_id) for model_id in model_ids}
    revisions: dict[str, set[str]] = {}
    for group in groups.values():
        unrevised = _unrevised(group)
        if unrevised:
            revisions.setdefault(unrevised, set()).add(group)
    alone = {}
    for unrevised, found in revisions.items():
        found -= revisions.keys()  # Nova 2 Lite, which has a revision itself, is no revision of Nova Lite.
        if len(found) == 1 and (group := found.pop()).endswith("-v1"):
            alone[group] = unrevised
    return {model_id: alone.get(group, group) for model_id, group in groups.items()}


def _without_snapshot(form: Form, family: Family | None, known: Knowledge) -> Form:
    """The form without date, stage and revision; unchanged where nothing but the family's word would be left."""
    bare = form._replace(words=form.words - STAGES, revisions=(), dates=())
    says_something = bare.versions or bare.sizes or bare.words - {family.word if family else ""} - known.noise
    return bare if says_something else form


def _without_tuning(form: Form, family: Family | None) -> Form:
    """The form without `instruct`, where the family's maker released one tuned model under the name and nothing else."""
    if family is None or not form.words & _TUNED:
        return form
    first, last, version = family.one_tuning_from, family.one_tuning_to, lead_version(form.versions)
    alone = first and family.one_tuning_with <= form.words and version >= version_tuple(first)
    return form._replace(words=form.words - _TUNED) if alone and (not last or version <= version_tuple(last)) else form


def _unrevised(model_id: str) -> str | None:
    """`amazon/nova-pro` for `amazon/nova-pro-v1`; None for what has no revision."""
    known = knowledge()
    try:
        reading = read_id(model_id)
    except UnresolvableName:
        return None
    if reading.family is None or not reading.family.revised or not reading.form.versions:
        return None
    form = reading.form._replace(versions=reading.form.versions[:-1])
    return settled(id_of(reading._replace(form=form), known))
