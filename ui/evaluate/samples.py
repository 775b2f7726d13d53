"""Samples as a person looks at them: a picture, or the beginning of a text."""

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

#: Samples of one cell, at most: every cell of 10,000 test digits is whole, but nobody reads more
#: than a few dozen texts.
MOST_SHOWN = {"images": 1_200, "texts": 24}


def most_shown(run: Run) -> int:
    """How many samples of a run's task are shown in one place, at most."""
    return MOST_SHOWN[task(run.config.task).inputs]


def sample_views(
    run: Run,
    evaluation: Evaluation,
    part: str,
    positions: NDArray[np.int64],
    *,
    spoken: list[str],
    side: int,
) -> list[str]:
    """Samples as HTML.

    Args:
        run: Of which task they are.
        evaluation: Of which they are samples.
        part: Its part.
        positions: Their positions in the evaluation.
        spoken: What each picture shows, for those who cannot see it.
        side: Size of a picture, in pixels.
    """
    indices = evaluation.indices[positions]
    if task(run.config.task).inputs == "texts":
        return [text_view(text) for text in texts_of(run, part, indices)]
    images: NDArray[np.uint8] = samples_of(run, part, indices)
    return [
        pictures.picture(image, words, side=side)
        for image, words in zip(images, spoken, strict=True)
    ]


def text_view(text: str) -> str:
    """The beginning of a text, which opens to the whole of it."""
    short = beginning(text)
    if short == text:
        return f'<div class="lab-excerpt">{escape(text)}</div>'
    return (
        f'<details class="lab-excerpt"><summary><span class="short">{escape(short)}</span>'
        f'<span class="less">{escape(_("Show less"))}</span></summary>{escape(text)}</details>'
    )
