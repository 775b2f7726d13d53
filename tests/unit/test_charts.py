"""The chart's look as data, and the words that the live chart needs."""

from __future__ import annotations

import re
from pathlib import Path

from mnist_core.tasks.housing import PRICE
from tests.made_up_task import MPG
from ui.common.charts import AXES, SERIES, chart_style
from ui.live.chart.texts import chart_words

ROOT = Path(__file__).parents[2]
SCRIPTS = {path.name: path.read_text("utf-8") for path in ROOT.glob("ui/live/chart/*.js")}


def upper(text: str) -> str:
    return text.upper()


def test_the_browser_gets_the_same_names() -> None:
    style = chart_style(upper)
    assert [one["label"] for one in style["series"]] == [
        series.label.upper() for series in SERIES.values()
    ]
    assert style["axes"] == {axis: title.upper() for axis, title in AXES.items()}


def test_the_browser_gets_the_unit_of_the_task() -> None:
    price, economy = (chart_style(str, one)["metric"] for one in (PRICE, MPG.quantity))
    assert (price["format"], price["ticks"], price["suffix"]) == ("$,.0f", "$~s", "")
    assert (price["scale"], price["prefix"], price["digits"]) == (1_000, "$", 0)
    assert (economy["format"], economy["ticks"], economy["suffix"]) == (",.1f", ",~f", " mpg")
    assert (economy["scale"], economy["prefix"], economy["digits"]) == (1, "", 1)


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
