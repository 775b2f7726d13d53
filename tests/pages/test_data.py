"""The Data page without a browser: what it shows of which set, and what the address says.

The grid itself is drawn by the browser alone (tests/browser/test_data.py).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.experiment.config import TrainingConfig
from mnist_core.inference.questions import VARIATIONS
from mnist_core.tasks import task
from mnist_core.workers.engine import EngineState, Question
from ui.common.lab import lab
from ui.data import image_sets, keys

from .conftest import Open, components, plain, said

CONFIG = TrainingConfig()


def grid(app: AppTest) -> dict[str, Any]:
    """What the grid in the browser is given."""
    (element,) = components(app)
    return json.loads(element.proto.json)


def choose(app: AppTest, key: str, value: Any) -> AppTest:
    app.button_group(key=key).set_value(value).run()
    assert not app.exception
    return app


def look_at(app: AppTest, view: str) -> AppTest:
    return choose(app, "data-view", view)


def address(app: AppTest) -> list[str]:
    values = (app.query_params[name] for name in ("split", "class", "digit"))
    return [value if isinstance(value, str) else value[0] for value in values]


# The digits


def test_the_training_images_come_first(open_page: Open) -> None:
    app = open_page("data")
    assert not app.exception
    train = image_sets.image_set("train", CONFIG)
    assert grid(app)["names"] == train.numbers[:96].tolist()
    assert grid(app)["chosen"] == app.number_input(key="data-digit").value == train.numbers[0]
    (html,) = (one.proto.body for one in app.get("html") if 'class="lab-bars' in one.proto.body)
    for digit, count in enumerate(train.counts):
        assert f"{digit}: {count}" in html
    assert "700 images" in said(app)


def test_a_class_of_a_set_is_chosen(open_page: Open) -> None:
    app = choose(choose(open_page("data"), "data-split", "test"), "data-class", 4)
    data = task("mnist").load()
    fours = 60_000 + np.flatnonzero(data.y_test == 4)
    assert grid(app)["names"] == fours[:96].tolist()
    assert grid(app)["titles"][0] == f"4, image {fours[0]:,}"
    assert address(app) == ["test", "4", str(fours[0])]
    app.pagination(key="data-page").set_value(3).run()
    assert grid(app)["names"] == fours[192:288].tolist()
    assert app.number_input(key="data-digit").value == fours[192]
    assert address(app)[2] == str(fours[192])
    choose(app, "data-class", 5)
    assert app.pagination(key="data-page").value == 1


def test_a_number_chooses_a_digit(open_page: Open) -> None:
    app = open_page("data")
    app.number_input(key="data-digit").set_value(60_000).run()
    assert not app.exception
    assert grid(app)["chosen"] == 60_000
    assert "Class 7" in said(app)
    assert 60_000 not in image_sets.image_set("train", TrainingConfig()).numbers
    assert address(app)[2] == "60000"


def test_the_digit_is_shown_with_its_pixels(open_page: Open) -> None:
    app = open_page("data", split="all", digit="7")
    (chart,) = app.get("plotly_chart")
    figure = json.loads(chart.proto.spec)["data"][0]
    assert figure["type"] == "heatmap"
    assert figure["texttemplate"] == "%{z}"
    assert chart.proto.alt


def test_the_address_is_followed(open_page: Open) -> None:
    app = open_page("data", split="all", **{"class": "3"})
    assert not app.exception
    threes = np.flatnonzero(task("mnist").load().y_train == 3)
    assert grid(app)["names"] == threes[:96].tolist()
    assert app.button_group(key="data-split").value == "all"
    assert app.button_group(key="data-class").value == 3


def test_the_train_page_links_to_its_digits(open_page: Open) -> None:
    links = [one.proto for one in open_page("train").get("page_link")]
    (link,) = (one for one in links if one.label == "Look at these digits")
    assert (link.page, link.query_string) == ("data", "view=training")
    app = open_page("data", view="training")
    assert app.button_group(key="data-view").value == "training"
    look_at(app, "steps")
    assert app.query_params["view"] in ("steps", ["steps"])


@pytest.mark.parametrize("name", ["split", "class"])
def test_an_address_that_asks_for_nothing_that_there_is_is_answered(
    name: str, open_page: Open
) -> None:
    app = open_page("data", **{name: "![x](http://host.example/a.png)"})
    assert not app.exception
    (warning,) = app.warning
    assert "There is no" in warning.value
    assert "![" not in warning.value
    assert grid(app)["names"]


@pytest.mark.parametrize("digit", ["70000", "-1", "١", "9" * 400, "seven"])
def test_a_digit_that_there_is_not_is_not_followed(digit: str, open_page: Open) -> None:
    app = open_page("data", digit=digit)
    assert not app.exception
    assert grid(app)["chosen"] == grid(app)["names"][0]


# The preparation


def test_the_steps_are_clicked_through(open_page: Open) -> None:
    app = look_at(open_page("data", digit="7", split="all"), "steps")
    image = task("mnist").load().x_train[7]
    seen = []
    for _step in range(5):
        assert not app.exception
        seen.append([metric.value for metric in app.metric][:3])
        next_button = app.button(key="data-next")
        if not next_button.disabled:
            next_button.click().run()
    assert seen == [
        ["28 × 28", "uint8", f"0 – {image.max()}"],
        ["784", "uint8", f"0 – {image.max()}"],
        ["784", "float32", f"0 – {image.max() / 255:.3g}"],
        ["scalar", "int64", "3"],
        ["10", "float32", "0 – 1"],
    ]
    assert app.button(key="data-next").disabled
    app.button(key="data-back").click().run()
    assert app.button_group(key="data-step").value == "label"


def test_the_shape_is_the_one_of_the_chosen_network(open_page: Open) -> None:
    app = open_page("data")
    app.session_state["train-architecture"] = "lenet"
    look_at(app, "steps")
    choose(app, "data-step", "arranged")
    assert app.metric[0].value == "28 × 28 × 1"
    choose(app, "data-input", "vector")
    assert app.metric[0].value == "784"
    app.selectbox(key="train-pixel-scaling").select("raw").run()
    choose(app, "data-step", "scaled")
    assert app.metric[2].value.startswith("0 – 2")


# Training images


def test_settings_change_what_the_network_sees(open_page: Open) -> None:
    app = look_at(open_page("data"), "training")
    assert not any(grid(app)["badges"])
    app.number_input(key="train-train-size").set_value(300).run()
    app.slider(key="train-label-noise").set_value(0.1).run()
    assert not app.exception
    assert "300 images" in said(app)
    assert "30 with a wrong label" in said(app)
    noisy = image_sets.image_set("train", TrainingConfig(train_size=300, label_noise=0.1))
    assert grid(app)["names"] == noisy.numbers[:60].tolist()
    assert [bool(badge) for badge in grid(app)["badges"]] == noisy.wrong[:60].tolist()
    app.toggle(key="data-wrong").set_value(True).run()
    assert grid(app)["names"] == noisy.numbers[noisy.wrong].tolist()
    assert grid(app)["badges"] == [str(label) for label in noisy.labels[noisy.wrong]]
    assert "with the label" in grid(app)["titles"][0]
    # The other views look at the same experiment.
    look_at(app, "digits")
    assert grid(app)["names"] == noisy.numbers[:96].tolist()


def test_the_chosen_settings_are_those_of_the_train_page(open_page: Open) -> None:
    app = look_at(open_page("data"), "training")
    app.number_input(key="train-train-size").set_value(301).run()
    app.slider(key="train-label-noise").set_value(0.2).run()
    (link,) = (one.proto for one in app.get("page_link"))
    assert link.page == "train"
    app.switch_page("../../pages/train.py").run()
    assert not app.exception
    assert app.number_input(key="train-train-size").value == 301
    assert app.slider(key="train-label-noise").value == 0.2


def test_settings_that_do_not_go_together_are_said_in_each_view(open_page: Open) -> None:
    app = look_at(open_page("data"), "training")
    app.number_input(key="train-train-size").set_value(59_990).run()
    for view in ("training", "digits", "steps"):
        look_at(app, view)
        (error,) = app.error
        assert "60,290" in plain(error.value)


def variations_shown(app: AppTest) -> bool:
    return any('class="lab-pictures"' in one.proto.body for one in app.get("html"))


def test_without_variations_no_worker_is_asked(open_page: Open) -> None:
    app = look_at(open_page("data"), "training")
    assert not app.error
    assert variations_shown(app)


@pytest.mark.parametrize("name", ["shape", "handwriting"])
def test_variations_are_asked_of_the_worker(
    name: str, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(function, *arguments, kind):
        assert kind is Question.SHORT
        asked.append((function, arguments))
        return np.zeros((VARIATIONS, 28, 28), np.uint8)

    monkeypatch.setattr(lab, "ask", answer)
    app = look_at(open_page("data", digit="7", split="all"), "training")
    app.selectbox(key="train-augmentation").select(name).run()
    assert not app.exception
    assert variations_shown(app)
    ((function, (kind, image, seed)),) = asked
    assert (function, kind, seed) == ("mnist_core.inference.variations:vary", name, CONFIG.seed)
    np.testing.assert_array_equal(image, task("mnist").load().x_train[7])
    app.run()
    open_again = look_at(open_page("data", digit="7", split="all"), "training")
    open_again.selectbox(key="train-augmentation").select(name).run()
    assert len(asked) == 1, "the answer is the same for everybody"


@pytest.mark.parametrize(
    ("phase", "words"), [("starting", "workers are starting"), ("failed", "Why")]
)
def test_workers_that_cannot_answer_are_said(
    phase: str, words: str, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState(phase, "Why."))
    app = look_at(open_page("data"), "training")
    app.selectbox(key="train-augmentation").select("shape").run()
    assert not app.exception
    assert words in " ".join(one.value for one in [*app.info, *app.warning])


# Keys


def test_the_public_keys_stay() -> None:
    entries = keys.CLASS, keys.SPLIT, keys.PAGE, keys.DIGIT
    assert [entry.key for entry in entries] == [
        "data-class", "data-split", "data-page", "data-digit",
    ]  # fmt: skip


def test_a_number_past_the_last_image_turns_to_the_last_one(open_page: Open) -> None:
    app = open_page("data")
    app.number_input(key="data-digit").set_value(10**6).run()
    assert not app.exception
    assert app.number_input(key="data-digit").value == 69_999
    app.number_input(key="data-digit").set_value(-5).run()
    assert app.number_input(key="data-digit").value == 0
