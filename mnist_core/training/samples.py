"""Samples in memory in a compact form, and their conversion to network inputs batch by batch.

Images stay bytes and texts stay token indices: of the 10,000 multi-hot inputs of a text about 100
are not zero.
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
    """Samples as tensors.

    Attributes:
        x: Inputs (n, …): uint8 images, converted to float32 batch by batch; float32 tables; or
            the distinct token indices of each text, ragged int64 (n, None).
        y: Targets: int64 class labels (n,), or float32 numbers (n,) or (n, k).
        scale: Factor of the inputs, a float32 scalar.
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
        """Convert samples to tensors.

        Args:
            x: Inputs (n, …); uint8 stays uint8, other numbers become float32.
            y: Targets (n,); integers become int64, other numbers float32.
            scale: Factor of the inputs.
        """
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
    """Return a batch as input of the network.

    Args:
        x: Rows of :attr:`Samples.x`.
        scale: :attr:`Samples.scale`.

    Returns:
        float32 (n, …); for texts a sparse float32 (n, 10000) with ``scale`` at each token that
        occurs.
    """
    if not isinstance(x, tf.RaggedTensor):
        return tf.cast(x, tf.float32) * scale
    words, ends = x.flat_values, x.row_splits[1:-1]
    # The row of a token is the number of texts that end at or before its position. TensorFlow's
    # own conversion pads all rows to the longest text first, which takes half of the step's time.
    steps = tf.math.bincount(tf.cast(ends, tf.int32), minlength=tf.size(words), dtype=tf.int64)
    rows = tf.cumsum(steps[: tf.size(words)])
    return tf.SparseTensor(
        tf.stack([rows, words], axis=1),
        tf.fill(tf.shape(words), scale),
        tf.stack([x.nrows(), tf.constant(WORDS, tf.int64)]),
    )


def samples_of(config: TrainingConfig, part: Part) -> Samples:
    """Return a part's samples as tensors for the network of a configuration."""
    x, scale = compact_inputs(part.inputs, config, architecture(config.architecture).input_shape)
    return Samples.of(x, part.labels, scale=scale)
