"""The Draw page in a real browser: strokes with the mouse, a real network that reads them."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect

from benchmarks.pen_strokes import PenDigit, on_canvas, render
from mnist_core.drawing.digit import digit_of, read_picture
from mnist_core.examples import install, known_examples
from mnist_core.experiment.presets import PRESETS
from mnist_core.inference.predict import predict
from mnist_core.runs import Run, Store
from tests.browser.lab_server import PATIENCE, LabServer
from tests.waiting import until

Points = list[tuple[float, float]]

CANVAS = ".st-key-draw-canvas canvas.upper-canvas"
CLEAR = ".st-key-draw-clear button"
RESULT = ".st-key-draw-result"
READER = "reads-handwriting"
#: A run that overfits, in seconds.
OVERFITTED = replace(PRESETS["overfit-700"].config, epochs=300)


def arc(x: float, y: float, wide: float, high: float, start: int, end: int) -> Points:
    """Part of an ellipse, in degrees from the top, clockwise."""
    step = 15 if end > start else -15
    angles = [math.radians(degrees) for degrees in range(start, end + step, step)]
    return [(x + wide * math.sin(angle), y - high * math.cos(angle)) for angle in angles]


ZERO = [arc(140, 140, 55, 85, 0, 360)]
THREE = [[*arc(130, 95, 55, 42, -60, 180), *arc(130, 182, 62, 45, 0, 240)]]
SEVEN = [[(75, 65), (205, 65), (125, 225)]]
#: Three of each digit by 29 people: E. Alpaydin and F. Alimoglu, Pen-Based Recognition of
#: Handwritten Digits, UCI Machine Learning Repository, 1998, CC BY 4.0.
PEN_DIGITS = Path(__file__).with_name("pen_strokes.json")
#: A network that is no surer of its answer than this is torn between two.
TORN = 0.75


@pytest.fixture(scope="module")
def trained(lab: LabServer) -> Iterator[dict[str, Run]]:
    """The example that reads best, and a run that the lab's workers train."""
    store = Store(lab.home)
    run_id = store.create(OVERFITTED, name="overfitted").id
    until(lambda: store.get(run_id).settled, patience=2 * PATIENCE)
    run = store.get(run_id)
    assert run.has_models, run.message
    install(store, {READER: known_examples()[READER]})
    yield {"overfitted": run, "reader": store.get(known_examples()[READER].id)}
    install(store, {})


