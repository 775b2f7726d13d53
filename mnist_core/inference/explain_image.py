"""Explanations of image predictions: saliency map, Grad-CAM, nearest neighbours.

The saliency map is the gradient: the pixels whose small changes have the largest effect on the
prediction. The class activation map shows the regions in which the last convolution detected
patterns of the predicted class. The nearest neighbours are the most similar training images.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.inference.answers import Activations, Explanation, Neighbours
from mnist_core.inference.models import load
from mnist_core.runs import Store
from mnist_core.tasks import split, task
from mnist_core.tasks.base import SIDE
from mnist_core.tensorflow_setup import keras, tf

#: Largest number of activation maps of a layer: those of the most active filters.
MOST_ACTIVATIONS = 16
#: Number of training images in one computation of distances, to limit the memory.
PIECE = 5000


def explain(store: Store, run_id: str, checkpoint: str, image_u8: NDArray[np.uint8]) -> Explanation:
    """Explain a model's prediction for an image.

    Args:
        store: The store that has the run.
        run_id: Id of the run.
        checkpoint: "best" or "last".
        image_u8: uint8 (28, 28), from :mod:`mnist_core.drawing.digit`.

    Raises:
        StoreError: The run or its model does not exist.
        DataError: The model cannot be loaded.
    """
    loaded = load(store, run_id, checkpoint)
    x = tf.constant(loaded.prepared(image_u8[None]))
    layers = _layers_with_units(loaded.model)
    with tf.GradientTape() as tape:
        tape.watch(x)
        before, output, *between = _outputs(loaded.model, x, layers[:2])
        digit = int(np.argmax(output.numpy()[0]))
        score = _log_odds(loaded.model.layers[-1], before, output, digit)
    return Explanation(
        digit=digit,
        saliency=_to_unit(tf.abs(tape.gradient(score, x)).numpy().reshape(SIDE, SIDE)),
        class_activation=_class_activation(loaded.model, x, digit),
        activations=[
            _activations(layer.name, values.numpy()[0])
            for layer, values in zip(layers[:2], between, strict=False)
        ],
        weights=_first_weights(layers[0]),
    )


def neighbours(
    store: Store, run_id: str, image_u8: NDArray[np.uint8], count: int = 8
) -> Neighbours:
    """Find the nearest neighbours of an image in a run's training set.

    Args:
        store: The store that has the run.
        run_id: Id of the run.
        image_u8: uint8 (28, 28).
        count: Number of neighbours.

    Raises:
        UnknownRunError: No run has the id.
        DataError: The data set cannot be loaded.
    """
    config = store.get(run_id).known_config()
    part = split(task(config.task).load(), config).train
    target = image_u8.astype(np.float32).ravel() / 255
    squares = []
    for start in range(0, len(part.labels), PIECE):
        piece = part.images_u8[start : start + PIECE].reshape(-1, target.size)
        difference = piece.astype(np.float32) / 255 - target
        squares.append(np.einsum("ij,ij->i", difference, difference))
    every = np.concatenate(squares)
    nearest = np.argsort(every, kind="stable")[:count]
    return Neighbours(
        part.images_u8[nearest], part.labels[nearest], np.sqrt(every[nearest]).astype(np.float32)
    )


def _layers_with_units(model: Any) -> list[Any]:
    """Return the dense and convolutional layers without the output layer, if there are others."""
    once = [layer for layer in model.layers if _is_called_once(layer)]
    found = [layer for layer in once if hasattr(layer, "kernel")]
    return found[:-1] or found or once[-1:]


def _is_called_once(layer: Any) -> bool:
    """Return whether a layer has a single output; a shared layer has several."""
    try:
        return layer.output is not None
    except (AttributeError, ValueError):
        return False


def _outputs(model: Any, x: Any, layers: list[Any]) -> list[Any]:
    """Return the input of the last layer, the model's output, and the outputs of the layers."""
    tensors = [model.layers[-1].input, model.outputs[0], *(layer.output for layer in layers)]
    values: list[Any] = keras.Model(model.inputs, tensors)(x, training=False)
    return values


def _log_odds(last: Any, before: Any, output: Any, digit: int) -> Any:
    """Return the log-odds of the digit, from the logits before the softmax.

    The gradient has the direction of that of the log-probability, and does not vanish if the
    probability is rounded to 1.
    """
    if hasattr(last, "kernel") and len(before.shape) == 2:
        logits = tf.matmul(before, last.kernel)
        logits = (logits if last.bias is None else logits + last.bias)[0]
    elif before.shape == output.shape:  # the softmax is a layer of its own
        logits = before[0]
    else:
        logits = tf.math.log(output[0] + 1e-30)
    others = tf.boolean_mask(logits, tf.range(logits.shape[0]) != digit)
    return logits[digit] - tf.reduce_logsumexp(others)


def _class_activation(model: Any, x: Any, digit: int) -> NDArray[np.float32] | None:
    """Return the Grad-CAM of the last convolution; None for models that are not sequential."""
    layers = model.layers
    found = [place for place, layer in enumerate(layers[:-1]) if _is_convolution(layer)]
    if not isinstance(model, keras.Sequential) or not found:
        return None
    value = x
    for layer in layers[: found[-1] + 1]:
        value = layer(value, training=False)
    with tf.GradientTape() as tape:
        tape.watch(value)
        before = value
        for layer in layers[found[-1] + 1 : -1]:
            before = layer(before, training=False)
        score = _log_odds(layers[-1], before, layers[-1](before, training=False), digit)
    weights = tf.reduce_mean(tape.gradient(score, value), axis=(1, 2), keepdims=True)
    activation = tf.nn.relu(tf.reduce_sum(weights * value, axis=-1, keepdims=True))
    return _to_unit(tf.image.resize(activation, (SIDE, SIDE)).numpy()[0, :, :, 0])


def _is_convolution(layer: Any) -> bool:
    return hasattr(layer, "kernel") and len(layer.output.shape) == 4


def _activations(layer: str, values: NDArray[np.float32]) -> Activations:
    if values.ndim == 1:
        return Activations(layer, np.arange(len(values)), values[None, None])
    strongest = np.argsort(-values.max(axis=(0, 1)), kind="stable")[:MOST_ACTIVATIONS]
    return Activations(layer, strongest, np.moveaxis(values[:, :, strongest], -1, 0))


def _first_weights(layer: Any) -> NDArray[np.float32] | None:
    if not hasattr(layer, "kernel"):
        return None
    kernel: NDArray[np.float32] = layer.kernel.numpy()
    if kernel.shape[0] != SIDE * SIDE or kernel.shape[-1] > 10:
        return None
    return kernel.T.reshape(-1, SIDE, SIDE)


def _to_unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    highest = float(values.max())
    return values / highest if highest > 0 else values
