"""The Data page in a real browser: choose, enlarge, step, vary."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from mnist_core.experiment.config import TrainingConfig
from tests.browser.lab_server import PATIENCE, LabServer
from ui.common.setting_labels import CHOICE_LABELS
from ui.data import image_sets

GRID = ".st-key-data-grid .picture-grid button"
CHOSEN = f"{GRID}[aria-selected=true]"
SEVENS = image_sets.image_set("train", TrainingConfig()).chosen(7).numbers


@pytest.fixture
def page(browser: Browser, lab: LabServer):
    """The page; fails at an error in it and at another host's address."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    tab = context.new_page()
    troubles: list[str] = []
    own = (lab.address, lab.address.replace("http", "ws"), "data:", "blob:")
    tab.on("request", lambda r: None if r.url.startswith(own) else troubles.append(r.url))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.goto(f"{lab.address}/data")
    yield tab
    context.close()
    assert troubles == []


def test_a_digit_is_chosen_enlarged_prepared_and_varied(page: Page, lab: LabServer):
    expect(page.locator(GRID)).to_have_count(96)
    page.locator(".st-key-data-class").get_by_role("radio", name="7").click()
    expect(page.locator(GRID)).to_have_count(len(SEVENS))
    expect(page.locator(CHOSEN)).to_have_attribute("data-name", str(SEVENS[0]))

    page.locator(GRID).nth(20).click()
    number = str(SEVENS[20])
    expect(page.locator(".st-key-data-digit input")).to_have_value(number)
    page.wait_for_url(f"**/data?view=digits&split=train&class=7&digit={number}")
    expect(page.locator(CHOSEN)).to_have_attribute("data-name", number)
    expect(page.locator(".st-key-data-enlarged")).to_contain_text("Class 7")
    expect(page.locator(".st-key-data-pixels .heatmaplayer image")).to_have_count(1)
    expect(page.locator(".st-key-data-pixels .heatmap-label").first).to_be_attached()
    # The arrow keys move in the grid as it stands on the page, Enter chooses.
    expect(page.locator(GRID).nth(20)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(GRID).nth(21)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-data-digit input")).to_have_value(str(SEVENS[21]))

    views = page.locator(".st-key-data-view").get_by_role("radio")
    views.nth(1).click()
    figures = page.locator(".st-key-data-figures [data-testid=stMetricValue]")
    expect(figures).to_have_text(["28 × 28", "uint8", "0 – 255"], use_inner_text=True)
    # All three each time: two presses before the page has answered count as one.
    for expected in (
        ["784", "uint8", "0 – 255"],
        ["784", "float32", "0 – 1"],
        ["scalar", "int64", "7"],
        ["10", "float32", "0 – 1"],
    ):
        page.locator(".st-key-data-next button").click()
        expect(figures).to_have_text(expected, use_inner_text=True)
    expect(page.locator(".lab-cells .one")).to_have_text("71")  # the place 7 holds a 1

    views.nth(2).click()
    varied = page.locator(".st-key-data-varied img")
    expect(varied).to_have_count(2)
    same = varied.last.get_attribute("src")
    lab.wait_until_ready()
    page.get_by_role("combobox", name="Data augmentation").click()
    page.get_by_role("option", name=CHOICE_LABELS["augmentation"]["handwriting"]).click()
    expect(varied.last).not_to_have_attribute("src", same or "")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_the_page_fits_a_phone(browser: Browser, lab: LabServer):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    page.goto(f"{lab.address}/data")
    for view in range(3):
        page.locator(".st-key-data-view").get_by_role("radio").nth(view).click()
        expect(page.locator("[data-stale=true]")).to_have_count(0)
        assert page.evaluate(wide) == 0, view
    grid = page.locator(".picture-grid").bounding_box()
    assert grid
    assert grid["x"] + grid["width"] <= 390
    context.close()


def test_a_table_is_looked_at_and_its_columns_set_against_the_price(page: Page, lab: LabServer):
    page.goto(f"{lab.address}/data?task=boston")
    expect(page.get_by_text("ethical problem").first).to_be_visible()
    expect(page.locator("[data-testid=stDataFrame]")).to_be_visible()
    looks = page.locator(".st-key-data-look").get_by_role("radio")
    looks.nth(2).click()
    expect(page.locator(".st-key-data-column-charts .js-plotly-plot")).to_have_count(2)
    looks.nth(1).click()
    page.locator(".st-key-data-other-step").get_by_role("radio").nth(2).click()
    figures = page.locator(".st-key-data-figures [data-testid=stMetricValue]")
    expect(figures.nth(1)).to_have_text("float32", use_inner_text=True)
    # Another task is one choice away, and the digits' address is as it was.
    page.locator(".st-key-data-task").get_by_role("combobox").click()
    page.get_by_role("option", name="MNIST").first.click()
    expect(page.locator(GRID)).to_have_count(96)
    page.wait_for_url("**/data?task=mnist")
