"""The picture of the report in README: `budmodel report r.html --no-open; python -m tests.data.write_report_picture r.html`.

The head of the ranking and its first rows: with more of it, what to do first would stand below the first screen.
"""

import sys
from pathlib import Path

from tests.browser import chromium

FILE = Path(__file__).parents[2] / "docs" / "report.png"
WIDTH, ROWS, MARGIN = 1400, 5, 20


def write_picture(report: Path) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": 1200})
        page.goto(report.absolute().as_uri())
        table = page.get_by_role("table").first.bounding_box()
        last = page.locator("tbody tr").nth(ROWS - 1).bounding_box()
        if table is None or last is None:
            raise SystemExit(f"{report} shows no ranking")
        # The line above the table says how many models there are.
        top = table["y"] - 2 * MARGIN
        height = last["y"] + last["height"] - top
        page.screenshot(path=FILE, clip={"x": 0, "y": top, "width": WIDTH, "height": height})


if __name__ == "__main__":
    write_picture(Path(sys.argv[1]))
