"""Licenses by name."""

import pytest

from budmodel_pipeline.licensing.registry import FAMILIES, HUB_IDS, HUB_MODEL_LICENSES, NO_LICENSE_NAMED, spdx_id_of
from budmodel_pipeline.licensing.tags import identify_tag
from budmodel_pipeline.licensing.terms import family_members

# As the hub's own client lists them.
HUB = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc
cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0
cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0
cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1
agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl openrail++
osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license llama2 llama3 llama3.1
llama3.2 llama3.3 gemma apple-ascl apple-amlr unknown other
"""


def test_every_id_of_the_hub_is_known() -> None:
    assert set(HUB.split()) == HUB_IDS
    assert len(HUB_IDS) == 75


@pytest.mark.parametrize("license_id", sorted(HUB_IDS - NO_LICENSE_NAMED))
def test_an_id_of_the_hub_is_itself_in_any_case(license_id: str) -> None:
    for tag in (license_id, license_id.upper(), f"license:{license_id}", f"['{license_id}']", f" {license_id} "):
        found = identify_tag(tag)
        assert (found.license_id, found.state, found.method) == (license_id, "identified", "tag")
    spdx_id = found.spdx_id
    if license_id in FAMILIES:
        assert spdx_id is None
    elif license_id in HUB_MODEL_LICENSES:
        assert spdx_id == f"LicenseRef-{license_id.replace('+', 'plus')}"
    else:
        assert spdx_id is not None
        assert not spdx_id.startswith("LicenseRef-")


@pytest.mark.parametrize(
    ("license_id", "spdx_id"),
    [
        ("c-uda", "C-UDA-1.0"),
        ("odc-by", "ODC-By-1.0"),
        ("odbl", "ODbL-1.0"),
        ("pddl", "PDDL-1.0"),
        ("lgpl-lr", "LGPLLR"),
        ("etalab-2.0", "etalab-2.0"),
        ("postgresql", "PostgreSQL"),
        ("0bsd", "0BSD"),
        ("llama4", "LicenseRef-llama4"),
    ],
)
def test_names_that_differ_between_hub_and_spdx(license_id: str, spdx_id: str) -> None:
    assert spdx_id_of(license_id) == spdx_id
    if not spdx_id.startswith("LicenseRef-"):
        assert identify_tag(spdx_id).license_id == license_id


@pytest.mark.parametrize(
    ("tag", "license_id"),
    [
        ("Apache License, Version 2.0", "apache-2.0"),
        # As pages and keyboards write it: wide letters, hyphens that break no line.
        ("\uff2d\uff29\uff34", "mit"),
        ("Apache\u20112.0", "apache-2.0"),
        ("Apache 2.0", "apache-2.0"),
        ("apache_2_0", "apache-2.0"),
        ("llama_3_1", "llama3.1"),
        ("The MIT License", "mit"),
        ("GPLv3", "gpl-3.0"),
        ("GNU GPL v3", "gpl-3.0"),
        ("GPL-3.0-or-later", "gpl-3.0"),
        ("AGPL-3.0-only", "agpl-3.0"),
        ("BSD 3-Clause", "bsd-3-clause"),
        ("CC BY-NC 4.0", "cc-by-nc-4.0"),
        ("Creative Commons Attribution 4.0 International", "cc-by-4.0"),
        ("Llama 3.1 Community License", "llama3.1"),
        ("llama4", "llama4"),
        ("Gemma Terms of Use", "gemma"),
        ("CreativeML Open RAIL-M", "creativeml-openrail-m"),
        ("fair-noncommercial-research-license", "fair-noncommercial-research-license"),
        ("apache2.0", "apache-2.0"),
        ("apache2", "apache-2.0"),
        ("gplv3", "gpl-3.0"),
        ("agpl-3", "agpl-3.0"),
        ("cc-by-4", "cc-by-4.0"),
        ("mit, MIT", "mit"),
        ("lfm1.0", "lfm-1.0"),
        ("health-ai-developer-foundations", "health-ai-developer-foundations"),
        ("nvidia-nemotron-open-model-license", "nvidia-nemotron-open-model"),
        ("openmdw-1.1", "openmdw-1.1"),
        ("flux-1-kontext-dev-non-commercial-license", "flux-1-kontext-dev-non-commercial"),
        ("flux-2-dev-non-commercial-license", "flux-2-dev-non-commercial"),
        ("jamba-open-model-license", "jamba-open-model"),
        ("databricks-open-model-license", "databricks-open-model"),
        ("grok-2-community", "grok-2-community"),
        ("ltxv-open-weights-license", "ltxv-open-weights"),
        ("minimax-model-license", "minimax-model"),
        ("sam-license", "sam"),
        ("dinov3-license", "dinov3"),
        ("cogvideox-license", "cogvideox"),
        ("glm-4", "glm-4"),
        ("ai2-impact-license-low-risk", "ai2-impact-lr"),
        ("faipl-1.0-sd", "fair-ai-public-1.0-sd"),
        ("coqui-public-model-license", "cpml"),
        ("baichuan-2-community", "baichuan"),
        ("upstage-solar-license", "upstage-solar"),
        ("k-exaone", "k-exaone"),
        ("tencent-hunyuan-a13b", "hunyuan-a13b"),
        ("intel-research", "intel-research"),
    ],
)
def test_names_that_people_write(tag: str, license_id: str) -> None:
    assert identify_tag(tag).license_id == license_id


@pytest.mark.parametrize(
    ("tag", "candidates"),
    [
        ("MIT OR Apache-2.0", {"mit", "apache-2.0"}),
        ("Apache-2.0 AND (MIT OR BSD-3-Clause)", {"apache-2.0", "mit", "bsd-3-clause"}),
        ("['mit', 'apache-2.0']", {"mit", "apache-2.0"}),
        ("mit, apache-2.0", {"mit", "apache-2.0"}),
        ("MIT OR GPL-2.0-only WITH Classpath-exception-2.0", {"mit", "gpl-2.0 with classpath-exception-2.0"}),
    ],
)
def test_several_licenses_have_no_one_id(tag: str, candidates: set[str]) -> None:
    found = identify_tag(tag)
    assert (found.license_id, found.state, set(found.candidates)) == (None, "several", candidates)


@pytest.mark.parametrize(
    "tag",
    [
        "unknown",
        "other",
        "proprietary",
        "public-domain",
        "custom",
        "",
        "[]",
        "mit, nobody-knows",
        "MIT WITH me",
        "no such license",
        "MIT AND nobody-knows",
        "MIT OR (",
        "x" * 5000,
        "(" * 200 + " OR ",
    ],
)
def test_names_of_nothing(tag: str) -> None:
    found = identify_tag(tag)
    assert (found.license_id, found.state) == (None, "unknown")
    assert found.reason


@pytest.mark.parametrize(
    ("tag", "license_id", "spdx_id"),
    [
        (
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "gpl-2.0 with classpath-exception-2.0",
            "GPL-2.0-only WITH Classpath-exception-2.0",
        ),
        ("apache-2.0 with llvm-exception", "apache-2.0 with llvm-exception", "Apache-2.0 WITH LLVM-exception"),
    ],
)
def test_a_license_with_an_exception_is_one_license(tag: str, license_id: str, spdx_id: str) -> None:
    found = identify_tag(tag)
    assert (found.license_id, found.spdx_id, found.state) == (license_id, spdx_id, "identified")


@pytest.mark.parametrize(
    "name",
    ["modified-mit", "exaone", "falcon-llm-license", "tencent-hunyuan-community", "cc-by-nc", "llama", "gpl", "openmdw"],
)
def test_a_name_that_several_licenses_share_says_so(name: str) -> None:
    found = identify_tag(name)
    members = family_members(name)
    assert (found.license_id, found.state) == (name, "identified")
    assert found.spdx_id is None
    assert len(members) > 1
    assert all(member in found.reason for member in members)


@pytest.mark.parametrize(
    ("name", "place", "license_id"),
    [
        ("exaone", "LGAI-EXAONE/EXAONE-Deep-32B", "exaone-1.1-nc"),
        ("falcon-llm-license", "tiiuae/falcon-180B", "falcon-180b"),
        ("tencent-hunyuan-community", "tencent/Hunyuan-A13B-Instruct", "hunyuan-a13b"),
        ("modified-mit", "https://huggingface.co/MiniMaxAI/MiniMax-M2.5/blob/main/LICENSE", "minimax-m2.5"),
        ("cc-by-nc", "somebody/model", "cc-by-nc"),
        ("mit", "MiniMaxAI/MiniMax-M2", "mit"),
    ],
)
def test_who_uses_a_name_tells_which_license_it_is(name: str, place: str, license_id: str) -> None:
    assert identify_tag(name, place).license_id == license_id
