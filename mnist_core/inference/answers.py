"""Results of predictions, explanations and model descriptions, as plain data.

Workers return these objects to the web process, which does not import TensorFlow.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.inference.layer_names import snake_case


@dataclass(frozen=True)
class Prediction:
    """The prediction of a model for an image.

    Attributes:
        probabilities: The probability of each class, 0 to 1, with the sum 1.
        seconds: Duration of the prediction in seconds, without loading the model.
    """

    probabilities: tuple[float, ...]
    seconds: float

    @property
    def digit(self) -> int:
        """The digit with the highest probability."""
        return int(np.argmax(self.probabilities))

    @property
    def runner_up(self) -> int:
        """The digit with the second highest probability."""
        return int(np.argsort(self.probabilities)[-2])

    @property
    def confidence(self) -> float:
        """The probability of the predicted digit."""
        return self.probabilities[self.digit]


@dataclass(frozen=True, eq=False)
class Activations:
    """Activations of the units of a layer for an image.

    Attributes:
        layer: The layer's name.
        unit: int64 (units,), indices of the most active units or filters, from 0.
        maps: float32, (units, height, width) for a convolution, else (1, 1, units).
    """

    layer: str
    unit: NDArray[np.int64]
    maps: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest neighbours of an image in the training set.

    Attributes:
        images_u8: uint8 (n, 28, 28), the nearest first.
        labels: int64 (n,), the training labels, with label noise.
        distances: float32 (n,), Euclidean distances of pixels from 0 to 1.
    """

    images_u8: NDArray[np.uint8]
    labels: NDArray[np.int64]
    distances: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Explanation:
    """An explanation of the predicted digit of an image.

    Attributes:
        digit: The predicted digit.
        saliency: Saliency map, float32 (28, 28), 0 to 1: the magnitude of the gradient of the
            digit's log-odds (K. Simonyan et al., Deep inside convolutional networks, 2013).
        class_activation: Class activation map of the last convolution, float32 (28, 28), 0 to 1
            (Grad-CAM, R. Selvaraju et al., 2017); None for a model without convolutions.
        activations: Activations of the first layers with weights, in order.
        weights: float32 (units, 28, 28), the weights of a first dense layer with at most 10 units
            as images; None for other models.
    """

    digit: int
    saliency: NDArray[np.float32]
    class_activation: NDArray[np.float32] | None
    activations: list[Activations]
    weights: NDArray[np.float32] | None


@dataclass(frozen=True)
class WordPush:
    """The contribution of a word to a prediction.

    Attributes:
        word: The word in lower case, as in the vocabulary.
        push: Increase of the log-odds of the explained class by the word; negative for a
            decrease.
        without: Probability of the explained class without the word, 0 to 1.
    """

    word: str
    push: float
    without: float


@dataclass(frozen=True)
class TextAnswer:
    """The prediction of a model for a text, with the contributions of its words.

    Attributes:
        probabilities: The probability of each class, with the sum 1.
        explained: Label of the explained class: the predicted class, or of two classes the second
            (positive) class.
        pushes: The contribution of each known word, the largest magnitude first.
        unknown: The words that are not in the vocabulary, in the order of the text.
    """

    probabilities: tuple[float, ...]
    explained: int
    pushes: tuple[WordPush, ...]
    unknown: tuple[str, ...]

    @property
    def ranking(self) -> list[int]:
        """The labels of the classes, the most probable first."""
        return sorted(range(len(self.probabilities)), key=lambda k: -self.probabilities[k])


@dataclass(frozen=True)
class TableAnswer:
    """The prediction of a model for a table row, with the contributions of its columns.

    Attributes:
        value: The predicted number, in the task's unit.
        ordinary: The prediction if each column has its median.
        pushes: The contribution of each column: the prediction minus that with the column's
            median and the other columns unchanged.
    """

    value: float
    ordinary: float
    pushes: tuple[float, ...]


@dataclass(frozen=True)
class Layer:
    """A layer of a model, as in ``model.summary()``.

    Attributes:
        name: The layer's name.
        kind: The Keras class: "Dense", "Conv2D", ….
        output_shape: Shape of the output for one sample, without the batch axis.
        parameters: Number of parameters, trainable or not.
        trainable: Whether training changes the parameters; None for a layer without parameters.
        settings: The layer's settings among ``SETTINGS``.
    """

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int
    trainable: bool | None
    settings: dict[str, Any]


@dataclass(frozen=True, eq=False)
class WeightPictures:
    """The weights of a layer as images.

    Attributes:
        layer: The layer's name.
        kind: "units" for the units of a dense layer, "filters" for the kernels of a convolution.
        unit: int64 (n,), indices of the units or filters in the images, from 0, ascending.
        count: Number of units or filters of the layer.
        inputs: int64 (n,), for a convolution the input channel with the largest weights of each
            filter, from 0; the image is the kernel of this channel.
        channels: Number of input channels of a filter; 1 for units.
        pictures: float32 (n, height, width), the weights.
    """

    layer: str
    kind: str
    unit: NDArray[np.int64]
    count: int
    inputs: NDArray[np.int64]
    channels: int
    pictures: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The layers and weights of a model.

    Attributes:
        input_shape: Shape of one sample.
        layers: The layers in order.
        parameters: Number of parameters.
        trainable_parameters: Number of trainable parameters.
        weights: The weights of the first layer and of all convolutions as images.
        chain: Whether the only input of each layer is the previous layer.
    """

    input_shape: tuple[int | None, ...]
    layers: list[Layer]
    parameters: int
    trainable_parameters: int
    weights: list[WeightPictures]
    chain: bool = True


def numbered_from_first(anatomy: Anatomy) -> Anatomy:
    """Return a model's description with its layers numbered from the start: dense, dense_1, ….

    Keras numbers the layers of all models in a process. Names chosen by a user do not change.
    """
    counts: Counter[str] = Counter()
    names = {}
    for layer in anatomy.layers:
        base = snake_case(layer.kind)
        if re.fullmatch(rf"{base}(_\d+)?", layer.name):
            number = counts[base]
            counts[base] += 1
            names[layer.name] = f"{base}_{number}" if number else base
    return replace(
        anatomy,
        layers=[replace(layer, name=names.get(layer.name, layer.name)) for layer in anatomy.layers],
        weights=[
            replace(images, layer=names.get(images.layer, images.layer))
            for images in anatomy.weights
        ],
    )
