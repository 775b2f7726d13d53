"""Models in and out in a real browser: a learner's own file is read with, a hostile one refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from mnist_core.runs import Run, Store
from tests import model_files
from tests.browser.lab_server import PATIENCE, ROOT, LabServer

UPLOAD = ".st-key-models-upload input[type=file]"
TAKE = ".st-key-models-take button"
#: Trains a little and saves as any learner would, in a process without the lab.
LEARNER = """
import sys
import keras, numpy as np

with np.load(sys.argv[1]) as data:
    x, y = data["x_train"][:3000] / 255.0, data["y_train"][:3000]
model = keras.Sequential([
    keras.Input((28, 28)), keras.layers.Flatten(),
    keras.layers.Dense(32, "relu"), keras.layers.Dense(10),
])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss, metrics=["accuracy"])
model.fit(x, y, epochs=4, verbose=0)
model.save(sys.argv[2])
"""


@pytest.fixture(scope="module")
def own_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("learner") / "my digits.keras"
    data = ROOT / "mnist_core" / "data" / "mnist.npz"
    subprocess.run(
        [sys.executable, "-c", LEARNER, str(data), str(path)],
        check=True,
        env=os.environ | {"KERAS_BACKEND": "tensorflow"},
        capture_output=True,
    )
    return path


@pytest.fixture
def page(browser: Browser, lab: LabServer):
    lab.wait_until_ready()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE * 1000)
    tab = context.new_page()
    strangers: list[str] = []
    own = (lab.address, lab.address.replace("http", "ws"), "data:", "blob:")
    tab.on("request", lambda r: None if r.url.startswith(own) else strangers.append(r.url))
    tab.goto(f"{lab.address}/models")
    tab.locator(UPLOAD).wait_for(state="attached")
    yield tab
    context.close()
    assert strangers == []


def brought_in(lab: LabServer) -> list[Run]:
    """The lab's runs that came in as files."""
    return [run for run in Store(lab.home).list_runs() if run.imported is not None]


def bring_in(page: Page, path: Path) -> None:
    page.locator(UPLOAD).set_input_files(path)
    expect(page.locator(TAKE)).to_be_enabled()
    page.locator(TAKE).click()


def test_a_hostile_file_is_refused_with_a_sentence_and_the_server_answers_on(
    page: Page, lab: LabServer, own_model: Path, tmp_path: Path
):
    canary = tmp_path / "canary"
    evil = {
        "module": "os",
        "class_name": "system",
        "config": {"name": "x", "command": f"touch {canary}"},
    }
    path = tmp_path / "evil.keras"
    path.write_bytes(model_files.with_layer(own_model.read_bytes(), evil))
    bring_in(page, path)
    alert = page.get_by_test_id("stAlert").filter(has_text="evil.keras")
    expect(alert).to_contain_text("The file names code from outside Keras (os.system)")
    expect(alert).to_contain_text("Build the model from Keras's own layers")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert lab.health()["status"] == "ok"
    assert not canary.exists()
    assert brought_in(lab) == []


def test_an_own_model_comes_in_reads_a_drawing_and_leaves_as_a_file(
    page: Page, lab: LabServer, own_model: Path, tmp_path: Path
):
    bring_in(page, own_model)
    arrived = page.get_by_test_id("stAlert").filter(has_text="has been imported")
    expect(arrived).to_contain_text("my digits")
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile("^my digits"))
    (run,) = brought_in(lab)
    assert run.imported is not None and run.imported["output"] == "logits"
    assert run.test_metric is not None and run.test_metric > 0.7
    expect(arrived).to_contain_text(f"{run.test_metric:.1%}")

    page.get_by_role("link", name="Evaluate the model").click()
    expect(page.get_by_role("heading", name="Evaluate")).to_be_visible()
    share = f"{run.test_metric:.1%}"
    expect(page.get_by_test_id("stMetricValue").filter(has_text=share).first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)

    page.goto(f"{lab.address}/draw?run={run.id}")
    canvas = page.locator(".st-key-draw-canvas canvas.upper-canvas")
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 140, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 220, steps=8)
    page.mouse.up()
    expect(page.locator(".st-key-draw-result [data-testid=stMetricValue]")).to_have_text(["1"])
    page.locator(".st-key-draw-why label").first.click()
    expect(page.locator("img.lab-picture").nth(1)).to_be_visible()

    page.goto(f"{lab.address}/models?run={run.id}")
    page.get_by_role("radio", name="Download").click()
    with page.expect_download() as download:
        page.locator(".st-key-models-archive a").click()
    path = tmp_path / "run.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as packed:
        about = json.loads(packed.read("run.json"))
        assert {"best.keras", "last.keras", "epochs.csv"} <= set(packed.namelist())
    assert about["name"] == "my digits"
