"""The report in a real browser, from disk: hostile names, filters, the keyboard, narrow and dark screens, screen readers."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import chromium
from tests.report_rows import NOW, benchmark, card, choice, evidence, priced, report, source

MANY = 3_000
# What a stranger may call a model: markup, an end of the block of data, a change of the direction of writing, no end.
HOSTILE = "<img src=x onerror=window.hacked=1></script><script>window.hacked=1</script>\u202e" + "w" * 300
SCREENS: Mapping[str, Mapping[str, Any]] = {
    "desktop": {"viewport": {"width": 1400, "height": 900}},
    "dark": {"viewport": {"width": 1400, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "dark phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"},
}
KNOWN = {
    "target": "hf:maker/model-2",
    "open_weights": True,
    "parameters": 7_000_000_000,
    "parameters_basis": "counted",
    "context_length": 131_072,
    "serving_bytes_8k": 20_000_000_000,
    "license_id": "mit",
    "license_type": "Permissive",
    "license_suitability": "MOST",
    "license_basis": "text",
    "commercial_use": "YES",
    "verdict": "safe",
}
VIEWS = (
    "ranking",
    "ranking?scope=overall&open=open",
    "plot",
    "compare/" + ",".join(quote(f"maker/model-{number}", safe="") for number in (1, 2)),
    "changes",
    "sources/arena",
    "model/" + quote("maker/model-2", safe=""),
)


def rows() -> bytes:
    """The best is hostile, the second well known, the third costs more than that, and of the others nothing is known."""
    choices = [
        choice(1, display_name=HOSTILE, maker=HOSTILE),
        choice(2, **KNOWN, **priced(0.5)),
        choice(3, **(KNOWN | {"open_weights": False, "parameters": 70_000_000_000}), **priced(5)),
        *map(choice, range(4, 8)),
        choice(8, display_name="some-account/Model-8.1_x"),
        *(choice(number, rank=None, tier=None) if number > MANY - 10 else choice(number) for number in range(9, MANY + 1)),
        choice(2, scope="coding", rank=1, tier=1),
    ]
    run = {"group_id": "maker/model-2", "metric_id": "arena.accuracy", "source": "arena", "published_name": HOSTILE}
    period = {"variant": None, "unit": "percent", "lower": None, "upper": None, "as_of": None, "origin": "live", "more": 0}
    change = {"source": "arena", "week": "2026-01-05", "metric_id": "arena.accuracy", "group_id": "maker/model-2", "more": 0}
    change |= {"published_name": HOSTILE, "unit": "percent", "as_of": None, "origin": "live", "scores": 1}
    return report(
        choices,
        evidence=[evidence("maker/model-1", seen=0.9), evidence("maker/model-2", published_name=HOSTILE)],
        benchmarks=[benchmark(), benchmark(benchmark_id="thin", benchmark_title=HOSTILE, is_thin=True)],
        history=[
            {**run, **period, "score": 75, "kind": "re-measured", "valid_from": NOW, "valid_to": None},
            {**run, **period, "score": 70, "kind": "new", "valid_from": NOW.replace(year=2025), "valid_to": NOW},
        ],
        cards=[card("maker/model-2", description=HOSTILE, target=HOSTILE)],
        answers=[
            {
                "document_id": "text",
                "question": "commercial-use",
                "value": "YES",
                "explanation": "You may.",
                "quote": "Permission is hereby granted" + HOSTILE,
                "method": "terms",
                "text_sha256": "ab",
            }
        ],
        changes=[
            {**change, "kind": "rescored", "name_before": None, "score_before": 70, "score": 75, "is_beyond_interval": True},
            {
                **change,
                "kind": "new best",
                "name_before": HOSTILE,
                "score_before": 70,
                "score": 75,
                "is_beyond_interval": None,
            },
        ],
        changes_counted=[{"source": "arena", "kind": "rescored", "events": 1}],
        sources=[source(publisher=HOSTILE, homepage="javascript:window.hacked=1")],
        terms=[
            {
                "source": "arena",
                "benchmark_id": None,
                "title": "Arena",
                "allowed": "permitted",
                "commercial": "forbidden",
                "license": "CC-BY-NC-4.0",
                "attribution": HOSTILE,
                "evidence": HOSTILE,
                "verified_on": None,
            }
        ],
    )


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_bytes(rows())
    return file.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Open:
    """A page that was opened, with all that it asked for and complained of."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)

    def view(self, name: str) -> Page:
        # Another address of the same page loads nothing.
        self.page.goto(f"{self.address}#{name}")
        expect(self.page.locator("main h2")).to_have_count(1)
        return self.page


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Open]:
    context = browser.new_context(**SCREENS["desktop"])
    yield Open(context, address)
    context.close()


def told(page: Page) -> str:
    found = page.locator(".found")
    # A view is drawn after its heading.
    expect(found).not_to_be_empty()
    return found.inner_text()


