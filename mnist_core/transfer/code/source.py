"""Export of a run as code that trains it again, in plain Keras and without the lab.

The code is generated from the run's settings, from the network's layers and from the task's own
steps (one module for each task, `CODE_OF_TASKS`). A run that code cannot repeat is rejected: a
fine-tuned run began with another run's weights and was trained on a class's drawings, which are
private to the class. The run that it began with can be exported as code, and the fine-tuned model
in every other format.

The texts in the code are English, like Keras's own.

Only worker processes import this module: it loads Keras.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from mnist_core.errors import DataError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs import EpochRecord, RateChange, Run, RunStatus, rate_changes
from mnist_core.tasks import task
from mnist_core.training.networks import build_network
from mnist_core.training.programs import optimizer_of
from mnist_core.transfer.code import images, tables, texts
from mnist_core.transfer.code.layers import model_lines, object_code
from mnist_core.transfer.code.sections import DataPart, Section, Setting, Source

#: The steps of each task; a run of another task cannot be exported as code.
CODE_OF_TASKS: dict[str, Callable[[TrainingConfig, tuple[int, ...]], DataPart]] = {
    "mnist": images.digits_part,
    "fashion": images.clothes_part,
    "imdb": texts.data_part,
    "reuters": texts.data_part,
    "boston": tables.BOSTON,
    "california": tables.CALIFORNIA,
}

BUILD_MODEL = '''\
def build_model() -> keras.Model:
    """Build the run's network, untrained."""
{lines}
'''

IN_NEW_ORDER = '''\
def in_new_order(x: np.ndarray, y: np.ndarray) -> tf.data.Dataset:
    """Return batches in a new order each epoch.

    With a seed, Keras itself would repeat the same batches in the same order in every epoch, and a
    network with batch normalisation would memorise them.
    """
    samples = tf.data.Dataset.from_tensor_slices((x, y))
    return samples.shuffle(len(x), seed=SEED).batch(BATCH_SIZE)
