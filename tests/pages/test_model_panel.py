"""What is shown of a run's network, without a browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.errors import DataError
from mnist_core.experiment.presets import PRESETS
from mnist_core.inference.answers import Anatomy, Layer, WeightPictures
from mnist_core.runs import Run, RunStatus
from mnist_core.tensorboard.histograms import WeightHistograms
from mnist_core.transfer.uploads import EndedRun, add_ended, imported_config
from mnist_core.workers.engine import EngineState, Question
from tests.waiting import PATIENCE
from ui.common.i18n import escaped
from ui.common.lab import lab

from .conftest import Runs, components, plain, said

SOFTMAX = Anatomy(
    input_shape=(784,),
    layers=[
        Layer("first_one", "Dense", (10,), 7_850, True, {"units": 10, "activation": "softmax"}),
        Layer("still![](http://a.b)", "Dropout", (10,), 0, None, {"rate": 0.5}),
    ],
    parameters=7_850,
    trainable_parameters=7_800,
    weights=[
        WeightPictures(
            "first_one", "units", np.arange(10), 512, np.zeros(10, np.int64), 1,
            np.ones((10, 28, 28), np.float32),
        ),
        WeightPictures(
            "conv", "filters", np.arange(10), 64, np.zeros(10, np.int64), 32,
            np.ones((10, 3, 3), np.float32),
        ),
    ],
)  # fmt: skip

#: Of two epochs: epochs, values, shares, quartiles.
HISTOGRAM = (np.arange(1, 3), np.linspace(-1, 1, 60), np.full((60, 2), 1 / 60), np.zeros((5, 2)))


def panel(run: Run) -> AppTest:
    def script(run_id: str) -> None:
        from ui.common.lab import lab
        from ui.models.network import show_model

        show_model(lab.store.get(run_id))

    return AppTest.from_function(script, args=(run.id,), default_timeout=PATIENCE).run()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was asked of the worker, which answers with one network."""
    questions: list[tuple[str, str]] = []

    def answer(function: str, run_id: str, checkpoint: str, *, kind: Question) -> Anatomy:
        assert function.endswith(":describe") and kind is Question.SHORT
        questions.append((run_id, checkpoint))
        return SOFTMAX

    monkeypatch.setattr(lab, "ask", answer)
    return questions


def test_a_network_is_shown(runs: Runs, asked: list[tuple[str, str]]) -> None:
    run = runs.add(epochs=50)
    app = panel(run)
    assert not app.exception
    table = app.table[0].value
    # Its cells are Markdown: nothing in a name is to be taken for it.
    assert table.values.tolist() == [
        [escaped("first_one"), "Dense", "(None, 10)", "7,850", "yes"],
        [escaped("still![](http://a.b)"), "Dropout", "(None, 10)", "0", "–"],
    ]
    words = plain(said(app))
    assert "7,850 parameters (31 kB), 7,800 of them trainable" in words
    assert "10 of 512 units" in words
    assert not app.get("plotly_chart")
    assert "For 10 of 64 filters" in words
    (diagram,) = components(app)
    assert json.loads(diagram.proto.json)["svg"].startswith("<svg")
    images = [one.proto.body for one in app.get("html") if "<img" in one.proto.body]
    assert len(images) == 2
    assert asked == [(run.id, "best")]