@pytest.fixture
def page(browser: Browser, lab: LabServer, trained: dict[str, Run]):
    """The page with the good reader; fails at a console error and at another host's address."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    tab = context.new_page()
    troubles: list[str] = []
    own = (lab.address, lab.address.replace("http", "ws"), "data:", "blob:")
    tab.on("request", lambda r: None if r.url.startswith(own) else troubles.append(r.url))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    # Streamlit looks for its own addresses below the page's first, and does not find them.
    tab.on(
        "console",
        lambda message: (
            troubles.append(message.text)
            if message.type == "error" and "/_stcore/" not in message.location["url"]
            else None
        ),
    )
    open_draw(tab, lab, trained["reader"])
    yield tab
    context.close()
    assert troubles == []


def open_draw(page: Page, lab: LabServer, run: Run) -> None:
    page.goto(f"{lab.address}/draw?run={run.id}")
    page.locator(CANVAS).wait_for()


def draw(page: Page, strokes: list[Points], *, steps: int = 3) -> None:
    """Draw with the mouse, as a person does."""
    box = page.locator(CANVAS).bounding_box()
    assert box is not None
    for first, *others in strokes:
        page.mouse.move(box["x"] + first[0], box["y"] + first[1])
        page.mouse.down()
        for x, y in others:
            page.mouse.move(box["x"] + x, box["y"] + y, steps=steps)
        page.mouse.up()


def digits(page: Page) -> Locator:
    return page.locator(f"{RESULT} [data-testid=stMetricValue]")


def expand(page: Page, title: str, inside: Locator) -> None:
    """Open an expander. A rerun of the page that comes with the click may leave it closed."""

    def look() -> bool:
        page.get_by_text(title).click()
        with suppress(TimeoutError):
            inside.wait_for(state="visible", timeout=2000)
        return inside.is_visible()

    until(look)


@contextmanager
def new_canvas(page: Page):
    """Wait at the end until another canvas has taken the place of the one that is there now."""
    old, place = page.locator(CANVAS).element_handle(), page.locator(CANVAS).bounding_box()
    yield
    page.wait_for_function("canvas => !canvas.isConnected", arg=old)
    expect(page.locator(CANVAS)).to_have_count(1)
    # The canvas builds itself below its place and then moves up.
    until(lambda: page.locator(CANVAS).bounding_box() == place)


def clear(page: Page) -> None:
    with new_canvas(page):
        page.locator(CLEAR).click()


def switch_on(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} label").first.click()
    expect(page.locator(f".st-key-{key} input")).to_be_checked()


def upload(page: Page, name: str, content: bytes) -> None:
    field = page.get_by_test_id("stFileUploaderDropzoneInput")
    expect(field).to_have_count(1)  # a stroke has put a new one in the place of the old one
    field.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})


def picture(strokes: list[Points]) -> bytes:
    """A PNG of a digit, dark on white."""
    return as_file(on_paper(strokes), "PNG")


def halves(strokes: list[Points], down: float) -> list[Points]:
    """A digit of half the size, further down."""
    return [[(70 + x / 2, down + y / 2) for x, y in stroke] for stroke in strokes]


def photo(strokes: list[Points]) -> bytes:
    """A JPEG as of a phone: grey paper in uneven light, a blue-black pen, noise."""
    levels = np.asarray(
        on_paper(strokes).resize((1400, 1400)).filter(ImageFilter.GaussianBlur(3)), np.float32
    )
    light = np.linspace(0.55, 0.85, 1400, dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(3).normal(0, 4, levels.shape)
    return as_file(Image.fromarray((levels * light + noise).clip(0, 255).astype(np.uint8)), "JPEG")


def on_paper(strokes: list[Points]) -> Image.Image:
    image = Image.new("RGB", (280, 280), "white")
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        pen.line(stroke, fill=(20, 20, 60), width=14, joint="curve")
    return image


def as_file(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_a_digit_is_read_cleared_and_the_next_one_is_read(page: Page):
    before = page.locator(CANVAS).bounding_box()
    draw(page, SEVEN)
    expect(digits(page)).to_have_text(["7"])
    expect(page.locator(f"{RESULT} .lab-bars .row")).to_have_count(10)
    expect(page.locator(f"{RESULT} img.lab-picture")).to_have_count(1)
    assert page.locator(CANVAS).bounding_box() == before, "the result has pushed the canvas"
    clear(page)
    expect(page.locator(RESULT)).to_have_count(0)
    draw(page, ZERO)
    expect(digits(page)).to_have_text(["0"])


def test_a_scribble_is_remarked_on_and_taken_back(page: Page):
    remark = page.locator(".st-key-draw-unlike")
    draw(page, [[(50 + 8 * turn, 220 if turn % 2 else 60) for turn in range(22)]])
    expect(remark).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(RESULT)).to_have_count(0)
    draw(page, SEVEN)
    expect(digits(page)).to_have_text(["7"])
    expect(remark).to_have_count(0)


def test_each_stroke_is_read(page: Page):
    # The upper bar of a 7 alone is no 7; with the second stroke it is.
    (bar, *_), end = SEVEN[0][:2], SEVEN[0][2]
    draw(page, [[bar, SEVEN[0][1]]])
    picture_of = page.locator(f"{RESULT} img.lab-picture")
    first = picture_of.get_attribute("src")
    assert first
    draw(page, [[SEVEN[0][1], end]])
    expect(picture_of).not_to_have_attribute("src", first)
    expect(digits(page)).to_have_text(["7"])


def test_the_newest_of_files_and_strokes_counts(page: Page):
    upload(page, "three.png", picture(THREE))
    expect(digits(page)).to_have_text(["3"])
    draw(page, ZERO)
    expect(digits(page)).to_have_text(["0"])
    expect(page.get_by_text("three.png")).to_have_count(0)

    with new_canvas(page):
        upload(page, "seven.jpg", photo(SEVEN))
    expect(digits(page)).to_have_text(["7"])
    draw(page, ZERO)  # on an empty canvas: the 0 before it is gone
    expect(digits(page)).to_have_text(["0"])

    with new_canvas(page):
        upload(page, "three.png", picture(THREE))
    expect(digits(page)).to_have_text(["3"])
    clear(page)
    expect(page.locator(RESULT)).to_have_count(0)
    expect(page.get_by_text("three.png")).to_have_count(0)


def test_a_file_that_is_no_picture_is_answered_with_one_sentence(page: Page):
    upload(page, "words.png", b"these are words")
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_have_count(1)
    expect(alert).to_contain_text("PNG or JPEG")
    expect(page.locator(RESULT)).to_have_count(0)
    page.reload()
    upload(page, "seven above three.png", picture(halves(SEVEN, 0) + halves(THREE, 140)))
    expect(alert).to_contain_text("2 digits")
    expect(page.locator(RESULT)).to_have_count(0)
    draw(page, ZERO)
    expect(digits(page)).to_have_text(["0"])
    expect(alert).to_have_count(0)


def test_best_and_last_of_a_run_that_overfits_read_side_by_side(
    page: Page, lab: LabServer, trained: dict[str, Run]
):
    run = trained["overfitted"]
    assert run.best
    open_draw(page, lab, run)
    draw(page, ZERO)
    expect(digits(page)).to_have_count(2)
    who = page.locator(f"{RESULT} .who")
    expect(who).to_have_text(
        [f"overfitted, best epoch {run.best.epoch}", f"overfitted, last epoch {run.epochs_done}"]
    )
    best, last = (one.bounding_box() for one in who.all())
    assert best and last
    assert best["y"] == last["y"]
    assert best["x"] + best["width"] <= last["x"]


def test_each_step_and_the_reasons_come_on_request(page: Page):
    draw(page, THREE)
    expect(digits(page)).to_have_text(["3"])
    assert page.locator("img.lab-picture").count() == 1
    switch_on(page, "draw-steps")
    expect(page.locator("img.lab-picture")).to_have_count(1 + 4)
    switch_on(page, "draw-why")
    # Saliency, Grad-CAM, eight neighbours, and the filters of two layers.
    page.get_by_text("Layer 2").wait_for()
    expect(page.locator("img.lab-picture")).to_have_count(1 + 4 + 2 + 8 + 2 * 16)
    labels = page.locator("figure:has(img[width='56']) figcaption").all_inner_texts()
    assert len(labels) == 8
    assert labels.count("3") >= 5


def test_it_fits_a_phone_and_reads_a_finger(browser: Browser, lab: LabServer, trained):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    open_draw(page, lab, trained["reader"])
    box = page.locator(CANVAS).bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    finger = context.new_cdp_session(page)
    top = page.locator(CANVAS).evaluate("canvas => canvas.getBoundingClientRect().top")

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    first, *others = ZERO[0]
    touch("touchStart", first)
    for point in others:
        touch("touchMove", point)
    touch("touchEnd")
    expect(digits(page)).to_have_text(["0"])
    assert page.locator(CANVAS).evaluate("canvas => canvas.getBoundingClientRect().top") == top
    assert page.evaluate(wide) == 0
    context.close()


def test_a_run_that_is_deleted_meanwhile_makes_room_for_another(
    page: Page, lab: LabServer, trained: dict[str, Run]
):
    store = Store(lab.home)
    copy = store.create(replace(OVERFITTED, epochs=1), name="to go")
    until(lambda: store.get(copy.id).settled)
    open_draw(page, lab, copy)
    draw(page, SEVEN)
    expect(page.locator(f"{RESULT} .who")).to_have_text(["to go, best epoch 1"])
    store.delete(copy.id)
    clear(page)
    draw(page, ZERO)
    expect(page.get_by_text(copy.id)).to_be_visible()
    expect(digits(page)).to_have_text(["0"])  # the newest run that is left reads it


def test_real_pens_are_read_on_the_canvas_as_without_it(
    page: Page, lab: LabServer, trained: dict[str, Run], request: pytest.FixtureRequest
):
    pens = [PenDigit(**one) for one in json.loads(PEN_DIGITS.read_text())["digits"]]
    if not request.config.getoption("--all"):
        pens = pens[:24]
    images = np.stack([digit_of(render(pen.strokes)).image_u8 for pen in pens])
    directly = predict(Store(lab.home), trained["reader"].id, "best", images)
    for pen, one in zip(pens, directly, strict=True):
        draw(page, on_canvas(pen.strokes), steps=1)
        # The browser rounds corners that the other path leaves sharp: where the network is torn
        # between two digits, that may tip it over.
        possible = [one.digit] if one.confidence > TORN else [one.digit, one.runner_up]
        expect(digits(page)).to_have_text([re.compile(f"^({'|'.join(map(str, possible))})$")])
        clear(page)
    right = [one.digit == pen.label for one, pen in zip(directly, pens, strict=True)]
    assert np.mean(right) >= 0.9


def test_drawings_are_kept_and_taught(page: Page, lab: LabServer, trained: dict[str, Run]):
    store = Store(lab.home)
    for number, label in enumerate([0, 3, 7] * 4):
        if number == 0:  # by hand; the others as a class would have drawn them before
            draw(page, ZERO)
            page.get_by_role("radio", name="0", exact=True).click()
            with new_canvas(page):
                page.locator(".st-key-teach-keep button").first.click()
            expect(page.get_by_text("1 drawing saved")).to_be_visible()
        else:
            strokes = {0: ZERO, 3: THREE, 7: SEVEN}[label]
            store.drawings.add(read_picture(picture(strokes)).image_u8, label)
    open_draw(page, lab, trained["overfitted"])
    start = page.locator(".st-key-teach-start button").first
    expand(page, "12 drawings saved", start)
    start.click()
    expect(page.get_by_text("is being fine-tuned")).to_be_visible()
    expect(page.get_by_text("was fine-tuned with 12 drawings")).to_be_visible()
    lesson = next(run for run in store.list_runs() if run.lesson is not None)
    assert lesson.lesson is not None
    assert lesson.lesson["base"] == trained["overfitted"].id
    assert lesson.lesson["after"]["test"] == pytest.approx(lesson.test_metric, abs=3e-4)
    expect(page.get_by_role("cell", name="MNIST test set")).to_be_visible()
