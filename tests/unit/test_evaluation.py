"""The figures about a classifier, against scikit-learn's and against examples made by hand."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from mnist_core.errors import DataError
from mnist_core.evaluation.calibration import BINS
from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.gap import Gap, compared
from mnist_core.evaluation.intervals import Estimate

ROOT = Path(__file__).resolve().parents[2]
THREE = ("a", "b", "c")


def answers(
    classes: int, count: int, *, seed: int = 1, sharpness: float = 2.0
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels, and probabilities that are right more often than not."""
    dice = np.random.default_rng(seed)
    labels = dice.integers(0, classes, count)
    sums = dice.normal(0, 1, (count, classes))
    sums[np.arange(count), labels] += 1
    powers = np.exp(sharpness * sums)
    return labels, (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def named(classes: int) -> tuple[str, ...]:
    return tuple(f"class {number}" for number in range(classes))


def evaluated(classes: int, count: int, **more) -> Evaluation:
    labels, probabilities = answers(classes, count, **more)
    return Evaluation.of(labels, probabilities, classes=named(classes))


# ---- intervals


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (10, 10), (1, 3), (9_876, 10_000)])
def test_the_interval_of_a_share_is_wilson_s(hits, count):
    expected = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    found = Estimate.of_share(hits, count)
    assert found.value == hits / count
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_interval_of_a_mean_is_two_standard_errors_wide():
    values = np.array([1.0, 2.0, 3.0, 6.0])
    error = values.std(ddof=1) / 2
    found = Estimate.of_mean(values)
    assert found.value == 3
    assert found.high - 3 == pytest.approx(1.96 * error, rel=1e-4)
    assert 3 - found.low == pytest.approx(1.96 * error, rel=1e-4)


def test_one_value_has_no_interval_and_json_says_so():
    one = Evaluation.of(np.array([1]), np.array([[0.2, 0.8]]), classes=("no", "yes"))
    assert math.isnan(one.loss.low)
    assert one.to_dict()["loss"] == {"value": pytest.approx(-math.log(0.8)), "low": None} | {
        "high": None
    }
    json.dumps(one.to_dict(), allow_nan=False)


def test_the_interval_holds_the_true_share_as_often_as_it_says():
    dice = np.random.default_rng(5)
    held = [
        found.low <= 0.97 <= found.high
        for hits in dice.binomial(300, 0.97, 4000)
        for found in [Estimate.of_share(int(hits), 300)]
    ]
    assert 0.93 < np.mean(held) < 0.97


def test_a_difference_is_less_certain_than_either_of_its_sides():
    one, other = Estimate(0.9, 0.87, 0.92), Estimate(0.7, 0.66, 0.73)
    found = one.minus(other)
    assert found.value == pytest.approx(0.2)
    assert found.low == pytest.approx(0.2 - math.hypot(0.03, 0.03))
    assert found.high == pytest.approx(0.2 + math.hypot(0.02, 0.04))


# ---- against scikit-learn


@pytest.mark.parametrize("classes", [2, 10, 46])
def test_the_figures_are_scikit_learn_s(classes):
    labels, probabilities = answers(classes, 3000)
    found = Evaluation.of(labels, probabilities, classes=named(classes))
    read = probabilities.argmax(axis=1)
    everything = list(range(classes))
    np.testing.assert_array_equal(
        found.confusion, reference.confusion_matrix(labels, read, labels=everything)
    )
    assert found.accuracy.value == reference.accuracy_score(labels, read)
    assert found.loss.value == pytest.approx(
        reference.log_loss(labels, probabilities, labels=everything), rel=1e-5
    )
    scores = reference.precision_recall_fscore_support(labels, read, labels=everything)
    for one, precision, recall, f1, support in zip(found.per_class, *scores, strict=True):
        assert (one.precision, one.recall, one.f1) == (precision, recall, f1)
        assert one.support == support
    assert [one.name for one in found.per_class] == list(named(classes))
    shares, means = calibration_curve(
        read == labels, probabilities.max(axis=1).astype(float), n_bins=BINS
    )
    assert [one.confidence for one in found.calibration.bins] == pytest.approx(list(means))
    assert [one.accuracy.value for one in found.calibration.bins] == pytest.approx(list(shares))