def names(page: Page) -> list[str]:
    """The names of the rows that are there, which are those in sight and a few around them."""
    return page.locator(".long tbody:not([aria-hidden]) th a").all_inner_texts()


def test_a_name_stands_without_its_account_and_the_cheapest_price_beside_the_dearest(opened: Open) -> None:
    page = opened.view("ranking")
    eighth = page.locator(".long tbody:not([aria-hidden]) th a").nth(7)
    assert (eighth.inner_text(), eighth.locator("bdi").get_attribute("title")) == ("Model-8.1_x", "some-account/Model-8.1_x")
    prices = page.locator(".long tbody:not([aria-hidden]) td.price").all_inner_texts()
    assert [" ".join(price.split()) for price in prices[1:3]] == ["$0.5 to $1", "$5 to $10"]
    assert prices[3] == "unknown"


def test_names_of_strangers_do_nothing_and_no_view_asks_a_network(opened: Open) -> None:
    assert names(opened.page)[0].startswith("<img src=x onerror=window.hacked=1></script>")
    for view in VIEWS:
        page = opened.view(view)
        assert page.evaluate("window.hacked") is None
        assert page.locator("main img, main script, [onerror]").count() == 0
        assert page.locator("a[href^=javascript]").count() == 0
    assert {url.partition("#")[0] for url in opened.asked if not url.startswith("data:")} == {opened.address}
    assert opened.complaints == []


def test_the_policy_holds_against_a_script_that_came_in(opened: Open) -> None:
    """What the page itself never does is refused as well: a second line of defence."""
    ask = """() => new Promise(told => {
        addEventListener('securitypolicyviolation', refused => told(refused.effectiveDirective))
        new Image().src = 'https://budmodel.invalid/x.png'
    })"""
    assert opened.page.evaluate(ask) == "img-src"
    for deed in ("document.body.innerHTML = '<b>x</b>'", "document.body.setAttribute('onclick', 'window.hacked=1')"):
        assert opened.page.evaluate(f"() => {{ try {{ {deed}; return false }} catch {{ return true }} }}") is True
    assert opened.page.evaluate("window.hacked") is None


def test_of_many_models_only_those_in_sight_are_there(opened: Open) -> None:
    page = opened.page
    box = page.get_by_role("region", name="Ranking")
    assert len(names(page)) < 60
    assert page.locator(".long table").get_attribute("aria-rowcount") == str(MANY + 1)
    assert told(page) == "3,000 models in overall (2,990 ranked; 10 have too few benchmarks for a rank)."
    box.evaluate("box => { box.scrollIntoView(); box.scrollTop = box.scrollHeight }")
    expect(page.get_by_role("link", name=f"Model {MANY}", exact=True)).to_be_in_viewport()
    assert len(names(page)) < 60
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=f"Model {MANY}", exact=True))
    assert row.get_attribute("aria-rowindex") == str(MANY + 1)


def test_the_keyboard_leads_from_model_to_model_and_into_one(opened: Open) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.get_by_role("region", name="Ranking").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent").startswith("<img")
    for keys, name in (
        (["ArrowDown"], "Model 2"),
        (["End"], f"Model {MANY}"),
        (["ArrowUp"], f"Model {MANY - 1}"),
        (["Home", "ArrowDown", "ArrowDown"], "Model 3"),
    ):
        for key in keys:
            page.keyboard.press(key)
        expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
        expect(page.get_by_role("link", name=name, exact=True)).to_be_in_viewport()
    page.keyboard.press("PageDown")
    assert page.evaluate("document.activeElement.textContent") not in ("Model 3", "")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Model 2")).to_be_focused()
    expect(page).to_have_title(re.compile("^Model 2 . which AI models are better$"))
    page.go_back()
    expect(page.locator("main h2")).to_have_text("Ranking")


@pytest.mark.parametrize(
    ("field", "value", "found", "maybe"),
    [
        ("Domain", "coding", 1, 0),
        ("Search", "1717 maker", 1, 0),
        ("License class", "Permissive", 2, MANY - 2),
        ("May earn money", "NO", 0, MANY - 2),
        ("Weights", "open", 1, MANY - 2),
        ("Weights", "closed", 1, MANY - 2),
        ("Security verdict", "safe", 2, MANY - 2),
        ("Size, at most (B parameters)", "7", 1, MANY - 2),
        ("Memory at 8k, at most (GB)", "19.9", 0, MANY - 2),
        ("Context, at least (k tokens)", "131", 2, MANY - 2),
        ("Price, at most (US$ / M tokens)", "1", 1, MANY - 2),
    ],
)
def test_a_filter_lets_in_what_meets_it_and_counts_what_may(
    opened: Open, field: str, value: str, found: int, maybe: int
) -> None:
    page = opened.page
    entry = page.get_by_label(field, exact=True)
    if entry.evaluate("entry => entry.tagName") == "SELECT":
        entry.select_option(value)
    else:
        entry.fill(value)
    said = told(page)
    assert said.startswith(f"{found} model")
    assert (f"{maybe:,} more may fit: what decides is not known of them." in said) is bool(maybe)
    # The address keeps it, and who opens that sees the same.
    page.reload()
    assert told(page) == said
    page.get_by_role("button", name="Clear the filters").click()
    if field != "Domain":
        assert told(page).startswith("3,000 models in overall")


