"""Small images and bar charts of probabilities as HTML.

A chart library would take longer to draw ten bars than the network takes to predict them.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_core.inference.answers import Prediction
from ui.common.formatting import probability


def picture(values: NDArray[np.uint8], words: str, *, side: int = 112) -> str:
    """Return the HTML of a small image, enlarged without smoothing.

    Args:
        values: uint8 (height, width) grey, or (height, width, 3) RGB.
        words: Alternative text.
        side: Longer side on the page, in pixels.
    """
    height, width = values.shape[:2]
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    longest = max(height, width)
    return (
        f'<img class="lab-picture" alt="{escape(words)}" width="{round(side * width / longest)}" '
        f'height="{round(side * height / longest)}" src="data:image/png;base64,{data}">'
    )


def smaller(values: NDArray[np.uint8], side: int = 224) -> NDArray[np.uint8]:
    """Return an image, scaled down if necessary.

    Args:
        values: uint8 (height, width).
        side: Maximal length of the longer side, in pixels.
    """
    image = Image.fromarray(values)
    image.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(image)


def captioned(images: Sequence[tuple[str, str]]) -> str:
    """Return the HTML of a row of images with captions.

    Args:
        images: HTML and caption of each image.
    """
    figures = (
        f"<figure>{image}<figcaption>{escape(line)}</figcaption></figure>" for image, line in images
    )
    return f'<div class="lab-pictures">{"".join(figures)}</div>'


def bars(prediction: Prediction) -> str:
    """Return ten probabilities as bars, the predicted digit in the accent colour."""
    digits = [(str(digit), share) for digit, share in enumerate(prediction.probabilities)]
    return class_bars(digits, chosen=prediction.digit)


def class_bars(
    probabilities: list[tuple[str, float]], *, chosen: int, right: int | None = None
) -> str:
    """Return the HTML of class probabilities as bars.

    Args:
        probabilities: Name and probability (0 to 1) of each class.
        chosen: Index of the predicted class, drawn in the accent colour.
        right: Index of the true class, drawn in green if the prediction is wrong.
    """
    rows = []
    for place, (name, share) in enumerate(probabilities):
        sort = " chosen" if place == chosen else " right" if place == right else ""
        rows.append(
            f'<div class="row{sort}"><span class="name">{escape(name)}</span>'
            f'<span class="track"><span style="width:{100 * share:.2f}%"></span></span>'
            f"<span>{escape(probability(share))}</span></div>"
        )
    spoken = ", ".join(f"{name}: {probability(share)}" for name, share in probabilities)
    # Long names are truncated to the width of their column.
    named = " named" if any(len(name) > 1 for name, _share in probabilities) else ""
    return (
        f'<div class="lab-bars{named}" role="img" aria-label="{escape(spoken)}">'
        f"{''.join(rows)}</div>"
    )


def heat(values: NDArray[np.float32], below_u8: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blend a heat map in orange over a dimmed image.

    Args:
        values: float32 (height, width), 0 to 1.
        below_u8: uint8 (height, width), the image.

    Returns:
        uint8 (height, width, 3), RGB.
    """
    strength = values[..., None]
    digit = below_u8[..., None].astype(np.float32) * np.float32(0.55)
    orange = np.array([255, 140, 0], np.float32)
    return (digit * (1 - strength) + orange * strength).round().astype(np.uint8)


def grey(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Scale numbers to grey levels, from black (smallest) to white (largest)."""
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) / (high - low) if high > low else np.zeros_like(values)
    levels: NDArray[np.uint8] = (255 * scaled).round().astype(np.uint8)
    return levels


def signed(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Map weights to colours: blue is positive, red is negative, black is zero.

    Returns:
        uint8 (height, width, 3), RGB.
    """
    largest = float(np.abs(values).max()) or 1.0
    strength = values[..., None] / largest
    blue, red = np.array([60, 150, 255]), np.array([255, 70, 50])
    mixed = np.where(strength > 0, strength * blue, -strength * red)
    colours: NDArray[np.uint8] = mixed.round().astype(np.uint8)
    return colours
