"""What a data engineer looks at: the Dagster UI in a real browser, over the databases that `budmodel run` filled."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import CHROMIUM, chromium
from tests.cli import Run
from tests.ui_server import running_ui

SECOND = 1_000  # milliseconds


@pytest.fixture(scope="module")
def ui(samples_run: Run) -> Iterator[str]:
    """The address of the UI, started as `make ui` does."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with running_ui(samples_run.at) as address:
        yield address


@pytest.fixture
def page(ui: str) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(base_url=ui, viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(60 * SECOND)
        page.add_locator_handler(page.get_by_role("button", name="Skip"), lambda button: button.click())
        yield page


def test_graph_materialization_and_schedule(page: Page) -> None:
    page.goto("/asset-groups")
    for group in ("leaderboards", "models", "marts"):
        expect(page.get_by_text(group, exact=True).first).to_be_visible(timeout=60 * SECOND)

    page.goto("/assets/scores/bfcl?view=events")
    expect(page.get_by_text("rows_rejected")).to_be_visible(timeout=60 * SECOND)
    page.get_by_role("row", name="preview").get_by_text("[Show Markdown]").click()
    expect(page.get_by_text("Claude-Opus-4-5-20251101 (FC)")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("row", name="plot").get_by_text("[Show Markdown]").click()
    plot = page.get_by_alt_text("Overall Accuracy")
    expect(plot).to_be_visible()
    assert plot.evaluate("image => image.complete && image.naturalWidth") == 800

    page.goto("/locations/budmodel_pipeline/schedules/weekly_leaderboards")
    expect(page.get_by_text("At 03:00 AM UTC")).to_be_visible(timeout=60 * SECOND)
    expect(page.get_by_text("extract_leaderboards").first).to_be_visible()
    expect(page.get_by_role("switch").or_(page.get_by_role("checkbox")).first).to_be_checked()


def test_a_model_is_a_partition_and_sensors_watch_over_it(page: Page) -> None:
    page.goto("/assets/model_info?view=partitions&partition=hf%3AQwen%2FQwen3-32B")
    expect(page.get_by_text("Materialized", exact=True)).to_be_visible(timeout=60 * SECOND)
    for name, value in (("revision", re.compile(r"[0-9a-f]{40}")), ("fields", re.compile(r"\d+"))):
        expect(page.get_by_role("row", name=name).get_by_text(value)).to_be_visible()
    # None of them was left out.
    expect(page.get_by_text("Missing (0)")).to_be_visible()

    page.goto("/assets/model_info?view=checks")
    expect(page.get_by_text(re.compile(r"(\d+) of \1 models"))).to_be_visible(timeout=60 * SECOND)

    page.goto("/automation")
    for sensor in ("discovered_models", "updated_models", "extraction_requests"):
        expect(page.get_by_text(sensor, exact=True).first).to_be_visible(timeout=60 * SECOND)
