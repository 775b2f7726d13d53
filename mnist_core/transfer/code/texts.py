"""Code for texts, film reviews or news: load, split, and rows of zeros and ones batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import WORDS, task
from mnist_core.transfer.code.sections import DataPart, Section
from mnist_core.transfer.code.split import parts_steps, split_sections, split_settings

LOAD = '''\
def load_texts() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read {name}: {samples:,} {things} to choose from, and {test:,} to test with at the end.

    Returns:
        Each text as a list of word numbers below WORDS (rarer words are number 2), and its class,
        int64 (n,): of those to choose from first, then of the others.
    """
    (x, y), (x_test, y_test) = keras.datasets.{module}.load_data(num_words=WORDS)
    return x, y.astype(np.int64), x_test, y_test.astype(np.int64)
'''

BATCHES = '''\
def multi_hot(texts: np.ndarray) -> np.ndarray:
    """Which words each text has: float32 (n, WORDS), 1 where a word occurs, else 0."""
    rows = np.zeros((len(texts), WORDS), np.float32)
    for row, words in zip(rows, texts, strict=True):
        row[words] = 1
    return rows


class Batches(keras.utils.PyDataset):
    """Texts for a network, made into rows batch by batch: all at once would fill the memory."""

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
        """Shuffle the texts to learn from, before the first epoch and after each one."""
        if self.dice is not None:
            self.dice.shuffle(self.order)
'''


@dataclass(frozen=True)
class _Kind:
    """What differs between the tasks with texts.

    Attributes:
        name: Of the data set.
        things: What one text is, many of them.
        pool: Where validation samples come from.
        megabytes: Size of Keras's file.
        about: What the classes are.
    """

    name: str
    things: str
    pool: tuple[int, int]
    megabytes: int
    about: str


KINDS = {
    "imdb": _Kind("IMDB", "reviews", (0, 10_000), 17, "each clearly against (0) or for (1) a film"),
    "reuters": _Kind("Reuters", "news", (0, 1_000), 2, "each about one of 46 topics"),
}


def data_part(config: TrainingConfig, input_shape: tuple[int, ...]) -> DataPart:  # noqa: ARG001
    """The steps from Keras's texts to what a configuration's network takes."""
    kind, module = KINDS[config.task], config.task
    return DataPart(
        things=kind.things,
        origin=f"Keras downloads the {kind.things} once ({kind.megabytes} MB) and keeps them in "
        "~/.keras/datasets.",
        keras_files=f"{module}.npz",
        settings=(
            ("WORDS", f"{WORDS:_}", "most frequent words that the network knows"),
            *split_settings(config, kind.things),
        ),
        sections=(
            _load(kind, module),
            *split_sections(config, kind.things, kind.pool),
            _words(config),
        ),
        batches="Batches(x_train, y_train, in_new_order=True)",
        judges="Batches(x_validation, y_validation)",
        test="Batches(x_test, y_test)",
    )


def _load(kind: _Kind, module: str) -> Section:
    entry = task(module)
    return Section(
        title=f"The {kind.things}",
        text=(
            f"{kind.name}: {entry.samples:,} {kind.things} to choose from, {kind.about}, and "
            f"{entry.test_samples:,} others, which are looked at once, at the end."
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
            f"For the network a text is a row of {WORDS:,} zeros and ones, one for each word: "
            "which words occur, not in which order. Rows are made batch by batch."
        ),
        steps=parts_steps(config, "{}"),
        definitions=BATCHES,
        imports=("import keras", "import numpy as np"),
    )
