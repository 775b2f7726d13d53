"""The diagram of a network, as text."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np

from mnist_core.inference.answers import Anatomy, Layer, numbered_from_first
from ui.models.network import weight_sheet
from ui.models.network_diagram import network_diagram

DIGITS = tuple("0123456789")


def dense(units: int, parameters: int, activation: str = "relu") -> Layer:
    settings = {"units": units, "activation": activation}
    return Layer("dense", "Dense", (units,), parameters, True, settings)


def of_layers(*layers: Layer, input_shape: tuple[int, ...] = (784,)) -> Anatomy:
    total = sum(layer.parameters for layer in layers)
    return Anatomy(input_shape, list(layers), total, total, [])


def drawn(anatomy: Anatomy, classes: tuple[str, ...] = DIGITS) -> ET.Element:
    return ET.fromstring(network_diagram(anatomy, classes))


def words(svg: ET.Element) -> list[str]:
    return [text.text or "" for text in svg.iter("text")]


def test_a_dense_network_has_circles_and_names_its_answers() -> None:
    svg = drawn(of_layers(dense(512, 401_920), dense(10, 5_130, "softmax")))
    assert svg.get("aria-label") == "Input 784 → Dense 512 → Dense 10"
    # 8 of 784, 8 of 512, all 10, and three dots where more are meant.
    assert len(list(svg.iter("circle"))) == 8 + 3 + 8 + 3 + 10
    assert len(list(svg.iter("line"))) == 8 * 8 + 8 * 10
    found = words(svg)
    assert [word for word in found if word in DIGITS] == list(DIGITS)
    assert "401,920 parameters" in found
    assert "softmax" in found


def test_a_convolution_is_a_stack_of_plates_and_dropout_is_a_note() -> None:
    convolution = Layer(
        "conv2d", "Conv2D", (14, 14, 32), 832, True,
        {"kernel_size": (5, 5), "strides": (2, 2), "activation": "relu"},
    )  # fmt: skip
    svg = drawn(
        of_layers(
            convolution,
            Layer("dropout", "Dropout", (14, 14, 32), 0, None, {"rate": 0.25}),
            Layer("flatten", "Flatten", (6272,), 0, None, {}),
            dense(10, 62_730, "softmax"),
            input_shape=(28, 28, 1),
        )
    )
    assert svg.get("aria-label") == "Input 28 × 28 × 1 → Conv2D 14 × 14 × 32 → Dense 10"
    assert len(list(svg.iter("rect"))) == 1 + 6
    found = words(svg)
    for word in ("filters 5 × 5", "stride 2", "+ dropout 25%", "+ flatten"):
        assert word in found


def test_nothing_is_drawn_outside_of_it() -> None:
    svg = drawn(of_layers(*(dense(units, 5) for units in (1, 2, 5, 10, 11, 5000))))
    width, height = float(svg.get("width", 0)), float(svg.get("height", 0))
    for circle in svg.iter("circle"):
        x, y, radius = (float(circle.get(name, -1)) for name in ("cx", "cy", "r"))
        assert radius <= x <= width - radius
        assert radius <= y <= height - radius
    for text in svg.iter("text"):
        assert 0 < float(text.get("y", -1)) < height - 4


def test_names_from_a_foreign_model_stay_text() -> None:
    evil = '<script>alert(1)</script>"&'
    layer = Layer(evil, evil, (3,), 5, True, {"activation": evil})
    svg = drawn(of_layers(layer), (evil, "b", "c"))
    assert not list(svg.iter("script"))
    assert words(svg).count(evil) == 3


def test_answers_are_named_only_where_they_are_as_many() -> None:
    assert "0" not in words(drawn(of_layers(dense(9, 5))))


def test_a_sheet_of_weights_keeps_them_apart() -> None:
    values = np.array([[[1.0, -1.0], [0.0, 0.5]], [[-2.0, 0.0], [0.0, 0.0]]], np.float32)
    made = weight_sheet(values, 2)
    side = 28 + 3
    assert made.shape == (side, 2 * side, 4)
    assert made[0, 0].tolist() == [60, 150, 255, 255]  # blue
    assert made[0, 14].tolist() == [255, 70, 50, 255]  # red
    assert made[0, side].tolist() == [255, 70, 50, 255]  # as red: its own largest
    assert not made[:, 28:31].any()
    assert not made[28:31].any()


def test_layers_are_numbered_from_the_first_and_chosen_names_stay() -> None:
    kinds = ("Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dense", "Dense")
    names = ("conv2d_4", "max_pooling2d_9", "flatten_3", "dense_6", "mine", "dense_7")
    layers = [Layer(name, kind, (1,), 0, None, {}) for name, kind in zip(names, kinds, strict=True)]
    found = numbered_from_first(of_layers(*layers)).layers
    expected = ["conv2d", "max_pooling2d", "flatten", "dense", "mine", "dense_1"]
    assert [layer.name for layer in found] == expected
