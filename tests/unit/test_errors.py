import copy
import pickle

import pytest

from mnist_core import errors
from mnist_core.errors import ConfigError, DataError, LabError, StoreError, UnknownRunError
from mnist_core.i18n import mark

PROBLEM = mark("epochs is {value}, but has to be at least {low}.")
REMEDY = mark("Choose a larger number.")


def test_the_two_parts_make_one_text_in_order():
    error = LabError(PROBLEM, REMEDY, value=0, low=1)
    assert str(error) == "epochs is 0, but has to be at least 1. Choose a larger number."
    assert error.sentence() == str(error)


def test_templates_are_translated_before_they_are_filled_in():
    chinese = {PROBLEM: "epochs 是 {value},至少要 {low}。", REMEDY: "请选大一些的数。"}
    error = ConfigError(PROBLEM, REMEDY, value=0, low=1)
    assert error.sentence(chinese.__getitem__) == "epochs 是 0,至少要 1。 请选大一些的数。"
    assert str(error).startswith("epochs is 0,")


def test_a_value_with_braces_is_shown_and_not_filled_in_again():
    error = DataError(PROBLEM, REMEDY, value="{low}", low=1)
    assert str(error).startswith("epochs is {low},")


@pytest.mark.parametrize("repeat", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
def test_an_error_comes_back_whole_from_another_process(repeat):
    error = repeat(UnknownRunError(PROBLEM, REMEDY, value="abc", low=1))
    assert type(error) is UnknownRunError
    assert str(error) == "epochs is abc, but has to be at least 1. Choose a larger number."
    assert error.values == {"value": "abc", "low": 1}


def test_the_tree_of_failures():
    assert issubclass(ConfigError, ValueError)
    assert issubclass(UnknownRunError, StoreError)
    for name in ("ConfigError", "DataError", "StoreError", "TrainingError", "EngineError"):
        kind = getattr(errors, name)
        with pytest.raises(LabError):
            raise kind(PROBLEM, REMEDY, value=0, low=1)


def test_the_problem_of_another_error_is_quoted_and_translated():
    cause = DataError(PROBLEM, REMEDY, value=0, low=1)
    error = StoreError(mark("Could not open {file}: {reason}"), REMEDY, file="a", reason=cause)
    assert str(error) == "Could not open a: epochs is 0, but has to be at least 1. " + REMEDY
    assert error.cause(lambda text: text.replace("epochs", "Epochen")).endswith(
        "Epochen is 0, but has to be at least 1."
    )


def test_the_error_of_an_unknown_name_lists_the_known_names_and_the_nearest():
    error = errors.unknown_name("optimizer", "adm", ["sgd", "adam"])
    assert str(error).startswith("optimizer is 'adm'")
    assert error.values["names"] == "sgd, adam"
    assert error.remedy.format(**error.values) == "Did you mean adam?"


def test_the_error_of_an_unknown_name_suggests_nothing_where_no_name_is_similar():
    error = errors.unknown_name("optimizer", None, ["sgd", "adam"])
    assert error.values["names"] == "sgd, adam"
    assert "{near}" not in error.remedy


@pytest.mark.parametrize("value", ["x" * 10_000, list(range(10_000)), 10**300])
def test_a_long_value_is_cut_to_a_readable_length(value):
    assert len(errors.shown(value)) <= 60
    assert errors.shown("sgd") == "'sgd'"
