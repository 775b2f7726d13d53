"""A network leaves by the Models page in a real browser, and answers in the tool that it is for."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from playwright.sync_api import Browser, expect

from mnist_core.config import TrainingConfig
from mnist_core.runs import Run, Store
from mnist_core.tasks import prepare, task
from tests.browser.lab_server import PATIENCE, LabServer

CONFIG = TrainingConfig(architecture="softmax", epochs=5, train_size=1000, validation_size=200)


@pytest.fixture(scope="module")
def run(lab: LabServer) -> Run:
    store = Store(lab.home)
    run_id = store.create(CONFIG, name="to take").id
    end = time.monotonic() + 2 * PATIENCE
    while not (run := store.get(run_id)).settled:
        assert time.monotonic() < end, "the run did not end"
        time.sleep(0.1)
    assert run.has_models, run.message
    return run


def test_a_network_is_taken_and_reads_elsewhere(
    browser: Browser, lab: LabServer, run: Run, tmp_path: Path
) -> None:
    context = browser.new_context(accept_downloads=True)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(f"{lab.address}/models?run={run.id}")
    page.get_by_role("radio", name="Download").click()
    page.get_by_role("radio", name="ONNX").click()
    expect(page.get_by_text("An exchange format")).to_be_visible()
    page.locator(".st-key-export-prepare button").click()
    button = page.locator(".st-key-export-download button")
    expect(button).to_contain_text("Download to-take-best.onnx")
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename == "to-take-best.onnx"
    file = tmp_path / "taken.onnx"
    download.value.save_as(file)
    context.close()
    digits = task("mnist").load()
    x = prepare(digits.x_test, scaling=CONFIG.pixel_scaling, input_shape=(784,))
    (answers,) = onnxruntime.InferenceSession(file).run(None, {"input": x})
    accuracy = np.mean(answers.argmax(axis=1) == digits.y_test)
    assert accuracy == pytest.approx(run.test_metric, abs=1e-3)
