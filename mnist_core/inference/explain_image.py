"""Why a network answers what it answers: which pixels, which patterns, which examples.

Three looks from three sides. The gradient says which pixels would change the answer most if they
changed a little. A class activation map says where the last convolution saw what counts for the
answer. And the nearest training digits say what, of all that was learned, looks most alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.inference.answers import Activations, Explanation, Neighbours
from mnist_core.inference.models import load
from mnist_core.runs import Store
from mnist_core.tasks import split, task
from mnist_core.tensorflow_setup import keras, tf

#: Pictures of a layer's activations, at most: those of the most active units.
MOST_ACTIVATIONS = 16
#: Training images whose distance is computed at a time, to keep the memory small.
PIECE = 5000


def explain(store: Store, run_id: str, checkpoint: str, image_u8: NDArray[np.uint8]) -> Explanation:
    """Explain what a model reads in a picture.

    Args:
        store: Where the run is.
        run_id: The run.
        checkpoint: "best" or "last".
        image_u8: uint8 (28, 28), from :mod:`mnist_core.drawing.digit`.

    Raises:
        StoreError: The run or its model is not there.
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
        saliency=_to_unit(tf.abs(tape.gradient(score, x)).numpy().reshape(28, 28)),
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
    """Find the digits of a run's training set that look most like a picture.

    Args:
        store: Where the run is.
        run_id: The run.
        image_u8: uint8 (28, 28).
        count: How many.
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
    """The layers that learn patterns: dense ones and convolutions, without the one that answers."""
    once = [layer for layer in model.layers if _is_called_once(layer)]
    found = [layer for layer in once if hasattr(layer, "kernel")]
    return found[:-1] or found or once[-1:]


def _is_called_once(layer: Any) -> bool:
    """Whether a layer has one output, and not one for each of several places in a graph."""
    try:
        return layer.output is not None
    except (AttributeError, ValueError):
        return False


def _outputs(model: Any, x: Any, layers: list[Any]) -> list[Any]:
    """What goes into the last layer, the model's output, and the outputs of some of its layers."""
    wanted = [model.layers[-1].input, model.outputs[0], *(layer.output for layer in layers)]
    found: list[Any] = keras.Model(model.inputs, wanted)(x, training=False)
    return found


def _log_odds(last: Any, before: Any, output: Any, digit: int) -> Any:
    """How much more likely the digit is than all others, from the sums before the softmax.

    Its gradient points where that of the log-probability does, and does not vanish where a
    network is so sure that its probability is 1 to the last bit.
    """
    if hasattr(last, "kernel") and len(before.shape) == 2:
        sums = tf.matmul(before, last.kernel)
        sums = (sums if last.bias is None else sums + last.bias)[0]
    elif before.shape == output.shape:  # a softmax of its own
        sums = before[0]
    else:
        sums = tf.math.log(output[0] + 1e-30)
    others = tf.boolean_mask(sums, tf.range(sums.shape[0]) != digit)
    return sums[digit] - tf.reduce_logsumexp(others)


def _class_activation(model: Any, x: Any, digit: int) -> NDArray[np.float32] | None:
    """Where the last convolution saw what counts; only where each layer follows the one before."""
    layers = model.layers
    found = [place for place, one in enumerate(layers[:-1]) if _is_convolution(one)]
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
    seen = tf.nn.relu(tf.reduce_sum(weights * value, axis=-1, keepdims=True))
    return _to_unit(tf.image.resize(seen, (28, 28)).numpy()[0, :, :, 0])


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
    if kernel.shape[0] != 784 or kernel.shape[-1] > 10:
        return None
    return kernel.T.reshape(-1, 28, 28)


def _to_unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    highest = float(values.max())
    return values / highest if highest > 0 else values
