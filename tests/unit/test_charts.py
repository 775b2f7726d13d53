"""The chart's look as data, the figure made of it, and the words that the live chart needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mnist_core.overfitting import NOTHING, OverfittingPoint
from tests.live_training import record
from ui.charts import AXES, SERIES, chart_style, learning_curves
from ui.live_chart.words import chart_words

ROOT = Path(__file__).parents[2]
SCRIPTS = {path.name: path.read_text("utf-8") for path in ROOT.glob("ui/live_chart/*.js")}
RECORDS = [record(epoch) for epoch in range(1, 101)]


def upper(text: str) -> str:
    return text.upper()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_has_the_four_curves_in_the_theme_s_colours(theme) -> None:
    figure = learning_curves(RECORDS, theme=theme)
    settings = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))
    colours = settings["theme"][theme]["chartCategoricalColors"]
    assert [trace.name for trace in figure.data] == [series.label for series in SERIES.values()]
    assert [trace.line.color for trace in figure.data] == colours[:4]
    assert [trace.yaxis for trace in figure.data] == ["y", "y", "y2", "y2"]
    assert list(figure.data[1].y) == [one.val_loss for one in RECORDS]
    assert list(figure.data[1].x) == list(range(1, 101))


@pytest.mark.parametrize(("best", "side"), [(20, "left"), (80, "right")])
def test_the_best_epoch_is_marked_with_its_label_on_the_roomy_side(best: int, side: str) -> None:
    figure = learning_curves(RECORDS, point=OverfittingPoint(best, best + 10))
    (label,) = figure.layout.annotations
    assert (label.text, label.x, label.xanchor) == (f"Best epoch {best}", best, side)
    shaded, line = figure.layout.shapes
    assert (shaded.x0, shaded.x1) == (best, 100)
    assert line.x0 == line.x1 == best


def test_nothing_found_marks_nothing() -> None:
    assert not learning_curves(RECORDS, point=NOTHING).layout.shapes
    assert not learning_curves([], point=None).layout.shapes


def test_one_epoch_alone_can_be_seen() -> None:
    assert learning_curves(RECORDS[:1]).data[0].mode == "lines+markers"


def test_the_loss_axis_can_be_logarithmic_and_the_names_translated() -> None:
    figure = learning_curves(RECORDS, log_loss=True, translate=upper)
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis2.title.text == "ACCURACY"
    assert figure.data[0].name == "TRAINING LOSS"


def test_the_browser_gets_the_same_names() -> None:
    style = chart_style(upper)
    assert [one["label"] for one in style["series"]] == [
        series.label.upper() for series in SERIES.values()
    ]
    assert style["axes"] == {axis: title.upper() for axis, title in AXES.items()}


def test_the_scripts_ask_for_no_word_that_is_not_there_and_no_word_lies_idle() -> None:
    used = set(re.findall(r"\bwords\.(\w+)", "\n".join(SCRIPTS.values())))
    assert used == set(chart_words())


def test_the_scripts_fill_every_place_of_the_words() -> None:
    words = [word for word in chart_words().values() if isinstance(word, str)]
    places = {place for word in words for place in re.findall(r"\{(\w+)\}", word)}
    filled = set(re.findall(r"\b(\w+)(?=[:,\s}])", SCRIPTS["status.js"] + SCRIPTS["figure.js"]))
    assert places <= filled


def test_the_scripts_ask_no_other_host_for_anything() -> None:
    assert not re.search(r"https?://", "\n".join(SCRIPTS.values()))
