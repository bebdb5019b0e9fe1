"""What shows from paths, links and neighbors alone."""

import json

import pytest

from budmodel_scanner.repository_checks import check_paths, check_references
from budmodel_scanner.verdict import Verdict

COMMIT = "a" * 40


def rules(*paths: str, links: dict[str, str] | None = None) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, finding in check_paths(dict.fromkeys(paths, 1), links or {}):
        assert finding.verdict is Verdict.SUSPICIOUS
        found.setdefault(path, set()).add(finding.rule)
    return found


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("a\nb.json", "path.control-characters"),
        ("a\x1b[0m", "path.control-characters"),
        ("model\u202egpj.py", "path.deceptive"),
        ("conf\u200big.json", "path.deceptive"),
        ("\u0441onfig.json", "path.deceptive"),
        ("\uff43onfig.json", "path.deceptive"),
        ("a/../../b", "path.outside"),
        ("a\\b.json", "path.outside"),
        ("/etc/x", "path.outside"),
        ("a./b", "path.trailing"),
        ("config.json ", "path.trailing"),
        ("aux.json", "path.device"),
        ("x/COM1", "path.device"),
        ("a" * 300, "path.too-long"),
        ("weights.safetensors.exe", "path.double-suffix"),
        ("image.png.py", "path.double-suffix"),
        ("lib/sitecustomize.py", "path.runs-by-name"),
        (".git/hooks/post-checkout", "path.runs-by-name"),
        ("custom_generate/generate.py", "path.runs-by-name"),
        ("torch.py", "path.shadows-module"),
        ("numpy/__init__.py", "path.shadows-module"),
        ("bad\udcff", "path.encoding"),
    ],
)
def test_names_that_deceive_or_run_are_suspicious(path: str, rule: str) -> None:
    assert rule in rules(path)[path]


def test_an_ordinary_repository_is_clean() -> None:
    paths = [
        *[
            ".gitattributes",
            "README.md",
            "LICENSE",
            "config.json",
            "model-00001-of-00002.safetensors",
            "onnx/model_int8.onnx",
        ],
        *[
            "src/__init__.py",
            "src/json.py",
            "src/numpy/__init__.py",
            "docs/Größe.md",
            "données/été.txt",
            "модель.bin",
            "模型.json",
        ],
        *[
            ".git/hooks/pre-commit.sample",
            "checkpoint-500/trainer_state.json",
            "setup.py",
            "handler.py",
            "v1.0/a.b.c.txt",
            "aux_loss.py",
        ],
    ]
    assert rules(*paths) == {}


def test_names_that_clash_where_case_does_not_count() -> None:
    assert rules("config.json", "Config.json") == {"Config.json": {"path.clash"}}
    assert rules("e\u0301.txt", "\u00e9.txt") == {"\u00e9.txt": {"path.clash"}}


def test_code_beside_a_pipeline_that_takes_components_from_it() -> None:
    assert rules("model_index.json", "unet/config.json", "unet/my_unet.py", "pipeline.py") == {
        "unet/my_unet.py": {"path.runs-by-name"},
        "pipeline.py": {"path.runs-by-name"},
    }
    assert rules("unet/config.json", "unet/my_unet.py", "pipeline.py") == {}


def test_what_cookiecutter_fills_in_is_no_markup() -> None:
    assert rules("{{ cookiecutter.repo_name }}/README.md") == {}
    for path in ("{{ config.items() }}/README.md", "{{cookiecutter.__class__.__mro__}}/a.md", "{{ 7*7 }}/a.md"):
        assert "path.markup" in rules(path)[path]


def test_links_may_stay_inside_and_may_be_those_of_a_hub_cache() -> None:
    inside = {
        f"snapshots/{COMMIT}/config.json": f"../../blobs/{COMMIT}",
        "a/b": "../c",
        "latest": "a",
        "a/d": "../../../blobs/" + "b" * 64,
    }
    assert rules("c", links=inside) == {}


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "../x", "~/.ssh", "C:\\x", "../blobs/short"])
def test_links_that_leave_are_suspicious(target: str) -> None:
    assert rules(links={"a": target}) == {"a": {"path.link-outside"}}


def test_links_that_lead_back_are_suspicious() -> None:
    assert rules(links={"a": "a"}) == {"a": {"path.link-loop"}}
    assert set(rules(links={"x/a": "b", "x/b": "../x/a"})) == {"x/a", "x/b"}


def test_code_that_auto_map_names_is_suspicious_and_other_code_is_not() -> None:
    config = {"auto_map": {"AutoModel": "modeling_x.X", "AutoTokenizer": ["tok.T", None], "AutoConfig": "org/repo--conf.C"}}
    contents = {
        "sub/config.json": json.dumps(config).encode(),
        "sub/modeling_x.py": b"",
        "sub/tok.py": b"",
        "sub/conf.py": b"",
        "modeling_x.py": b"",
        "broken_config.json": b'{"auto_map": ',
    }
    sizes = {path: len(data) for path, data in contents.items()}
    found = dict(check_references(sizes, contents.__getitem__))
    assert set(found) == {"sub/modeling_x.py", "sub/tok.py"}
    assert all(finding.verdict is Verdict.SUSPICIOUS for finding in found.values())
