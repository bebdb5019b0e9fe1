"""How Sphinx makes the site: the pages as they are, and what is drawn and looked up on the way. README is for code hosts.

Its sources are the pages where they lie, so that a link works in a checkout, on a code host and on the site alike.
"""

from hashlib import sha256

import mmdr
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from docs import dictionary

project = "BudModel Pipeline"
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["docs/**.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "budmodel_scanner/README.md"]
# Where nothing of ours is written; without this, Sphinx would walk through all of it.
exclude_patterns = [".*", "benchmarks", "budmodel_pipeline", "dbt_leaderboard", "deploy", "samples", "site", "tests"]

myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
# Every reference that leads nowhere is named, and `-W` makes that the end of the build.
nitpicky = True

html_theme = "furo"
html_title = "BudModel Pipeline"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
# A command that is shown with its answer is no language; nor is what stands without a name.
highlight_language = "none"
suppress_warnings = ["misc.highlighting_failure"]


class Diagram(SphinxDirective):
    """A diagram in Mermaid's language, drawn while the site is built: no script runs in the reader's browser for it."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        source = "\n".join(self.content)
        # Styles in a picture hold for all pictures of a page that are called alike.
        name = "diagram-" + sha256(source.encode()).hexdigest()[:8]
        drawn = mmdr.render(source).svg().replace("merman", name)
        return [nodes.raw("", f'<div class="diagram">{drawn}</div>', format="html")]


def _look_up(_: Sphinx, page: str, text: list[str]) -> None:
    text[0] = dictionary.filled(page, text[0])


def setup(app: Sphinx) -> ExtensionMetadata:
    """What Sphinx calls with itself."""
    app.add_directive("mermaid", Diagram)
    app.connect("source-read", _look_up)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
