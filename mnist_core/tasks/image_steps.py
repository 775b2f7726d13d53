"""Preprocessing of an image and its label, step by step.

The functions used in training compute the arrays, so the last array is exactly the input of a
network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.tasks.mnist import arrange, pixel_factor, prepare


@dataclass(frozen=True, eq=False)
class Step:
    """A step of preprocessing and its result.

    Attributes:
        key: Name of the step; for images "picture", "arranged", "scaled", "label" or "one_hot".
        code: The line of Python that computes the result.
        array: The result.
    """

    key: str
    code: str
    array: NDArray[Any]


def steps(
    image_u8: NDArray[np.uint8],
    label: int,
    *,
    scaling: str,
    input_shape: tuple[int, ...],
    classes: int,
) -> list[Step]:
    """Return the results of all preprocessing steps of an image.

    Args:
        image_u8: uint8 (28, 28), 0 to 255.
        label: Label of its class.
        scaling: "unit" or "raw".
        input_shape: (784,) or (28, 28, 1).
        classes: Number of classes.

    Raises:
        DataError: The image has another data type or shape.
        ConfigError: The scaling or the input shape is unknown.
    """
    batch = image_u8[None]
    factor = {"unit": "1 / 255"}.get(scaling, f"{pixel_factor(scaling):g}")
    arranged = arrange(batch, input_shape=input_shape)
    return [
        Step("picture", "image = x_train[i]", image_u8),
        Step("arranged", f"x = image.reshape{input_shape}", arranged[0]),
        Step(
            "scaled",
            f"x = x.astype(np.float32) * np.float32({factor})",
            prepare(batch, scaling=scaling, input_shape=input_shape)[0],
        ),
        Step("label", "y = np.int64(y_train[i])", np.array(label, np.int64)),
        Step(
            "one_hot",
            f"one_hot = np.eye({classes}, dtype=np.float32)[y]",
            np.eye(classes, dtype=np.float32)[label],
        ),
    ]
