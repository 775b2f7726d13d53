"""A whole cross-validation is started and stopped, with a second tab that looks on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from mnist_core.runs import RunStatus, Store
from mnist_core.studies.crossvalidation import find_study
from tests.browser.lab_server import PATIENCE, LabServer
from tests.waiting import until

# The last one: while a script runs, what it has moved on the page is there twice.
START = ".st-key-folds-start button >> nth=-1"
STOP = ".st-key-folds-stop button >> nth=-1"
CHART = ".js-plotly-plot >> nth=-1"
EPOCHS = ".st-key-folds-epochs input"
#: More epochs than pass before somebody presses Stop, on any machine.
ENDLESS = "20000"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(PATIENCE * 1000)
    yield opened
    opened.close()


def fill(page: Page, number: str) -> None:
    page.locator(EPOCHS).fill(number)
    page.locator(EPOCHS).press("Tab")


def test_stop_ends_all_folds_for_everybody_who_looks_on(
    context: BrowserContext, lab: LabServer
) -> None:
    page = context.new_page()
    page.goto(f"{lab.address}/folds")
    expect(page.locator(STOP)).to_be_disabled()
    fill(page, ENDLESS)
    page.locator(START).click()
    page.wait_for_url("**study=*")
    expect(page.locator(STOP)).to_be_enabled()
    tag = page.url.partition("study=")[2]
    store = Store(lab.home)
    until(lambda: any(run.epochs_done for run in find_study(store, tag).folds), patience=PATIENCE)

    other = context.new_page()
    other.goto(page.url)
    expect(other.get_by_text("0 of 4 folds have ended").last).to_be_visible()
    expect(other.locator(CHART)).to_be_visible()

    page.locator(STOP).click()
    for tab in (page, other):
        expect(tab.get_by_text("4 of 4 folds did not finish").last).to_be_visible()
        expect(tab.locator(STOP)).to_be_disabled()
    study = find_study(store, tag)
    assert {run.status for run in study.folds} == {RunStatus.STOPPED}


def test_a_number_that_cannot_be_is_refused_as_it_is_shown(
    context: BrowserContext, lab: LabServer
) -> None:
    page = context.new_page()
    page.goto(f"{lab.address}/folds")
    expect(page.locator(START)).to_be_enabled()
    before = len(Store(lab.home).list_runs())
    page.locator(EPOCHS).fill("99999")
    page.locator(START).click()  # without leaving the field before
    expect(page.get_by_text("“Epochs” is 99,999,").last).to_be_visible()
    expect(page.locator(EPOCHS)).to_have_count(1)
    expect(page.locator(EPOCHS)).to_have_value("99999")
    fill(page, "9" * 20)  # the browser keeps this to itself
    expect(page.locator(EPOCHS)).to_have_attribute("aria-invalid", "true")
    expect(page.locator(START)).to_have_css("pointer-events", "none")
    assert len(Store(lab.home).list_runs()) == before
