"""A run as steps of code that train it again, in today's Keras and without the lab.

The code is written from the run's settings, from the real network's layers and from the task's
own steps (one module for each task, `CODE_OF_TASKS`). What cannot be repeated is refused with a
sentence: a lesson began with another run's weights and learned from a class's drawings, which
belong to the class and are not put into a file that is handed around; the run that it began with
can leave as code, and the lesson's own network in every other format.

The words in the code are English, as those of Keras are.

Only worker processes import this module: it loads Keras.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from mnist_core.errors import DataError
from mnist_core.experiment.architectures import architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs import EpochRecord, RateChange, Run, RunStatus, rate_changes
from mnist_core.tasks import task
from mnist_core.training.networks import build_network
from mnist_core.training.programs import optimizer_of
from mnist_core.transfer.code import images, tables, texts
from mnist_core.transfer.code.layers import model_lines, object_code
from mnist_core.transfer.code.sections import DataPart, Section, Setting, Source

#: Each task's own steps; a task that is not here cannot leave as code.
CODE_OF_TASKS: dict[str, Callable[[TrainingConfig, tuple[int, ...]], DataPart]] = {
    "mnist": images.digits_part,
    "fashion": images.clothes_part,
    "imdb": texts.data_part,
    "reuters": texts.data_part,
    "boston": tables.data_part,
    "california": tables.data_part,
}

BUILD_MODEL = '''\
def build_model() -> keras.Model:
    """The run's network, which has learned nothing yet."""
{lines}
'''

IN_NEW_ORDER = '''\
def in_new_order(x: np.ndarray, y: np.ndarray) -> tf.data.Dataset:
    """Batches, in another order each epoch.

    Where a seed is set, Keras itself would give every epoch the same batches in the same order:
    a network with batch normalisation memorises them.
    """
    samples = tf.data.Dataset.from_tensor_slices((x, y))
    return samples.shuffle(len(x), seed=SEED).batch(BATCH_SIZE)
