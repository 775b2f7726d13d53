"""What a training minimises, and the figure shown beside it, for each sample on its own.

Keras averages both over a batch at once. Kept apart, the losses of a validation set also say how
exactly their mean is known, and a sum over an epoch does not depend on how it was cut.
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
        """Read the objective of a compiled model.

        Raises:
            ValueError: If the model was not compiled with one loss, whose batches are averaged,
                and one metric, each given by its name: "accuracy", or a name that is also a loss,
                such as "mae".
        """
        compiled = model.get_compile_config()
        loss, names = compiled.get("loss"), compiled.get("metrics") or []
        if len(names) != 1 or not all(isinstance(name, str) for name in (loss, *names)):
            raise ValueError("Compile the model with a loss and a list of one metric, by name.")
        metric = _accuracy if names == ["accuracy"] else keras.losses.get(names[0])
        return cls(metric_name=names[0], _loss=keras.losses.get(loss), _metric=metric)

    def losses(self, y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        """Loss of each sample, without regularisation, float32 (n,)."""
        return self._loss(_beside(y, output), output)

    def metrics(self, y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        """Metric of each sample, float32 (n,); for the accuracy 1 where it is right, else 0."""
        return self._metric(_beside(y, output), output)


def _beside(y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Targets in the shape of the output: (n, 1) where the model answers with one number."""
    return tf.reshape(tf.cast(y, output.dtype), [-1, 1]) if output.shape[-1] == 1 else y


def _accuracy(y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Accuracy as Keras understands the word: by the shape of the output."""
    if output.shape[-1] == 1:
        right = tf.equal(y, tf.cast(output > 0.5, y.dtype))[:, 0]
    else:
        right = tf.equal(tf.argmax(output, axis=-1), tf.cast(y, tf.int64))
    return tf.cast(right, tf.float32)
