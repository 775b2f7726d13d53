"""The Evaluate page for every task: what it shows, and in which words."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.evaluation.gap import ErrorGap
from mnist_core.evaluation.parts import PARTS, AnyEvaluation, texts_of
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Run
from mnist_core.runs.model_files import CHECKPOINTS
from mnist_core.tasks import TASKS, task
from mnist_core.tasks.housing import PRICE
from tests import made_up_texts
from tests.made_up_answers import COUNT, judgement
from ui.evaluate import results
from ui.evaluate.samples import MOST_SHOWN

from .conftest import Open, Runs, plain, said

#: The tasks whose data is here, or can be made up.
HERE = ("mnist", "imdb", "reuters", "boston")


@pytest.fixture(autouse=True)
def _fresh_data():
    """Texts of this test's home only, and no evaluation of another test."""
    yield
    results._kept.clear()
    for name in made_up_texts_of(HERE):
        task(name).load.cache_clear()


def made_up_texts_of(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if TASKS[name].inputs == "texts"]


def judged(runs: Runs, home: Path, name: str) -> tuple[Run, dict[str, AnyEvaluation]]:
    """A run whose networks have been judged, as if a worker had answered."""
    for texts in made_up_texts_of((name,)):
        made_up_texts.write(home, texts)
        task(texts).load.cache_clear()
    run = runs.add(name="mine", preset=name if name != "mnist" else None)
    found = {part: judgement(name, part) for part in PARTS}
    for checkpoint in CHECKPOINTS:
        for part in PARTS:
            results.keep(run, checkpoint, part, found[part])
    return run, found


def html(app: AppTest) -> list[str]:
    return [element.proto.body for element in app.get("html")]


def labels_and_helps(app: AppTest) -> str:
    widgets = (*app.selectbox, *app.get("button_group"), *app.metric)
    return "\n".join(f"{one.proto.label} {one.proto.help}" for one in widgets)


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


@pytest.mark.parametrize("name", HERE)
def test_each_task_has_its_figures_and_its_own_words(
    name: str, runs: Runs, lab_home: Path, open_page: Open
) -> None:
    run, found = judged(runs, lab_home, name)
    app = open_page("evaluate", run=run.id)
    assert not app.exception
    assert not app.error
    nouns = task(name).nouns
    words = said(app)
    assert f"Does it generalise to new {nouns}?" in words
    assert f"| {nouns} | {COUNT} | {COUNT} | {COUNT} |" in words
    everything = (words + labels_and_helps(app)).lower()
    assert ("image" in everything) is (task(name).inputs == "images")
    assert "digit" not in everything
    assert "{" not in everything
    if task(name).is_number:
        assert figures(app)["Mean absolute error"] == PRICE.text(found["test"].mae.value)
        assert "Accuracy" not in figures(app)
    else:
        assert figures(app)["Accuracy"] == f"{found['test'].accuracy.value:.1%}"
    for widget in (*app.selectbox, *app.get("button_group"), *app.metric):
        assert widget.proto.label
        assert widget.proto.help, widget.proto.label


