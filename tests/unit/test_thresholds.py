"""ROC and precision-recall against scikit-learn's, and as charts."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sklearn.metrics as reference

from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.curves import MOST_POINTS, ThresholdCurves
from ui.evaluate.threshold_charts import precision_recall_curve, roc_curve


def answers(count: int = 5_000):
    dice = np.random.default_rng(3)
    labels = (dice.uniform(size=count) < 0.3).astype(int)
    return labels, 1 / (1 + np.exp(-dice.normal(2 * labels - 1, 1.2)))


def test_the_areas_are_scikit_learn_s_and_the_lines_are_thin_enough():
    labels, chances = answers()
    found = ThresholdCurves.of(labels, chances)
    assert found.roc.area == reference.roc_auc_score(labels, chances)
    assert found.precision_recall.area == reference.average_precision_score(labels, chances)
    assert found.positives == labels.mean()
    for curve in (found.roc, found.precision_recall):
        assert len(curve.x) == len(curve.y) == len(curve.thresholds) <= MOST_POINTS
        assert (curve.x[0], curve.x[-1]) == (0, 1)
        assert np.all(np.diff(curve.x) >= 0)
    # What is left of the line still has its area.
    assert np.trapezoid(found.roc.y, found.roc.x) == pytest.approx(found.roc.area, abs=2e-3)


def test_each_point_is_what_its_threshold_does():
    labels, chances = answers(400)
    found = ThresholdCurves.of(labels, chances)
    for place in range(1, len(found.roc.x) - 1, 7):
        said = chances >= found.roc.thresholds[place] - 1e-12
        assert found.roc.y[place] == pytest.approx(said[labels == 1].mean())
        assert found.roc.x[place] == pytest.approx(said[labels == 0].mean())
    curve = found.precision_recall
    for place in range(1, len(curve.x), 7):
        said = chances >= curve.thresholds[place] - 1e-12
        assert curve.x[place] == pytest.approx(said[labels == 1].mean())
        assert curve.y[place] == pytest.approx(labels[said].mean())


def test_an_evaluation_of_two_classes_has_them_and_json_too():
    labels, chances = answers()
    one = Evaluation.of(labels, chances, classes=("no", "yes"))
    told = json.loads(json.dumps(one.to_dict(), allow_nan=False))
    assert told["roc_auc"] == pytest.approx(reference.roc_auc_score(labels, chances), abs=1e-6)
    assert told["average_precision"] == one.curves.precision_recall.area
    assert told["roc"]["true_positive_rate"][-1] == 1
    assert told["precision_recall"]["recall"][-1] == 1
    three = Evaluation.of(np.arange(3), np.eye(3), classes=("a", "b", "c"))
    assert three.curves is None
    assert "roc_auc" not in three.to_dict()


def test_one_class_alone_cannot_be_told_apart():
    assert ThresholdCurves.of(np.ones(5, int), np.linspace(0, 1, 5)) is None
    one = Evaluation.of(np.ones(5, int), np.linspace(0, 1, 5), classes=("no", "yes"))
    assert one.curves is None


def test_the_dot_stands_where_the_network_decides():
    labels, chances = answers()
    one = Evaluation.of(labels, chances, classes=("no", "yes"))
    said = chances > 0.5
    recall, precision = said[labels == 1].mean(), labels[said].mean()
    dot = roc_curve(one).data[2]
    assert (dot.x[0], dot.y[0]) == pytest.approx((said[labels == 0].mean(), recall))
    dot = precision_recall_curve(one).data[2]
    assert (dot.x[0], dot.y[0]) == pytest.approx((recall, precision))


def test_a_network_that_never_says_yes_has_no_dot_of_precision():
    labels, chances = answers()
    one = Evaluation.of(labels, chances / 4, classes=("no", "yes"))
    assert len(precision_recall_curve(one).data) == 2


def test_the_words_can_be_translated():
    labels, chances = answers(50)
    one = Evaluation.of(labels, chances, classes=("no", "yes"))
    figure = roc_curve(one, translate=lambda text: f"[{text}]")
    assert figure.layout.yaxis.title.text == "[true positive rate (of “yes”)]"
