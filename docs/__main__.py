"""`python -m docs` builds the site: the pages by Sphinx, and dbt's own documentation beside them. A broken link ends it."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sphinx.cmd.build import build_main

from docs.dictionary import MANIFEST

ROOT = Path(__file__).parents[1]
# The site has the folders of the repository, so its front page is not at its top.
FRONT = '<!doctype html><title>BudModel</title><meta http-equiv="refresh" content="0; url=docs/index.html">\n'


def describe_models(site: Path) -> None:
    """Writes dbt's documentation of its models, one page without a database or a network, into `site`."""
    project = MANIFEST.parents[1]
    with TemporaryDirectory() as folder:
        target = Path(folder)
        # What dbt parsed before; it would do it again.
        for file in ("manifest.json", "partial_parse.msgpack"):
            shutil.copy(MANIFEST.with_name(file), target)
        subprocess.run(
            [
                *(Path(sys.executable).with_name("dbt"), "--quiet", "docs", "generate"),
                *("--static", "--empty-catalog", "--no-compile", "--target-path", target),
                *("--project-dir", project, "--profiles-dir", project),
            ],
            check=True,
        )
        (site / "dbt").mkdir(parents=True, exist_ok=True)
        shutil.copy(target / "static_index.html", site / "dbt" / "index.html")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m docs", description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "site", metavar="FOLDER", help="where the site goes")
    parser.add_argument("--pages", type=Path, default=ROOT, metavar="FOLDER", help="where the pages are read from")
    chosen = parser.parse_args()
    # From the start each time: what is looked up changes without its page, and every page shows all the others.
    with TemporaryDirectory() as trees:
        status = build_main(
            [
                *("--fail-on-warning", "--keep-going", "--quiet", "--write-all", "--doctree-dir", trees),
                *("--conf-dir", str(ROOT / "docs"), str(chosen.pages), str(chosen.into)),
            ]
        )
    if status == 0:
        describe_models(chosen.into)
        (chosen.into / "index.html").write_text(FRONT, "utf-8")
        print(f"Written to {chosen.into / 'index.html'}")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