@pytest.mark.parametrize("name", made_up_texts_of(HERE))
def test_texts_are_shown_by_their_beginnings_and_only_some_at_once(
    name: str, runs: Runs, lab_home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_core.tasks.text_data.beginning.__defaults__", (30,))
    run, found = judged(runs, lab_home, name)
    app = open_page("evaluate", run=run.id)
    assert not app.exception
    one = found["test"]
    worst = texts_of(run, "test", one.indices[one.top_losses(12)])
    cards = unescape(next(body for body in html(app) if '<div class="lab-cards' in body))
    opened = re.findall(r"</summary>(.*?)</details>", cards)
    assert opened == worst
    starts = re.findall(r'class="short">(.*?)</span>', cards)
    assert all(len(start) <= 32 for start in starts)
    assert all(text.startswith(start[:-2]) for text, start in zip(worst, starts, strict=True))
    full = int(one.confusion.argmax())
    true, read = (int(place) for place in np.unravel_index(full, one.confusion.shape))
    app.selectbox(key="evaluate-true").select(true).run()
    app.selectbox(key="evaluate-read").select(read).run()
    assert not app.exception
    cell = unescape(next(body for body in html(app) if '<div class="lab-cell' in body))
    wanted = one.cell(true, read)[: MOST_SHOWN["texts"]]
    assert re.findall(r"</summary>(.*?)</details>", cell) == texts_of(
        run, "test", one.indices[wanted]
    )
    assert not re.search("<img", cell + cards)


def test_two_classes_have_curves_with_their_areas(
    runs: Runs, lab_home: Path, open_page: Open
) -> None:
    run, found = judged(runs, lab_home, "imdb")
    app = open_page("evaluate", run=run.id)
    curves = found["test"].curves
    assert figures(app)["Area under the ROC curve"] == f"{curves.roc.area:.3f}"
    area = figures(app)["Area under the precision-recall curve"]
    assert area == f"{curves.precision_recall.area:.3f}"
    drawn = [json.loads(chart.proto.spec)["data"] for chart in app.get("plotly_chart")]
    assert len(drawn) == 4  # the matrix, both curves, the reliability diagram
    assert tuple(drawn[1][1]["customdata"]) == curves.roc.thresholds


def test_forty_six_classes_are_named_in_words(runs: Runs, lab_home: Path, open_page: Open) -> None:
    run, found = judged(runs, lab_home, "reuters")
    app = open_page("evaluate", run=run.id)
    assert "Area under the ROC curve" not in figures(app)
    table = app.dataframe[0].value
    assert list(table["name"]) == list(task("reuters").classes)
    pair = found["test"].confused_pairs[0]
    true, read = (task("reuters").classes[number] for number in (pair.true, pair.predicted))
    assert f"of “{true}” " in said(app).replace("\\", "")
    assert f"predicted as “{read}”" in said(app).replace("\\", "")
    # The card of a sample has the likeliest classes and the right one, not all forty-six.
    cards = next(body for body in html(app) if '<div class="lab-cards' in body)
    assert 12 * 4 <= cards.count('<div class="row') <= 12 * 5


def test_house_prices_have_charts_and_a_table_of_the_largest_errors(
    runs: Runs, lab_home: Path, open_page: Open
) -> None:
    run, found = judged(runs, lab_home, "boston")
    app = open_page("evaluate", run=run.id)
    one = found["test"]
    charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert [len(chart["data"]) for chart in charts] == [2, 1, 2]
    worst = one.top_errors(12)
    table = app.dataframe[0].value
    assert list(table["index"]) == list(one.indices[worst])
    assert list(table["error"]) == pytest.approx(list(1000 * one.residuals[worst]))
    rooms = task("boston").load().x_test[one.indices[worst], 5]
    assert list(table["rooms"]) == pytest.approx(list(rooms))
    gap = ErrorGap.between(found["train"], one).mae
    assert f"{PRICE.text(gap.value)} larger" in plain(said(app))
    assert not any('<div class="lab-c' in body for body in html(app))
    app.get("button_group")[1].set_value("train").run()
    assert not app.exception
    assert figures(app)["Mean absolute error"] == PRICE.text(found["train"].mae.value)


def test_a_run_without_validation_samples_offers_none(runs: Runs, open_page: Open) -> None:
    config = TrainingConfig(
        task="boston", architecture="table-64-64", train_size=404, validation_size=0, batch_size=16
    )
    run = runs.add(name="final", config=config)
    for part in ("test", "train"):
        results.keep(run, "best", part, judgement("boston", part))
    app = open_page("evaluate", run=run.id)
    assert not app.exception
    assert not app.error
    (choice,) = app.get("button_group")  # of the part; both networks are the same
    assert [option.content for option in choice.proto.options] == ["Test", "Training"]
    assert f"| houses | {COUNT} | {COUNT} |" in said(app)