# ---- by hand


def test_a_class_that_is_never_read_and_one_that_is_not_there_have_no_score():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0]])
    found = Evaluation.of(np.array([0, 1]), probabilities, classes=THREE)
    first, second, third = found.per_class
    assert (first.precision, first.recall, first.support) == (0.5, 1.0, 1)
    assert (second.precision, second.recall, second.support) == (None, 0.0, 1)
    assert (third.precision, third.recall, third.f1, third.support) == (None, None, None, 0)
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_most_confused_pairs_come_first():
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    read = np.array([0, 2, 2, 1, 0, 1, 1, 1, 2])
    found = Evaluation.of(labels, np.eye(3)[read], classes=THREE)
    assert [(p.true, p.predicted, p.count) for p in found.confused_pairs] == [
        (2, 1, 3),
        (0, 2, 2),
        (1, 0, 1),
    ]
    assert found.confused_pairs[0].share == 0.75
    assert found.to_dict()["confused_pairs"][0] == {
        "true": "c",
        "read": "b",
        "count": 3,
        "share": 0.75,
    }


def test_the_worst_answers_come_first_with_their_place_in_the_dataset():
    probabilities = np.array([[0.9, 0.1], [0.01, 0.99], [0.4, 0.6]])
    found = Evaluation.of(
        np.array([0, 0, 0]), probabilities, classes=("no", "yes"), indices=np.array([50, 70, 60])
    )
    assert list(found.top_losses()) == [1, 2, 0]
    worst = found.to_dict()["top_losses"][0]
    assert worst["index"] == 70
    assert (worst["true"], worst["read"]) == ("no", "yes")
    assert worst["loss"] == pytest.approx(-math.log(0.01))
    assert worst["probabilities"] == [0.01, 0.99]


def test_losses_that_the_network_knows_better_count():
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0]])
    losses = np.array([120.0, 0.0])
    found = Evaluation.of(
        np.array([1, 1]), probabilities, classes=("no", "yes"), losses=losses, penalty=0.5
    )
    assert found.loss.value == 60
    assert found.to_dict()["regularisation"] == 0.5


def test_a_cell_has_its_images_the_surest_first():
    labels = np.array([0, 0, 1, 0, 0])
    probabilities = np.array([[0.4, 0.6], [0.1, 0.9], [0.2, 0.8], [0.7, 0.3], [0.3, 0.7]])
    found = Evaluation.of(labels, probabilities, classes=("no", "yes"))
    assert list(found.cell(0, 1)) == [1, 4, 0]
    assert list(found.cell(0, 0)) == [3]
    assert list(found.cell(1, 0)) == []


def test_the_calibration_error_of_a_boaster():
    """Ten answers, each 95 % sure, of which five are right."""
    probabilities = np.tile([0.95, 0.05], (10, 1))
    found = Evaluation.of(np.repeat([0, 1], 5), probabilities, classes=("no", "yes")).calibration
    assert found.expected_error == pytest.approx(0.45)
    assert found.confidence == pytest.approx(0.95)
    (only,) = found.bins
    assert (only.low, only.high, only.count) == (0.9, 1.0, 10)
    assert only.accuracy.value == 0.5


def test_an_honest_network_has_next_to_no_calibration_error():
    dice = np.random.default_rng(2)
    sure = dice.uniform(0.5, 1, 20_000)
    labels = (dice.uniform(0, 1, 20_000) > sure).astype(int)
    found = Evaluation.of(labels, np.stack([sure, 1 - sure], axis=1), classes=("no", "yes"))
    assert found.calibration.expected_error < 0.02


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_one_column_of_a_sigmoid_is_enough_for_two_classes(shape):
    chances = np.array([0.2, 0.5, 0.7, 0.99], np.float32)
    labels = np.array([0, 1, 1, 1])
    found = Evaluation.of(labels, chances.reshape(shape), classes=("no", "yes"))
    assert found.probabilities.shape == (4, 2)
    assert list(found.predicted) == [0, 0, 1, 1], "0.5 is no yes, as for Keras"
    assert found.loss.value == pytest.approx(reference.log_loss(labels, chances), rel=1e-6)


