"""Texts of licenses. Those of others are no part of this repository: they are read from installed packages.

More of them, as their makers published them, may lie beside the checkout. Tests of these are additions.
"""

import gzip
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from importlib.metadata import distribution

from budmodel_pipeline.licensing.registry import license_id_of, spdx_id_of
from budmodel_pipeline.licensing.terms import known_terms, terms_of
from tests.checkout import ROOT, SHARED
from tests.unit.licensing.texts import ISC, MIT

# Texts that lie beside a checkout, and what each of them is.
LICENSES = {
    "agpl_3_0.md": "agpl-3.0",
    "apache_2_0.md": "apache-2.0",
    "apple_ascl.txt": "apple-ascl",
    "bigscience_openrail_m.txt": "bigscience-openrail-m",
    "bsd_3_clause.md": "bsd-3-clause",
    "cc0_1_0.md": "cc0-1.0",
    "cc_by_4_0.md": "cc-by-4.0",
    "cc_by_nc_4_0.txt": "cc-by-nc-4.0",
    "cc_by_nc_nd_4_0.txt": "cc-by-nc-nd-4.0",
    "cc_by_sa_4_0.md": "cc-by-sa-4.0",
    "creativeml_openrail_m.txt": "creativeml-openrail-m",
    "deepseek.txt": "deepseek",
    "epl_2_0.md": "epl-2.0",
    "eupl_1_1.md": "eupl-1.1",
    "gemma.txt": "gemma",
    "gpl_3_0.md": "gpl-3.0",
    "isc.md": "isc",
    "lgpl_3_0.md": "lgpl-3.0",
    "llama2.txt": "llama2",
    "llama3_1.txt": "llama3.1",
    "llama4.txt": "llama4",
    "mit.txt": "mit",
    "mpl_2_0.md": "mpl-2.0",
    "odbl.txt": "odbl",
    "ofl_1_1.md": "ofl-1.1",
    "postgresql.md": "postgresql",
    "tongyi_qianwen.txt": "tongyi-qianwen",
    "unlicense.md": "unlicense",
}
# Terms of use of a website and a privacy policy.
NO_LICENSES = ("anthropic.txt", "openai.txt")
# Texts that packages carry as they are; of these licenses the templates hold a notice, or many wordings.
_WHOLE = {"bsd-3-clause": "click", "lgpl-3.0": "psycopg", "mpl-2.0": "pathspec"}
_OWN = {"isc": ISC, "mit": MIT}
# Shorter templates are notices that name a license and do not hold it.
_SHORTEST = 400
_SIGNS = re.compile(r"//\*\*.*?\*\*//|\(\(|\)\)(?:\?\?)?|\|\||__\d+__|\?\?", re.DOTALL)


@cache
def installed_text(license_id: str) -> str:
    """The text of a license, from this project, an installed package, or a template of licenseclassifier."""
    if license_id == "apache-2.0":
        return (ROOT / "LICENSE").read_text("utf-8")
    if license_id in _OWN:
        return _OWN[license_id]
    if license_id in _WHOLE:
        return _license_file(_WHOLE[license_id])
    return template_text(_templates()[(spdx_id_of(license_id) or license_id).lower()])


@cache
def installed_licenses() -> Sequence[str]:
    """Every recorded license, by the one id that identification gives, whose text is to be had from a package."""
    ids = {license_id_of(spdx) for known in known_terms() if (spdx := spdx_id_of(known)) and spdx.lower() in _templates()}
    return sorted(one for one in ids if terms_of(one) and len(installed_text(one)) >= _SHORTEST)


def named_texts() -> dict[str, str | None]:
    """The texts at hand by name, and what each is: of packages by the license, of those beside the checkout by the file."""
    at_hand = set(installed_licenses())
    texts: dict[str, str | None] = {one: one for one in LICENSES.values() if one in at_hand}
    if (SHARED / "licenses").is_dir():
        texts |= LICENSES | dict.fromkeys(NO_LICENSES)
    return texts


def text_named(name: str) -> str:
    """The text that has a name of `named_texts`."""
    beside = SHARED / "licenses" / name
    return beside.read_text("utf-8") if name in LICENSES or name in NO_LICENSES else installed_text(name)


def _license_file(package: str) -> str:
    (file,) = (file for file in distribution(package).files or () if file.name in ("LICENSE", "LICENSE.txt"))
    return str(file.read_text("utf-8"))


@cache
def _templates() -> dict[str, str]:
    """Templates of licenses by SPDX id in lower case; the first of each has the text, others are addresses."""
    packed = resources.files("licenseclassifier").joinpath("_engine/licenses.json.gz").read_bytes()
    found: dict[str, str] = {}
    for entry in json.loads(gzip.decompress(packed)):
        found.setdefault(entry["id"].lower(), entry["lre"])
    return found


def template_text(template: str) -> str:
    """A text that a template matches: with all that may be there, the first of several wordings, and nothing for names.

    `((a || b))` is one of both, `((a))??` may be missing, `__5__` are up to five words, `//** a **//` is a remark.
    """
    # One list of wordings for each open parenthesis.
    open_: list[list[str]] = [[""]]
    read = 0
    for sign in _SIGNS.finditer(template):
        open_[-1][-1] += template[read : sign.start()]
        read = sign.end()
        if sign.group() == "((":
            open_.append([""])
        elif sign.group() == "||":
            open_[-1].append("")
        elif sign.group().startswith("))"):
            first, *_ = open_.pop()
            open_[-1][-1] += first
    (whole,) = open_
    return whole[0] + template[read:]
