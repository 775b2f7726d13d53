import json
import math
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.errors import ConfigError
from mnist_core.experiment.architectures import architectures_for
from mnist_core.experiment.config import (
    CHOICES,
    DEFAULT_LEARNING_RATES,
    LIMITS,
    Limit,
    TrainingConfig,
)
from mnist_core.experiment.presets import PRESETS

WHOLE = (
    *("train_size", "validation_size", "folds", "fold"),
    *("batch_size", "epochs", "seed", "patience"),
)
REAL = ("learning_rate", "momentum", "label_noise", "min_delta")


def within(field: str) -> st.SearchStrategy:
    limit = LIMITS[field]
    return (st.integers if field in WHOLE else st.floats)(limit.low, limit.high)


@st.composite
def configs(draw: st.DrawFn) -> TrainingConfig:
    train_size = draw(st.integers(10, 59_990))
    optimizer = draw(st.sampled_from(CHOICES["optimizer"]))
    return TrainingConfig(
        architecture=draw(st.sampled_from(architectures_for("mnist"))),
        train_size=train_size,
        validation_size=draw(st.integers(10, 60_000 - train_size)),
        sampling=draw(st.sampled_from(CHOICES["sampling"])),
        batch_size=draw(within("batch_size")),
        epochs=draw(within("epochs")),
        optimizer=optimizer,
        learning_rate=draw(within("learning_rate")),
        momentum=draw(within("momentum")) if optimizer == "sgd" else 0.0,
        seed=draw(within("seed")),
        pixel_scaling=draw(st.sampled_from(CHOICES["pixel_scaling"])),
        label_noise=draw(within("label_noise")),
        patience=draw(st.none() | within("patience")),
        min_delta=draw(within("min_delta")),
    )


@given(configs())
def test_a_config_survives_the_trip_through_json(config):
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_defaults_are_the_experiment_with_700_digits():
    assert TrainingConfig().to_dict() == {
        "task": "mnist",
        "architecture": "relu-2",
        "train_size": 700,
        "validation_size": 300,
        "sampling": "random",
        "folds": 0,
        "fold": 0,
        "batch_size": 10,
        "epochs": 1000,
        "optimizer": "sgd",
        "learning_rate": 0.01,
        "momentum": 0.0,
        "seed": 3,
        "pixel_scaling": "unit",
        "label_noise": 0.0,
        "augmentation": "none",
        "patience": None,
        "min_delta": 0.0,
        "histograms": "off",
    }


def test_limits_and_choices_cover_every_field_but_the_two_with_a_table_of_their_own():
    names = {field.name for field in fields(TrainingConfig)}
    assert set(LIMITS) | set(CHOICES) | {"task", "architecture"} == names
    assert set(WHOLE + REAL) == set(LIMITS)


def test_the_limits_are_those_of_the_experiments():
    assert (LIMITS["train_size"], LIMITS["validation_size"]) == (
        Limit(10, 60_000),
        Limit(0, 59_990),
    )
    assert LIMITS["epochs"] == LIMITS["patience"] == Limit(1, 20_000)
    assert LIMITS["batch_size"] == Limit(1, 60_000)
    assert LIMITS["seed"] == Limit(0, 2**31 - 1)
    assert LIMITS["learning_rate"].low > 0
    assert LIMITS["learning_rate"].high == 10
    assert LIMITS["momentum"] == Limit(0, 0.999)
    assert LIMITS["label_noise"] == Limit(0, 0.5)


def test_the_default_rates_are_those_of_keras():
    import keras

    for name, rate in DEFAULT_LEARNING_RATES.items():
        assert float(keras.optimizers.get(name).learning_rate) == pytest.approx(rate, rel=1e-6)
    assert set(DEFAULT_LEARNING_RATES) == set(CHOICES["optimizer"])