def test_filters_join_and_columns_sort_with_the_unknown_last(opened: Open) -> None:
    page = opened.view("ranking")
    page.get_by_label("Security verdict").select_option("safe")
    page.get_by_label("Weights").select_option("closed")
    assert names(page) == ["Model 3"]
    page.get_by_role("button", name="Clear the filters").click()
    page.get_by_label("Only models with a rank").check()
    assert told(page).startswith("2,990 models of 3,000 in overall")
    for order, first in (("ascending", ["Model 2", "Model 3"]), ("descending", ["Model 3", "Model 2"])):
        page.get_by_role("button", name="Size", exact=True).click()
        assert page.get_by_role("columnheader", name="Size", exact=True).get_attribute("aria-sort") == order
        assert names(page)[:2] == first


def test_models_are_compared_side_by_side(opened: Open) -> None:
    page = opened.page
    for number in (2, 3, 4, 5, 6):
        page.get_by_label(f"Compare Model {number}", exact=True).check()
    seventh = page.get_by_label("Compare Model 7", exact=True)
    seventh.click()
    expect(seventh).not_to_be_checked()
    expect(page.get_by_text("At most 5 models are compared.")).to_be_attached()
    page.get_by_role("link", name="Compare 5 models").click()
    table = page.get_by_role("region", name="What they are")
    expect(table.get_by_role("columnheader")).to_have_count(6)
    expect(table.get_by_role("row", name="Size")).to_contain_text("7B")
    seen = page.get_by_role("region", name="What was seen")
    expect(seen.get_by_role("row", name="Exam")).to_contain_text("75.0")


def test_a_model_shows_what_it_stands_on_and_where_that_is_from(opened: Open) -> None:
    page = opened.view(VIEWS[-1])
    row = page.get_by_role("region", name="Evidence").get_by_role("row", name="Exam")
    expect(row).to_contain_text("75.0")
    expect(row).to_contain_text("+25.0")
    expect(page.get_by_role("region", name="What the license permits")).to_contain_text("Permission is hereby granted")
    expect(page.get_by_role("region", name="Scores in time").get_by_role("row")).to_have_count(3)
    expect(page.get_by_role("region", name="Card")).to_contain_text("config.json")
    row.get_by_role("link", name="arena").click()
    expect(page.get_by_role("region", name="Files")).to_contain_text("https://arena.example/table.csv")
    expect(page.get_by_role("region", name="Files")).to_contain_text("ab" * 32)


def test_the_plot_names_what_no_cheaper_model_beats(opened: Open) -> None:
    page = opened.view("plot")
    assert told(page).startswith("2 models with a price of 3,000 in overall.")
    expect(page.locator("svg circle")).to_have_count(2)
    best = page.get_by_role("region", name="Models that no cheaper one beats")
    # The third is dearer than the second, and no better.
    expect(best.get_by_role("row")).to_have_count(2)
    expect(best).to_contain_text("Model 2")


@pytest.mark.parametrize("screen", SCREENS)
def test_every_view_fits_every_screen_and_hinders_nobody(browser: Browser, address: str, screen: str) -> None:
    context = browser.new_context(**SCREENS[screen])
    opened = Open(context, address)
    for view in VIEWS:
        page = opened.view(view)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{view} is {wide} pixels too wide"
        found = Axe().run(page).response["violations"]
        serious = [
            (one["id"], node["html"][:200])
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
        assert serious == [], view
    context.close()


@pytest.mark.parametrize("screen", SCREENS)
def test_the_ranking_has_room_for_names_on_every_screen(browser: Browser, address: str, screen: str) -> None:
    context = browser.new_context(**SCREENS[screen])
    page = Open(context, address).page
    name = page.get_by_role("rowheader").filter(has_text="Model 2").first
    box = page.get_by_role("region", name="Ranking")
    widths = [one.evaluate("one => one.clientWidth") for one in (name, box, page.locator(".long table"))]
    assert widths[0] > 100
    # The table fills its box, and on a phone no more than that.
    assert widths[2] == widths[1]
    context.close()


def test_a_report_of_nothing_says_so(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(report([]))
    context = browser.new_context()
    opened = Open(context, file.as_uri())
    expect(opened.page.get_by_text("Too few scores connect models for a ranking.")).to_be_visible()
    assert opened.complaints == []
    context.close()
