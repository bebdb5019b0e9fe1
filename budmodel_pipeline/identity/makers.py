"""Who released a model, where its name does not tell: what the source says of its organization, and whose page it links."""

import re

from budmodel_pipeline.identity.canonical import Form
from budmodel_pipeline.identity.hub_links import hub_repository
from budmodel_pipeline.identity.knowledge import Knowledge, knowledge, squash
from budmodel_pipeline.identity.releases import tokens_of
from budmodel_pipeline.identity.tokens import fold

_SEVERAL = re.compile(r"[,&+/;]|\s(?:and|x)\s", re.IGNORECASE)
_CODE = re.compile(r"^https?://(?:www\.)?github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?(?:[/#?].*)?$", re.IGNORECASE)


def slug_of(organization: str, known: Knowledge) -> str:
    """The slug that ids carry for an organization, however it is spelled."""
    return known.vendors.get(squash(organization)) or "-".join(
        fold(organization).replace("_", "-").replace(".", "-").split()
    )


def maker_of(model_id: str) -> str | None:
    """The name of the maker that stands in an id: `Mistral AI` for `mistralai/…`; None where the maker is not known."""
    slug = model_id.partition("/")[0]
    return None if slug in ("unknown", "unresolved", "multi") else knowledge().makers.get(slug, slug)


def stated_maker(organization: str | None, link: str | None, form: Form, known: Knowledge) -> tuple[str, str] | None:
    """Who a source says released a model of this form, and how it says so.

    An organization counts where it is one. The owner of a repository counts where the repository is called as the model is:
    a link may lead to the base model, to the data or to a paper's code.
    """
    if organization and not _SEVERAL.search(organization) and squash(organization) not in known.hosts:
        slug = slug_of(organization, known)
        if re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", slug) and slug != "unknown":
            return slug, f"the source names {organization}"
    code = _CODE.match(link.strip()) if link else None
    repository = hub_repository(link) or (f"{code[1]}/{code[2]}" if code else None)
    if repository is None:
        return None
    owner, _, name = repository.partition("/")
    own = form.words - known.families.keys() - known.plain - known.derived
    if own & {squash(owner), *(token.text for token in tokens_of(name))}:
        return slug_of(owner, known), f"{repository} is called as the model is"
    return None
