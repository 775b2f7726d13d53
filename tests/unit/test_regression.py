"""The figures about a network that finds a number, against scikit-learn's, and their charts."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sklearn.metrics as reference

from mnist_core.errors import DataError
from mnist_core.evaluation.gap import ErrorGap, compared
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.tasks.housing import PRICE
from tests.made_up_task import MPG
from ui.common.charts import number_format
from ui.evaluate import regression_charts

DOLLARS = number_format(PRICE)


def found(count: int = 300, *, seed: int = 1, spread: float = 3.0) -> RegressionEvaluation:
    dice = np.random.default_rng(seed)
    truths = dice.uniform(5, 50, count)
    return RegressionEvaluation.of(
        truths, (truths + dice.normal(0.5, spread, count))[:, None], unit="thousand dollars"
    )


def test_the_figures_are_scikit_learn_s():
    one = found()
    assert one.mae.value == pytest.approx(
        reference.mean_absolute_error(one.truths, one.predictions)
    )
    assert one.rmse.value == pytest.approx(
        reference.root_mean_squared_error(one.truths, one.predictions)
    )
    assert one.r2 == pytest.approx(reference.r2_score(one.truths, one.predictions))
    assert one.loss.value == pytest.approx(one.rmse.value**2)
    assert one.bias.value == pytest.approx((one.predictions - one.truths).mean())


@pytest.mark.parametrize("name", ["mae", "rmse"])
def test_the_intervals_hold_the_true_error_as_often_as_they_say(name):
    # Of normal errors around 0 with a deviation of 3 both true figures are known.
    true = {"mae": 3 * np.sqrt(2 / np.pi), "rmse": 3.0}[name]
    dice = np.random.default_rng(4)
    held = []
    for _ in range(1500):
        errors = dice.normal(0, 3, 100)
        estimate = getattr(RegressionEvaluation.of(np.arange(100.0), np.arange(100) + errors), name)
        held.append(estimate.low <= true <= estimate.high)
    assert 0.92 < np.mean(held) < 0.97


def test_the_largest_errors_come_first_whichever_way_they_point():
    one = RegressionEvaluation.of(
        np.array([10.0, 10, 10, 10]), np.array([11.0, 2, 10, 15]), indices=np.array([7, 5, 3, 1])
    )
    assert one.top_errors(3).tolist() == [1, 3, 0]
    listed = one.to_dict()["top_errors"]
    assert [(row["index"], row["error"]) for row in listed][:2] == [(5, -8.0), (1, 5.0)]


def test_what_has_no_figure_says_so():
    one = RegressionEvaluation.of(np.array([4.0]), np.array([5.0]))
    assert one.r2 is None
    told = json.loads(json.dumps(one.to_dict(), allow_nan=False))
    assert told["rmse"] == {"value": 1.0, "low": None, "high": None}
    assert RegressionEvaluation.of(np.full(9, 4.0), np.arange(9.0)).r2 is None


@pytest.mark.parametrize(
    ("truths", "answers", "values"),
    [
        ([], [], {"targets": 0, "shape": (0,)}),
        ([1.0, 2.0], [1.0], {"targets": 2, "shape": (1,)}),
        ([1.0], [[1.0, 2.0]], {"targets": 1, "shape": (1, 2)}),
        ([1.0], [float("nan")], {}),
    ],
)
def test_what_cannot_be_judged_is_refused(truths, answers, values):
    with pytest.raises(DataError) as raised:
        RegressionEvaluation.of(np.array(truths), np.array(answers))
    assert raised.value.values == values


def test_the_gap_is_how_much_farther_off_it_is():
    train, test = found(spread=1), found(seed=2, spread=4)
    gap = ErrorGap.between(train, test)
    assert gap.mae.value == pytest.approx(test.mae.value - train.mae.value)
    assert gap.mae.low > 0
    table = compared({"test": test, "train": train})
    assert table["test"]["gap"]["mae"]["value"] == gap.mae.value
    assert "gap" not in table["train"]
    assert "gap" not in compared({"test": test})["test"]


def test_each_point_of_the_charts_is_a_sample():
    one = found()
    line, points = regression_charts.predicted_against_true(one, DOLLARS).data
    assert list(line.x) == list(line.y)
    np.testing.assert_array_equal(points.x, 1000 * one.truths)
    np.testing.assert_array_equal(points.y, 1000 * one.predictions)
    _, residuals = regression_charts.residuals_against_predicted(one, DOLLARS).data
    np.testing.assert_array_equal(residuals.y, 1000 * (one.predictions - one.truths))
    (bars,) = regression_charts.residual_histogram(one, DOLLARS).data
    assert sum(bars.y) == len(one)


def test_the_numbers_have_the_unit_of_their_task():
    figure = regression_charts.predicted_against_true(found(), DOLLARS)
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert (axis.tickformat, axis.ticksuffix) == ("$~s", "")
    figure = regression_charts.predicted_against_true(found(), number_format(MPG.quantity))
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert (axis.tickformat, axis.ticksuffix) == (",~f", " mpg")
    assert "%{customdata[3]:+,.1f} mpg" in figure.data[1].hovertemplate


def test_of_very_many_samples_some_are_drawn():
    shown = regression_charts.drawn(found(12_512))
    assert 1_000 <= len(shown) <= regression_charts.MOST_POINTS
    far = RegressionEvaluation.of(np.zeros(500), np.append(np.zeros(499), 1e4))
    (bars,) = regression_charts.residual_histogram(far, DOLLARS).data
    assert len(bars.y) <= regression_charts.MOST_BARS


def test_the_words_can_be_translated():
    figure = regression_charts.residual_histogram(
        found(), DOLLARS, translate=lambda text: f"[{text}]"
    )
    assert figure.layout.yaxis.title.text == "[count]"
