"""Event files that TensorBoard reads: scalars, histograms, and the graph of one training step.

Keras 3 still has the option to write the graph of operations, but looks for it where it no longer
is and writes nothing. Here it is written from the program that trains.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from mnist_core.training.fit import FitLoop


class TensorBoard(keras.callbacks.TensorBoard):  # type: ignore[misc]
    """Keras's TensorBoard callback, with the graph of operations.

    Args:
        loop: The training that it belongs to.
        log_dir: Folder for the event files, in ``train`` and ``validation``.
        write_graph: Whether to write the layers and the operations of a step.
        **settings: As Keras's callback takes them, ``histogram_freq`` for one.
    """

    def __init__(
        self, loop: FitLoop, log_dir: Path, *, write_graph: bool = True, **settings: Any
    ) -> None:
        super().__init__(log_dir=str(log_dir), write_graph=write_graph, **settings)
        self._loop = loop

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Write the graph, before the first epoch."""
        super().on_train_begin(logs)
        if self.write_graph:
            # Into the file of the epochs: of several files TensorBoard reads the newest on.
            with self._train_writer.as_default():
                tf.summary.graph(self._loop.program.graph(self._loop.train))
