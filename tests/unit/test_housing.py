"""House prices: as Keras divides them, on one scale, in folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.errors import DataError
from mnist_core.experiment.presets import PRESETS
from mnist_core.tasks import fold_sizes, split, task
from mnist_core.tasks.housing import load_boston

BOSTON = PRESETS["boston"].config


def test_the_division_is_keras_s():
    data = task("boston").load()
    assert (data.x_train.shape, data.x_test.shape) == ((404, 13), (102, 13))
    # The first prices that the tutorials print.
    np.testing.assert_allclose(data.y_train[:5], [15.2, 42.3, 50.0, 21.1, 17.7])
    np.testing.assert_allclose(data.y_test[:3], [7.2, 18.8, 19.0])
    assert len(task("boston").columns) == 13


def test_a_changed_file_is_refused(tmp_path):
    file = tmp_path / "boston_housing.npz"
    file.write_bytes(b"nothing")
    with pytest.raises(DataError) as raised:
        load_boston(file)
    assert raised.value.values == {"file": "boston_housing.npz", "size": 7}
    with pytest.raises(DataError) as raised:
        load_boston(tmp_path / "none.npz")
    assert raised.value.values == {"file": "none.npz", "size": 0}


def test_the_training_part_alone_decides_the_scale():
    data = task("boston").load()
    parts = split(data, BOSTON)
    assert parts.train.inputs.dtype == np.float32
    np.testing.assert_allclose(parts.train.inputs.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(parts.train.inputs.std(axis=0), 1, atol=1e-5)
    assert parts.standard is not None
    rows = data.x_train[parts.train.indices]
    np.testing.assert_allclose(parts.standard.mean, rows.mean(axis=0))
    expected = (data.x_test - rows.mean(axis=0)) / rows.std(axis=0)
    np.testing.assert_allclose(parts.test.inputs, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(parts.test.labels, data.y_test)
    assert not parts.train.wrong.any()


@given(st.integers(2, 10))
def test_each_sample_judges_once(folds):
    sizes = [fold_sizes(404, folds, fold) for fold in range(1, folds + 1)]
    assert all(train + judges == 404 for train, judges in sizes)
    judged = []
    for fold, (train, judges) in enumerate(sizes, start=1):
        config = replace(BOSTON, folds=folds, fold=fold, train_size=train, validation_size=judges)
        parts = split(task("boston").load(), config)
        assert len(parts.train.labels) == train
        assert not set(parts.train.indices) & set(parts.validation.indices)
        judged += parts.validation.indices.tolist()
    assert sorted(judged) == list(range(404))


def test_without_judges_all_samples_train():
    parts = split(task("boston").load(), replace(BOSTON, train_size=404, validation_size=0))
    assert sorted(parts.train.indices) == list(range(404))
    assert len(parts.validation.labels) == 0


@pytest.mark.parametrize("key", ["boston", "california"])
def test_every_column_is_explained(key):
    entry = task(key)
    assert len(entry.columns_explained) == len(entry.columns)
    assert all(entry.columns_explained)
