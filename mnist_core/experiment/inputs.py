"""From the samples of a task to the numbers that its network takes, in training and afterwards.

There is one way only: a network that is shown samples on another scale than it learned from
answers nonsense.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import Texts, arrange, multi_hot, pixel_factor, task


def compact_inputs(
    inputs: Any, config: TrainingConfig, input_shape: tuple[int, ...]
) -> tuple[NDArray[Any] | Texts, np.float32]:
    """Samples in a small form, and what each number is multiplied by when it is used.

    Args:
        inputs: The inputs of a part, see :class:`mnist_core.tasks.Part`.
        config: What is trained on them.
        input_shape: Shape of one sample, as the network takes it.

    Returns:
        Pictures as uint8 and tables as float32, shaped (n, …) as the network takes them; texts
        as they are; and the factor.
    """
    kind = task(config.task).inputs
    if kind == "images":
        return arrange(inputs, input_shape=input_shape), pixel_factor(config.pixel_scaling)
    return inputs, np.float32(1)


def network_inputs(
    inputs: Any, config: TrainingConfig, input_shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Samples as float32, as :func:`compact_inputs` says."""
    compact, factor = compact_inputs(inputs, config, input_shape)
    numbers = multi_hot(compact) if isinstance(compact, Texts) else compact
    found: NDArray[np.float32] = numbers.astype(np.float32) * factor
    return found
