"""The Evaluate page in a real browser: a real network, its matrix, and the images of a cell."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sklearn.metrics import confusion_matrix

from mnist_core.runs import Run, Store
from mnist_core.runs.artifacts import BEST_MODEL
from mnist_core.tasks import prepare, task
from tests.browser.lab_server import PATIENCE, LabServer

MATRIX = ".st-key-evaluate-matrix"
CELL = ".st-key-evaluate-cell"
DIGITS = task("mnist").load()


@pytest.fixture(scope="module")
def read(
    lab: LabServer, small_run: Run, tmp_path_factory: pytest.TempPathFactory
) -> NDArray[np.intp]:
    """What plain Keras reads in the test images, with the file that the run left."""
    path = tmp_path_factory.mktemp("model") / BEST_MODEL
    path.write_bytes(Store(lab.home).artifacts.read(small_run.id, BEST_MODEL) or b"")
    x = prepare(DIGITS.x_test, scaling=small_run.config.pixel_scaling, input_shape=(784,))
    return keras.saving.load_model(path).predict(x, batch_size=1000, verbose=0).argmax(axis=1)


@pytest.fixture
def page(browser: Browser, lab: LabServer, small_run: Run):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    tab = context.new_page()
    troubles: list[str] = []
    own = (lab.address, lab.address.replace("http", "ws"), "data:", "blob:")
    tab.on("request", lambda r: None if r.url.startswith(own) else troubles.append(r.url))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.goto(f"{lab.address}/evaluate?run={small_run.id}")
    # The training images come last: when they have been read, nothing moves any more.
    tab.get_by_text("generalisation gap").first.wait_for()
    yield tab
    context.close()
    assert troubles == []


def click(page: Page, true: int, was_read: int) -> None:
    """Click a cell, a little beside its middle."""
    page.locator(MATRIX).scroll_into_view_if_needed()
    area = page.locator(f"{MATRIX} .nsewdrag").first
    box = area.bounding_box()
    assert box
    x, y = ((place + 0.3) / 10 for place in (was_read, true))
    area.click(position={"x": box["width"] * x, "y": box["height"] * y})


def shown(page: Page) -> dict[int, NDArray[np.uint8]]:
    """The images in the cell's part of the page, by the number in the words for each."""
    images = page.locator(f"{CELL} img").evaluate_all("all => all.map(one => [one.alt, one.src])")
    found = {}
    for words, source in images:
        number = re.search(r"no\. (\d+) of the test set", words)
        assert number
        picture = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
        found[int(number[1])] = np.asarray(picture)
    assert len(found) == len(images), "an image is there twice"
    return found


def test_the_matrix_is_scikit_learn_s_and_a_clicked_cell_shows_exactly_its_images(
    page: Page, lab: LabServer, read: NDArray[np.intp]
):
    labels = DIGITS.y_test
    expected = confusion_matrix(labels, read)
    cells = page.locator(f"{MATRIX} .js-plotly-plot").evaluate("plot => plot.data[2].customdata")
    counts = np.array([cell[4] for cell in cells]).reshape(10, 10)
    np.testing.assert_array_equal(counts, expected)
    filled = int(np.count_nonzero(expected))
    expect(page.locator(f"{MATRIX} .annotation-text")).to_have_count(filled)

    worst = np.argsort(-(expected - np.diag(np.diag(expected))), axis=None)[1:3]
    for true, was_read in [*(divmod(int(place), 10) for place in worst), (5, 5)]:
        click(page, true, was_read)
        places = np.flatnonzero((labels == true) & (read == was_read))
        expect(page.locator(f"{CELL} p").first).to_contain_text(f"{len(places):,} image")
        expect(page.locator(f"{CELL} img")).to_have_count(len(places))
        found = shown(page)
        assert sorted(found) == list(places)
        for number, image in found.items():
            np.testing.assert_array_equal(image, DIGITS.x_test[number])
        for key, value in (("true", true), ("read", was_read)):
            field = page.locator(f".st-key-evaluate-{key} input").first
            expect(field).to_have_value(str(value))

    maps = Path(f"/proc/{lab.process.pid}/maps")
    if maps.exists():
        loaded = maps.read_text()
        assert "numpy" in loaded
        assert "sklearn" not in loaded, "the worker computes, not the web process"
        assert "tensorflow" not in loaded


def test_an_empty_cell_and_the_cell_that_is_chosen_by_keyboard(page: Page, read: NDArray[np.intp]):
    expected = confusion_matrix(DIGITS.y_test, read)
    true, was_read = (int(number) for number in np.argwhere(expected == 0)[0])
    click(page, true, was_read)
    expect(page.locator(f"{CELL} p").first).to_have_text(f"No {true} is predicted as {was_read}.")
    expect(page.locator(f"{CELL} img")).to_have_count(0)
    field = page.get_by_role("combobox", name="Predicted class")
    field.focus()
    field.press_sequentially(str(true))
    field.press("Enter")
    expect(page.locator(f"{CELL} img")).to_have_count(int(expected[true, true]))
    marked = f"{MATRIX} .js-plotly-plot"
    page.wait_for_function(
        "([plot, place]) => document.querySelector(plot)?.data?.[2].selectedpoints?.[0] === place",
        arg=[marked, 11 * true],
    )
