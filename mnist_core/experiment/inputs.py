"""Preparation of samples as input of a network, the same in training and prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import Texts, arrange, multi_hot, pixel_factor, task


def compact_inputs(
    inputs: Any, config: TrainingConfig, input_shape: tuple[int, ...]
) -> tuple[NDArray[Any] | Texts, np.float32]:
    """Return samples in a compact data type, and the factor that scales them.

    Args:
        inputs: The inputs of a part, see :class:`mnist_core.tasks.Part`.
        config: The configuration of the run.
        input_shape: Shape of one sample as input of the network.

    Returns:
        Images uint8 (n, *input_shape), table rows float32 (n, columns) or texts unchanged; and
        the factor, float32.
    """
    kind = task(config.task).inputs
    if kind == "images":
        return arrange(inputs, input_shape=input_shape), pixel_factor(config.pixel_scaling)
    return inputs, np.float32(1)


def network_inputs(
    inputs: Any, config: TrainingConfig, input_shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return samples as float32, scaled; see :func:`compact_inputs`."""
    compact, factor = compact_inputs(inputs, config, input_shape)
    numbers = multi_hot(compact) if isinstance(compact, Texts) else compact
    found: NDArray[np.float32] = numbers.astype(np.float32) * factor
    return found