def test_the_gap_is_what_is_lost_on_new_images():
    train = Evaluation.of(np.zeros(100, int), np.tile([0.9, 0.1], (100, 1)), classes=("a", "b"))
    test = Evaluation.of(np.repeat([0, 1], 50), np.tile([0.9, 0.1], (100, 1)), classes=("a", "b"))
    gap = Gap.between(train, test)
    assert gap.accuracy.value == 0.5
    assert gap.loss.value == pytest.approx((math.log(0.9) - math.log(0.1)) / 2)
    assert gap.accuracy.low < 0.5 < gap.accuracy.high
    table = compared({"train": train, "test": test})
    assert "gap" not in table["train"]
    assert table["test"]["gap"]["accuracy"]["value"] == 0.5
    assert table["test"]["accuracy"]["value"] == 0.5


# ---- what cannot be evaluated


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [
        ([], np.zeros((0, 3))),
        ([0, 1], np.full((2, 2), 0.5)),
        ([0, 1], np.full((3, 3), 1 / 3)),
        ([0, 3], np.full((2, 3), 1 / 3)),
        ([0, -1], np.full((2, 3), 1 / 3)),
        ([0, 1], np.full((2, 3), np.nan)),
        ([0, 1], np.full((2, 3), 7.0)),
        ([0, 1], np.full((2, 3), -0.1)),
    ],
)
def test_what_is_no_answer_is_refused_in_a_sentence(labels, probabilities):
    with pytest.raises(DataError):
        Evaluation.of(np.array(labels, int), probabilities, classes=THREE)


# ---- what always holds


@settings(deadline=None, max_examples=60)
@given(
    classes=st.integers(2, 12),
    count=st.integers(1, 200),
    seed=st.integers(0, 10_000),
    sharpness=st.floats(0, 30),
)
def test_the_figures_agree_with_each_other(classes, count, seed, sharpness):
    found = evaluated(classes, count, seed=seed, sharpness=sharpness)
    assert found.confusion.sum() == len(found) == count
    assert found.accuracy.value == np.trace(found.confusion) / count
    assert 0 <= found.accuracy.low <= found.accuracy.value <= found.accuracy.high <= 1
    errors = count - np.trace(found.confusion)
    assert sum(pair.count for pair in found.confused_pairs) == errors
    assert all(pair.true != pair.predicted for pair in found.confused_pairs)
    cells = [found.cell(true, read) for true in range(classes) for read in range(classes)]
    assert [len(cell) for cell in cells] == found.confusion.ravel().tolist()
    assert sorted(np.concatenate(cells)) == list(range(count))
    losses = found.losses[found.top_losses(count)]
    assert (np.diff(losses) <= 0).all()
    calibration = found.calibration
    assert sum(one.count for one in calibration.bins) == count
    assert 0 <= calibration.expected_error <= 1
    assert all(one.low <= one.confidence <= one.high + 1e-6 for one in calibration.bins)
    # Confidence and accuracy as a whole lie no farther apart than in the bins.
    apart = abs(calibration.confidence - found.accuracy.value)
    assert apart <= calibration.expected_error + 1e-6
    json.dumps(found.to_dict(), allow_nan=False)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000))
def test_the_order_of_the_images_changes_nothing(seed):
    labels, probabilities = answers(5, 80, seed=seed)
    order = np.random.default_rng(seed).permutation(80)
    one, other = (
        Evaluation.of(labels[places], probabilities[places], classes=named(5), indices=places)
        for places in (np.arange(80), order)
    )
    np.testing.assert_array_equal(one.confusion, other.confusion)
    assert one.loss.value == pytest.approx(other.loss.value)
    assert one.calibration.expected_error == pytest.approx(other.calibration.expected_error)
    worst = [{int(each.indices[place]) for place in each.top_losses(5)} for each in (one, other)]
    assert worst[0] == worst[1]


def test_the_module_loads_scikit_learn_only_when_it_is_used():
    script = (
        "import sys, mnist_core.evaluation.classification, mnist_core.evaluation.parts;"
        "import ui.evaluate.results;"
        "print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
