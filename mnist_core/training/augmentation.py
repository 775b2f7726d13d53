"""New handwriting from old: each batch's digits, turned, slanted, stretched, shifted, inked anew.

A network trained on MNIST has seen the hands of five hundred people. Yours holds the pen at
another angle. Small random changes of every digit, new ones each time that it comes round, teach
it which changes leave a digit what it is (P. Simard, D. Steinkraus, J. Platt, Best practices for
convolutional neural networks applied to visual document analysis, 2003). They are drawn from the
run's seed and the number of steps made, so that a resumed run sees what it would have seen, and
they are made in the compiled loop, where they cost little.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from mnist_core.tensorflow_setup import tf

#: Largest turn and slant, in radians: 12 degrees each way.
TURN = SLANT = math.radians(12)
#: Largest change of each side, as a share.
STRETCH = 0.15
#: Largest share of the way to strokes one pixel thicker on each side, and to thinner ones.
THICKEN = 1.0
THIN = 0.5
#: How much steeper a stroke's edge is made: moving and thickening blur it more than a pen would.
SHARPEN = 2.0
#: Largest shift in each direction, in pixels.
SHIFT = 2.0
SIDE = 28

Augmentation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Makes float32 images (n, …) anew, from a seed int32 (2,)."""


def augmentation_of(name: str) -> Augmentation | None:
    """The augmentation of that name in a configuration, None for "none"."""
    return {"none": None, "shape": reshape_digits, "handwriting": rewrite_digits}[name]


def rewrite_digits(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Change the form of digits and the thickness of their strokes.

    Args:
        images: float32 (n, 784) or (n, 28, 28, 1), ink bright on 0.
        seed: int32 (2,).

    Returns:
        float32 of the same shape.
    """
    form, strokes = tf.unstack(tf.random.split(seed, 2))
    return change_strokes(reshape_digits(images, form), strokes)


def reshape_digits(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Turn, slant, stretch and shift each digit a little, about its middle.

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
    # From a place in the new picture back to one in the old: stretch, then slant, then turn.
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
    pictures = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.reshape(images, [-1, SIDE, SIDE, 1]),
        transforms=transforms,
        output_shape=[SIDE, SIDE],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    return tf.reshape(pictures, tf.shape(images))


def change_strokes(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Make the strokes of each digit thicker or thinner, by up to a pixel on each side.

    A pixel's brightest neighbour thickens a stroke, its darkest one thins it; each digit gets a
    random share of either. Then its edges are sharpened, and it is as bright as it was.

    Args:
        images: float32 (n, 784) or (n, 28, 28, 1).
        seed: int32 (2,).

    Returns:
        float32 of the same shape.
    """
    pictures = tf.reshape(images, [-1, SIDE, SIDE])
    amount = tf.random.stateless_uniform([tf.shape(pictures)[0], 1, 1], seed, -THIN, THICKEN)
    thicker, thinner = _of_neighbours(tf.maximum, pictures), _of_neighbours(tf.minimum, pictures)
    changed = tf.where(
        amount > 0,
        pictures + amount * (thicker - pictures),
        pictures - amount * (thinner - pictures),
    )
    # Thinning takes brightness from strokes that are thin already, which no pen does.
    peak = _peak(pictures)
    share = tf.math.divide_no_nan(changed, _peak(changed))
    sharp = tf.clip_by_value(0.5 + SHARPEN * (share - 0.5), 0.0, 1.0)
    return tf.reshape(peak * sharp, tf.shape(images))


def _of_neighbours(choice: Callable[..., tf.Tensor], pictures: tf.Tensor) -> tf.Tensor:
    """The largest or the smallest of each pixel and the eight around it."""
    framed = tf.pad(pictures, [[0, 0], [1, 1], [1, 1]])
    rows = choice(choice(framed[:, :-2], framed[:, 1:-1]), framed[:, 2:])
    return choice(choice(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])


def _peak(pictures: tf.Tensor) -> tf.Tensor:
    return tf.reduce_max(pictures, axis=[1, 2], keepdims=True)
