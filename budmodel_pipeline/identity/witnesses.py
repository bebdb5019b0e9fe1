"""What a source says beside a name, and what that adds to the reading of the name: its own id, the day of the release."""

from datetime import date

from budmodel_pipeline.identity.address import address_of
from budmodel_pipeline.identity.canonical import Form
from budmodel_pipeline.identity.dates import Date
from budmodel_pipeline.identity.knowledge import Knowledge
from budmodel_pipeline.identity.published import Reading, read_name
from budmodel_pipeline.identity.releases import facts
from budmodel_pipeline.identity.tokens import UnresolvableName, clean


def told_by_id(reading: Reading, method: str, published_id: str, source: str, known: Knowledge) -> tuple[Reading, str]:
    """The reading of a name with the id that its source publishes beside it, and what decided.

    The more exact of the two decides. Where they contradict each other the id does, since a source keeps its records by it;
    an id that floats over releases (`deepseek-chat`) does not.
    """
    try:
        told = read_name(address_of(clean(published_id), known), source, known)
    except UnresolvableName:
        return reading, method
    variant = {**told.variant, **reading.variant}
    mine, theirs = reading.form, told.form
    if theirs == mine or theirs.within(mine):
        said = f"the id {published_id} says no other"
        return reading._replace(variant=variant, evidence=[*reading.evidence, said]), method
    told = told._replace(variant=variant, vendor=told.vendor or reading.vendor)
    if mine.within(theirs):
        said = f"the id {published_id} is more exact than the name {reading.name}"
        return told._replace(evidence=[*told.evidence, said], confidence=max(told.confidence, reading.confidence)), "id"
    if _floats(theirs):
        said = f"the id {published_id} floats over releases"
        return reading._replace(evidence=[*reading.evidence, said]), method
    if mine.agrees(theirs):
        said = f"the id {published_id} and the name {reading.name} complete each other"
        return told._replace(evidence=[*told.evidence, said]), "id"
    said = f"the id {published_id} says otherwise than the name {reading.name}"
    return told._replace(evidence=[*told.evidence, said], confidence=CONTRADICTED), "id"


def told_by_day(reading: Reading, released_on: date) -> Reading:
    """The reading of an undated name with the date of its release, where one dated release is known and is of that day."""
    if reading.form.dates or reading.family is None or reading.vendor != reading.family.vendor:
        return reading
    known = set(facts().snapshots.get(reading.form, ()))
    day = Date(released_on.year, released_on.month, released_on.day)
    if len(known) != 1 or not (release := known.pop()).covers(day) or not release.year:
        return reading
    said = f"released on {released_on}, as the one release with a date, {release}"
    return reading._replace(form=reading.form._replace(dates=(release,)), evidence=[*reading.evidence, said])


# Less than a person has to review.
CONTRADICTED = 0.55


def _floats(form: Form) -> bool:
    return not (form.versions or form.sizes or form.dates or form.revisions)