@pytest.mark.parametrize("field", LIMITS)
def test_both_ends_of_a_range_can_be_used(field):
    # The others are made to go with the largest of each.
    other = {"train_size": 10, "validation_size": 0, field: None}
    if field == "patience":
        other |= {"validation_size": 10}
    if field == "folds":
        other |= {"train_size": 54_000, "validation_size": 6_000, "fold": 10}
    if field == "fold":
        other |= {"train_size": 54_000, "validation_size": 6_000, "folds": 10}
    for value in (LIMITS[field].high, LIMITS[field].low):
        if value == 0 and field in ("folds", "fold"):
            other = {}
        assert getattr(TrainingConfig(**other | {field: value}), field) == value


@pytest.mark.parametrize("field", LIMITS)
@pytest.mark.parametrize("end", ["low", "high"])
def test_a_number_out_of_range_is_refused_with_field_value_and_range(field, end):
    limit = LIMITS[field]
    step = 1 if field in WHOLE else 1e-12
    value = limit.low - step if end == "low" else limit.high + step
    if end == "low" and field == "learning_rate":
        value = 0.0
    with pytest.raises(ConfigError) as raised:
        TrainingConfig(**{field: value})
    assert str(raised.value).startswith(f"{field} is {value!r}")
    assert f"from {limit.low} to {limit.high}." in raised.value.problem.format(
        **raised.value.values
    )


@pytest.mark.parametrize("field", LIMITS)
@pytest.mark.parametrize(
    "value", [True, False, "10", [10], 1j, math.nan, math.inf, -math.inf, 10**400, np.bool_(1)]
)
def test_what_is_no_number_in_range_is_refused(field, value):
    with pytest.raises(ConfigError) as raised:
        TrainingConfig(**{field: value})
    assert raised.value.values["field"] == field


@pytest.mark.parametrize("field", [field for field in LIMITS if field != "patience"])
def test_only_patience_may_be_left_open(field):
    with pytest.raises(ConfigError) as raised:
        TrainingConfig(**{field: None})
    assert (raised.value.values["field"], raised.value.values["value"]) == (field, "None")
    assert TrainingConfig(patience=None).patience is None


@pytest.mark.parametrize("field", WHOLE)
def test_a_whole_number_has_to_be_whole(field):
    with pytest.raises(ConfigError) as raised:
        TrainingConfig(**{field: 20.0})
    assert (raised.value.values["field"], raised.value.values["value"]) == (field, "20.0")


def test_numbers_become_pythons_own():
    config = TrainingConfig(
        epochs=np.int64(7), learning_rate=1, min_delta=np.float32(0.5), patience=np.uint8(3)
    )
    assert [type(config.epochs), type(config.learning_rate)] == [int, float]
    assert [type(config.min_delta), type(config.patience)] == [float, int]
    assert config == TrainingConfig(epochs=7, learning_rate=1.0, min_delta=0.5, patience=3)


@pytest.mark.parametrize(
    ("field", "value", "nearest"),
    [
        ("task", "mnst", "mnist"),
        ("architecture", "relu-521", "relu-512"),
        ("sampling", "stratefied", "stratified"),
        ("optimizer", "Adam", "adam"),
        ("pixel_scaling", "units", "unit"),
    ],
)
def test_an_unknown_name_is_met_with_the_nearest_known_one(field, value, nearest):
    with pytest.raises(ConfigError) as raised:
        TrainingConfig(**{field: value})
    values = raised.value.values
    assert (values["field"], values["value"], values["near"]) == (field, repr(value), nearest)


@pytest.mark.parametrize("field", [*CHOICES, "task", "architecture"])
@pytest.mark.parametrize("value", [None, 1, ["sgd"], {}, ""])
def test_what_is_no_known_name_is_refused(field, value):
    with pytest.raises(ConfigError) as raised:
        TrainingConfig(**{field: value})
    assert raised.value.values["field"] == field


def test_both_parts_together_have_60_000_images_and_no_more():
    config = TrainingConfig(train_size=50_000, validation_size=10_000)
    with pytest.raises(ConfigError) as raised:
        replace(config, validation_size=10_001)
    expected = {"train": 50_000, "validation": 10_001, "total": 60_001, "available": 60_000}
    assert raised.value.values == expected | {"excess": 1}


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_momentum_belongs_to_sgd(optimizer):
    assert TrainingConfig(momentum=0.9).momentum == 0.9
    with pytest.raises(ConfigError) as raised:
        TrainingConfig(momentum=0.9, optimizer=optimizer)
    assert raised.value.values == {"momentum": 0.9, "optimizer": optimizer}


