"""Data augmentation: random rotation, shear, scaling, translation and stroke width of digits.

MNIST has the handwriting of about five hundred people, and other people's digits differ in slant,
size and stroke width. Each training image is transformed at random, differently in each epoch, so
that the network learns to ignore changes that do not change the class (P. Simard, D. Steinkraus,
J. Platt, Best practices for convolutional neural networks applied to visual document analysis,
2003). The random numbers follow from the run's seed and the step of the optimizer, so a resumed
run draws the same ones. The transformations are part of the compiled training step.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from mnist_core.tasks.base import SIDE
from mnist_core.tensorflow_setup import tf

#: Largest rotation and shear angle, in radians: 12 degrees in either direction.
TURN = SLANT = math.radians(12)
#: Largest relative change of height and of width.
STRETCH = 0.15
#: Largest change of the stroke width, in pixels on each side of a stroke.
THICKEN = 1.0
THIN = 0.5
#: Factor of the contrast at the edges of strokes, which the interpolation has blurred.
SHARPEN = 2.0
#: Largest translation in each direction, in pixels.
SHIFT = 2.0

Augmentation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""A function of float32 images (n, …) and an int32 seed (2,) that returns transformed images."""


def augmentation_of(name: str) -> Augmentation | None:
    """Return the function for a configuration's `augmentation`; None for "none"."""
    return {"none": None, "shape": reshape_digits, "handwriting": rewrite_digits}[name]


def rewrite_digits(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Transform the geometry and the stroke width of digits at random.

    Args:
        images: float32 (n, 784) or (n, 28, 28, 1), bright strokes on a background of 0.
        seed: int32 (2,).

    Returns:
        float32 of the same shape.
    """
    geometry, strokes = tf.unstack(tf.random.split(seed, 2))
    return change_strokes(reshape_digits(images, geometry), strokes)


def reshape_digits(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Rotate, shear and scale each digit about the image's centre, and shift it, at random.

    Args:
        images: float32 (n, 784) or (n, 28, 28, 1).
        seed: int32 (2,).

    Returns:
        float32 of the same shape.
    """
    draws = tf.random.stateless_uniform([tf.shape(images)[0], 6], seed, -1, 1)
    turn, slant, high, wide, down, right = tf.unstack(draws, axis=1)
    cosine, sine = tf.cos(TURN * turn), tf.sin(TURN * turn)
    tangent = tf.tan(SLANT * slant)
    # The inverse map, from output to input coordinates: scaling, then shear, then rotation.
    wide, high = 1 + STRETCH * wide, 1 + STRETCH * high
    matrix = [
        wide * cosine, high * (tangent * cosine - sine),
        wide * sine, high * (tangent * sine + cosine),
    ]  # fmt: skip
    middle = (SIDE - 1) / 2
    offset_x = middle - middle * (matrix[0] + matrix[1]) + SHIFT * right
    offset_y = middle - middle * (matrix[2] + matrix[3]) + SHIFT * down
    zero = tf.zeros_like(turn)
    transforms = tf.stack(
        [matrix[0], matrix[1], offset_x, matrix[2], matrix[3], offset_y, zero, zero], axis=1
    )
    transformed = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.reshape(images, [-1, SIDE, SIDE, 1]),
        transforms=transforms,
        output_shape=[SIDE, SIDE],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    return tf.reshape(transformed, tf.shape(images))


def change_strokes(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Make the strokes of each digit thicker or thinner, by at most a pixel on each side.

    Grey dilation (the maximum of a pixel and its neighbours) thickens strokes, and grey erosion
    (the minimum) thins them. Each digit is mixed with one of the two in a random proportion. Then
    the edges are sharpened; the maximum brightness stays the same.

    Args:
        images: float32 (n, 784) or (n, 28, 28, 1).
        seed: int32 (2,).

    Returns:
        float32 of the same shape.
    """
    digits = tf.reshape(images, [-1, SIDE, SIDE])
    amount = tf.random.stateless_uniform([tf.shape(digits)[0], 1, 1], seed, -THIN, THICKEN)
    dilated, eroded = _over_neighbours(tf.maximum, digits), _over_neighbours(tf.minimum, digits)
    changed = tf.where(
        amount > 0,
        digits + amount * (dilated - digits),
        digits - amount * (eroded - digits),
    )
    # Erosion darkens thin strokes, so the maximum brightness is restored.
    peak = _peak(digits)
    relative = tf.math.divide_no_nan(changed, _peak(changed))
    sharp = tf.clip_by_value(0.5 + SHARPEN * (relative - 0.5), 0.0, 1.0)
    return tf.reshape(peak * sharp, tf.shape(images))


def _over_neighbours(extreme: Callable[..., tf.Tensor], images: tf.Tensor) -> tf.Tensor:
    """Return the maximum or minimum of each pixel and its eight neighbours."""
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1]])
    rows = extreme(extreme(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    return extreme(extreme(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])


def _peak(images: tf.Tensor) -> tf.Tensor:
    return tf.reduce_max(images, axis=[1, 2], keepdims=True)
