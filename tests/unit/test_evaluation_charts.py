"""The confusion matrix and the reliability diagram as figures."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.evaluation.classification import Evaluation
from ui.evaluate.classification_charts import confusion_matrix, reliability_diagram


def evaluation(classes: int, *, wrong: float = 0.3) -> Evaluation:
    dice = np.random.default_rng(1)
    labels = dice.integers(0, classes, 50 * classes)
    read = np.where(dice.uniform(size=len(labels)) < wrong, 0, labels)
    probabilities = np.full((len(labels), classes), 0.1 / classes)
    probabilities[np.arange(len(labels)), read] += 0.9
    names = tuple(f"class {number}" for number in range(classes))
    return Evaluation.of(labels, probabilities, classes=names)


@pytest.mark.parametrize("classes", [2, 10, 46])
def test_every_cell_can_be_chosen_and_says_what_it_is(classes):
    found = evaluation(classes)
    figure = confusion_matrix(found)
    cells = figure.data[2]
    assert len(cells.x) == classes**2
    for x, y, (true, read, _, _, count, _) in zip(cells.x, cells.y, cells.customdata, strict=True):
        assert (y, x) == (true, read)
        assert count == found.confusion[true, read]
    assert list(figure.layout.xaxis.ticktext) == list(found.classes)
    top, bottom = figure.layout.yaxis.range[::-1]
    assert top < bottom, "the first class stands on top"


def test_the_diagonal_does_not_drown_the_errors():
    found = evaluation(10)
    right, errors, _ = confusion_matrix(found).data
    shares = found.confusion / found.confusion.sum(axis=1, keepdims=True)
    np.fill_diagonal(shares, 0)
    assert errors.zmax == pytest.approx(shares.max())
    assert all(row[number] is None for number, row in enumerate(errors.z))
    assert all(row[number] == 1 for number, row in enumerate(right.z))
    assert len({colour for _, colour in right.colorscale}) == 1


def test_few_classes_have_their_numbers_written_in_the_cells():
    found = evaluation(2)
    texts = [note.text for note in confusion_matrix(found).layout.annotations]
    assert len(texts) == np.count_nonzero(found.confusion)
    assert any(str(found.confusion[1, 0]) in text for text in texts)
    assert not confusion_matrix(evaluation(46)).layout.annotations


def test_one_cell_is_marked_and_another_version_is_another_figure():
    found = evaluation(10)
    assert confusion_matrix(found).data[2].selectedpoints is None
    assert list(confusion_matrix(found, marked=(4, 2)).data[2].selectedpoints) == [42]
    first, second = (confusion_matrix(found, version=number).to_json() for number in (1, 2))
    assert first != second


def test_without_an_error_there_is_a_matrix_too():
    assert confusion_matrix(evaluation(10, wrong=0)).data[1].zmax == 1


def test_each_bar_of_the_reliability_diagram_stands_over_its_confidence():
    found = evaluation(10).calibration
    bars, ideal = reliability_diagram(found).data
    assert list(bars.y) == [one.accuracy.value for one in found.bins]
    for x, one in zip(bars.x, found.bins, strict=True):
        assert one.low < x < one.high
    assert (list(ideal.x), list(ideal.y)) == ([0, 1], [0, 1])


def test_the_words_can_be_translated():
    figure = confusion_matrix(evaluation(2), translate=lambda text: f"[{text}]")
    assert figure.layout.xaxis.title.text == "[predicted class]"
    diagram = reliability_diagram(evaluation(2).calibration, translate=lambda text: f"[{text}]")
    assert diagram.layout.yaxis.title.text == "[share of correct predictions]"
