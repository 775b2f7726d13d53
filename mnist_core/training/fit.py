"""The fit loop: one compiled call for many batches, on data that stays in memory.

``model.fit`` returns to Python after every batch. For small models that costs a hundred times
more than the arithmetic. Here a *slice* of an epoch (for short epochs: all of it) is one compiled
loop over batches that are gathered inside it. Everything else is Keras's: the model, the
optimizer, the loss and the callbacks, whose batch hooks are called once for each slice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

#: A slice should last about this long, in seconds: commands and progress act between slices.
SLICE_SECONDS = 0.15
#: Batches in the first slice, which also measures how fast the model is.
FIRST_SLICE = 4
#: Samples in one call of the evaluation: convolutions need much memory for each.
EVALUATION_SAMPLES = {True: 250, False: 5000}
#: Second word of the seed of the order of samples; the split uses others.
ORDER_SEED = 101


@dataclass(frozen=True)
class Samples:
    """Prepared samples as tensors: ``x`` float32 (n, …), ``y`` int64 class labels (n,)."""

    x: tf.Tensor
    y: tf.Tensor

    @classmethod
    def of(cls, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> Samples:
        """Move NumPy arrays into tensors."""
        return cls(tf.constant(x, tf.float32), tf.constant(y, tf.int64))

    def __len__(self) -> int:
        """The number of samples."""
        return int(self.x.shape[0])


@dataclass(frozen=True)
class Evaluation:
    """What a model makes of a set of samples.

    Attributes:
        losses: Loss of each sample, float32 (n,), without regularisation.
        loss: Their mean plus the regularisation losses, as ``model.evaluate`` reports it.
        accuracy: Share classified correctly, 0 to 1.
    """

    losses: np.ndarray[Any, np.dtype[np.float32]]
    loss: float
    accuracy: float


class Program:
    """A compiled Keras model with its training and evaluation steps as compiled functions.

    Made once for each shape of training and used again with new weights: compiling takes longer
    than many short runs.

    Args:
        model: Built and compiled with an optimizer; its output is a probability for each class.
        batch_size: Samples for each step of the optimizer.
        jit: Compile with XLA; None leaves it to :func:`suits_xla`.
    """

    def __init__(self, model: keras.Model, *, batch_size: int, jit: bool | None = None) -> None:
        self.model = model
        self.batch_size = batch_size
        self.optimizer: Any = model.optimizer
        self.optimizer.build(model.trainable_variables)
        self.jit = suits_xla(model) if jit is None else jit
        self._train = tf.function(self._train_batches, jit_compile=self.jit)
        self._train_rest = tf.function(self._train_one, jit_compile=self.jit)
        self._evaluate = tf.function(self._evaluate_samples, jit_compile=self.jit)
        self.evaluation_samples = EVALUATION_SAMPLES[has_convolution(model)]

    # The functions from here to `_evaluate_samples` are traced: Python runs once, the graph many
    # times.

    def _train_one(self, x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One step of the optimizer; the batch's summed loss and number of correct answers."""
        with tf.GradientTape() as tape:
            probabilities = self.model(x, training=True)
            losses = keras.losses.sparse_categorical_crossentropy(y, probabilities)
            loss = tf.add_n([tf.reduce_mean(losses), *self.model.losses])
        variables = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss * tf.cast(tf.shape(y)[0], loss.dtype), _count_correct(y, probabilities)

    def _train_batches(
        self, x: tf.Tensor, y: tf.Tensor, order: tf.Tensor, start: tf.Tensor, batches: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Several whole batches in the given order, from batch number ``start`` on."""
        # In double precision the sum does not depend on how the epoch was cut into slices.
        loss, correct = tf.constant(0.0, tf.float64), tf.constant(0.0, tf.float64)
        batch, end = start, start + batches
        # A while loop, because XLA would compile a tf.range anew for each of its lengths.
        while batch < end:
            chosen = tf.slice(order, [batch * self.batch_size], [self.batch_size])
            batch_loss, batch_correct = self._train_one(tf.gather(x, chosen), tf.gather(y, chosen))
            loss += tf.cast(batch_loss, tf.float64)
            correct += tf.cast(batch_correct, tf.float64)
            batch += 1
        return loss, correct

    def _evaluate_samples(self, x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, ...]:
        probabilities = self.model(x, training=False)
        losses = keras.losses.sparse_categorical_crossentropy(y, probabilities)
        penalty = tf.add_n([tf.constant(0.0), *self.model.losses])
        return losses, _count_correct(y, probabilities), penalty

    def train(
        self, samples: Samples, order: tf.Tensor, start: int, batches: int
    ) -> tuple[float, float]:
        """Train on some batches of an epoch, the last of which may be a partial one.

        Args:
            samples: The training set.
            order: The epoch's permutation, int32 (n,).
            start: First batch, from 0.
            batches: How many.

        Returns:
            Summed loss and number of correct answers.
        """
        whole = min(batches, len(samples) // self.batch_size - start)
        loss = correct = 0.0
        if whole > 0:
            sums = self._train(samples.x, samples.y, order, tf.constant(start), tf.constant(whole))
            loss, correct = float(sums[0]), float(sums[1])
        if batches > whole:
            rest = order[(len(samples) // self.batch_size) * self.batch_size :]
            sums = self._train_rest(tf.gather(samples.x, rest), tf.gather(samples.y, rest))
            loss, correct = loss + float(sums[0]), correct + float(sums[1])
        return loss, correct

    def evaluate(self, samples: Samples) -> Iterator[Evaluation | None]:
        """Evaluate in pieces: None after each, the result at the end.

        A generator, so that the caller can act between pieces of a slow evaluation.
        """
        losses = []
        correct = penalty = 0.0
        for start in range(0, len(samples), self.evaluation_samples):
            piece = slice(start, start + self.evaluation_samples)
            x, y = samples.x, samples.y
            if len(samples) > self.evaluation_samples:
                x, y = x[piece], y[piece]
            result = self._evaluate(x, y)
            losses.append(result[0].numpy())
            correct, penalty = correct + float(result[1]), float(result[2])
            yield None
        every = np.concatenate(losses)
        loss = float(every.mean(dtype=np.float64)) + penalty
        yield Evaluation(every, loss, correct / len(samples))

    def evaluate_now(self, samples: Samples) -> Evaluation:
        """Evaluate in one go."""
        *_, result = self.evaluate(samples)
        return cast("Evaluation", result)

    def restart(self, initial: keras.Model, learning_rate: float) -> None:
        """Begin anew: another model's variables, an optimizer that has seen nothing."""
        self.model.stop_training = False
        for mine, other in zip(self.model.variables, initial.variables, strict=True):
            mine.assign(other)
        for variable in self.optimizer.variables:
            variable.assign(tf.zeros_like(variable.value))
        self.optimizer.learning_rate.assign(learning_rate)


class FitLoop:
    """Epoch after epoch, with Keras's callbacks called where ``model.fit`` calls them.

    Args:
        program: The model and its compiled steps.
        train: Samples to learn from.
        validation: Samples to judge by after each epoch.
        seed: Decides the order of samples, epoch by epoch: an interrupted run that goes on at
            epoch 7 sees the order that it would have seen.

    Attributes:
        evaluation: The newest evaluation on the validation set.
        progress: Epoch in progress (from 1), its batches done and in all.
        is_validating: Whether pieces of the epoch's validation are still to come.
    """

    def __init__(self, program: Program, train: Samples, validation: Samples, *, seed: int) -> None:
        self.program = program
        self.train = train
        self.validation = validation
        self.seed = seed
        self.evaluation: Evaluation | None = None
        self.batches = -(-len(train) // program.batch_size)
        self.progress = (0, 0, self.batches)
        self.is_validating = False
        self._seconds_per_batch: float | None = None

    @property
    def is_between_epochs(self) -> bool:
        """Whether the model stands at the end of an epoch, and not in the middle of one."""
        _, done, total = self.progress
        return done in (0, total) and not self.is_validating

    def run(
        self, *, epochs: int, first_epoch: int = 1, callbacks: list[keras.callbacks.Callback]
    ) -> keras.callbacks.History:
        """Train until the last epoch, or until a callback sets ``model.stop_training``.

        Returns:
            Keras's History with ``loss``, ``accuracy``, ``val_loss`` and ``val_accuracy``. An
            epoch that was stopped half-way is not in it.
        """
        model = self.program.model
        history = keras.callbacks.History()
        hooks = keras.callbacks.CallbackList(
            [history, *callbacks], model=model, epochs=epochs, steps=self.batches, verbose=0
        )
        hooks.on_train_begin()
        for epoch in range(first_epoch, epochs + 1):
            if model.stop_training:  # before the first epoch: a run taken up only to end it
                break
            hooks.on_epoch_begin(epoch - 1)
            logs = self._train_epoch(epoch, hooks)
            if logs is None:
                break
            hooks.on_epoch_end(epoch - 1, logs)
        hooks.on_train_end()
        return history

    def _train_epoch(
        self, epoch: int, hooks: keras.callbacks.CallbackList
    ) -> dict[str, float] | None:
        """One epoch and its validation; None where it was stopped before its end."""
        order = tf.constant(self._order(epoch))
        loss = correct = 0.0
        done = 0
        while done < self.batches:
            self.progress = (epoch, done, self.batches)
            hooks.on_train_batch_begin(done)
            batches = min(self._slice(), self.batches - done)
            began = time.perf_counter()
            slice_loss, slice_correct = self.program.train(self.train, order, done, batches)
            self._learn_speed(batches, time.perf_counter() - began)
            loss, correct, done = loss + slice_loss, correct + slice_correct, done + batches
            self.progress = (epoch, done, self.batches)
            seen = min(done * self.program.batch_size, len(self.train))
            logs = {"loss": float(np.float32(loss / seen)), "accuracy": correct / seen}
            hooks.on_train_batch_end(done - 1, logs)
            if self.program.model.stop_training and done < self.batches:
                return None
        evaluation = self._validate(hooks)
        if evaluation is None:
            return None
        self.evaluation = evaluation
        return logs | {"val_loss": evaluation.loss, "val_accuracy": evaluation.accuracy}

    def _validate(self, hooks: keras.callbacks.CallbackList) -> Evaluation | None:
        hooks.on_test_begin()
        pieces = -(-len(self.validation) // self.program.evaluation_samples)
        for piece, evaluation in enumerate(self.program.evaluate(self.validation)):
            if evaluation is not None:
                break
            self.is_validating = piece + 1 < pieces
            hooks.on_test_batch_begin(piece)
            hooks.on_test_batch_end(piece)
            if self.program.model.stop_training and self.is_validating:
                return None
        hooks.on_test_end()
        return evaluation

    def _order(self, epoch: int) -> np.ndarray[Any, np.dtype[np.int32]]:
        generator = np.random.default_rng([self.seed, ORDER_SEED, epoch])
        return generator.permutation(len(self.train)).astype(np.int32)

    def _slice(self) -> int:
        if self._seconds_per_batch is None:
            return FIRST_SLICE
        return max(1, int(SLICE_SECONDS / self._seconds_per_batch))

    def _learn_speed(self, batches: int, seconds: float) -> None:
        # The first slice pays for compiling and would make the model look slow: it is measured
        # again after that, and from then on smoothed.
        measured = seconds / batches
        if self._seconds_per_batch is None:
            self._seconds_per_batch = SLICE_SECONDS / FIRST_SLICE
        else:
            self._seconds_per_batch = 0.5 * self._seconds_per_batch + 0.5 * measured


def has_convolution(model: keras.Model) -> bool:
    """Whether the model convolves images."""
    return any("Conv" in type(layer).__name__ for layer in model.layers)


def suits_xla(model: keras.Model) -> bool:
    """Whether XLA is the better compiler for a model on the CPU.

    It makes dense models two to four times faster than the plain graph, but needs minutes to
    compile convolutions, which it then runs no faster.
    """
    return not has_convolution(model)


def _count_correct(y: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    right = tf.equal(tf.argmax(probabilities, axis=-1), y)
    return tf.reduce_sum(tf.cast(right, tf.float32))
