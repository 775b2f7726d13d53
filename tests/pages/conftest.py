"""Fixtures of the page tests: the app without a browser, and runs in the form a worker writes."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import EpochRecord, Run, RunStatus, Store
from mnist_core.runs.queue import RunQueue, RunWriter
from tests.pages import markdown_guard
from tests.waiting import PATIENCE
from ui.common.i18n import JOINER
from ui.common.lab import lab

DASHBOARD = Path(__file__).resolve().parents[2] / "ui" / "app" / "dashboard.py"


def record(epoch: int) -> EpochRecord:
    """Return an epoch of a run whose validation loss is lowest at epoch 20, and rises after it."""
    return EpochRecord(
        epoch=epoch,
        loss=2 * math.exp(-epoch / 30),
        metric=1 - math.exp(-epoch / 30),
        val_loss=1 + (epoch - 20) ** 2 / 1000,
        val_metric=0.8 - abs(epoch - 20) / 1000,
        val_loss_se=0.01,
        val_rise_se=0.0 if epoch <= 20 else 0.001,
        learning_rate=0.01,
        seconds=0.1,
        recorded_at=time.time(),
    )


@dataclass
class Runs:
    """Writes runs to the store like a worker."""

    store: Store
    writers: dict[str, RunWriter] = field(default_factory=dict)

    def add(
        self,
        status: RunStatus = RunStatus.FINISHED,
        *,
        epochs: int = 50,
        preset: str | None = "overfit-700",
        config: TrainingConfig | None = None,
        name: str | None = None,
        message: str = "",
        test_metric: float = 0.789,
    ) -> Run:
        config = config or PRESETS[preset or "overfit-700"].config
        run = self.store.create(config, name=name, preset=preset)
        if status is RunStatus.QUEUED:
            return run
        return self.train(run, status, epochs=epochs, message=message, test_metric=test_metric)

    def train(
        self,
        run: Run,
        status: RunStatus,
        *,
        epochs: int = 50,
        message: str = "",
        test_metric: float = 0.789,
    ) -> Run:
        """Write what a worker would have written for a queued run."""
        queue = RunQueue(self.store.database)
        lease = queue.claim(run.id)
        assert lease is not None
        writer = self.writers[run.id] = RunWriter(self.store.database, lease)
        if epochs:
            writer.append(
                [record(epoch) for epoch in range(1, epochs + 1)],
                best_epoch=min(epochs, 20),
                progress=None,
                active_seconds=75.0,
            )
        if status is not RunStatus.RUNNING:
            writer.set_status(status, message)
        if status in (RunStatus.FINISHED, RunStatus.STOPPED) and epochs:
            writer.measured(test_loss=0.9, test_metric=test_metric)
        if not status.is_active:
            writer.release()
        return self.store.get(run.id)


@pytest.fixture
def store(lab_home: Path) -> Store:
    return lab.store


@pytest.fixture
def runs(store: Store) -> Runs:
    return Runs(store)


@pytest.fixture(autouse=True)
def _markdown_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    markdown_guard.guard(monkeypatch)


@pytest.fixture(scope="session", autouse=True)
def _components_are_looked_for_once():
    """Keep Streamlit from searching all installed packages for components at each start."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


Open = Callable[..., AppTest]


@pytest.fixture
def open_page() -> Open:
    """Opens a page of the app by its address, like a new visitor."""

    def open_it(page: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(DASHBOARD), default_timeout=PATIENCE)
        for name, value in query.items():
            app.query_params[name] = value
        # The path is relative to the script, as in Streamlit itself.
        app.switch_page(f"../../pages/{page}.py")
        return app.run()

    return open_it


def components(app: AppTest) -> list[Any]:
    """Return the page's own elements with JavaScript, without that of the navigation."""
    found = app.get("bidi_component")
    return [one for one in found if not one.proto.component_name.endswith("navigation_drawer")]


def said(app: AppTest) -> str:
    """Return all texts of the page, one on each line."""
    elements = [
        *app.title,
        *app.header,
        *app.subheader,
        *app.markdown,
        *app.caption,
        *app.error,
        *app.warning,
    ]
    return "\n".join(element.value for element in elements)


def plain(markdown: str) -> str:
    """Return a text with escaped Markdown as a reader sees it."""
    return re.sub(r"\\(.)", r"\1", markdown).replace(JOINER, "")
