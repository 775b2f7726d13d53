"""The way of one picture and its label into a network, step by step.

The arrays are what the product's own functions make of the picture, not a copy of what they do:
a learner who compares the last one with the input of a model finds the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.tasks.mnist import arrange, pixel_factor, prepare


@dataclass(frozen=True, eq=False)
class Step:
    """What there is after one step.

    Attributes:
        key: "picture", "arranged", "scaled", "label" or "one_hot".
        code: The line of Python that makes it.
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
    """Prepare one picture as training does, and keep what there is after each step.

    Args:
        image_u8: uint8 (28, 28), 0 to 255.
        label: Its class.
        scaling: "unit" or "raw".
        input_shape: (784,) or (28, 28, 1).
        classes: How many classes there are.

    Raises:
        DataError: The picture is of another type or shape.
        ConfigError: The scaling or the input shape is unknown.
    """
    several = image_u8[None]
    factor = {"unit": "1 / 255"}.get(scaling, f"{pixel_factor(scaling):g}")
    arranged = arrange(several, input_shape=input_shape)
    return [
        Step("picture", "image = x_train[i]", image_u8),
        Step("arranged", f"x = image.reshape{input_shape}", arranged[0]),
        Step(
            "scaled",
            f"x = x.astype(np.float32) * np.float32({factor})",
            prepare(several, scaling=scaling, input_shape=input_shape)[0],
        ),
        Step("label", "y = np.int64(y_train[i])", np.array(label, np.int64)),
        Step(
            "one_hot",
            f"one_hot = np.eye({classes}, dtype=np.float32)[y]",
            np.eye(classes, dtype=np.float32)[label],
        ),
    ]
