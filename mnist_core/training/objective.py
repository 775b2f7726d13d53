"""What a training minimises, and the figure shown beside it, for each sample on its own.

Keras averages both over a batch at once. Kept apart, the losses of a validation set also say how
exactly their mean is known, and a sum over an epoch does not depend on how it was cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
                and one metric: "accuracy", or a name that is also a loss, such as "mae"; or if it
                weights them.
        """
        # The loss as it was given: its serialised form forgets Huber's delta.
        loss = getattr(model, "loss", None)
        compiled = model.get_compile_config()
        names = compiled.get("metrics")
        if not isinstance(names, list) or len(names) != 1 or not isinstance(names[0], str):
            raise ValueError("Compile the model with a list of one metric, given by its name.")
        if not isinstance(loss, str | keras.losses.Loss) and not callable(loss):
            raise ValueError("Compile the model with one loss.")
        if compiled.get("loss_weights") or compiled.get("weighted_metrics"):
            raise ValueError("Compile the model without weights for its loss and its metric.")
        function: Any = keras.losses.get(loss)
        if isinstance(function, keras.losses.Loss):
            if function.reduction not in ("sum_over_batch_size", "mean"):
                raise ValueError("Give the loss its usual reduction, the mean over a batch.")
            function = function.call
        (name,) = names
        metric = _accuracy if name in ("accuracy", "acc") else keras.losses.get(name)
        return cls(metric_name=name, _loss=function, _metric=metric)

    def losses(self, y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        """Loss of each sample, without regularisation, float32 (n,)."""
        return self._loss(_beside(y, output), output)

    def metrics(self, y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        """Metric of each sample, float32 (n,); for the accuracy 1 where it is right, else 0."""
        return self._metric(_beside(y, output), output)


def _beside(y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Targets in the shape that goes with the output.

    (n, 1) where the model answers with one number for each sample, and (n,) for labels of classes
    that came as (n, 1).
    """
    if output.shape[-1] == 1:
        return tf.reshape(tf.cast(y, output.dtype), [-1, 1])
    return y[:, 0] if len(y.shape) == 2 and y.shape[-1] == 1 else y


def _accuracy(y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Accuracy as Keras understands the word: by the shape of the output and of the targets."""
    if output.shape[-1] == 1:
        right = tf.equal(y, tf.cast(output > 0.5, y.dtype))[:, 0]
    elif len(y.shape) == len(output.shape):  # one-hot
        right = tf.equal(tf.argmax(output, axis=-1), tf.argmax(y, axis=-1))
    else:
        right = tf.equal(tf.argmax(output, axis=-1), tf.cast(y, tf.int64))
    return tf.cast(right, tf.float32)
