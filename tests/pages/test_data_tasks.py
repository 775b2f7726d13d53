"""The Data page for tasks without pictures, and the choice of the task."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.experiment.presets import PRESETS
from mnist_core.tasks import TASKS, availability, split, task
from mnist_core.tasks.availability import DataState
from mnist_core.tasks.housing import PRICE
from mnist_core.tasks.text_data import read_back
from tests import made_up_texts
from ui.common import fetching
from ui.data import image_sets, keys, tables
from ui.data import texts as data_texts

from .conftest import Open, said


@pytest.fixture
def texts(lab_home: Path):
    """Made-up reviews and news where the lab looks for them."""

    def forget() -> None:
        for name in ("imdb", "reuters"):
            task(name).load.cache_clear()
        for kept in (image_sets._true_classes, image_sets._sets, data_texts._counted):
            kept.cache_clear()

    for name in ("imdb", "reuters"):
        made_up_texts.write(lab_home, name)
    forget()
    yield
    forget()


def choose(app: AppTest, key: str, value: object) -> AppTest:
    app.button_group(key=key).set_value(value).run()
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    return "\n".join(one.proto.body for one in app.get("html"))


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


# Which task


def test_mnist_comes_first_and_another_task_is_chosen(open_page: Open, texts: None) -> None:
    app = open_page("data")
    assert app.selectbox(key="data-task").value == "mnist"
    assert "task" not in app.query_params
    assert len(app.selectbox(key="data-task").options) == len(TASKS)
    app.selectbox(key="data-task").set_value("imdb").run()
    assert not app.exception
    assert app.query_params["task"] in ("imdb", ["imdb"])
    assert app.button_group(key="data-look").value == "samples"
    app.selectbox(key="data-task").set_value("mnist").run()
    assert not app.exception
    assert app.button_group(key="data-view").value == "digits"


def test_the_address_names_the_task(open_page: Open) -> None:
    assert open_page("data", task="boston").selectbox(key="data-task").value == "boston"
    app = open_page("data", task="![x](http://host.example/a.png)")
    assert not app.exception
    assert app.selectbox(key="data-task").value == "mnist"
    assert "There is no task" in app.warning[0].value
    assert "![" not in app.warning[0].value


def test_the_task_of_the_train_page_is_shown_unless_another_one_is_asked_for(
    open_page: Open,
) -> None:
    app = open_page("data")
    app.session_state["train-preset"] = "boston"
    app.run()
    assert not app.exception
    assert app.selectbox(key="data-task").value == "boston"


def test_another_task_by_its_address_begins_anew(open_page: Open, texts: None) -> None:
    """A text and a class of the one may not exist in the other."""
    app = choose(open_page("data", task="imdb"), "data-split", "test")
    app.pagination(key="data-page").set_value(2500).run()
    choose(app, "data-look", "steps")
    app.query_params["task"] = "reuters"
    app.run()
    assert not app.exception
    choose(app, "data-look", "samples")
    app.selectbox(key="data-topic").set_value(45).run()
    app.query_params["task"] = "imdb"
    app.run()
    assert not app.exception
    choose(app, "data-look", "samples")
    assert app.selectbox(key="data-topic").value == -1


# Texts


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_a_text_is_read_back_from_its_numbers(name: str, open_page: Open, texts: None) -> None:
    app = open_page("data", task=name)
    assert not app.exception
    first = int(image_sets.image_set("train", PRESETS[name].config).numbers[0])
    assert f"Text {first:,}" in said(app)
    data = task(name).load()
    words = data.x_train.text(first)
    shown = html(app)
    for number in words[1:].tolist():
        assert f"<ruby>{data.vocabulary[number]}<rt>{number}</rt></ruby>" in shown
    (listed,) = (frame.value for frame in app.dataframe)
    assert len(listed) == data_texts.PAGE
    assert listed["Beginning"][0] == read_back(words, data.vocabulary)


def test_a_class_and_a_set_are_chosen(open_page: Open, texts: None) -> None:
    app = choose(open_page("data", task="reuters"), "data-split", "test")
    app.selectbox(key="data-topic").set_value(4).run()
    assert not app.exception
    (listed,) = (frame.value for frame in app.dataframe)
    assert set(listed["Class"]) == {"acq"}
    app.pagination(key="data-page").set_value(2).run()
    assert not app.exception
    found = image_sets.image_set("test", PRESETS["reuters"].config).chosen(4)
    assert f"Text {found.numbers[data_texts.PAGE]:,}" in said(app)


def test_the_steps_of_news_end_with_the_same_loss_twice(open_page: Open, texts: None) -> None:
    app = choose(open_page("data", task="reuters"), "data-look", "steps")
    assert figures(app)["Type"] == "words"
    choose(app, "data-other-step", "indices")
    assert figures(app)["Type"] == "uint16"
    choose(app, "data-other-step", "multi_hot")
    assert figures(app) == {"Shape": "10,000", "Type": "float32", "Range": "0 – 1"}
    choose(app, "data-other-step", "label")
    assert figures(app)["Shape"] == "scalar"
    choose(app, "data-other-step", "one_hot")
    app.slider(key="data-sure").set_value(0.5).run()
    found = figures(app)
    assert found["`categorical_crossentropy`, one-hot"] == "0.693147"
    assert found["`sparse_…`, whole number"] == "0.693147"


def test_reviews_have_no_one_hot_step(open_page: Open, texts: None) -> None:
    app = choose(open_page("data", task="reuters"), "data-look", "steps")
    choose(app, "data-other-step", "one_hot")
    app.selectbox(key="data-task").set_value("imdb").run()
    assert not app.exception
    assert app.button_group(key="data-other-step").value == "words"


def test_all_46_classes_are_counted_and_words_stand_out(open_page: Open, texts: None) -> None:
    app = choose(open_page("data", task="reuters"), "data-look", "overview")
    (bars,) = (body for body in html(app).split("\n") if 'class="lab-bars' in body)
    assert bars.count('class="row"') == 46
    assert "lab-many" in bars
    assert "Choose a class" in app.info[0].value
    app.selectbox(key="data-topic").set_value(2).run()
    assert not app.exception
    frequent, telling = (frame.value for frame in app.dataframe)
    own = {f"word{made_up_texts.OWN_FROM + 2 * made_up_texts.OWN_WORDS + n}" for n in range(20)}
    assert set(telling["Word"][: made_up_texts.OWN_WORDS]) <= own
    assert len(frequent) == data_texts.LISTED


# Tables


def test_a_tables_rows_are_shown_with_their_price(open_page: Open) -> None:
    app = open_page("data", task="boston")
    assert not app.exception
    (rows,) = (frame.value for frame in app.dataframe)
    x, y = tables.parts(PRESETS["boston"].config)["train"]
    assert rows.shape == (303, 14)
    assert rows["Price"].tolist() == pytest.approx((1000 * y).tolist())
    assert rows["rooms"].tolist() == x[:, 5].tolist()
    choose(app, "data-split", "all")
    assert len(app.dataframe[0].value) == 506


def test_bostons_ethical_problem_is_said_and_california_offered(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(availability, "data_state", lambda _key: DataState.MISSING)
    app = open_page("data", task="boston")
    assert "based on race" in app.warning[0].value
    assert app.button(key="data-california").disabled
    monkeypatch.setattr(availability, "data_state", lambda _key: DataState.PRESENT)
    app = open_page("data", task="boston")
    monkeypatch.setattr(fetching, "is_ready", lambda _key: False)
    app.button(key="data-california").click().run()
    assert not app.exception
    assert app.selectbox(key="data-task").value == "california"
    assert app.query_params["task"] in ("california", ["california"])


def test_a_choice_stays_when_its_data_has_arrived(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "is_ready", lambda _key: False)
    monkeypatch.setattr(availability, "data_state", lambda _key: DataState.DOWNLOADABLE)
    app = open_page("data")
    app.selectbox(key="data-task").set_value("california").run()
    before = app.selectbox(key="data-task").options
    monkeypatch.setattr(availability, "data_state", lambda _key: DataState.PRESENT)
    app.run()
    assert app.selectbox(key="data-task").options != before
    assert app.selectbox(key="data-task").value == "california"


def test_a_row_is_standardised_by_the_training_part(open_page: Open) -> None:
    app = choose(open_page("data", task="boston"), "data-look", "steps")
    choose(app, "data-other-step", "scaled")
    (table,) = (frame.value for frame in app.dataframe)
    scale = split(task("boston").load(), PRESETS["boston"].config).standard
    assert table["Mean"].tolist() == pytest.approx(scale.mean.tolist())
    assert table["Standardised"].tolist() == pytest.approx(
        ((table["Value"] - table["Mean"]) / table["Standard deviation"]).tolist(), rel=1e-5
    )
    app.number_input(key="data-row").set_value(7).run()
    assert app.dataframe[0].value["Value"].tolist() == task("boston").load().x_train[7].tolist()
    choose(app, "data-other-step", "answer")
    assert figures(app)["Price"] == PRICE.text(float(task("boston").load().y_train[7]))


def test_a_column_is_drawn_against_the_price(open_page: Open) -> None:
    app = choose(open_page("data", task="boston"), "data-look", "overview")
    app.selectbox(key="data-column").set_value(5).run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 2
    assert "correlation of rooms with the price is +0.7" in said(app)
    assert html(app).count('class="row"') == 13


def test_the_task_key_stays() -> None:
    assert keys.TASK.key == "data-task"
