"""Documents that lie where a license was expected and are none: each shows by signs of its own what it is."""

import re
from dataclasses import dataclass

from budmodel_pipeline.licensing.comparison import holds_term
from budmodel_pipeline.licensing.words import words_of


@dataclass(frozen=True, slots=True)
class OtherDocument:
    """What a text is instead of a license. `leaves_open`: what binds a user may stand in it, or where it should lead to."""

    name: str
    leaves_open: bool


ERROR_PAGE = OtherDocument("an error page", True)
LOGIN_PAGE = OtherDocument("a page that asks to sign in", True)
POINTER = OtherDocument("a pointer to a file that is kept elsewhere", True)
REFERENCE = OtherDocument("a sentence that says where the license is", True)
PRIVACY_POLICY = OtherDocument("a privacy policy", False)
SERVICE_TERMS = OtherDocument("the terms of use of a website or service", True)
DESCRIPTION = OtherDocument("a description of a project", False)

# Pages of a few words, errors among them; no terms that bind anybody are as short and say one of these.
_SHORT = 120
_LFS_POINTER = re.compile(r"\Aversion https://git-lfs\.github\.com/spec/")
_ERROR = re.compile(
    r"\b(?:40[0-9]|41[0-9]|42[0-9]|50[0-9])\b[\s:.,-]*(?:\w+[\s,-]+){0,3}?"
    r"(?:not found|error|forbidden|unauthorized|page|gone|unavailable|bad gateway|too many requests)"
    r"|page (?:not found|does(?:n.t| not) exist|(?:that )?you (?:are|were) looking for)|access denied|entry not found"
    r"|repository not found|internal server error|service unavailable|enable javascript|are you a robot"
    r"|checking your browser",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"\b(?:sign|log)(?:ging)?[ -]?in to\b|\bplease (?:sign|log) ?in|need an account|password, please"
    r"|forgot (?:your )?password|\b(?:sign|log) in\b.{0,200}\bpassword",
    re.IGNORECASE | re.DOTALL,
)
_REFERENCE = re.compile(
    r"\b(?:see|refer to|found (?:at|in)|available (?:at|from)|under)\b[^.]{0,80}(?:https?://|\blicen[cs]e|\bcopying)",
    re.IGNORECASE,
)
_GRANTS = re.compile(
    r"hereby grant|permission is|licensee|licensor|license agreement|redistribut|sublicens|derivative works?"
    r"|licensed materials?|royalty-free|grants? (?:you|the|to)\b|without warrant(?:y|ies)|(?:is|are) (?:hereby )?granted"
    r"|may (?:not )?be (?:used|copied|modified|distributed|reproduced|sold)|free of charge|as long as|provided that"
    r"|may (?:not |freely )?(?:use|copy|modify|distribute|share|reproduce|run)"
    r"|(?:must|shall) not (?:use|copy|modify|distribute)"
    r"|(?:use|copying|distribution|redistribution|copy|distribute|modify)\b[^.]{0,60}"
    r"\b(?:permitted|allowed|prohibited|forbidden)",
    re.IGNORECASE,
)
_SERVICE = re.compile(
    r"privacy policy|terms of (?:use|service)|our (?:services?|websites?|sites?|platform)|your account|your content"
    r"|cookies|sign in|log in|subscri\w+|customer support|billing|credit card|accounts?\b|minimum age",
    re.IGNORECASE,
)
_PRIVACY = re.compile(
    r"privacy (?:policy|notice|statement)|personal (?:data|information)|cookies|we (?:may )?(?:collect|process|share)"
    r"|data (?:controller|protection|subjects?)|your (?:personal|account|rights|information)|our (?:services?|websites?)",
    re.IGNORECASE,
)
_PROJECT = re.compile(
    r"\bpip install|\binstall(?:ation|ed|ing)?\b|\bgit clone|\bimport \w+|from_pretrained|getting started|quick ?start"
    r"|\busage\b|\bcitation\b|@(?:article|misc|inproceedings)|\barxiv\b|\bbenchmarks?\b|evaluation|training data"
    r"|pretrain|fine-?tun|tokens|\bdownloads?\b|model card|contributing|tutorial|documentation|have fun",
    re.IGNORECASE,
)
_NAMED_LICENSE = re.compile(
    r"\b(?:released|licensed|distributed|published|available)\b[^.]{0,60}\blicen[cs]e", re.IGNORECASE
)
# Distinct signs that a document has to show, which no license shows together.
_FEWEST_OF_A_POLICY = 4
_FEWEST_OF_A_PROJECT = 4


def other_document(text: str) -> OtherDocument | None:
    """What `text` shows to be, where it is no license; None where it shows nothing of the kind, whatever it says."""
    if _LFS_POINTER.match(text.lstrip("\ufeff \n")):
        return POINTER
    words = len(words_of(text))
    grants = _distinct(_GRANTS, text)
    if words <= _SHORT and not grants:
        if _ERROR.search(text):
            return ERROR_PAGE
        if _LOGIN.search(text):
            return LOGIN_PAGE
        if not holds_term(text) and _NAMED_LICENSE.search(text) and _distinct(_PROJECT, text):
            return DESCRIPTION
        if not holds_term(text) and _REFERENCE.search(text):
            return REFERENCE
    if len(_distinct(_SERVICE, text)) >= 2 * _FEWEST_OF_A_POLICY and re.search(r"\baccounts?\b", text, re.IGNORECASE):
        return SERVICE_TERMS
    if re.search("privacy (?:policy|notice|statement)", text[:600], re.IGNORECASE):
        signs = _distinct(_PRIVACY, text)
        if len(signs) >= _FEWEST_OF_A_POLICY and len(signs) > len(grants):
            return PRIVACY_POLICY
    if len(_distinct(_PROJECT, text)) >= _FEWEST_OF_A_PROJECT and not grants:
        return DESCRIPTION
    return None


def _distinct(pattern: re.Pattern[str], text: str) -> frozenset[str]:
    return frozenset(one.group().lower() for one in pattern.finditer(text))
