"""The site of the documentation: it is built without a warning, needs no network, and fails where a link leads nowhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.house.documents import ROOT


def build(into: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "docs", "--into", str(into), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    finished = build(folder)
    assert finished.returncode == 0, finished.stderr
    return folder


def test_it_has_every_page_and_the_documentation_of_dbt(site: Path) -> None:
    pages = [page.relative_to(ROOT).with_suffix(".html") for page in (ROOT / "docs").rglob("*.md")]
    assert [page for page in [*pages, Path("dbt/index.html")] if not (site / page).is_file()] == []
    assert 'url=docs/index.html"' in (site / "index.html").read_text("utf-8")


def test_the_dictionary_is_looked_up_and_its_diagrams_are_drawn(site: Path) -> None:
    text = (site / "docs" / "data-dictionary.html").read_text("utf-8")
    assert "made with the site" not in text
    assert "percentile" in text
    assert len(re.findall(r'<div class="diagram"><svg', text)) >= 3


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    """Neither by a page nor by a style: links that a reader may follow are no matter."""
    loaded = re.compile(r"""<(?:script|img|source)\b[^>]*\bsrc="https?:|<link\b[^>]*\bhref="https?:|url\(["']?https?:""")
    pages = [file for file in site.rglob("*") if file.suffix in (".html", ".css") and file.parent.name != "dbt"]
    assert len(pages) > 20
    assert [file.name for file in pages if loaded.search(file.read_text("utf-8"))] == []


@pytest.mark.parametrize("link", ["missing.md", "index.md#missing", "../elsewhere/missing.md"])
def test_a_link_that_leads_nowhere_ends_it(link: str, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "docs" / "index.md"
    page.parent.mkdir(parents=True)
    page.write_text(f"# Front\n\n[a link]({link})\n", "utf-8")
    finished = build(tmp_path / "site", "--pages", str(page.parents[1]))
    assert finished.returncode != 0
    assert "index.md:3" in finished.stderr
    assert "missing" in finished.stderr
