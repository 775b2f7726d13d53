"""The Ask page in a real browser: a review is typed and judged, a price follows a slider."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run, Store
from tests import made_up_texts
from tests.browser.lab_server import PATIENCE, LabServer
from tests.made_up_texts import OWN_FROM, OWN_WORDS
from tests.waiting import until

ANSWER = ".st-key-ask-answer"
FIGURE = f"{ANSWER} [data-testid=stMetricValue]"
#: Words that only reviews against a film have, and words that only reviews for one have.
AGAINST, FOR = (
    [f"word{OWN_FROM + label * OWN_WORDS + number}" for number in range(OWN_WORDS)]
    for label in (0, 1)
)


@pytest.fixture(scope="module")
def learned(lab: LabServer) -> dict[str, Run]:
    """A network that has learned made-up reviews, and one that has learned houses."""
    made_up_texts.write(lab.home, "imdb")
    store = Store(lab.home)
    small = {"train_size": 2_000, "validation_size": 500, "batch_size": 50, "epochs": 8}
    configs = {
        "imdb": replace(PRESETS["imdb"].config, **small),
        "boston": replace(PRESETS["boston"].config, epochs=10),
    }
    ids = {key: store.create(config, name=f"asked {key}").id for key, config in configs.items()}
    found = {}
    for key, run_id in ids.items():
        found[key] = until(
            lambda run_id=run_id: (run := store.get(run_id)).settled and run, patience=2 * PATIENCE
        )
        assert found[key].has_models, found[key].message
    return found


@pytest.fixture
def page(browser: Browser, lab: LabServer, learned: dict[str, Run]):
    """A tab; fails at a request to another host, and at an error in a script."""
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.set_default_timeout(PATIENCE * 1000)
    troubles: list[str] = []
    own = (lab.address, lab.address.replace("http", "ws"), "data:", "blob:")
    tab.on("request", lambda r: None if r.url.startswith(own) else troubles.append(r.url))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    yield tab
    tab.close()
    assert troubles == []


def test_a_review_is_judged_again_each_time_that_it_is_changed(
    page: Page, lab: LabServer, learned: dict[str, Run]
) -> None:
    page.goto(f"{lab.address}/ask?run={learned['imdb'].id}")
    field = page.get_by_role("textbox", name="Review")
    field.fill(" ".join([*FOR, "zorble", "<b>"]))
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(FIGURE)).to_contain_text("positive: ")
    words = page.locator(f"{ANSWER} .lab-text")
    expect(words.locator(".for").first).to_be_visible()
    expect(words.locator(".unknown")).to_have_text(["zorble", "b"])
    expect(words).to_contain_text("<b>")
    field.fill(" ".join(AGAINST))
    field.press("Control+Enter")
    expect(page.locator(FIGURE)).to_contain_text("negative: ")
    expect(words.locator(".against").first).to_be_visible()


def test_the_price_follows_a_slider(page: Page, lab: LabServer, learned: dict[str, Run]) -> None:
    page.goto(f"{lab.address}/ask?run={learned['boston'].id}")
    figure = page.locator(FIGURE)
    expect(figure).to_contain_text("$")
    expect(page.locator(ANSWER)).to_contain_text("All columns are at their medians")
    before = figure.inner_text()
    rooms = page.get_by_role("slider", name="rooms")
    rooms.press("End")
    expect(figure).not_to_have_text(before)
    expect(page.locator(f"{ANSWER} .lab-pushes")).to_contain_text("rooms")
    page.get_by_role("button", name="Reset to medians").click()
    expect(figure).to_have_text(before)
