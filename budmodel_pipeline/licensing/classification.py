"""The class of a license and how far it suits somebody who wants to use a model: functions of its terms and nothing else."""

from budmodel_pipeline.licensing.model import LicenseType, Suitability, Value
from budmodel_pipeline.licensing.terms import Copyleft, Terms, Topic, Work

_SUITABILITY = {
    LicenseType.PERMISSIVE: Suitability.MOST,
    LicenseType.COPYLEFT: Suitability.GOOD,
    LicenseType.WEAK_COPYLEFT: Suitability.GOOD,
    LicenseType.RESTRICTIVE: Suitability.LOW,
    LicenseType.NO_REDISTRIBUTION: Suitability.LOW,
    LicenseType.NON_COMMERCIAL: Suitability.LOW,
    LicenseType.LIMITED_CUSTOMIZATION: Suitability.LOW,
    LicenseType.PROPRIETARY: Suitability.WORST,
    LicenseType.API_ACCESS: Suitability.WORST,
    LicenseType.FREE_TO_USE: Suitability.WORST,
}
_RESTRICTIONS = (Topic.USE_LIMITS, Topic.THRESHOLD, Topic.BINDING)


def license_type(terms: Terms) -> LicenseType | None:
    """The class of a license, None where its terms are not known well enough to tell.

    The first thing that a user would stumble over decides: a service, no commercial use, no redistribution, no changes,
    restrictions on use, and then what has to be given back.
    """
    commercial, distribution, modification = (
        terms[topic] for topic in (Topic.COMMERCIAL_USE, Topic.DISTRIBUTION, Topic.MODIFICATION)
    )
    if terms.work is Work.SERVICE:
        return LicenseType.API_ACCESS
    if Value.UNKNOWN in (commercial, distribution, modification):
        return None
    if distribution is Value.NO and modification is Value.NO:
        return LicenseType.PROPRIETARY if commercial is Value.NO else LicenseType.FREE_TO_USE
    if commercial is Value.NO:
        return LicenseType.NON_COMMERCIAL
    if distribution is Value.NO:
        return LicenseType.NO_REDISTRIBUTION if terms.open else LicenseType.LIMITED_CUSTOMIZATION
    if modification is not Value.YES or any(terms[topic] in (Value.YES, Value.CONDITIONAL) for topic in _RESTRICTIONS):
        return LicenseType.RESTRICTIVE
    if terms.copyleft is Copyleft.UNKNOWN or any(terms[topic] is Value.UNKNOWN for topic in _RESTRICTIONS):
        return None
    if terms.copyleft is Copyleft.STRONG:
        return LicenseType.COPYLEFT
    if terms.copyleft is not Copyleft.NONE or terms[Topic.DISCLOSE_SOURCE] is Value.YES:
        return LicenseType.WEAK_COPYLEFT
    return LicenseType.PERMISSIVE


def suitability(license_class: LicenseType) -> Suitability:
    """How far a class of licenses lets a model be used as one likes."""
    return _SUITABILITY[license_class]
