"""Loss and metric of each sample.

Keras averages both over a batch. The losses of single samples also give the standard error of the
mean, and a sum over an epoch that does not depend on how the epoch is divided into slices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mnist_core.tensorflow_setup import keras, tf


@dataclass(frozen=True)
class Objective:
    """The loss and the metric that a model was compiled with.

    Attributes:
        metric_name: The metric's name in the logs, such as "accuracy" or "mae".
    """

    metric_name: str
    _loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    _metric: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

    @classmethod
    def of(cls, model: keras.Model) -> Objective:
        """Return the objective of a compiled model.

        Raises:
            ValueError: The model was not compiled with one loss and one metric, each given by its
                name. The metric is "accuracy" or the name of a loss, such as "mae".
        """
        compiled = model.get_compile_config()
        loss, names = compiled.get("loss"), compiled.get("metrics") or []
        if len(names) != 1 or not all(isinstance(name, str) for name in (loss, *names)):
            raise ValueError("Compile the model with a loss and a list of one metric, by name.")
        metric = _accuracy if names == ["accuracy"] else keras.losses.get(names[0])
        return cls(metric_name=names[0], _loss=keras.losses.get(loss), _metric=metric)

    def losses(self, y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        """Return the loss of each sample, without regularisation, float32 (n,)."""
        return self._loss(_shaped_like(output, y), output)

    def metrics(self, y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        """Return the metric of each sample, float32 (n,); the accuracy of a sample is 1 or 0."""
        return self._metric(_shaped_like(output, y), output)


def _shaped_like(output: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Return the targets in the shape of the output: (n, 1) for a model with one output unit."""
    return tf.reshape(tf.cast(y, output.dtype), [-1, 1]) if output.shape[-1] == 1 else y


def _accuracy(y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return binary or categorical accuracy, which Keras chooses by the shape of the output."""
    if output.shape[-1] == 1:
        correct = tf.equal(y, tf.cast(output > 0.5, y.dtype))[:, 0]
    else:
        correct = tf.equal(tf.argmax(output, axis=-1), tf.cast(y, tf.int64))
    return tf.cast(correct, tf.float32)
