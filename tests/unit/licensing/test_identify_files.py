"""The license files of a repository."""

import pytest

from budmodel_pipeline.licensing.license_files import companion_files, license_files


@pytest.mark.parametrize(
    ("paths", "best"),
    [
        (["README.md", "LICENSE", "third_party/LICENSE"], "LICENSE"),
        (["src/LICENSE", "LICENSE.md"], "LICENSE.md"),
        (["LICENSE", "LICENSE-MODEL"], "LICENSE-MODEL"),
        (["LICENSE", "MODEL_LICENSE"], "MODEL_LICENSE"),
        (["COPYING", "NOTICE"], "COPYING"),
        (["Licence.txt"], "Licence.txt"),
        (["LICENSE.apache"], "LICENSE.apache"),
        (["LLAMA_LICENSE.txt"], "LLAMA_LICENSE.txt"),
        (["LICENSE.pdf", "config.json"], "LICENSE.pdf"),
        (["weights/LICENSE"], "weights/LICENSE"),
        (["LICENSES/MIT.txt", "LICENSE"], "LICENSE"),
    ],
)
def test_the_best(paths: list[str], best: str) -> None:
    assert license_files(paths)[0] == best


@pytest.mark.parametrize(
    "path",
    [
        "third_party/LICENSE",
        "node_modules/x/LICENSE",
        "NOTICE",
        "README.md",
        "license_plates.bin",
        "licenses.py",
        "USE_POLICY.md",
        "licensed.json",
    ],
)
def test_what_is_no_license_of_the_repository(path: str) -> None:
    assert license_files([path]) == []


def test_policies_come_with_a_license() -> None:
    assert companion_files(["USE_POLICY.md", "LICENSE", "docs/USE_POLICY.md"]) == ["USE_POLICY.md"]