'''

PLOT_CURVES = '''\
def plot_curves(history: dict[str, list[float]]{parameter}) -> None:
    """Plot the learning curves, and save the figure to curves.png."""
    figure, both = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    titles = {titles}
    for axes, (name, title) in zip(both, titles.items(), strict=True):
{lines}
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    figure.savefig("curves.png")
'''

TWO_LINES = """\
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            axes.plot(range(1, len(history[key]) + 1), history[key], label=label)
        axes.axvline(best_epoch, color="grey", linestyle=":", label=f"best epoch: {best_epoch}")"""

ONE_LINE = """\
        axes.plot(range(1, len(history[name]) + 1), history[name], label="training")"""


def source_of(run: Run, records: list[EpochRecord]) -> Source:
    """Return the content of a run's code.

    Args:
        run: The run.
        records: Its epochs.

    Raises:
        DataError: Code cannot train the run again.
        ConfigError: A setting, perhaps of another version, is no longer supported.
    """
    _check(run)
    config = run.known_config()
    data = CODE_OF_TASKS[config.task](config, config.network.input_shape)
    rates = [(record.epoch, record.learning_rate) for record in records]
    changes = rate_changes(config.learning_rate, rates)
    return Source(
        run=run,
        packages=("keras", "matplotlib", "numpy", "tensorflow"),
        data=data,
        settings=(
            ("SEED", str(config.seed), "determines the samples, the initial weights and the order"),
            *data.settings,
            *_settings(run, changes),
        ),
        sections=(
            *data.sections,
            _network(config),
            _training(config, data, changes),
            _curves(config),
            _test(config, data),
        ),
    )


def _check(run: Run) -> None:
    if run.imported is not None:
        raise DataError(
            mark(
                "“{name}” cannot be exported as code: it was imported from a file that does not "
                "say how it was trained."
            ),
            mark("Choose a format that contains the model itself, such as the Keras model."),
            name=run.name,
        )
    if run.lesson is not None:
        raise DataError(
            mark(
                "“{name}” cannot be exported as code: it was fine-tuned from “{base}” on drawings, "
                "which are not exported."
            ),
            mark("Export “{base}” as code, or this run as a Keras model."),
            name=run.name,
            base=run.lesson["base_name"],
        )
    if run.config.task not in CODE_OF_TASKS:
        raise DataError(
            mark(
                "“{name}” cannot be exported as code: the lab has no code for the data of its "
                "task, {task}."
            ),
            mark("Choose a format that contains the model itself, such as the Keras model."),
            name=run.name,
            task=run.config.task,
        )


def _settings(run: Run, changes: list[RateChange]) -> list[Setting]:
    config = run.config
    epochs, words = config.epochs, "passes over the training samples"
    if run.status is RunStatus.STOPPED and 0 < run.epochs_done < epochs:
        epochs, words = run.epochs_done, f"the run was stopped by hand before epoch {epochs:,}"
    settings = [
        ("BATCH_SIZE", str(config.batch_size), "samples in each step of the optimizer"),
        ("EPOCHS", str(epochs), words),
        ("LEARNING_RATE", repr(config.learning_rate), "step size of the optimizer"),
    ]
    if changes:
        table = ", ".join(f"{change.epoch}: {change.rate!r}" for change in changes)
        settings.append(("NEW_RATES", f"{{{table}}}", "epoch: learning rate, set by hand"))
    if config.patience is not None:
        settings.append(("PATIENCE", str(config.patience), "epochs without improvement, then stop"))
        if config.min_delta:
            words = "decrease of the validation loss that counts as an improvement"
            settings.append(("MIN_DELTA", repr(config.min_delta), words))
    return settings


def _network(config: TrainingConfig) -> Section:
    entry = config.network
    network = build_network(entry.key, config.task)
    return Section(
        title="The network",
        text=f"{entry.label}. {entry.summary}",
        steps="keras.utils.set_random_seed(SEED)\nmodel = build_model()\nmodel.summary()",
        definitions=BUILD_MODEL.format(lines=model_lines(network)),
        imports=("import keras", "from keras import layers"),
    )


def _training(config: TrainingConfig, data: DataPart, changes: list[RateChange]) -> Section:
    entry = task(config.task)
    validated = config.validation_size > 0
    text = (
        "After each epoch the validation loss is measured, and the best model is kept."
        if validated
        else "No samples are held out, so the last model is kept."
    )
    callbacks = []
    if validated:
        callbacks.append('keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True)')
    if config.patience is not None:
        text += " If the validation loss does not improve for PATIENCE epochs, training stops."
        delta = ", min_delta=MIN_DELTA" if config.min_delta else ""
        callbacks.append(f"keras.callbacks.EarlyStopping(patience=PATIENCE{delta})")
    if changes:
        text += " The learning rate changes as it was changed by hand in the run."
        function = "lambda epoch, rate: NEW_RATES.get(epoch + 1, rate)"
        callbacks.append(f"keras.callbacks.LearningRateScheduler({function})")
    callbacks += ['keras.callbacks.CSVLogger("curves.csv")', "keras.callbacks.TerminateOnNaN()"]
    fitting = [
        data.batches,
        "shuffle=False",
        "epochs=EPOCHS",
        *([f"validation_data={data.validation_data}"] if validated else []),
        "callbacks=callbacks",
        "verbose=2",
    ]
    optimizer = object_code(optimizer_of(config), 8, learning_rate="LEARNING_RATE")
    compiling = [f"optimizer={optimizer}", f'loss="{entry.loss}"', f'metrics=["{entry.metric}"]']
    ordered = entry.inputs != "texts"  # the batches of texts are shuffled by their own class
    return Section(
        title="The training",
        text=text,
        steps=f"model.compile(\n{_lines(compiling)})\n"
        f"callbacks = [\n{_lines(callbacks)}]\n"
        f"history = model.fit(\n{_lines(fitting)}).history"
        + ("" if validated else '\nmodel.save("last.keras")'),
        definitions=IN_NEW_ORDER if ordered else "",
        imports=(
            "import keras",
            *(("import numpy as np", "import tensorflow as tf") if ordered else ()),
        ),
    )


def _lines(parts: list[str]) -> str:
    return "".join(f"    {part},\n" for part in parts)


def _curves(config: TrainingConfig) -> Section:
    validated = config.validation_size > 0
    entry = task(config.task)
    titles = {"loss": "loss", "accuracy": "accuracy"}
    if entry.quantity is not None:
        error = f"mean absolute error in {entry.quantity.unit}"
        titles = {"loss": "loss: mean squared error", "mae": error}
    function = PLOT_CURVES.format(
        parameter=", best_epoch: int" if validated else "",
        titles=json.dumps(titles),
        lines=TWO_LINES if validated else ONE_LINE,
    )
    if not validated:
        return Section(
            title="The curves",
            text="They show how well the training samples are fitted, not how well it generalises.",
            steps="plot_curves(history)",
            definitions=function,
            imports=("import matplotlib.pyplot as plt",),
        )
    return Section(
        title="The curves",
        text=(
            "Where the validation loss rises while the training loss still falls, the network "
            "begins to memorise its training samples."
        ),
        steps='best_epoch = int(np.nanargmin(history["val_loss"])) + 1\n'
        "plot_curves(history, best_epoch)",
        definitions=function,
        imports=("import matplotlib.pyplot as plt", "import numpy as np"),
    )


def _test(config: TrainingConfig, data: DataPart) -> Section:
    entry = task(config.task)
    metric, words, places, unit = entry.metric, entry.metric, ".4f", ""
    if entry.quantity is not None:
        words, places, unit = "mean absolute error", ".3f", f" {entry.quantity.unit}"
    measuring = f"test_loss, test_{metric} = {{}}.evaluate({data.test}, verbose=0)"
    printing = (
        f'print(f"Test loss: {{test_loss:.4f}}, test {words}: {{test_{metric}:{places}}}{unit}")'
    )
    if not config.validation_size:
        return Section(
            title="The test",
            text="The test set is used only now, for the last model.",
            steps=f"{measuring.format('model')}\n{printing}",
        )
    return Section(
        title="The test",
        text=(
            "The test set is used only now, after all choices, to evaluate the model of the best "
            "epoch."
        ),
        steps='best = keras.saving.load_model("best.keras")\n'
        f"{measuring.format('best')}\n"
        'val_loss = history["val_loss"][best_epoch - 1]\n'
        'print(f"Best epoch: {best_epoch}, with a validation loss of {val_loss:.4f}")\n'
        f"{printing}",
        imports=("import keras",),
    )
