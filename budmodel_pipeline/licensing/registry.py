"""Every license that has a name here: the hub's ids, SPDX ids, and the licenses of AI models that neither knows."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

# The hub's ids that SPDX has under the same name in another case are derived; these have another name there.
# https://huggingface.co/docs/hub/repositories-licenses
_RENAMED = {
    "c-uda": "C-UDA-1.0",
    "odc-by": "ODC-By-1.0",
    "odbl": "ODbL-1.0",
    "pddl": "PDDL-1.0",
    "lgpl-lr": "LGPLLR",
}
_SAME = (
    "Apache-2.0",
    "MIT",
    "AFL-3.0",
    "Artistic-2.0",
    "BSL-1.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-3-Clause-Clear",
    "CC0-1.0",
    "CC-BY-2.0",
    "CC-BY-2.5",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC-BY-NC-2.0",
    "CC-BY-NC-3.0",
    "CC-BY-NC-4.0",
    "CC-BY-ND-4.0",
    "CC-BY-NC-ND-3.0",
    "CC-BY-NC-ND-4.0",
    "CC-BY-NC-SA-2.0",
    "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-4.0",
    "CDLA-Sharing-1.0",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "WTFPL",
    "ECL-2.0",
    "EPL-1.0",
    "EPL-2.0",
    "etalab-2.0",
    "EUPL-1.1",
    "AGPL-3.0",
    "GPL-2.0",
    "GPL-3.0",
    "LGPL-2.1",
    "LGPL-3.0",
    "ISC",
    "LPPL-1.3c",
    "MS-PL",
    "MPL-2.0",
    "OSL-3.0",
    "PostgreSQL",
    "OFL-1.1",
    "NCSA",
    "Unlicense",
    "Zlib",
)
# Of the hub, without an SPDX id.
HUB_MODEL_LICENSES = frozenset(
    (
        "openrail",
        "bigscience-openrail-m",
        "creativeml-openrail-m",
        "bigscience-bloom-rail-1.0",
        "bigcode-openrail-m",
        "openrail++",
        "deepfloyd-if-license",
        "llama2",
        "llama3",
        "llama3.1",
        "llama3.2",
        "llama3.3",
        "gemma",
        "apple-ascl",
        "apple-amlr",
    )
)
# Names of several licenses: only a text tells which one.
FAMILIES = frozenset({"bsd", "cc", "gfdl", "gpl", "lgpl"})
# The card says nothing, or says it elsewhere: in license_name and license_link.
NO_LICENSE_NAMED = frozenset({"unknown", "other"})

SPDX_OF_HUB: dict[str, str] = {spdx_id.lower(): spdx_id for spdx_id in _SAME} | _RENAMED
_HUB_OF_SPDX = {spdx_id: license_id for license_id, spdx_id in SPDX_OF_HUB.items()}

HUB_IDS = frozenset(SPDX_OF_HUB) | HUB_MODEL_LICENSES | FAMILIES | NO_LICENSE_NAMED

_VERSION_CLAUSES = ("-only", "-or-later", "+")


def license_id_of(spdx_id: str) -> str:
    """Our id of an SPDX license: the hub's where it has one. `GPL-3.0-only` and `-or-later` share one text and one id."""
    for clause in _VERSION_CLAUSES:
        spdx_id = spdx_id.removesuffix(clause)
    by_case = {known.lower(): known for known in _HUB_OF_SPDX}
    known = by_case.get(spdx_id.lower())
    return _HUB_OF_SPDX[known] if known else spdx_id.lower()


def spdx_id_of(license_id: str) -> str | None:
    """The SPDX id of one of our ids, `LicenseRef-` and the id for licenses of models; None for names of no one license."""
    if license_id in FAMILIES or license_id in NO_LICENSE_NAMED:
        return None
    if license_id in SPDX_OF_HUB:
        return SPDX_OF_HUB[license_id]
    spelled = spdx_spelling(license_id)
    return spelled or f"LicenseRef-{license_id.replace('+', 'plus')}"


def spdx_spelling(name: str) -> str | None:
    """How SPDX spells an id that is given in any case; None where SPDX has no such id."""
    return _spdx_ids().get(name.lower())


@cache
def _spdx_ids() -> dict[str, str]:
    """From the index of license-expression; read as data, because importing the package costs more than all else here."""
    index = files("license_expression").joinpath("data/scancode-licensedb-index.json")
    entries: list[dict[str, Any]] = json.loads(index.read_bytes())
    ids = (key for entry in entries for key in [entry.get("spdx_license_key"), *entry.get("other_spdx_license_keys", ())])
    return {key.lower(): key for key in ids if key and not key.startswith("LicenseRef-")}
