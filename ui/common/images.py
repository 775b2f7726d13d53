"""Small pictures of digits and bars of probabilities, as HTML that is quick to draw.

A chart library would take longer to draw ten bars than a network to compute them.
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
    """A small picture, enlarged without smoothing.

    Args:
        values: uint8 (height, width) grey, or (height, width, 3) colours.
        words: What it shows, for those who cannot see it.
        side: Its longer side on the page, in pixels.
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
    """A picture that is at most so large: a photo's ink has millions of pixels.

    Args:
        values: uint8 (height, width).
        side: The longest side that it may have.
    """
    image = Image.fromarray(values)
    image.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(image)


def captioned(images: Sequence[tuple[str, str]]) -> str:
    """Pictures in a row, each with a line below it.

    Args:
        images: HTML of each picture, and its line.
    """
    figures = (
        f"<figure>{image}<figcaption>{escape(line)}</figcaption></figure>" for image, line in images
    )
    return f'<div class="lab-pictures">{"".join(figures)}</div>'


def bars(prediction: Prediction) -> str:
    """Ten probabilities as bars, the predicted digit in the accent colour."""
    digits = [(str(digit), share) for digit, share in enumerate(prediction.probabilities)]
    return class_bars(digits, chosen=prediction.digit)


def class_bars(
    probabilities: list[tuple[str, float]], *, chosen: int, right: int | None = None
) -> str:
    """Probabilities of classes as bars.

    Args:
        probabilities: The name of each class, and its probability.
        chosen: Place of the predicted class, which gets the accent colour.
        right: Place of the right class, which is green if it is another one.
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
    # A digit needs little room; a word is cut where there is too little.
    named = " named" if any(len(name) > 1 for name, _share in probabilities) else ""
    return (
        f'<div class="lab-bars{named}" role="img" aria-label="{escape(spoken)}">'
        f"{''.join(rows)}</div>"
    )


def heat(values: NDArray[np.float32], below_u8: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay how much each pixel counts, in orange, over a dimmed digit.

    Args:
        values: float32 (h, w), 0 to 1.
        below_u8: uint8 (h, w), the digit.

    Returns:
        uint8 (h, w, 3).
    """
    strength = values[..., None]
    digit = below_u8[..., None].astype(np.float32) * np.float32(0.55)
    orange = np.array([255, 140, 0], np.float32)
    return (digit * (1 - strength) + orange * strength).round().astype(np.uint8)


def grey(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Any numbers as grey levels, the smallest black and the largest white."""
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) / (high - low) if high > low else np.zeros_like(values)
    levels: NDArray[np.uint8] = (255 * scaled).round().astype(np.uint8)
    return levels


def signed(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Weights as colours: blue is positive, red is negative, black is zero.

    Returns:
        uint8 (h, w, 3).
    """
    largest = float(np.abs(values).max()) or 1.0
    strength = values[..., None] / largest
    blue, red = np.array([60, 150, 255]), np.array([255, 70, 50])
    mixed = np.where(strength > 0, strength * blue, -strength * red)
    colours: NDArray[np.uint8] = mixed.round().astype(np.uint8)
    return colours
