"""What comes of a question to a network, as plain data: no TensorFlow is needed to read it.

A worker answers; the web process receives the answer.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """What a network reads in one picture.

    Attributes:
        probabilities: One for each digit, 0 to 1; together 1.
        seconds: How long the network took, without loading it.
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
        """The probability of the digit that it reads."""
        return self.probabilities[self.digit]


@dataclass(frozen=True, eq=False)
class Activations:
    """What the units of one layer make of a picture.

    Attributes:
        layer: The layer's name.
        unit: Numbers of the units shown, the most active ones, from 0.
        maps: float32, shape (units, height, width) for a convolution, (1, 1, units) else.
    """

    layer: str
    unit: NDArray[np.int64]
    maps: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The training digits that look most like a picture.

    Attributes:
        images_u8: uint8 (n, 28, 28), the nearest first.
        labels: int64 (n,), as training was told them.
        distances: float32 (n,), root of the summed squared differences, pixels from 0 to 1.
    """

    images_u8: NDArray[np.uint8]
    labels: NDArray[np.int64]
    distances: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model reads a digit in a picture.

    Attributes:
        digit: The digit that is explained, the one that it reads.
        saliency: float32 (28, 28), 0 to 1: how strongly each pixel moves the digit's
            log-odds (K. Simonyan et al., Deep inside convolutional networks, 2013).
        class_activation: float32 (28, 28), 0 to 1, where a convolution saw what counts (Grad-CAM,
            R. Selvaraju et al., 2017); None for a model without convolutions.
        activations: The first layers with units, from the input on.
        weights: float32 (units, 28, 28), the weights of the first layer as pictures, for models
            whose first layer has at most 10 units; None for others.
    """

    digit: int
    saliency: NDArray[np.float32]
    class_activation: NDArray[np.float32] | None
    activations: list[Activations]
    weights: NDArray[np.float32] | None


@dataclass(frozen=True)
class WordPush:
    """What one word does to an answer.

    Attributes:
        word: In small letters, as the vocabulary has it.
        push: By how much it raises the log-odds of the class that is explained; below 0 it speaks
            against it.
        without: The probability of that class if the word did not occur.
    """

    word: str
    push: float
    without: float


@dataclass(frozen=True)
class TextAnswer:
    """What a network makes of a text.

    Attributes:
        probabilities: One for each class; together 1.
        explained: The class that the words are weighed for: the one with the highest probability,
            or, where there are two, the second one ("for").
        pushes: Each word of the text that the network knows, once, the strongest first.
        unknown: The words that it does not know, each once, in the order of the text.
    """

    probabilities: tuple[float, ...]
    explained: int
    pushes: tuple[WordPush, ...]
    unknown: tuple[str, ...]

    @property
    def ranking(self) -> list[int]:
        """The classes, the most probable first."""
        return sorted(range(len(self.probabilities)), key=lambda k: -self.probabilities[k])


@dataclass(frozen=True)
class TableAnswer:
    """What a network makes of a row of numbers.

    Attributes:
        value: The number that it finds, in the task's unit.
        ordinary: What it finds where every column is at its median.
        pushes: For each column, how much higher the number is with the column's value than with
            its median, the others staying as they are.
    """

    value: float
    ordinary: float
    pushes: tuple[float, ...]


@dataclass(frozen=True)
class Layer:
    """One layer, as ``model.summary()`` lists it.

    Attributes:
        name: Its name in the model.
        kind: Keras's class: "Dense", "Conv2D", ….
        output_shape: Shape of what it makes of one sample, without the batch's own axis.
        parameters: Numbers in it, trainable or not.
        trainable: Whether training changes them; None for a layer without any.
        settings: Those of ``SETTINGS`` that it has.
    """

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int
    trainable: bool | None
    settings: dict[str, Any]


@dataclass(frozen=True, eq=False)
class WeightPictures:
    """The weights of a layer as pictures.

    Attributes:
        layer: The layer's name.
        kind: "units" for what each unit of a dense layer weighs in the input picture, "filters"
            for the kernels of a convolution.
        unit: int64 (n,), the units or filters shown, from 0, in order.
        count: How many the layer has.
        inputs: int64 (n,), for a convolution the one of its inputs that each filter weighs most,
            from 0; only that one's kernel is shown.
        channels: How many inputs a filter has; 1 for units.
        pictures: float32 (n, height, width).
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
    """A network.

    Attributes:
        input_shape: Shape of one sample.
        layers: From the input on.
        parameters: Numbers in all layers.
        trainable_parameters: Those that training changes.
        weights: Pictures of the first layer's weights and of every convolution's.
        chain: Whether each layer reads the one before it, and nothing else.
    """

    input_shape: tuple[int | None, ...]
    layers: list[Layer]
    parameters: int
    trainable_parameters: int
    weights: list[WeightPictures]
    chain: bool = True


def numbered_from_first(anatomy: Anatomy) -> Anatomy:
    """The same network with its layers numbered as in a fresh process: dense, dense_1, ….

    Keras counts on through all networks of a process, so a worker's tenth one begins at dense_9.
    Names that somebody has chosen stay.
    """
    counts: Counter[str] = Counter()
    names = {}
    for layer in anatomy.layers:
        base = re.sub(r"(?<=.)([A-Z][a-z]+)|(?<=[a-z])([A-Z])", r"_\g<0>", layer.kind).lower()
        if re.fullmatch(rf"{base}(_\d+)?", layer.name):
            number = counts[base]
            counts[base] += 1
            names[layer.name] = f"{base}_{number}" if number else base
    return replace(
        anatomy,
        layers=[replace(one, name=names.get(one.name, one.name)) for one in anatomy.layers],
        weights=[replace(one, layer=names.get(one.layer, one.layer)) for one in anatomy.weights],
    )
