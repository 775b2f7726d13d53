"""The variations that the Data page shows are those that training makes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mnist_core.errors import ConfigError
from mnist_core.experiment.config import CHOICES
from mnist_core.inference.questions import VARIATIONS
from mnist_core.inference.variations import vary
from mnist_core.tasks import task
from mnist_core.training.augmentation import augmentation_of

IMAGE = task("mnist").load().x_train[7]


@pytest.mark.parametrize("name", CHOICES["augmentation"])
def test_a_digit_is_varied_as_in_training(name):
    varied = vary(name, IMAGE, 3)
    assert varied.shape == (VARIATIONS, 28, 28)
    assert varied.dtype == np.uint8
    augment = augmentation_of(name)
    if augment is None:
        np.testing.assert_array_equal(varied, np.repeat(IMAGE[None], VARIATIONS, axis=0))
        return
    batch = np.repeat(IMAGE.reshape(1, 784), VARIATIONS, axis=0).astype(np.float32) / np.float32(
        255
    )
    expected = augment(tf.constant(batch), tf.constant([3, 0])).numpy().reshape(VARIATIONS, 28, 28)
    np.testing.assert_allclose(varied / 255, expected, atol=0.51 / 255)
    assert len(np.unique(varied.reshape(VARIATIONS, -1), axis=0)) == VARIATIONS


@pytest.mark.parametrize("name", ["shape", "handwriting"])
def test_a_seed_makes_always_the_same(name):
    first = vary(name, IMAGE, 3)
    np.testing.assert_array_equal(first, vary(name, IMAGE, 3))
    assert (first != vary(name, IMAGE, 4)).any()
    assert len(vary(name, IMAGE, 3, count=5)) == 5


def test_an_unknown_augmentation_is_refused():
    with pytest.raises(ConfigError) as raised:
        vary("loud", IMAGE, 3)
    assert raised.value.values["value"] == "'loud'"
