"""Training loop: one compiled call for many batches, on data that stays in memory.

``model.fit`` returns to Python after every batch, which for small models takes a hundred times
longer than the arithmetic. Here one compiled loop trains a *slice* of an epoch (a short epoch is a
single slice) and gathers the batches itself. The model, the optimizer, the loss and the callbacks
are Keras's; the batch hooks are called once for each slice.

``model.fit`` is also slow with multi-hot texts, where about 100 of 10,000 inputs are not zero.
Here the first layer is a product with a sparse matrix.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from mnist_core.tensorflow_setup import keras, tf
from mnist_core.training.augmentation import Augmentation
from mnist_core.training.objective import Objective
from mnist_core.training.samples import Samples, batch_inputs

#: Approximate duration of a slice, in seconds; between slices commands are applied.
SLICE_SECONDS = 0.15
#: Batches in the first slice, in which the step is compiled, and in the second, whose speed is
#: measured, by whether the model has convolutions.
FIRST_SLICE = {True: 1, False: 4}
#: Input values in one call of the evaluation.
EVALUATION_VALUES = 4_000_000
#: Images in one call for a model with convolutions, whose activations take much memory.
EVALUATION_IMAGES = 250
#: Texts in one call of the evaluation.
EVALUATION_TEXTS = 5_000
#: Makes the seed of the sample order different from the seeds of the split.
ORDER_SEED = 101


@dataclass(frozen=True)
class Evaluation:
    """Loss and metric of a model on a set of samples.

    Attributes:
        losses: Loss of each sample, float32 (n,), without regularisation.
        loss: Mean loss plus the regularisation losses, as ``model.evaluate`` reports it.
        metric: Mean of the model's metric: the accuracy from 0 to 1, or the mean absolute error.
    """

    losses: np.ndarray[Any, np.dtype[np.float32]]
    loss: float
    metric: float


class Program:
    """A Keras model with compiled functions for training and evaluation.

    Compiling takes longer than many short runs, so a program is reused with new weights.

    Args:
        model: A built model with one input and one output, compiled with an optimizer, a loss and
            one metric.
        batch_size: Samples for each step of the optimizer.
        jit: Whether to compile with XLA; None leaves it to :func:`suits_xla`. XLA cannot compile
            sparse inputs.
        augment: Transforms the images of each training batch; XLA cannot compile it.

    Attributes:
        seed: Seed of the data augmentation, int32.

    Raises:
        ValueError: The model has several inputs or outputs, or an input of unknown size.
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        batch_size: int,
        jit: bool | None = None,
        augment: Augmentation | None = None,
    ) -> None:
        self.model = model
        self.seed = tf.Variable(0, dtype=tf.int32, trainable=False)
        self._augment = augment
        self.objective = Objective.of(model)
        self.batch_size = batch_size
        self.optimizer: Any = model.optimizer
        self.optimizer.build(model.trainable_variables)
        self._optimizer_start = [variable.numpy() for variable in self.optimizer.variables]
        self.jit = (suits_xla(model) and augment is None) if jit is None else jit
        self._after_first: keras.Model | None = None
        self._concrete: dict[tuple[object, ...], Callable[..., Any]] = {}
        self._train = tf.function(self._train_batches, jit_compile=self.jit)
        self._train_rest = tf.function(self._train_one, jit_compile=self.jit)
        self._evaluate = tf.function(self._evaluate_samples, jit_compile=self.jit)
        shapes = model.input_shape
        if not isinstance(shapes, tuple) or None in shapes[1:] or len(model.outputs) != 1:
            raise ValueError("Give the model one input of known size and one output.")
        values = math.prod(shapes[1:])
        self.evaluation_samples = (
            EVALUATION_IMAGES if has_convolution(model) else max(1, EVALUATION_VALUES // values)
        )

    # TensorFlow traces the functions from here to `_evaluate_samples`: their Python code runs only
    # once.

    def _train_one(
        self, x: tf.Tensor, y: tf.Tensor, scale: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Make one step of the optimizer; return the sums of loss and metric over the batch."""
        inputs = batch_inputs(x, scale)
        if self._augment is not None:
            step = tf.cast(self.optimizer.iterations, tf.int32)
            inputs = self._augment(inputs, tf.stack([self.seed, 2 * step]))
        with tf.GradientTape() as tape:
            output = self._output(inputs, training=True)
            losses = self.objective.losses(y, output)
            loss = tf.add_n([tf.reduce_mean(losses), *self.model.losses])
        variables = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        samples = tf.cast(tf.shape(y)[0], loss.dtype)
        return loss * samples, tf.reduce_sum(self.objective.metrics(y, output))

    def _train_batches(
        self,
        x: tf.Tensor,
        y: tf.Tensor,
        scale: tf.Tensor,
        order: tf.Tensor,
        start: tf.Tensor,
        batches: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Train on consecutive full batches of the order; ``start`` is the first batch."""
        # In double precision the sum does not depend on how the epoch is divided into slices.
        loss, metric = tf.constant(0.0, tf.float64), tf.constant(0.0, tf.float64)
        batch, end = start, start + batches
        # A while loop, because XLA would compile a tf.range again for each length.
        while batch < end:
            chosen = tf.slice(order, [batch * self.batch_size], [self.batch_size])
            sums = self._train_one(tf.gather(x, chosen), tf.gather(y, chosen), scale)
            loss += tf.cast(sums[0], tf.float64)
            metric += tf.cast(sums[1], tf.float64)
            batch += 1
        return loss, metric

    def _evaluate_samples(
        self, x: tf.Tensor, y: tf.Tensor, scale: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        output = self._output(batch_inputs(x, scale), training=False)
        penalty = tf.add_n([tf.constant(0.0), *self.model.losses])
        metric = tf.reduce_sum(self.objective.metrics(y, output))
        return self.objective.losses(y, output), metric, penalty

    def _output(self, inputs: tf.Tensor | tf.SparseTensor, *, training: bool) -> tf.Tensor:
        """Return the model's output; for sparse inputs the first layer is computed here."""
        if not isinstance(inputs, tf.SparseTensor):
            return self.model(inputs, training=training)
        first = self.model.layers[0]
        weights, bias = tf.convert_to_tensor(first.kernel), tf.convert_to_tensor(first.bias)
        hidden = first.activation(tf.sparse.sparse_dense_matmul(inputs, weights) + bias)
        if self._after_first is None:
            self._after_first = keras.Model(first.output, self.model.outputs[0])
        return self._after_first(hidden, training=training)

    def _call(self, function: Any, x: tf.Tensor, *others: tf.Tensor) -> Any:
        """Call the concrete function for this number of samples.

        TensorFlow's own look-up takes a tenth of a small model's epoch. All other shapes follow
        from the number of samples.
        """
        key = (
            function,
            x.shape[0],
            *((tensor.dtype, tensor.shape.rank) for tensor in (x, others[0])),
        )
        concrete = self._concrete.get(key)
        if concrete is None:
            concrete = self._concrete[key] = function.get_concrete_function(x, *others)
        return concrete(x, *others)

    def train(
        self, samples: Samples, order: tf.Tensor, start: int, batches: int
    ) -> tuple[float, float]:
        """Train on consecutive batches of an epoch; the epoch's last batch may be smaller.

        Args:
            samples: The training set.
            order: The permutation of the samples in this epoch, int32 (n,).
            start: The first batch, from 0.
            batches: Number of batches.

        Returns:
            The sums over the samples of the loss, with regularisation, and of the metric.
        """
        full = min(batches, len(samples) // self.batch_size - start)
        x, y, scale = samples.x, samples.y, samples.scale
        loss = metric = 0.0
        if full > 0:
            slice_of_order = (order, tf.constant(start), tf.constant(full))
            sums = self._call(self._train, x, y, scale, *slice_of_order)
            loss, metric = float(sums[0]), float(sums[1])
        if batches > full:
            rest = order[(len(samples) // self.batch_size) * self.batch_size :]
            sums = self._call(self._train_rest, tf.gather(x, rest), tf.gather(y, rest), scale)
            loss, metric = loss + float(sums[0]), metric + float(sums[1])
        return loss, metric

    def pieces(self, samples: Samples) -> int:
        """Return the number of pieces in which :meth:`evaluate` evaluates the samples."""
        is_text = isinstance(samples.x, tf.RaggedTensor)
        return -(-len(samples) // (EVALUATION_TEXTS if is_text else self.evaluation_samples))

    def evaluate(self, samples: Samples) -> Iterator[Evaluation | None]:
        """Evaluate samples in pieces, between which the caller may apply commands.

        Yields:
            None after each piece, then the result.
        """
        losses = []
        metric = penalty = 0.0
        # Pieces of equal size, because each size is compiled.
        pieces = self.pieces(samples)
        size = -(-len(samples) // pieces)
        for start in range(0, len(samples), size):
            piece = slice(start, start + size)
            x, y = samples.x, samples.y
            if pieces > 1:
                x, y = x[piece], y[piece]
            result = self._call(self._evaluate, x, y, samples.scale)
            losses.append(result[0].numpy())
            metric += float(result[1])
            penalty += float(result[2]) * len(losses[-1])
            yield None
        every = np.concatenate(losses)
        loss = float(every.mean(dtype=np.float64)) + penalty / len(samples)
        yield Evaluation(every, loss, metric / len(samples))

    def evaluate_now(self, samples: Samples) -> Evaluation:
        """Evaluate samples and return the result."""
        *_, result = self.evaluate(samples)
        return cast("Evaluation", result)

    def graph(self, samples: Samples) -> tf.Graph:
        """Return the graph of operations of one training step, without running it."""
        step = tf.function(self._train_one)
        size = min(self.batch_size, len(samples))
        arguments = (samples.x[:size], samples.y[:size], samples.scale)
        return step.get_concrete_function(*arguments).graph

    def restart(self, initial: keras.Model, learning_rate: float, *, seed: int = 0) -> None:
        """Reset the program for a new run.

        Args:
            initial: A model of the same architecture with the initial weights.
            learning_rate: The optimizer's learning rate.
            seed: Seed of the data augmentation.
        """
        self.seed.assign(seed)
        self.model.stop_training = False
        for variable, value in zip(self.model.variables, initial.variables, strict=True):
            variable.assign(value)
        for variable, value in zip(self.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)
        self.optimizer.learning_rate.assign(learning_rate)


class FitLoop:
    """Trains epoch by epoch and calls Keras's callbacks as ``model.fit`` does.

    Args:
        program: The model and its compiled steps.
        train: The training set.
        validation: The validation set, evaluated after each epoch; None to train without
            validation.
        seed: Determines, with the epoch, the order of the samples, so a resumed run has the same
            batches.

    Attributes:
        slice_seconds: Approximate duration of a slice; 0 for slices of one batch, if callbacks
            have to be called after each batch.
        evaluation: The last evaluation on the validation set.
        progress: The current epoch (from 1), its completed batches and its total batches.
        is_validating: Whether a validation is in progress.
    """

    def __init__(
        self, program: Program, train: Samples, validation: Samples | None, *, seed: int
    ) -> None:
        self.program = program
        self.train = train
        self.validation = validation
        self.seed = seed
        self.slice_seconds = SLICE_SECONDS
        self.evaluation: Evaluation | None = None
        self.batches = -(-len(train) // program.batch_size)
        self.progress = (0, 0, self.batches)
        self.is_validating = False
        self._first_slice = FIRST_SLICE[has_convolution(program.model)]
        self._seconds_per_batch: float | None = None

    @property
    def is_between_epochs(self) -> bool:
        """Whether the last epoch and its validation are complete."""
        _, done, total = self.progress
        return done in (0, total) and not self.is_validating

    def run(
        self, *, epochs: int, first_epoch: int = 1, callbacks: list[keras.callbacks.Callback]
    ) -> keras.callbacks.History:
        """Train until the last epoch, or until a callback sets ``model.stop_training``.

        Args:
            epochs: The last epoch, from 1.
            first_epoch: The first epoch; above 1 for a resumed run.
            callbacks: Keras callbacks, called in this order.

        Returns:
            Keras's History with ``loss``, the metric (such as ``accuracy``) and both for the
            validation set (``val_loss``, …), without an incomplete epoch.
        """
        model = self.program.model
        history = keras.callbacks.History()
        hooks = keras.callbacks.CallbackList(
            [*callbacks, history],  # last, as in Keras: callbacks may add to the logs
            model=model,
            epochs=epochs,
            steps=self.batches,
            verbose=0,
        )
        model.stop_training = False
        hooks.on_train_begin()
        for epoch in range(first_epoch, epochs + 1):
            if model.stop_training:  # before the first epoch: a resumed run with a stop command
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
        """Train and validate one epoch; return its logs, or None if it was stopped."""
        order = tf.constant(self._order(epoch))
        loss = metric = 0.0
        done = 0
        while done < self.batches:
            self.progress = (epoch, done, self.batches)
            hooks.on_train_batch_begin(done)
            batches = min(self._slice(), self.batches - done)
            began = time.perf_counter()
            slice_loss, slice_metric = self.program.train(self.train, order, done, batches)
            self._measure_speed(batches, time.perf_counter() - began)
            loss, metric, done = loss + slice_loss, metric + slice_metric, done + batches
            self.progress = (epoch, done, self.batches)
            samples = min(done * self.program.batch_size, len(self.train))
            logs = self._logs(loss / samples, metric / samples)
            hooks.on_train_batch_end(done - 1, logs)
            if self.program.model.stop_training and done < self.batches:
                return None
        if self.validation is None:
            return logs
        evaluation = self._validate(self.validation, hooks)
        if evaluation is None:
            return None
        self.evaluation = evaluation
        validation_logs = self._logs(evaluation.loss, evaluation.metric)
        return logs | {f"val_{name}": value for name, value in validation_logs.items()}

    def _validate(
        self, validation: Samples, hooks: keras.callbacks.CallbackList
    ) -> Evaluation | None:
        hooks.on_test_begin()
        pieces = self.program.pieces(validation)
        for piece, evaluation in enumerate(self.program.evaluate(validation)):
            if evaluation is not None:
                break
            self.is_validating = piece + 1 < pieces
            hooks.on_test_batch_begin(piece)
            hooks.on_test_batch_end(piece)
            if self.program.model.stop_training and self.is_validating:
                return None
        result = cast("Evaluation", evaluation)  # the generator's last value
        hooks.on_test_end(self._logs(result.loss, result.metric))
        return result

    def _logs(self, loss: float, metric: float) -> dict[str, float]:
        # As float32, like Keras's own logs.
        return {"loss": float(np.float32(loss)), self.program.objective.metric_name: metric}

    def _order(self, epoch: int) -> np.ndarray[Any, np.dtype[np.int32]]:
        generator = np.random.default_rng([self.seed, ORDER_SEED, epoch])
        return generator.permutation(len(self.train)).astype(np.int32)

    def _slice(self) -> int:
        if not self.slice_seconds:
            return 1
        if self._seconds_per_batch is None:
            return self._first_slice
        return max(1, int(self.slice_seconds / self._seconds_per_batch))

    def _measure_speed(self, batches: int, seconds: float) -> None:
        # The time of the first slice includes compiling, so it does not count.
        measured = seconds / batches
        if self._seconds_per_batch is None:
            self._seconds_per_batch = self.slice_seconds / self._first_slice
        else:
            self._seconds_per_batch = 0.5 * self._seconds_per_batch + 0.5 * measured


def has_convolution(model: keras.Model) -> bool:
    """Return whether the model has a convolutional layer."""
    return any("Conv" in type(layer).__name__ for layer in model.layers)


def suits_xla(model: keras.Model) -> bool:
    """Return whether XLA is the faster choice for a model on the CPU.

    XLA makes dense models two to four times faster than TensorFlow's graph. It takes minutes to
    compile convolutions, which are no faster, and cannot compile some layers.
    """
    return not has_convolution(model) and all(layer.supports_jit for layer in model.layers)
