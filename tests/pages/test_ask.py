"""The Ask page without a browser: what is asked, what is answered, what to do first.

The workers are not there in these tests: an answer is what ``lab.ask`` gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.Metric_pb2 import Metric
from streamlit.testing.v1 import AppTest

from mnist_core.experiment.presets import PRESETS
from mnist_core.inference.answers import TableAnswer, TextAnswer, WordPush
from mnist_core.inference.questions import columns_of
from mnist_core.runs import RunStatus, Store
from mnist_core.studies.crossvalidation import final_config
from mnist_core.tasks import TASKS
from mnist_core.workers.engine import EngineState, Question
from tests import made_up_data, made_up_texts
from ui.ask import answer as ask_panel
from ui.common.lab import lab

from .conftest import Open, Runs, plain, said

REVIEW = TextAnswer(
    probabilities=(0.2, 0.8),
    explained=1,
    pushes=(WordPush("good", 2.0, 0.35), WordPush("<b>", -1.0, 0.9), WordPush("the", 0.01, 0.8)),
    unknown=("zorble",),
)


@pytest.fixture
def texts(lab_home: Path) -> Iterator[None]:
    """Made-up reviews and news where the lab looks for them."""
    made_up_data.forget()
    for name in ("imdb", "reuters"):
        made_up_texts.write(lab_home, name)
    yield
    made_up_data.forget()


@pytest.fixture
def asked(texts: None, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Stands in for the worker, and keeps what it was asked."""
    questions: list[tuple[Any, ...]] = []

    def answer(function: str, *arguments: Any, kind: Question = Question.READING) -> Any:
        questions.append(arguments)
        if function.endswith(":answer_table"):
            return TableAnswer(25.0, 21.0, tuple(4.0 if n == 5 else 0.0 for n in range(13)))
        if "这" in arguments[2]:
            return TextAnswer((0.5, 0.5), 1, (), (arguments[2],))
        if "reuters" in arguments[2]:
            return TextAnswer(tuple([0.5] + [0.5 / 45] * 45), 0, (), ())
        return REVIEW

    ask_panel._text_answer.clear()
    ask_panel._table_answer.clear()
    monkeypatch.setattr(lab, "ask", answer)
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("ready"))
    return questions


def html(app: AppTest) -> str:
    return "\n".join(one.proto.body for one in app.get("html"))


def answer_of(app: AppTest) -> tuple[str, str]:
    (metric,) = app.metric
    return metric.label, metric.value


@pytest.mark.parametrize("preset", ["imdb", "reuters", "boston"])
def test_without_a_run_one_click_trains_one(preset: str, open_page: Open, store: Store) -> None:
    app = open_page("ask")
    assert not app.exception
    assert not app.text_area
    assert "film review" in said(app)
    app.button(key=f"ask-train-{preset}").click().run()
    assert not app.exception
    (run,) = store.list_runs()
    assert run.config == ask_panel.offered(preset)
    assert run.config.task == preset
    assert app.query_params["run"] in (run.id, [run.id])
    (words,) = (info.value for info in app.info)
    assert "still training" in words


def test_reviews_are_trained_for_as_long_as_the_tutorial_found_right() -> None:
    assert ask_panel.offered("imdb").epochs == 4
    assert PRESETS["imdb"].config.epochs == 20


def test_a_run_that_left_no_model_is_spoken_of(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.FAILED, preset="imdb", epochs=0, name="no_luck", message="No data.")
    app = open_page("ask", run=run.id)
    assert not app.exception
    (warning,) = app.warning
    assert "no_luck" in plain(warning.value)
    assert "No data" in warning.value
    assert app.button(key="ask-train-boston")


