"""Keep a lab's workers busy from a browser tab: import, export and evaluate a slow model.

    python benchmarks/busy_tab.py http://localhost:8501

Repeats with a new run until it is stopped. Prints a line at the start of each step.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, sync_playwright

PATIENCE = 300
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


def write_slow_model(path: Path) -> None:
    """A convolutional network that takes about a minute for the test set."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    layers = keras.layers
    convolutions = [layers.Conv2D(64, 5, padding="same", activation="relu") for _ in range(2)]
    head = [layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")]
    keras.Sequential([layers.Input((28, 28, 1)), *convolutions, *head]).save(path)


def work(page: Page, address: str, model: Path) -> None:
    print("import", flush=True)
    page.goto(f"{address}/models")
    page.locator(".st-key-models-upload input[type=file]").set_input_files(model)
    page.locator(".st-key-models-take button:enabled").click()
    page.get_by_text("has been imported").wait_for()
    (run,) = parse_qs(urlsplit(page.url).query)["run"]
    print("export", flush=True)
    page.get_by_role("radio", name="Download").click()
    page.get_by_role("radio", name="ONNX").click()
    button = page.locator(".st-key-export-download button").filter(has_text=".onnx")
    with page.expect_download():
        button.click()
    print("evaluate", flush=True)
    page.goto(f"{address}/evaluate?run={run}")
    page.get_by_test_id("stMetricValue").first.wait_for()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address")
    address = parser.parse_args().address
    chromium = os.environ.get("MNIST_LAB_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        model = Path(folder) / "slow.keras"
        write_slow_model(model)
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        while True:
            work(page, address, model)


if __name__ == "__main__":
    main()
