"""The ways out as a table, and what a file is called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from mnist_core.errors import ConfigError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run, Store
from mnist_core.transfer.formats import (
    FORMATS,
    NAME_IN_FILE,
    file_name,
    format_of,
    input_shape,
    input_words,
    output_words,
    why_no_code,
)


@pytest.fixture
def run(lab_home) -> Run:
    store = Store(lab_home)
    run = store.create(TrainingConfig(), name="overfit-700")
    store.database.close()
    return run


def test_the_formats_in_their_order():
    expected = {
        "keras": ".keras",
        "h5": ".h5",
        "weights": ".weights.h5",
        "tflite": ".tflite",
        "onnx": ".onnx",
        "script": ".py",
        "notebook": ".ipynb",
    }
    assert {key: form.ending for key, form in FORMATS.items()} == expected
    assert [key for key, form in FORMATS.items() if form.is_code] == ["script", "notebook"]
    assert all("/" in form.mime and form.summary.endswith(".") for form in FORMATS.values())


def test_an_unknown_format_is_explained():
    with pytest.raises(ConfigError, match="format is 'onxn'.*Did you mean onnx"):
        format_of("onxn")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("overfit-700", "overfit-700"),
        ("my run, taught", "my-run-taught"),
        ("../../etc/passwd", "etc-passwd"),
        ("手写 1", "手写-1"),
        ('a"b\\c<d>|e?*:', "a-b-c-d-e"),
        (".hidden..", "hidden"),
        ("x" * 200, "x" * NAME_IN_FILE),
    ],
)
def test_a_file_is_called_as_its_run(run, name, plain):
    named = replace(run, name=name)
    assert file_name(named, FORMATS["onnx"], "best") == f"{plain}-best.onnx"
    assert file_name(named, FORMATS["script"], "best") == f"{plain}.py"
    assert PurePosixPath(file_name(named, FORMATS["h5"], "last")).name == f"{plain}-last.h5"


def test_a_name_of_signs_alone_gives_way_to_the_id(run):
    assert file_name(replace(run, name="??!"), FORMATS["h5"], "last") == f"{run.id[:8]}-last.h5"


def test_what_a_file_takes_is_said(run):
    assert input_shape(run) == "(n, 784)"
    assert "divided by 255" in input_words(run)
    raw = replace(run, config=replace(run.config, architecture="lenet", pixel_scaling="raw"))
    assert input_shape(raw) == "(n, 28, 28, 1)"
    assert "255 for ink" in input_words(raw)
    assert input_shape(replace(run, imported={"input_shape": [28, 28]})) == "(n, 28, 28)"
    object.__setattr__(raw.config, "task", "gone")
    assert "pixels" not in input_words(raw) and "{shape}" in input_words(raw)
    assert output_words(raw) == ""


@pytest.mark.parametrize(
    ("key", "shape", "takes", "answers"),
    [
        ("mnist", "(n, 784)", "divided by 255", "a probability for each class"),
        ("fashion", "(n, 784)", "divided by 255", "a probability for each class"),
        ("imdb", "(n, 10000)", "every word in it", "the probability of class 1"),
        ("reuters", "(n, 10000)", "every word in it", "a probability for each class"),
        ("boston", "(n, 13)", "standardised", "one number for each sample, in {unit}"),
        ("california", "(n, 8)", "standardised", "in {unit}"),
    ],
)
def test_what_a_file_of_each_task_takes_and_answers_is_said(run, key, shape, takes, answers):
    config = next(one.config for one in PRESETS.values() if one.config.task == key)
    one = replace(run, config=config)
    assert input_shape(one) == shape
    assert takes in input_words(one) and answers in output_words(one)


def test_a_run_that_code_cannot_train_again_says_why(run):
    assert why_no_code(run) == ""
    assert "imported from a file" in why_no_code(replace(run, imported={"input_shape": [784]}))
    assert "fine-tuned on drawings" in why_no_code(replace(run, lesson={"base": "0" * 32}))