def test_a_review_is_judged_and_its_words_are_coloured(
    open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    run = runs.add(preset="imdb")
    app = open_page("ask")
    assert not app.exception
    app.text_area(key="ask-text").set_value("The Good <b> zorble <i>").run()
    assert not app.exception
    assert asked[-1] == (run.id, "best", "The Good <b> zorble <i>")
    assert answer_of(app) == ("Prediction", "positive: 80.0%")
    shown = html(app)
    assert '<span class="for" style="--strength:55%"' in shown
    assert '">Good</span>' in shown
    assert re.search(r'class="unknown" title="[^"]+">zorble</span>', shown)
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert "+2.00" in shown
    assert "35.0% without it" in shown


def test_the_same_text_is_asked_once(
    open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    runs.add(preset="imdb")
    for _ in range(2):
        app = open_page("ask")
        assert answer_of(app)[1] == "positive: 80.0%"
    assert len(asked) == 1


def test_the_last_epochs_network_can_be_asked(
    open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    runs.add(preset="imdb")
    app = open_page("ask")
    app.button_group(key="ask-checkpoint").set_value("last").run()
    assert not app.exception
    assert asked[-1][1] == "last"


def test_news_have_their_first_five_topics(
    open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    runs.add(preset="reuters")
    app = open_page("ask")
    app.text_area(key="ask-text").set_value("reuters said").run()
    assert answer_of(app) == ("Prediction", "cocoa: 50.0%")
    (bars,) = (body for body in html(app).split("\n") if 'class="lab-bars' in body)
    assert bars.count('class="row') == ask_panel.SHOWN_CLASSES


def test_an_empty_text_is_not_asked(
    open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    runs.add(preset="imdb")
    app = open_page("ask")
    before = len(asked)
    app.text_area(key="ask-text").set_value("  ").run()
    assert not app.exception
    assert len(asked) == before
    assert "Type a text" in app.info[0].value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("😀 🎬 … !!", "no word"),
        ("word " * 25_000, "125,000 characters"),
    ],
    ids=["no word", "too long"],
)
def test_what_cannot_be_read_is_not_sent_to_the_worker(
    text: str, words: str, open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    runs.add(preset="imdb")
    app = open_page("ask")
    before = len(asked)
    app.text_area(key="ask-text").set_value(text).run()
    assert not app.exception
    assert words in plain(app.error[0].value)
    assert len(asked) == before


def test_a_text_of_unknown_words_is_said_to_be_one(
    open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    runs.add(preset="imdb")
    app = open_page("ask")
    assert not app.info
    app.text_area(key="ask-text").set_value("这部电影非常好看").run()
    assert not app.exception
    assert "None of these words" in app.info[0].value
    assert ">这部电影非常好看</span>" in html(app)


@pytest.mark.parametrize(("text", "said_so"), [("It isn’t good", True), ("Good, nothing", True),
                                               ("A knot, notable", False)])  # fmt: skip
def test_a_negation_is_not_seen_and_that_is_said(
    text: str, said_so: bool, open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    runs.add(preset="imdb")
    app = open_page("ask")
    app.text_area(key="ask-text").set_value(text).run()
    assert not app.exception
    assert ("not their order" in said(app)) is said_so


def test_a_text_is_taken_from_the_test_set(
    open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    runs.add(preset="imdb")
    app = open_page("ask")
    app.button(key="ask-take").click().run()
    assert not app.exception
    taken = app.text_area(key="ask-text").value
    assert taken.split()[0].startswith("word")
    assert asked[-1][2] == taken
    assert "Label: **positive**" in said(app) or "Label: **negative**" in said(app)


def test_another_task_begins_with_its_own_example(
    open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    reviews, news = runs.add(preset="imdb"), runs.add(preset="reuters")
    app = open_page("ask", run=reviews.id)
    assert app.text_area(key="ask-text").value == ask_panel.FIRST_TEXTS["imdb"]
    app.selectbox(key="ask-run").set_value(news.id).run()
    assert not app.exception
    assert app.text_area(key="ask-text").value == ask_panel.FIRST_TEXTS["reuters"]


def test_a_house_starts_in_the_middle_and_its_columns_push(
    open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    run = runs.add(preset="boston")
    app = open_page("ask")
    assert not app.exception
    medians = tuple(column.median for column in columns_of("boston"))
    assert asked[-1] == (run.id, "best", medians)
    app.slider(key="ask-boston-5").set_value(8.0).run()
    assert not app.exception
    assert asked[-1][2] == (*medians[:5], 8.0, *medians[6:])
    assert answer_of(app) == ("Predicted price", "$25,000")
    assert "rooms" in html(app)
    assert "based on race" in said(app)
    app.button(key="ask-reset").click().run()
    assert app.slider(key="ask-boston-5").value == medians[5]


@pytest.mark.parametrize(
    ("value", "change", "direction"), [(25.0, "+$4,000", "UP"), (19.0, "-$2,000", "DOWN")]
)
def test_the_arrow_points_the_way_that_the_price_goes(
    value: float,
    change: str,
    direction: str,
    open_page: Open,
    runs: Runs,
    asked: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = TableAnswer(value, 21.0, (0.0,) * 13)
    monkeypatch.setattr(lab, "ask", lambda *_question, **_kind: answer)
    runs.add(preset="boston")
    app = open_page("ask")
    assert not app.exception
    (metric,) = app.metric
    assert metric.delta == change
    assert metric.proto.direction == Metric.MetricDirection.Value(direction)


def test_a_network_that_nobody_judged_is_offered_once(
    open_page: Open, runs: Runs, asked: list[tuple[Any, ...]]
) -> None:
    runs.add(config=final_config(PRESETS["boston"].config, 5))
    app = open_page("ask")
    assert not app.exception
    assert not app.get("button_group")
    assert asked[-1][1] == "best"


def test_runs_of_pictures_are_for_the_page_draw(open_page: Open, runs: Runs) -> None:
    run = runs.add()
    app = open_page("ask", run=run.id)
    assert not app.exception
    assert "another task" in app.warning[0].value
    assert not app.selectbox
    assert app.button(key="ask-train-imdb")


def test_each_task_without_pictures_can_be_asked() -> None:
    texts = {key for key, entry in TASKS.items() if entry.inputs == "texts"}
    assert set(ask_panel.FIRST_TEXTS) == texts
    assert set(ask_panel.OFFERS) <= set(PRESETS)
