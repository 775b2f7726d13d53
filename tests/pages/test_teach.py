"""Teach it: the class's drawings and their lessons, without a browser."""

from __future__ import annotations

import math

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.runs import RunStatus, Store
from mnist_core.runs.artifacts import BEST_MODEL, LESSON
from mnist_core.runs.queue import RunQueue, RunWriter
from mnist_core.runs.schema import runs as table
from mnist_core.studies.finetune import FEWEST
from ui.common import idempotency

from .conftest import Open, Runs, said


def keep(store: Store, count: int) -> None:
    for label in range(count):
        store.drawings.add(np.full((28, 28), label, np.uint8), label % 10)


#: As far as a page looks at a model.
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


def titles(app: AppTest) -> list[str]:
    return [expander.label for expander in app.expander]


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 drawings saved"), (1, "1 drawing saved"), (12, "12 drawings saved")]
)
def test_it_is_said_how_many_drawings_there_are(
    count: int, words: str, open_page: Open, store: Store, runs: Runs
) -> None:
    runs.add()
    keep(store, count)
    app = open_page("draw")
    assert not app.exception
    assert titles(app) == [f"The class's handwriting: {words}"]


def test_too_few_drawings_teach_nothing_yet(open_page: Open, store: Store, runs: Runs) -> None:
    runs.add()
    keep(store, 7)
    app = open_page("draw")
    assert app.button(key="teach-start").disabled
    assert "3 more drawings needed." in said(app)


def test_a_lesson_is_a_run_that_begins_with_the_network_and_the_drawings(
    open_page: Open, store: Store, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "REPEAT_SECONDS", math.inf)  # the machine may be slow
    run = runs.add(name="mine")
    store.artifacts.write(run.id, BEST_MODEL, EMPTY_ZIP)
    keep(store, 10)
    app = open_page("draw")
    for _ in range(2):  # a double click is two presses
        app.button(key="teach-start").click().run()
    assert not app.exception
    (lesson,) = (one for one in store.list_runs() if one.id != run.id)
    assert (lesson.status, lesson.name) == (RunStatus.QUEUED, "mine, fine-tuned")
    assert LESSON in store.artifacts.names(lesson.id)
    assert lesson.lesson is not None and lesson.lesson["base"] == run.id
    assert any("is being fine-tuned: epoch 0 of" in info.value for info in app.info)


def test_a_network_without_a_model_says_so(open_page: Open, store: Store, runs: Runs) -> None:
    runs.add(name="mine")
    keep(store, 10)
    app = open_page("draw")
    app.button(key="teach-start").click().run()
    assert not app.exception
    assert "“mine” is missing" in app.error[0].value
    assert len(store.list_runs()) == 1


def test_drawings_are_removed_one_by_one_or_all(open_page: Open, store: Store, runs: Runs) -> None:
    runs.add()
    keep(store, 3)
    app = open_page("draw")
    app.button(key="teach-remove").click().run()
    assert [one.label for one in store.drawings.all()] == [0, 1]
    assert titles(app) == ["The class's handwriting: 2 drawings saved"]
    app.button(key="teach-remove-all").click().run()
    assert store.drawings.all() == []


def test_what_a_lesson_did_is_shown_with_its_run(open_page: Open, store: Store, runs: Runs) -> None:
    run = runs.add(name="taught")
    lesson = {
        "base": "0" * 32,
        "base_name": "be_fore",
        "drawings": 60,
        "kept_aside": 12,
        "before": {"drawings": 0.5, "test": 0.991},
        "after": {"drawings": 0.75, "test": 0.9904},
    }
    with store.database.writing() as connection:
        change = table.update().where(table.c.id == run.id)
        connection.execute(change.values(lesson=lesson, version=table.c.version + 1))
    words = said(open_page("draw"))
    assert "was fine-tuned with 60 drawings" in words
    assert "| your drawings that were held out | 50.0% | **75.0%** |" in words
    assert "| MNIST test set | 99.1% | **99.0%** |" in words


def test_a_lesson_without_figures_yet_shows_none(open_page: Open, store: Store, runs: Runs) -> None:
    run = runs.add(RunStatus.QUEUED)
    lease = RunQueue(store.database).claim(run.id)
    assert lease is not None
    RunWriter(store.database, lease).taught({"after": {"test": None}})
    runs.add()
    assert "It reads:" not in said(open_page("draw"))


def test_a_lesson_is_waited_for_until_its_figures_are_measured(
    open_page: Open, store: Store, runs: Runs
) -> None:
    run = runs.add(name="mine")
    store.artifacts.write(run.id, BEST_MODEL, EMPTY_ZIP)
    keep(store, FEWEST)
    app = open_page("draw")
    app.button(key="teach-start").click().run()
    lesson = next(one for one in store.list_runs() if one.lesson is not None)
    lease = RunQueue(store.database).claim(lesson.id)
    assert lease is not None
    writer = RunWriter(store.database, lease)
    writer.set_status(RunStatus.FINISHED)
    assert any("is being fine-tuned" in info.value for info in app.run().info)
    writer.release()
    assert not any("is being fine-tuned" in info.value for info in app.run().info)
