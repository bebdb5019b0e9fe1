"""The license files of a repository."""

import pytest

from budmodel_pipeline.licensing.license_files import license_files


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
        (["License.docx"], "License.docx"),
        (["LLAMA_LICENSE.txt"], "LLAMA_LICENSE.txt"),
        (["LICENSE.pdf", "config.json"], "LICENSE.pdf"),
        (["weights/LICENSE"], "weights/LICENSE"),
        (["LICENSES/MIT.txt", "LICENSE"], "LICENSE"),
        (["LICENSES/MIT.txt", "README.md"], "LICENSES/MIT.txt"),
        (["NOTICE", "README.md"], "NOTICE"),
        (["docs/NOTICE", "NOTICE.txt"], "NOTICE.txt"),
    ],
)
def test_the_best(paths: list[str], best: str) -> None:
    assert license_files(paths)[0] == best


@pytest.mark.parametrize(
    "path",
    [
        "third_party/LICENSE",
        "node_modules/x/LICENSE",
        "docs/NOTICE",
        "THIRD_PARTY_LICENSE.txt",
        "LICENSE-3rd-party.txt",
        "README.md",
        "license_plates.bin",
        "licenses.py",
        "license.py",
        "LICENSE.json",
        "USE_POLICY.md",
        "licensed.json",
    ],
)
def test_what_is_no_license_of_the_repository(path: str) -> None:
    assert license_files([path]) == []


@pytest.mark.parametrize(
    ("paths", "together"),
    [
        (["LICENSE-MIT", "LICENSE-APACHE", "NOTICE"], ["LICENSE-MIT", "LICENSE-APACHE"]),
        (["LICENSE", "LICENSE-MODEL", "LICENSE-CODE"], ["LICENSE-MODEL"]),
        (["LICENSE", "weights/LICENSE"], ["LICENSE"]),
        (["NOTICE", "LICENSE"], ["LICENSE"]),
        (["LICENSES/MIT.txt", "LICENSES/CC0-1.0.txt"], ["LICENSES/MIT.txt", "LICENSES/CC0-1.0.txt"]),
    ],
)
def test_files_of_one_level_are_read_together(paths: list[str], together: list[str]) -> None:
    assert license_files(paths) == together


@pytest.mark.parametrize(
    "path",
    [
        "MODEL_LICENSE.docx",
        "Model License.rtf",
        "Community License.odt",
        "AcmeLicense.txt",
        "COPYING.LIB",
        "COPYING3",
        "LICENSE2.txt",
        "LICENSE (1).txt",
        "TERMS.md",
        "Terms and Conditions.txt",
        "ACME_TERMS_OF_SERVICE.md",
        "AGREEMENT.md",
        "Lizenz.txt",
        "LICENCIA.md",
        "лицензия.txt",
        "许可协议.txt",
        "LICENSE/terms.txt",
    ],
)
def test_whatever_it_is_called_it_is_the_license(path: str) -> None:
    assert license_files(["README.md", "config.json", path]) == [path]