def test_an_unknown_setting_is_met_with_the_nearest_one():
    with pytest.raises(ConfigError) as raised:
        TrainingConfig.from_dict({"epoch": 10})
    values = raised.value.values
    assert (values["field"], values["value"], values["near"]) == ("setting", "'epoch'", "epochs")


@pytest.mark.parametrize("values", [None, [("epochs", 1)], "epochs", 3])
def test_only_a_table_makes_a_config(values):
    with pytest.raises(ConfigError) as raised:
        TrainingConfig.from_dict(values)
    assert raised.value.values == {"value": repr(values)}


def test_settings_that_are_missing_take_their_defaults():
    assert TrainingConfig.from_dict({"epochs": 5}) == TrainingConfig(epochs=5)


def test_a_config_cannot_be_changed_but_copied_with_a_change():
    config = TrainingConfig()
    with pytest.raises(FrozenInstanceError):
        config.epochs = 2
    assert replace(config, epochs=2).epochs == 2
    with pytest.raises(ConfigError):
        replace(config, epochs=0)


def test_equal_configs_are_one_key():
    assert len({TrainingConfig(), TrainingConfig(epochs=1000), TrainingConfig(epochs=2)}) == 2


@pytest.mark.parametrize(("folds", "fold"), [(1, 1), (4, 0), (4, 5), (0, 2)])
def test_a_fold_is_one_of_the_folds(folds, fold):
    with pytest.raises(ConfigError) as raised:
        replace(PRESETS["boston"].config, folds=folds, fold=fold)
    assert raised.value.values == {"folds": folds, "fold": fold}


def test_a_fold_has_the_size_that_it_has():
    config = replace(PRESETS["boston"].config, folds=4, fold=1)
    assert (config.train_size, config.validation_size) == (303, 101)
    with pytest.raises(ConfigError) as raised:
        replace(config, train_size=300)
    assert (raised.value.values["train"], raised.value.values["validation"]) == (303, 101)


@pytest.mark.parametrize(
    ("preset", "change"),
    [
        ("imdb", {"pixel_scaling": "raw"}),
        ("reuters", {"augmentation": "shape"}),
        ("boston", {"label_noise": 0.1}),
        ("boston", {"sampling": "stratified"}),
    ],
)
def test_a_setting_that_the_task_does_not_know_is_refused(preset, change):
    ((field, value),) = change.items()
    with pytest.raises(ConfigError) as raised:
        replace(PRESETS[preset].config, **change)
    values = raised.value.values
    assert (values["field"], values["value"], values["task"]) == (field, repr(value), preset)


def test_a_network_of_another_task_is_refused():
    with pytest.raises(ConfigError) as raised:
        replace(PRESETS["imdb"].config, architecture="lenet")
    assert raised.value.values["architecture"] == "lenet"
    assert raised.value.values["task"] == "imdb"


def test_a_task_has_so_many_samples_and_no_more():
    with pytest.raises(ConfigError) as raised:
        replace(PRESETS["boston"].config, train_size=304)
    assert raised.value.values["available"] == 404


@pytest.mark.parametrize("size", [1, 9])
def test_a_few_samples_judge_nothing(size):
    with pytest.raises(ConfigError) as raised:
        TrainingConfig(validation_size=size)
    assert raised.value.values["value"] == size


def test_nobody_stops_early_without_a_judge():
    with pytest.raises(ConfigError) as raised:
        TrainingConfig(validation_size=0, patience=3)
    assert raised.value.values["patience"] == 3


def test_a_network_that_was_renamed_is_known_by_its_former_key():
    stored = PRESETS["california"].config.to_dict() | {"architecture": "california-64-64"}
    assert TrainingConfig.from_store(stored) == TrainingConfig.from_dict(stored)
    assert TrainingConfig.from_dict(stored) == PRESETS["california"].config
