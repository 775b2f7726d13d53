"""What a network that varies its digits sees of one of them, each time that it comes round.

The digits are made by the training's own augmentation, compiled as in training. Workers run it:
TensorFlow is loaded inside.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import unknown_name
from mnist_core.experiment.config import CHOICES
from mnist_core.tasks import prepare

#: So many are shown of a digit.
COUNT = 16


def vary(
    name: str, image_u8: NDArray[np.uint8], seed: int, count: int = COUNT
) -> NDArray[np.uint8]:
    """Make new digits of one.

    Args:
        name: One of ``CHOICES["augmentation"]``; "none" leaves them all as they are.
        image_u8: uint8 (28, 28), 0 to 255.
        seed: Which chance; the same one makes the same digits.
        count: How many.

    Returns:
        uint8 (count, 28, 28), 0 to 255.

    Raises:
        ConfigError: There is no augmentation of that name.
    """
    if name not in CHOICES["augmentation"]:
        raise unknown_name("augmentation", name, CHOICES["augmentation"])
    copies = np.repeat(image_u8[None], count, axis=0)
    if name == "none":
        return copies
    from mnist_core.workers.setup import load_tensorflow

    tf = load_tensorflow()
    x = prepare(copies, scaling="unit", input_shape=(image_u8.size,))
    varied = _compiled(name)(tf.constant(x), tf.constant([seed, 0], tf.int32)).numpy()
    levels: NDArray[np.uint8] = (255 * varied).round().astype(np.uint8)
    return levels.reshape(copies.shape)


@cache
def _compiled(name: str) -> Any:
    from mnist_core.training.augmentation import augmentation_of
    from mnist_core.workers.setup import load_tensorflow

    return load_tensorflow().function(augmentation_of(name))