'''

PLOT_CURVES = '''\
def plot_curves(history: dict[str, list[float]]{parameter}) -> None:
    """Draw how the training went, epoch by epoch, and keep the picture in curves.png."""
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
    """Everything that a run's code is written from.

    Args:
        run: The run.
        records: Its epochs.

    Raises:
        DataError: Code cannot train it again.
        ConfigError: A setting, of another version perhaps, can be used no more.
    """
    _check(run)
    config = run.known_config()
    data = CODE_OF_TASKS[config.task](config, architecture(config.architecture).input_shape)
    rates = [(record.epoch, record.learning_rate) for record in records]
    changes = rate_changes(config.learning_rate, rates)
    return Source(
        run=run,
        packages=("keras", "matplotlib", "numpy", "tensorflow"),
        data=data,
        settings=(
            ("SEED", str(config.seed), "decides which samples, which first weights, which order"),
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
            mark("“{name}” is to be written as code."),
            mark("It was imported from a file, and how it was trained is not known."),
            mark("Choose a format that holds the model itself, such as the Keras model."),
            name=run.name,
        )
    if run.lesson is not None:
        raise DataError(
            mark("“{name}” is to be written as code."),
            mark(
                "It began with what “{base}” had learned and was taught drawings, which stay in "
                "the lab."
            ),
            mark("Write the run that it began with as code, or this one as a Keras model."),
            name=run.name,
            base=run.lesson["base_name"],
        )
    if run.config.task not in CODE_OF_TASKS:
        raise DataError(
            mark("“{name}” is to be written as code."),
            mark("The lab has no code yet that reads the data of its task, {task}."),
            mark("Choose a format that holds the model itself, such as the Keras model."),
            name=run.name,
            task=run.config.task,
        )


def _settings(run: Run, changes: list[RateChange]) -> list[Setting]:
    config = run.config
    epochs, words = config.epochs, "times that all of them are seen"
    if run.status is RunStatus.STOPPED and 0 < run.epochs_done < epochs:
        epochs, words = run.epochs_done, f"the run was stopped by hand, before its {epochs:,}"
    settings = [
        ("BATCH_SIZE", str(config.batch_size), "for each step of the optimizer"),
        ("EPOCHS", str(epochs), words),
        ("LEARNING_RATE", repr(config.learning_rate), "size of a step"),
    ]
    if changes:
        table = ", ".join(f"{change.epoch}: {change.rate!r}" for change in changes)
        settings.append(("NEW_RATES", f"{{{table}}}", "epoch: rate, as it was set by hand"))
    if config.patience is not None:
        settings.append(("PATIENCE", str(config.patience), "epochs without improvement, then stop"))
        if config.min_delta:
            words = "fall of the validation loss that is one"
            settings.append(("MIN_DELTA", repr(config.min_delta), words))
    return settings


def _network(config: TrainingConfig) -> Section:
    entry = architecture(config.architecture)
    return Section(
        title="The network",
        text=f"{entry.label}. {entry.summary}",
        steps="keras.utils.set_random_seed(SEED)\nmodel = build_model()\nmodel.summary()",
        definitions=BUILD_MODEL.format(lines=model_lines(build_network(entry.key))),
        imports=("import keras", "from keras import layers"),
    )


def _training(config: TrainingConfig, data: DataPart, changes: list[RateChange]) -> Section:
    entry = task(config.task)
    judged = config.validation_size > 0
    text = (
        "After each epoch the network is measured on the validation set, and the best one is kept."
        if judged
        else "No samples are held out, so the last model is kept."
    )
    callbacks = []
    if judged:
        callbacks.append('keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True)')
    if config.patience is not None:
        text += " Where the validation loss has not improved for a while, the training stops."
        delta = ", min_delta=MIN_DELTA" if config.min_delta else ""
        callbacks.append(f"keras.callbacks.EarlyStopping(patience=PATIENCE{delta})")
    if changes:
        text += " The learning rate changes where somebody changed it by hand."
        function = "lambda epoch, rate: NEW_RATES.get(epoch + 1, rate)"
        callbacks.append(f"keras.callbacks.LearningRateScheduler({function})")
    callbacks += ['keras.callbacks.CSVLogger("curves.csv")', "keras.callbacks.TerminateOnNaN()"]
    fitting = [
        data.batches,
        "shuffle=False",
        "epochs=EPOCHS",
        *([f"validation_data={data.judges}"] if judged else []),
        "callbacks=callbacks",
        "verbose=2",
    ]
    optimizer = object_code(optimizer_of(config), 8, learning_rate="LEARNING_RATE")
    compiling = [f"optimizer={optimizer}", f'loss="{entry.loss}"', f'metrics=["{entry.metric}"]']
    ordered = entry.inputs != "texts"  # their batches bring an order of their own
    return Section(
        title="The training",
        text=text,
        steps=f"model.compile(\n{_lines(compiling)})\n"
        f"callbacks = [\n{_lines(callbacks)}]\n"
        f"history = model.fit(\n{_lines(fitting)}).history"
        + ("" if judged else '\nmodel.save("last.keras")'),
        definitions=IN_NEW_ORDER if ordered else "",
        imports=(
            "import keras",
            *(("import numpy as np", "import tensorflow as tf") if ordered else ()),
        ),
    )


def _lines(parts: list[str]) -> str:
    return "".join(f"    {part},\n" for part in parts)


def _curves(config: TrainingConfig) -> Section:
    judged = config.validation_size > 0
    entry = task(config.task)
    titles = {"loss": "loss", "accuracy": "accuracy"}
    if entry.is_number:
        error = f"mean absolute error in {entry.unit}"
        titles = {"loss": "loss: mean squared error", "mae": error}
    function = PLOT_CURVES.format(
        parameter=", best_epoch: int" if judged else "",
        titles=json.dumps(titles),
        lines=TWO_LINES if judged else ONE_LINE,
    )
    if not judged:
        return Section(
            title="The curves",
            text="They say how well the training samples are known by now, and nothing of others.",
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
    if entry.is_number:
        words, places, unit = "mean absolute error", ".3f", f" {entry.unit}"
    measuring = f"test_loss, test_{metric} = {{}}.evaluate({data.test}, verbose=0)"
    printing = (
        f'print(f"Test loss: {{test_loss:.4f}}, test {words}: {{test_{metric}:{places}}}{unit}")'
    )
    if not config.validation_size:
        return Section(
            title="The test",
            text="Only now the network meets what it has never seen.",
            steps=f"{measuring.format('model')}\n{printing}",
        )
    return Section(
        title="The test",
        text=(
            "Only now, when nothing is left to choose, the network of the best epoch meets what "
            "it has never seen."
        ),
        steps='best = keras.saving.load_model("best.keras")\n'
        f"{measuring.format('best')}\n"
        'val_loss = history["val_loss"][best_epoch - 1]\n'
        'print(f"Best epoch: {best_epoch}, with a validation loss of {val_loss:.4f}")\n'
        f"{printing}",
        imports=("import keras",),
    )
