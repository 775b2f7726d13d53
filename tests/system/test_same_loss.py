"""What the Data page says of the two losses is what Keras computes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnist_core.tasks.text_and_table_steps import (
    categorical_crossentropy,
    sparse_categorical_crossentropy,
    spread_over,
)


@pytest.mark.parametrize("right", [0.01, 0.5, 0.99])
def test_keras_finds_the_same_loss_twice(right: float) -> None:
    label, p = 3, spread_over(right, 3, 46)
    one_hot = np.eye(46, dtype=np.float32)[label]
    with_one_hot = float(keras.losses.categorical_crossentropy(one_hot[None], p[None])[0])
    sparse = float(keras.losses.sparse_categorical_crossentropy(np.array([label]), p[None])[0])
    assert categorical_crossentropy(one_hot, p) == pytest.approx(with_one_hot, rel=1e-5)
    assert sparse_categorical_crossentropy(label, p) == pytest.approx(sparse, rel=1e-5)
