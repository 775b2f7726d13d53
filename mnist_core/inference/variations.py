"""Augmented variants of a digit, from the same compiled function as in training."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import unknown_name
from mnist_core.experiment.config import CHOICES
from mnist_core.inference.questions import VARIATIONS
from mnist_core.tasks import prepare
from mnist_core.tensorflow_setup import tf
from mnist_core.training.augmentation import augmentation_of


def vary(
    name: str, image_u8: NDArray[np.uint8], seed: int, count: int = VARIATIONS
) -> NDArray[np.uint8]:
    """Return augmented variants of an image.

    Args:
        name: One of ``CHOICES["augmentation"]``; "none" returns copies.
        image_u8: uint8 (28, 28), 0 to 255.
        seed: Seed of the random transformations.
        count: Number of variants.

    Returns:
        uint8 (count, 28, 28), 0 to 255.

    Raises:
        ConfigError: The name is unknown.
    """
    if name not in CHOICES["augmentation"]:
        raise unknown_name("augmentation", name, CHOICES["augmentation"])
    copies = np.repeat(image_u8[None], count, axis=0)
    if name == "none":
        return copies
    x = prepare(copies, scaling="unit", input_shape=(image_u8.size,))
    varied = _compiled(name)(tf.constant(x), tf.constant([seed, 0], tf.int32)).numpy()
    levels: NDArray[np.uint8] = (255 * varied).round().astype(np.uint8)
    return levels.reshape(copies.shape)


@cache
def _compiled(name: str) -> Any:
    return tf.function(augmentation_of(name))
