"""Samples in memory in their smallest form, and each batch of them as the network takes it.

Images stay bytes, and texts stay the numbers of their words: of the 10,000 numbers that a network
is shown for a text, a hundred are not zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core.experiment.architectures import architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.inputs import compact_inputs
from mnist_core.tasks import WORDS, Part, Texts
from mnist_core.tensorflow_setup import tf


@dataclass(frozen=True)
class Samples:
    """Samples in memory, as tensors: once, however many batches and layers the program has.

    Attributes:
        x: Inputs, (n, …). Small whole numbers (uint8) stay so, in a quarter of the memory, and
            become float32 batch by batch. Of texts it is the numbers of the words that occur,
            ragged int64 (n, None); they stand for rows of 10,000 zeros and ones.
        y: Targets: int64 class labels (n,), or float32 numbers (n,) or (n, k).
        scale: float32 scalar that each input is multiplied by when it is used.
    """

    x: tf.Tensor | tf.RaggedTensor
    y: tf.Tensor
    scale: tf.Tensor

    @classmethod
    def of(
        cls,
        x: np.ndarray[Any, Any] | Texts,
        y: np.ndarray[Any, Any],
        *,
        scale: float | np.float32 = 1.0,
    ) -> Samples:
        """Move samples into tensors: bytes as they are, texts as words, all else as float32."""
        if isinstance(x, Texts):
            distinct = x.distinct()
            splits = np.concatenate([[0], distinct.ends])
            inputs = tf.RaggedTensor.from_row_splits(distinct.words.astype(np.int64), splits)
        else:
            inputs = tf.constant(x, tf.uint8 if x.dtype == np.uint8 else tf.float32)
        return cls(
            inputs,
            tf.constant(y, tf.int64 if np.issubdtype(y.dtype, np.integer) else tf.float32),
            tf.constant(scale, tf.float32),
        )

    def __len__(self) -> int:
        """The number of samples."""
        return int(self.x.shape[0])


def batch_inputs(x: tf.Tensor | tf.RaggedTensor, scale: tf.Tensor) -> tf.Tensor | tf.SparseTensor:
    """A batch as its network takes it.

    Args:
        x: Some rows of :attr:`Samples.x`.
        scale: :attr:`Samples.scale`.

    Returns:
        float32 (n, …); of texts a sparse (n, 10000) with ``scale`` where a word occurs.
    """
    if not isinstance(x, tf.RaggedTensor):
        return tf.cast(x, tf.float32) * scale
    words, ends = x.flat_values, x.row_splits[1:-1]
    # The row of each word: how many texts end at or before its place. What TensorFlow has for
    # this fills all rows up to the longest one first, which takes as long as the rest together.
    steps = tf.math.bincount(tf.cast(ends, tf.int32), minlength=tf.size(words), dtype=tf.int64)
    rows = tf.cumsum(steps[: tf.size(words)])
    return tf.SparseTensor(
        tf.stack([rows, words], axis=1),
        tf.fill(tf.shape(words), scale),
        tf.stack([x.nrows(), tf.constant(WORDS, tf.int64)]),
    )


def samples_of(config: TrainingConfig, part: Part) -> Samples:
    """Move some samples into memory as a configuration's network takes them."""
    x, scale = compact_inputs(part.inputs, config, architecture(config.architecture).input_shape)
    return Samples.of(x, part.labels, scale=scale)
