"""Figures, times and settings in words."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import RateChange
from mnist_core.tasks.housing import PRICE
from tests.made_up_task import MPG
from ui.common import formatting
from ui.common.formatting import (
    about,
    duration,
    loss,
    moment,
    more_settings_line,
    percent,
    settings_line,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.12345, "0.123"), (12.5, "12.500"), (123_456.7, "123,457"), (math.nan, "–"), (None, "–")],
)
def test_a_loss(value: float | None, shown: str) -> None:
    assert loss(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"), [(0.9876, "98.8%"), (1.0, "100.0%"), (None, "–"), (math.inf, "–")]
)
def test_a_share(share: float | None, shown: str) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (75, "1:15"), (3675, "1:01:15")],
)
def test_a_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_moment_is_of_the_readers_place() -> None:
    assert moment(0, "Asia/Shanghai") == "1970-01-01 08:00"
    assert moment(0, "UTC") == "1970-01-01 00:00"
    assert moment(None, "UTC") == "–"


@pytest.mark.parametrize("timezone", [None, "", "Nowhere/Land", "../etc/passwd"])
def test_an_unknown_place_gets_the_servers_time(timezone: str | None) -> None:
    assert moment(0, timezone) == moment(0, None)


def test_a_line_names_what_was_chosen() -> None:
    config = replace(PRESETS["overfit-700"].config, momentum=0.9, label_noise=0.2, patience=5)
    line = f"{settings_line(config)} · {more_settings_line(config)}".replace("\xa0", " ")
    assert line == (
        "Two hidden units · 700 training samples · 1,000 epochs · 300 validation samples · "
        "SGD at 0.01 · momentum 0.9 · batches of 10 · seed 3 · 20% label noise · "
        "early stopping, patience 5"
    )


def test_the_two_lines_name_every_setting_that_was_changed() -> None:
    usual = PRESETS["overfit-700"].config
    changes: dict[str, object] = {
        "architecture": "lenet",
        "train_size": 701,
        "validation_size": 301,
        "sampling": "stratified",
        "batch_size": 11,
        "epochs": 1001,
        "optimizer": "adam",
        "learning_rate": 0.02,
        "momentum": 0.5,
        "seed": 99,
        "pixel_scaling": "raw",
        "label_noise": 0.3,
        "augmentation": "shape",
        "patience": 7,
        "min_delta": 0.004,
        "histograms": "on",
    }
    # The network tells which task it is.
    assert set(changes) == set(usual.to_dict()) - {"task", "folds", "fold"}
    boston = PRESETS["boston"].config
    assert more_settings_line(boston) != more_settings_line(replace(boston, folds=4, fold=1))
    usual = replace(usual, patience=6)  # without which min_delta would say nothing
    for name, value in changes.items():
        changed = replace(usual, **{name: value})
        assert settings_line(changed) + more_settings_line(changed) != (
            settings_line(usual) + more_settings_line(usual)
        ), name


def test_every_rate_that_was_set_by_hand_is_named_up_to_a_point() -> None:
    config = PRESETS["overfit-700"].config
    changes = [RateChange(277, 0.01, 0.1), RateChange(1400, 0.1, 0.001)]
    line = more_settings_line(config, changes).replace("\xa0", " ")
    assert "SGD at 0.01, then 0.1 from epoch 277, then 0.001 from epoch 1,400" in line
    many = [RateChange(epoch, 0.0, epoch / 8) for epoch in range(1, 40)]
    line = more_settings_line(config, many).replace("\xa0", " ")
    assert "from epoch 39 (39 changes in total)" in line and "from epoch 30" not in line


def test_one_epoch_is_no_plural() -> None:
    config = replace(PRESETS["lenet"].config, epochs=1)
    assert settings_line(config).replace("\xa0", " ").endswith("· 1 epoch")


def test_choices_that_this_version_does_not_know_are_shown_as_they_are() -> None:
    stored = TrainingConfig().to_dict() | {"optimizer": "lion", "augmentation": "mixup"}
    line = more_settings_line(TrainingConfig.from_store(stored))
    assert "lion\xa0at\xa00.01" in line and "mixup" in line


@pytest.mark.parametrize(
    ("thousands", "written"),
    [
        (2.851, "$2,851"),
        (22.5, "$22,500"),
        (0.0, "$0"),
        (-1.2, "-$1,200"),
        (-0.0004, "$0"),
        (1e9, "$1e+12"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_a_price_is_written_as_people_do(thousands, written) -> None:
    assert formatting.metric(thousands, PRICE) == written


def test_a_change_of_a_price_has_its_sign() -> None:
    assert PRICE.change(0.338) == "+$338"
    assert PRICE.change(-0.338) == "-$338"
    assert PRICE.change(0.0004) == "$0"


def test_a_number_is_written_with_the_unit_of_its_task() -> None:
    quantity = MPG.quantity
    assert quantity is not None
    assert quantity.text(18.04) == "18.0 mpg"
    assert quantity.change(-0.25) == "-0.2 mpg"
    assert quantity.change(0.04) == "0.0 mpg"
    assert quantity.in_unit(18.04) == "18.040 miles per gallon"
    assert formatting.column_format(quantity) == "%,.1f mpg"
    assert formatting.column_format(PRICE) == "$%,.0f"


@given(value=st.floats(-1e6, 1e6), step=st.sampled_from([0.01, 0.1, 0.5, 2.0, 100.0]))
def test_a_prediction_is_rounded_to_the_nearest_step(value: float, step: float) -> None:
    rounded = replace(PRICE, step=step).rounded(value)
    assert abs(rounded - value) <= step / 2 * (1 + 1e-6)
    assert rounded / step == pytest.approx(round(rounded / step))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (7.4, "7 s"), (44, "40 s"), (89, "90 s"), (200, "3 min"), (9_000, "2 h")],
)
def test_an_estimated_time_has_no_more_digits_than_are_known(seconds: float, words: str) -> None:
    assert about(seconds) == words
