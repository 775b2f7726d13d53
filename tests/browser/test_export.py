"""A network leaves by the Models page in a real browser, and answers in the tool that it is for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from playwright.sync_api import Browser, expect

from mnist_core.runs import Run
from mnist_core.tasks import prepare, task
from tests.browser.lab_server import PATIENCE, LabServer


def test_a_network_is_taken_and_reads_elsewhere(
    browser: Browser, lab: LabServer, small_run: Run, tmp_path: Path
) -> None:
    context = browser.new_context(accept_downloads=True)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(f"{lab.address}/models?run={small_run.id}")
    page.get_by_role("radio", name="Download").click()
    page.get_by_role("radio", name="ONNX").click()
    expect(page.get_by_text("An exchange format")).to_be_visible()
    button = page.locator(".st-key-export-download button")
    expect(button).to_contain_text("Download a-small-one-best.onnx")
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename == "a-small-one-best.onnx"
    file = tmp_path / "taken.onnx"
    download.value.save_as(file)
    context.close()
    digits = task("mnist").load()
    x = prepare(digits.x_test, scaling=small_run.config.pixel_scaling, input_shape=(784,))
    (answers,) = onnxruntime.InferenceSession(file).run(None, {"input": x})
    accuracy = np.mean(answers.argmax(axis=1) == digits.y_test)
    assert accuracy == pytest.approx(small_run.test_metric, abs=1e-3)
