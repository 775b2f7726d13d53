"""Cache of loaded models, with prediction and loss functions."""

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

#: Largest number of cached models.
KEPT = 16


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model with the preprocessing of its training.

    Attributes:
        model: The Keras model.
        config: The configuration of its run.
    """

    model: keras.Model
    config: TrainingConfig
    _forward: Callable[[tf.Tensor], tf.Tensor]
    _forward_with_losses: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

    def prepared(self, inputs: Any) -> NDArray[np.float32]:
        """Return samples as inputs of the model, float32 (n, …), preprocessed as in training."""
        return network_inputs(inputs, self.config, tuple(self.model.input_shape[1:]))

    def probabilities(self, inputs: Any) -> NDArray[np.float32]:
        """Return the model's outputs for samples.

        Args:
            inputs: Images uint8 (n, 28, 28), or the inputs of another task's samples.

        Returns:
            float32 (n, outputs); for more than two classes the sum of each row is 1.
        """
        result: NDArray[np.float32] = self._forward(tf.constant(self.prepared(inputs))).numpy()
        return result

    def outputs_and_losses(
        self, inputs: Any, labels: NDArray[Any]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the model's outputs and the losses for samples.

        Args:
            inputs: As for :meth:`probabilities`.
            labels: Class labels int64 (n,), or for regression the targets float32 (n,).

        Returns:
            The outputs, float32 (n, outputs), and the loss of each sample, float32 (n,), without
            regularisation. As in training, the loss is computed from the logits, so it is exact
            for probabilities that are rounded to 0.
        """
        output, losses = self._forward_with_losses(
            tf.constant(self.prepared(inputs)), tf.constant(labels)
        )
        return output.numpy(), losses.numpy()

    @property
    def penalty(self) -> float:
        """The regularisation loss, which Keras adds to the mean loss."""
        return float(sum(float(loss) for loss in self.model.losses))


_models: OrderedDict[tuple[str, str, int], LoadedModel] = OrderedDict()


def load(store: Store, run_id: str, checkpoint: str) -> LoadedModel:
    """Return a run's model, cached if the run has ended.

    Args:
        store: The store that has the run.
        run_id: Id of the run.
        checkpoint: "best" (lowest validation loss) or "last".

    Raises:
        ConfigError: The checkpoint is unknown, or the stored settings are not valid.
        UnknownRunError: No run has the id.
        StoreError: The run has no such model, or its file is missing.
        DataError: The file is damaged or cannot be loaded.
    """
    if checkpoint not in FILES:
        raise unknown_name("checkpoint", checkpoint, FILES)
    run = store.get(run_id)
    if not run.settled:  # its models may change
        return _read(store, run, checkpoint)
    key = (run_id, checkpoint, run.attempt)
    loaded = _models.pop(key, None) or _read(store, run, checkpoint)
    _models[key] = loaded
    if len(_models) > KEPT:
        _models.popitem(last=False)
    return loaded


def _read(store: Store, run: Run, checkpoint: str) -> LoadedModel:
    config = run.known_config()
    content = left_model(store, run, FILES[checkpoint])
    model = read_model(content, config, name=run.name, checkpoint=checkpoint)
    shape = [None, *model.input_shape[1:]]

    # One trace for all numbers of samples. XLA is no faster for a few samples.
    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)])  # type: ignore[untyped-decorator]
    def forward(x: tf.Tensor) -> tf.Tensor:
        return model(x, training=False)

    entry = task(config.task)
    losses_of = keras.losses.get(entry.loss)
    targets = tf.TensorSpec([None], tf.float32 if entry.is_number else tf.int64)

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec(shape, tf.float32), targets]
    )
    def forward_with_losses(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        output = model(x, training=False)
        if output.shape[-1] == 1:  # binary classification or regression
            y = tf.reshape(tf.cast(y, output.dtype), [-1, 1])
        return output, losses_of(y, output)

    return LoadedModel(model, config, forward, forward_with_losses)
