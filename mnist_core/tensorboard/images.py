"""Weights as greyscale images for TensorBoard's Images tab: black is negative, white positive."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import Summary

#: TensorBoard shows ten images of one tag, so a run stores no more.
IMAGE_EPOCHS = 10
IMAGE = "/image"
#: Largest array, in values, that is drawn as an image.
MOST_VALUES = 500_000


def image_epochs(epochs: int) -> frozenset[int]:
    """Return the epochs, from 1, whose weights are drawn: evenly spaced, with first and last."""
    return frozenset(int(epoch) for epoch in np.linspace(1, epochs, IMAGE_EPOCHS).round())


def weight_picture(weights: NDArray[Any]) -> NDArray[np.uint8] | None:
    """Return a layer's weights as one image.

    Args:
        weights: (inputs, units) of a dense layer, or (height, width, inputs, filters) of a
            convolution, whose filters are drawn side by side with lines between them.

    Returns:
        uint8 (height, width), wider than high; None for other arrays.
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
    """Add an image of weights to a summary, if they can be drawn."""
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
    # TensorFlow 2's format: width and height as digits, then the image files.
    added.tensor.dtype = 7  # DT_STRING
    added.tensor.tensor_shape.dim.add(size=3)
    sides = [str(side).encode() for side in picture.shape[::-1]]
    added.tensor.string_val.extend([*sides, file.getvalue()])
