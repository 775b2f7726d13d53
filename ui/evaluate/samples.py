"""Samples as HTML: an image, or the beginning of a text."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.parts import samples_of, texts_of
from mnist_core.runs import Run
from mnist_core.tasks import task
from mnist_core.tasks.text_data import beginning
from ui.common import images as pictures
from ui.common.i18n import _

#: Samples of one cell that are shown, at most: all test images of a class, but only a few texts.
MOST_SHOWN = {"images": 1_200, "texts": 24}


def most_shown(run: Run) -> int:
    """The largest number of samples of a run's task that are shown in one place."""
    return MOST_SHOWN[task(run.config.task).inputs]


def sample_views(
    run: Run,
    evaluation: Evaluation,
    part: str,
    positions: NDArray[np.int64],
    *,
    alt: list[str],
    side: int,
) -> list[str]:
    """Samples as HTML.

    Args:
        run: The run that was evaluated.
        evaluation: Its evaluation.
        part: The set that it was evaluated on.
        positions: Positions of the samples in the evaluation.
        alt: Text alternatives of the images.
        side: Side of an image, in pixels.
    """
    indices = evaluation.indices[positions]
    if task(run.config.task).inputs == "texts":
        return [text_view(text) for text in texts_of(run, part, indices)]
    images: NDArray[np.uint8] = samples_of(run, part, indices)
    return [
        pictures.picture(image, words, side=side) for image, words in zip(images, alt, strict=True)
    ]


def text_view(text: str) -> str:
    """The beginning of a text, which expands to the whole text."""
    short = beginning(text)
    if short == text:
        return f'<div class="lab-excerpt">{escape(text)}</div>'
    return (
        f'<details class="lab-excerpt"><summary><span class="short">{escape(short)}</span>'
        f'<span class="less">{escape(_("Show less"))}</span></summary>{escape(text)}</details>'
    )