def test_what_the_diagram_cannot_show_is_said(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    for chain in (True, False):
        network = replace(SOFTMAX, chain=chain)
        monkeypatch.setattr(lab, "ask", lambda *_args, network=network, **_kind: network)
        assert ("parallel" in said(panel(runs.add()))) is not chain


def test_a_few_units_are_shown_by_name(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def few(count: int, last: bool) -> Anatomy:
        weights = WeightPictures(
            "dense", "units", np.arange(count), count, np.zeros(count, np.int64), 1,
            np.ones((count, 28, 28), np.float32),
        )  # fmt: skip
        first = Layer("dense", "Dense", (count,), 5, True, {})
        answer = Layer("dense_1", "Dense", (10,), 5, True, {})
        return Anatomy((784,), [first] if last else [first, answer], 10, 10, [weights])

    for count, last, captions in (
        (10, True, list("0123456789")),
        (2, False, ["unit 1", "unit 2"]),
        (10, False, [f"unit {number}" for number in range(1, 11)]),
    ):
        network = few(count, last)
        monkeypatch.setattr(lab, "ask", lambda *_args, network=network, **_kind: network)
        app = panel(runs.add())
        assert not app.exception
        (html,) = (one.proto.body for one in app.get("html") if "<img" in one.proto.body)
        assert re.findall("<figcaption>(.*?)</figcaption>", html) == captions


def test_best_and_last_are_chosen_and_asked_for_once(
    runs: Runs, asked: list[tuple[str, str]]
) -> None:
    run = runs.add(epochs=50)
    app = panel(run)
    group = app.button_group(key="model-checkpoint")
    assert group.options == ["Best epoch (20)", "Last epoch (50)"]
    group.set_value("last").run()
    app.button_group(key="model-checkpoint").set_value("best").run()
    panel(run)
    assert not app.exception
    assert asked == [(run.id, "best"), (run.id, "last")]


def test_nothing_is_said_of_a_training_that_is_not_known(
    runs: Runs, asked: list[tuple[str, str]]
) -> None:
    ended = EndedRun(name="mine", config=imported_config("unit"), imported={"file": "mine.h5"})
    run = add_ended(runs.store, "a" * 32, ended)
    app = panel(run)
    assert not app.exception
    assert "Layers" in said(app)
    assert "histograms" not in said(app)
    assert not app.get("button_group"), "its best is its last"
    assert asked == [(run.id, "best")]


def test_names_in_event_files_are_shown_as_they_are(
    runs: Runs, asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.add(config=replace(PRESETS["softmax"].config, histograms="on"))
    hostile = ["` ![x](http://host.example/p.png) `y/ker:red[nel]", "a/b/kernel", "a-b/kernel"]
    tables = [WeightHistograms(name, *HISTOGRAM) for name in hostile]

    def answer(function: str, *_arguments: str, **_kind: Question) -> object:
        return tables if function.endswith(":read_histograms") else SOFTMAX

    monkeypatch.setattr(lab, "ask", answer)
    app = panel(run)
    assert not app.exception
    (kinds,) = (group for group in app.button_group if group.key == "histogram-kind")
    assert [plain(option) for option in kinds.options] == ["ker:red[nel]", "Kernels"]
    assert ":red[" not in str(kinds.options)
    assert escaped(hostile[0]) in [one.value for one in app.markdown]
    kinds.set_value("kernel").run()
    assert not app.exception
    shown = [one.value for one in app.markdown]
    assert all(escaped(name) in shown for name in hostile[1:])


def test_a_run_without_a_network_says_so(runs: Runs, asked: list[tuple[str, str]]) -> None:
    app = panel(runs.add(RunStatus.FAILED))
    assert app.info and not components(app)
    assert not asked


def test_a_model_that_cannot_be_loaded_is_said_in_one_sentence(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: str, **_kind: Question) -> Anatomy:
        raise DataError("The model is damaged.", "Train it again.")

    monkeypatch.setattr(lab, "ask", refuse)
    app = panel(runs.add())
    assert not app.exception
    assert plain(app.error[0].value) == "The model is damaged. Train it again."


@pytest.mark.parametrize("phase", ["starting", "failed"])
def test_workers_that_cannot_answer_are_said(
    phase: str, runs: Runs, asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState(phase, "![x](why)"))
    app = panel(runs.add())
    assert not app.exception
    (words,) = (one.value for one in [*app.info, *app.warning])
    assert "workers" in words
    assert "![" not in words
    assert not asked
