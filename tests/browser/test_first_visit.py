"""A fresh lab without a network connection: each page answers with a network that comes with it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from mnist_core.examples import known_examples
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Command, Store
from tests.browser.lab_server import PATIENCE, LabServer
from tests.browser.test_draw import RESULT, SEVEN, draw
from ui.common.i18n import JOINER
from ui.runs import keys

ASK_FIGURE = ".st-key-ask-answer [data-testid=stMetricValue]"


@pytest.fixture(scope="module")
def fresh_lab(tmp_path_factory: pytest.TempPathFactory):
    """A server on an empty home, with the examples and without any data of Keras's."""
    folder = tmp_path_factory.mktemp("fresh")
    variables = {"MNIST_LAB_EXAMPLES": "on", "KERAS_HOME": str(folder / "keras")}
    server = LabServer(folder / "home", variables=variables)
    server.wait_until_ready()
    yield server
    server.stop()


@pytest.fixture
def page(browser: Browser, fresh_lab: LabServer):
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(PATIENCE * 1000)
    troubles: list[str] = []
    own = (fresh_lab.address, fresh_lab.address.replace("http", "ws"), "data:", "blob:")
    tab.on("request", lambda r: None if r.url.startswith(own) else troubles.append(r.url))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    yield tab
    tab.close()
    assert troubles == []


def test_start_shows_how_a_network_overfits_and_leads_to_draw(
    page: Page, fresh_lab: LabServer
) -> None:
    page.goto(fresh_lab.address)
    expect(page.locator(".st-key-start-picture .js-plotly-plot")).to_be_visible()
    example = known_examples()["overfit-700"]
    chart = page.locator(".st-key-start-picture .live-chart")
    expect(chart).to_have_attribute("data-epochs", str(example.epochs))
    expect(chart).to_have_attribute("data-overfit-epoch", str(example.best_epoch))
    page.locator(".st-key-start-draw button").click()
    expect(page).to_have_url(re.compile(r"/draw"))
    expect(page.locator(".st-key-draw-canvas")).to_be_visible()


def test_the_drawer_of_a_phone_closes_after_a_choice(
    browser: Browser, fresh_lab: LabServer
) -> None:
    # A tablet, or a phone that asks for the desktop's page: Streamlit itself closes it elsewhere.
    phone = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = phone.new_page()
    page.goto(fresh_lab.address)
    page.get_by_test_id("stExpandSidebarButton").tap()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Runs").tap()
    heading = page.locator("h1", has_text="Runs")
    expect(heading).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()
    heading.tap()  # nothing lies over it
    expect(page).to_have_title(re.compile("^Runs"))
    phone.close()


def test_an_address_without_a_page_says_so(page: Page, fresh_lab: LabServer) -> None:
    page.goto(f"{fresh_lab.address}/nowhere")
    expect(page.get_by_test_id("stAlert")).to_contain_text("nowhere")
    page.goto(fresh_lab.address)
    expect(page.locator(".st-key-start-draw button")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_draw_recognises_a_digit(page: Page, fresh_lab: LabServer) -> None:
    page.goto(f"{fresh_lab.address}/draw")  # the most accurate of the examples reads
    draw(page, SEVEN)
    expect(page.locator(f"{RESULT} [data-testid=stMetricValue]").first).to_have_text("7")
    expect(page.locator(RESULT)).to_contain_text("reads-handwriting")


@pytest.mark.parametrize(("key", "answer"), [("imdb", "%"), ("reuters", "%"), ("boston", "$")])
def test_ask_answers(page: Page, fresh_lab: LabServer, key: str, answer: str) -> None:
    page.goto(f"{fresh_lab.address}/ask?run={known_examples()[key].id}")
    expect(page.locator(ASK_FIGURE)).to_contain_text(answer)


def test_evaluate_shows_a_confusion_matrix(page: Page, fresh_lab: LabServer) -> None:
    page.goto(f"{fresh_lab.address}/evaluate")
    expect(page.locator(".st-key-evaluate-matrix .js-plotly-plot")).to_be_visible()


def test_train_shows_the_finished_example(page: Page, fresh_lab: LabServer) -> None:
    page.goto(f"{fresh_lab.address}/train")
    chart = page.locator(".st-key-live-chart [data-run]")
    expect(chart).to_have_attribute("data-run", known_examples()["overfit-700"].id)
    expect(chart).to_have_attribute("data-epochs", "1000")
    expect(chart).to_have_attribute("data-status", "finished")
    expect(chart).to_have_attribute("data-overfit-epoch", "90")
    expect(page.locator(".st-key-train-start button")).to_be_enabled()


def test_models_shows_a_network_and_exports_it(page: Page, fresh_lab: LabServer) -> None:
    page.goto(f"{fresh_lab.address}/models?run={known_examples()['mlp-512'].id}")
    sections = page.locator(".st-key-models-section").get_by_role("radio")
    sections.nth(2).click()
    expect(page.locator(".lab-network svg")).to_be_visible()
    sections.nth(1).click()
    with page.expect_download() as download:
        page.locator(".st-key-export-download button").click()
    assert download.value.suggested_filename.endswith(".keras")
    assert download.value.path().stat().st_size > 100_000


def test_a_name_is_neither_link_nor_icon_nor_arrow(page: Page, fresh_lab: LabServer) -> None:
    store = Store(fresh_lab.home)
    name = "a -> b :material/home: :smile: https://host.example www.host.example me@host.example"
    run = store.create(PRESETS["mlp-512"].config, name="one")
    store.command(run.id, Command.STOP)
    store.rename(run.id, name[:80])
    page.goto(f"{fresh_lab.address}/runs")
    card = page.locator(f".st-key-{keys.card(run.id)}")
    shown = card.locator("strong")
    expect(shown).to_be_visible()
    assert (shown.text_content() or "").replace(JOINER, "") == name[:80]
    assert shown.locator("*").count() == 0
