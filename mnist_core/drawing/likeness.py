"""Whether a drawing looks like any digit at all, whatever a model predicts for it.

A softmax over ten digits has no answer "none of these": a model gives a scribble to a digit, too,
often with a high probability. Here a small network, apart from all models, gives each prepared
drawing a score. It was trained on MNIST's training digits, also varied, against drawings that are
no digits (``benchmarks/digit_likeness.py`` makes it anew and measures it). What the score is
compared with is a quantile of MNIST's own digits: about one of a hundred lies below it.

It is computed with NumPy alone, in some milliseconds, so that every process can ask.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Weights of two convolutions and two dense layers, and the threshold.
FILE = Path(__file__).with_name("likeness.npz")


def looks_like_a_digit(image_u8: NDArray[np.uint8]) -> bool:
    """Whether a drawing resembles MNIST's digits.

    Args:
        image_u8: uint8 (28, 28), from :mod:`mnist_core.drawing.digit`.
    """
    return score(image_u8) >= float(_weights()["threshold"])


def score(image_u8: NDArray[np.uint8]) -> float:
    """How much a drawing resembles MNIST's digits: any number, the higher, the more.

    Args:
        image_u8: uint8 (28, 28), from :mod:`mnist_core.drawing.digit`.
    """
    weights = _weights()
    x: Floats = image_u8[..., None].astype(np.float32) / np.float32(255)
    for layer in ("first", "second"):
        x = _halved(_convolved(x, weights[f"{layer}_kernel"], weights[f"{layer}_bias"]))
    x = np.maximum(x.ravel() @ weights["third_kernel"] + weights["third_bias"], 0)
    return float((x @ weights["last_kernel"] + weights["last_bias"])[0])


@cache
def _weights() -> dict[str, Floats]:
    with np.load(FILE, allow_pickle=False) as file:
        return {name: file[name].astype(np.float32) for name in file.files}


def _convolved(x: Floats, kernel: Floats, bias: Floats) -> Floats:
    """A convolution without padding, and a ReLU."""
    high, wide = kernel.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(x, (high, wide), axis=(0, 1))
    found: Floats = np.tensordot(windows, kernel, axes=([3, 4, 2], [0, 1, 2])) + bias
    return np.maximum(found, 0)


def _halved(x: Floats) -> Floats:
    """The largest of each two by two; a row or column that is left over is dropped."""
    height, width, filters = x.shape[0] // 2, x.shape[1] // 2, x.shape[2]
    even = x[: 2 * height, : 2 * width].reshape(height, 2, width, 2, filters)
    largest: Floats = even.max(axis=(1, 3))
    return largest
