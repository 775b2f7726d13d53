"""Weights as grey pictures for TensorBoard's Images tab: black is below zero, white above."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import Summary

#: TensorBoard shows ten pictures of one tag, so no more are kept of a run.
IMAGE_EPOCHS = 10
IMAGE = "/image"
#: Arrays with more numbers give no picture that anybody could read.
MOST_VALUES = 500_000


def image_epochs(epochs: int) -> frozenset[int]:
    """The epochs, counted from 1, whose weights are drawn: spread over the run, with its ends."""
    return frozenset(int(epoch) for epoch in np.linspace(1, epochs, IMAGE_EPOCHS).round())


def weight_picture(weights: NDArray[Any]) -> NDArray[np.uint8] | None:
    """A layer's weights as one picture.

    Args:
        weights: (inputs, units) of a dense layer, or (height, width, inputs, filters) of a
            convolution, whose filters are laid beside each other with a line between them.

    Returns:
        uint8 (height, width), wider than high; None for what is no such array.
    """
    if weights.ndim not in (2, 4) or weights.size > MOST_VALUES:
        return None
    largest = float(np.max(np.abs(weights), initial=0.0))
    if not np.isfinite(largest):
        return None
    grey = np.round(127.5 + 127.5 * weights / (largest or 1.0)).astype(np.uint8)
    if grey.ndim == 4:
        framed = np.pad(grey, [(0, 1), (0, 1), (0, 0), (0, 0)])
        high, wide, inputs, filters = framed.shape
        grey = framed.transpose(2, 0, 3, 1).reshape(inputs * high, filters * wide)
    return grey if grey.shape[1] >= grey.shape[0] else grey.T


def add_image(summary: Summary, name: str, weights: NDArray[Any]) -> None:
    """Add a picture of some weights to a summary, if there can be one."""
    from PIL import Image
    from tensorboard.plugins.image import metadata

    picture = weight_picture(weights)
    if picture is None:
        return
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    added = summary.value.add(
        tag=name + IMAGE,
        metadata=metadata.create_summary_metadata(display_name=None, description=None),
    )
    # The form of TensorFlow 2: width and height in digits, then the files.
    added.tensor.dtype = 7  # DT_STRING
    added.tensor.tensor_shape.dim.add(size=3)
    sides = [str(side).encode() for side in picture.shape[::-1]]
    added.tensor.string_val.extend([*sides, file.getvalue()])
