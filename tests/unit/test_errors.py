import copy
import pickle

import pytest

from mnist_core import errors
from mnist_core.errors import ConfigError, DataError, LabError, StoreError, UnknownRunError
from mnist_core.i18n import mark

RECEIVED = mark("epochs is {value}.")
WHY = mark("It has to be at least {low}.")
REMEDY = mark("Choose a larger number.")


def test_the_three_parts_make_one_sentence_in_order():
    error = LabError(RECEIVED, WHY, REMEDY, value=0, low=1)
    assert str(error) == "epochs is 0. It has to be at least 1. Choose a larger number."
    assert error.sentence() == str(error)


def test_templates_are_translated_before_they_are_filled_in():
    chinese = {
        RECEIVED: "收到的 epochs 是 {value}。",
        WHY: "至少要 {low}。",
        REMEDY: "请选大一些的数。",
    }
    error = ConfigError(RECEIVED, WHY, REMEDY, value=0, low=1)
    assert error.sentence(chinese.__getitem__) == (
        "收到的 epochs 是 0。 至少要 1。 请选大一些的数。"
    )
    assert str(error).startswith("epochs is 0.")


def test_a_value_with_braces_is_shown_and_not_filled_in_again():
    error = DataError(RECEIVED, WHY, REMEDY, value="{low}", low=1)
    assert str(error).startswith("epochs is {low}.")


@pytest.mark.parametrize("repeat", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
def test_an_error_comes_back_whole_from_another_process(repeat):
    error = repeat(UnknownRunError(RECEIVED, WHY, REMEDY, value="abc", low=1))
    assert type(error) is UnknownRunError
    assert str(error) == "epochs is abc. It has to be at least 1. Choose a larger number."
    assert error.values == {"value": "abc", "low": 1}


def test_the_tree_of_failures():
    assert issubclass(ConfigError, ValueError)
    assert issubclass(UnknownRunError, StoreError)
    for name in ("ConfigError", "DataError", "StoreError", "TrainingError", "EngineError"):
        kind = getattr(errors, name)
        with pytest.raises(LabError):
            raise kind(RECEIVED, WHY, REMEDY, value=0, low=1)


def test_an_unknown_name_is_met_with_the_known_ones_and_the_nearest():
    error = errors.unknown_name("optimizer", "adm", ["sgd", "adam"])
    assert str(error) == (
        "optimizer is 'adm'. There is none of that name; the known ones are sgd, adam. "
        "Did you mean adam?"
    )


def test_an_unknown_name_like_no_other_gets_no_proposal():
    assert str(errors.unknown_name("optimizer", None, ["sgd", "adam"])).endswith(
        "the known ones are sgd, adam. Choose one of them."
    )


@pytest.mark.parametrize("value", ["x" * 10_000, list(range(10_000)), 10**300])
def test_a_long_value_is_cut_to_a_readable_length(value):
    assert len(errors.shown(value)) <= 60
    assert errors.shown("sgd") == "'sgd'"
