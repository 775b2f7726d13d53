"""Exported code for texts (reviews or news): loading, split, multi-hot encoding batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import WORDS, task
from mnist_core.transfer.code.sections import DataPart, Section
from mnist_core.transfer.code.split import parts_steps, split_sections, split_settings

LOAD = '''\
def load_texts() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read {name}: {samples:,} {things} to train and validate on, and {test:,} to test on.

    Returns:
        Each text as a list of word numbers below WORDS (rarer words are number 2), and its class,
        int64 (n,): for training and validation first, then for the test.
    """
    (x, y), (x_test, y_test) = keras.datasets.{module}.load_data(num_words=WORDS)
    return x, y.astype(np.int64), x_test, y_test.astype(np.int64)
'''

BATCHES = '''\
def multi_hot(texts: np.ndarray) -> np.ndarray:
    """Encode which words occur in each text: float32 (n, WORDS), 1 if a word occurs, else 0."""
    rows = np.zeros((len(texts), WORDS), np.float32)
    for row, words in zip(rows, texts, strict=True):
        row[words] = 1
    return rows


class Batches(keras.utils.PyDataset):
    """Multi-hot encoded texts, encoded batch by batch to save memory."""

    def __init__(
        self, texts: np.ndarray, labels: np.ndarray, *, in_new_order: bool = False
    ) -> None:
        super().__init__()
        self.texts, self.labels = texts, labels
        self.order = np.arange(len(texts))
        self.dice = np.random.default_rng(SEED) if in_new_order else None
        self.on_epoch_end()

    def __len__(self) -> int:
        """The number of batches."""
        return -(-len(self.order) // BATCH_SIZE)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """One batch."""
        places = self.order[number * BATCH_SIZE : (number + 1) * BATCH_SIZE]
        return multi_hot(self.texts[places]), self.labels[places]

    def on_epoch_end(self) -> None:
        """Shuffle the training texts, before the first epoch and after each epoch."""
        if self.dice is not None:
            self.dice.shuffle(self.order)
'''


@dataclass(frozen=True)
class _Kind:
    """Differences between the tasks with texts.

    Attributes:
        name: Name of the data set.
        things: What the texts are, in the plural.
        pool: Range of the validation samples.
        megabytes: Size of Keras's file.
        about: Description of the classes.
    """

    name: str
    things: str
    pool: tuple[int, int]
    megabytes: int
    about: str


KINDS = {
    "imdb": _Kind("IMDB", "reviews", (0, 10_000), 17, "each negative (0) or positive (1)"),
    "reuters": _Kind("Reuters", "news", (0, 1_000), 2, "each about one of 46 topics"),
}


def data_part(config: TrainingConfig, input_shape: tuple[int, ...]) -> DataPart:  # noqa: ARG001
    """Return the steps from Keras's texts to the input of a configuration's network."""
    kind, module = KINDS[config.task], config.task
    return DataPart(
        things=kind.things,
        origin=f"Keras downloads the {kind.things} once ({kind.megabytes} MB) and keeps them in "
        "~/.keras/datasets.",
        keras_files=f"{module}.npz",
        settings=(
            ("WORDS", f"{WORDS:_}", "most frequent words, the vocabulary of the network"),
            *split_settings(config, kind.things),
        ),
        sections=(
            _load(kind, module),
            *split_sections(config, kind.things, kind.pool),
            _words(config),
        ),
        batches="Batches(x_train, y_train, in_new_order=True)",
        validation_data="Batches(x_validation, y_validation)",
        test="Batches(x_test, y_test)",
    )


def _load(kind: _Kind, module: str) -> Section:
    entry = task(module)
    return Section(
        title=f"The {kind.things}",
        text=(
            f"{kind.name}: {entry.samples:,} {kind.things} for training and validation, "
            f"{kind.about}, and {entry.test_samples:,} for the test, which are used once, at the "
            "end."
        ),
        steps="x_all, y_all, x_test, y_test = load_texts()",
        definitions=LOAD.format(
            name=kind.name,
            samples=entry.samples,
            things=kind.things,
            test=entry.test_samples,
            module=module,
        ),
        imports=("import keras", "import numpy as np"),
    )


def _words(config: TrainingConfig) -> Section:
    return Section(
        title="The words",
        text=(
            f"The input is a row of {WORDS:,} zeros and ones (multi-hot encoding): which words "
            "occur, not their order. Texts are encoded batch by batch."
        ),
        steps=parts_steps(config, "{}"),
        definitions=BATCHES,
        imports=("import keras", "import numpy as np"),
    )
