"""Models that runs left behind, loaded once and kept ready for questions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import unknown_name
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.inputs import network_inputs
from mnist_core.runs import Run, Store
from mnist_core.runs.model_files import FILES, left_model
from mnist_core.tasks import task
from mnist_core.tensorflow_setup import keras, tf
from mnist_core.training.networks import read_model

#: Models kept loaded; a class rarely compares more.
KEPT = 16


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model with the preparation that it was trained with.

    Attributes:
        model: The Keras model; its output is a probability for each class.
        config: What its run trained.
    """

    model: keras.Model
    config: TrainingConfig
    _forward: Callable[[tf.Tensor], tf.Tensor]
    _judge: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

    def prepared(self, inputs: Any) -> NDArray[np.float32]:
        """Samples as the model takes them: the same function as in training."""
        return network_inputs(inputs, self.config, tuple(self.model.input_shape[1:]))

    def probabilities(self, inputs: Any) -> NDArray[np.float32]:
        """What the model makes of samples.

        Args:
            inputs: Images uint8 (n, 28, 28), or the inputs of another task's part.

        Returns:
            float32 (n, outputs); where the task has several classes each row sums to 1.
        """
        result: NDArray[np.float32] = self._forward(tf.constant(self.prepared(inputs))).numpy()
        return result

    def judged(
        self, inputs: Any, labels: NDArray[Any]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the model makes of samples, and how wrong that is.

        Args:
            inputs: As for :meth:`probabilities`.
            labels: int64 (n,), or float32 (n,) where the answer is a number.

        Returns:
            Its output, float32 (n, outputs), and the loss of each sample, float32 (n,), without
            regularisation. Like the training's, the loss comes from before the softmax, where
            a probability too small for a number is still told from nothing.
        """
        output, losses = self._judge(tf.constant(self.prepared(inputs)), tf.constant(labels))
        return output.numpy(), losses.numpy()

    @property
    def penalty(self) -> float:
        """What regularisation adds to the mean loss."""
        return float(sum(float(loss) for loss in self.model.losses))


_models: OrderedDict[tuple[str, str, int], LoadedModel] = OrderedDict()


def load(store: Store, run_id: str, checkpoint: str) -> LoadedModel:
    """A run's model, from memory if it was asked for before.

    Args:
        store: Where the run is.
        run_id: The run.
        checkpoint: "best" (lowest validation loss) or "last".

    Raises:
        ConfigError: The checkpoint is neither, or the run is of another version of the lab.
        UnknownRunError: There is no such run.
        StoreError: The run has left no such model, or it is gone, or damaged.
        DataError: The file is no model that can be loaded.
    """
    if checkpoint not in FILES:
        raise unknown_name("checkpoint", checkpoint, FILES)
    run = store.get(run_id)
    if not run.settled:  # one that was put aside left models, and will leave others
        return _read(store, run, checkpoint)
    key = (run_id, checkpoint, run.attempt)
    found = _models.pop(key, None) or _read(store, run, checkpoint)
    _models[key] = found
    if len(_models) > KEPT:
        _models.popitem(last=False)
    return found


def _read(store: Store, run: Run, checkpoint: str) -> LoadedModel:
    config = run.known_config()
    content = left_model(store, run, FILES[checkpoint])
    model = read_model(content, config, name=run.name, checkpoint=checkpoint)
    shape = [None, *model.input_shape[1:]]

    # One trace for any number of images; a few of them gain nothing from XLA.
    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)])  # type: ignore[untyped-decorator]
    def forward(x: tf.Tensor) -> tf.Tensor:
        return model(x, training=False)

    entry = task(config.task)
    losses_of = keras.losses.get(entry.loss)
    answers = tf.TensorSpec([None], tf.float32 if entry.is_number else tf.int64)

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec(shape, tf.float32), answers]
    )
    def judge(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        output = model(x, training=False)
        if output.shape[-1] == 1:  # yes or no, or a price: one number for each sample
            y = tf.reshape(tf.cast(y, output.dtype), [-1, 1])
        return output, losses_of(y, output)

    return LoadedModel(model, config, forward, judge)
