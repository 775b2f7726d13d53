"""MNIST's part of exported code: the digits, the split, wrong labels, pixels, new handwriting.

The code draws by the same algorithms as `mnist_core.tasks.splits`, written out for the one case
that a run is: a test compares what the two draw. New handwriting is the lab's own code, taken
from the source of `mnist_core.training.augmentation`.
"""

from __future__ import annotations

import ast
import inspect

from mnist_core.config import TrainingConfig
from mnist_core.export.sections import DataPart, Section, Setting
from mnist_core.tasks.mnist import MNIST, VALIDATION_POOL

TRAIN_POOL = VALIDATION_POOL[0]

#: SHA-256 of the bytes of x_train, y_train, x_test and y_test, whatever file they come in.
ARRAYS_SHA256 = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"

LOAD = '''\
MNIST_SHA256 = "{digest}"
KERAS_CACHE = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"), "datasets", "mnist.npz")


def load_mnist(file: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read MNIST: 60,000 digits to choose from, and 10,000 to test with at the end.

    Args:
        file: A copy of mnist.npz; where there is none, Keras's own is taken, or downloaded once.

    Returns:
        Pictures, uint8 (n, 28, 28) from 0 (paper) to 255 (ink), and which digit each one is,
        int64 (n,): of the 60,000 first, then of the 10,000.
    """
    copies = [copy for copy in (file, KERAS_CACHE) if copy.exists()]
    if copies:
        with np.load(copies[0]) as arrays:
            digits = [arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    else:
        training, test = keras.datasets.mnist.load_data()
        digits = [*training, *test]
    content = hashlib.sha256()
    for array in digits:
        content.update(array.tobytes())
    if content.hexdigest() != MNIST_SHA256:
        raise ValueError(f"Not MNIST's digits as the run had them: {{copies or 'a download'}}")
    x, y, x_test, y_test = digits
    return x, y.astype(np.int64), x_test, y_test.astype(np.int64)
'''

DRAW = '''\
def draw(
    pool: np.ndarray, size: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw some of a pool without repetition; return them, and those that are left."""
    shuffled = generator.permutation(pool)
    return shuffled[:size], shuffled[size:]
'''

DRAW_IN_PROPORTION = '''\
def draw(
    pool: np.ndarray, labels: np.ndarray, size: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw some of a pool without repetition, each class in the share that it has in the pool.

    Returns:
        Those drawn, and those that are left.
    """
    shuffled = generator.permutation(pool)
    classes = labels[shuffled]
    # Whole digits in proportion, and one more where the remainder is largest.
    counts, remainders = np.divmod(np.bincount(classes) * size, len(pool))
    counts[np.argsort(-remainders, kind="stable")[: size - counts.sum()]] += 1
    chosen = np.zeros(len(pool), dtype=bool)
    for digit, count in enumerate(counts):
        chosen[np.flatnonzero(classes == digit)[:count]] = True
    return shuffled[chosen], shuffled[~chosen]
'''

SPLIT = '''\
def split({parameters}) -> tuple[np.ndarray, np.ndarray]:
    """Choose the digits to learn from and those to judge by; return their places in MNIST."""
{body}
    return train, validation
'''

SPLIT_APART = """\
    first, last = np.arange({pool:_}), np.arange({pool:_}, 60_000)
    train, _ = draw(first, {labels}TRAIN_SIZE, np.random.default_rng([SEED, 0]))
    validation, _ = draw(last, {labels}VALIDATION_SIZE, np.random.default_rng([SEED, 1]))"""

SPLIT_OF_ALL = """\
    train, rest = draw(np.arange(60_000), {labels}TRAIN_SIZE, np.random.default_rng([SEED, 0]))
    validation, _ = draw(rest, {labels}VALIDATION_SIZE, np.random.default_rng([SEED, 1]))"""

SPOIL = '''\
def make_some_wrong(labels: np.ndarray) -> np.ndarray:
    """Replace a share of labels by another digit, each as likely as the next."""
    generator = np.random.default_rng([SEED, 2])
    count = round(LABEL_NOISE * len(labels))
    places = generator.permutation(len(labels))[:count]
    steps = generator.integers(1, 10, size=len(labels))[:count]
    wrong = labels.copy()
    wrong[places] = (wrong[places] + steps) % 10
    return wrong
'''

PREPARE = '''\
def prepare(images: np.ndarray) -> np.ndarray:
    """Turn pictures into what the network takes: float32 {shape}, from 0 to {top}."""
    return {code}
'''

NEW_EACH_TIME = '''\
def new_each_time(x: np.ndarray, y: np.ndarray) -> tf.data.Dataset:
    """Batches in a new order each epoch, every digit in them changed anew each time."""
    dice = tf.data.Dataset.random(seed=SEED, rerandomize_each_iteration=True).batch(2)
    batches = tf.data.Dataset.zip(in_new_order(x, y), dice)
    return batches.map(lambda batch, seed: ({function}(batch[0], seed), batch[1]))
'''


def data_part(config: TrainingConfig, input_shape: tuple[int, ...]) -> DataPart:
    """The steps from MNIST to what a configuration's network takes."""
    sections = [_load(), _split(config)]
    if config.label_noise:
        sections.append(_spoil(config))
    sections.append(_prepare(config, input_shape))
    if config.augmentation != "none":
        sections.append(_new_handwriting(config))
    return DataPart(
        things="digits",
        origin="Keras downloads the digits once (11 MB) and keeps them in ~/.keras/datasets.",
        file="mnist.npz",
        settings=_settings(config),
        sections=tuple(sections),
        batches=None if config.augmentation == "none" else "new_each_time(x_train, y_train)",
    )


def _settings(config: TrainingConfig) -> tuple[Setting, ...]:
    settings = [
        ("TRAIN_SIZE", f"{config.train_size:_}", "digits to learn from"),
        (
            "VALIDATION_SIZE",
            f"{config.validation_size:_}",
            "digits to judge by, never learned from",
        ),
    ]
    if config.label_noise:
        settings.append(("LABEL_NOISE", repr(config.label_noise), "share of wrong labels"))
    return tuple(settings)


def _load() -> Section:
    return Section(
        title="The digits",
        text=(
            "MNIST: 60,000 pictures of handwritten digits to choose from, and 10,000 others, which "
            "are looked at once, at the end."
        ),
        steps="x_all, y_all, x_test, y_test = load_mnist(data)",
        definitions=LOAD.format(digest=ARRAYS_SHA256),
        imports=(
            "import hashlib",
            "import os",
            "from pathlib import Path",
            "import keras",
            "import numpy as np",
        ),
    )


def _split(config: TrainingConfig) -> Section:
    stratified = config.sampling == "stratified"
    apart = config.train_size <= TRAIN_POOL and config.validation_size <= MNIST.samples - TRAIN_POOL
    labels = "labels, " if stratified else ""
    body = (SPLIT_APART if apart else SPLIT_OF_ALL).format(labels=labels, pool=TRAIN_POOL)
    where = (
        f"drawn from the first {TRAIN_POOL:,} and the last {MNIST.samples - TRAIN_POOL:,}"
        if apart
        else f"drawn from all {MNIST.samples:,}, without a common one"
    )
    return Section(
        title="The split",
        text=(
            f"{config.train_size:,} digits to learn from and {config.validation_size:,} to judge "
            f"by, {where}. The seed decides which: they are the run's very own."
        ),
        steps=f"train, validation = split({'y_all' if stratified else ''})\n"
        "y_train, y_validation = y_all[train], y_all[validation]",
        definitions=(DRAW_IN_PROPORTION if stratified else DRAW)
        + "\n\n"
        + SPLIT.format(parameters="labels: np.ndarray" if stratified else "", body=body),
        imports=("import numpy as np",),
    )


def _spoil(config: TrainingConfig) -> Section:
    return Section(
        title="Wrong labels",
        text=(
            f"{round(config.label_noise * config.train_size):,} of the labels to learn from are "
            "made wrong, the same ones as in the run. A network that gets these “right” too has "
            "learned them by heart."
        ),
        steps="y_train = make_some_wrong(y_train)",
        definitions=SPOIL,
        imports=("import numpy as np",),
    )


def _prepare(config: TrainingConfig, input_shape: tuple[int, ...]) -> Section:
    unit = config.pixel_scaling == "unit"
    sizes = ", ".join(map(str, input_shape))
    order = (
        "each picture's pixels in one row" if len(input_shape) == 1 else "each picture as a square"
    )
    scale = "divided by 255, from 0 to 1" if unit else "left as grey levels from 0 to 255"
    return Section(
        title="The pixels",
        text=(
            f"The network takes {order}, {scale}. Whatever it is to read later has to be prepared "
            "in the same way."
        ),
        steps="x_train, x_validation = prepare(x_all[train]), prepare(x_all[validation])\n"
        "x_test = prepare(x_test)",
        definitions=PREPARE.format(
            shape=f"(n, {sizes})",
            top=1 if unit else 255,
            code=f"images.reshape(-1, {sizes}).astype(np.float32)" + (" / 255" if unit else ""),
        ),
        imports=("import numpy as np",),
    )


def _new_handwriting(config: TrainingConfig) -> Section:
    function = {"shape": "reshape_digits", "handwriting": "rewrite_digits"}[config.augmentation]
    changed = "turned, slanted, stretched and shifted a little"
    if config.augmentation == "handwriting":
        changed += ", their strokes made thicker or thinner"
    return Section(
        title="New handwriting",
        text=(
            f"Each time that the training digits come round, they are {changed}. The digits to "
            "judge by and to test with stay as they are."
        ),
        steps="",
        definitions=_taken_from(augmentation_source(), function)
        + "\n\n"
        + NEW_EACH_TIME.format(function=function),
        imports=(
            "import math",
            *(("from collections.abc import Callable",) * (config.augmentation == "handwriting")),
            "import numpy as np",
            "import tensorflow as tf",
        ),
    )


def augmentation_source() -> str:
    """The source of the lab's augmentation; importing its module loads TensorFlow."""
    from mnist_core.training import augmentation

    return inspect.getsource(augmentation)


def _taken_from(source: str, function: str) -> str:
    """A function of a module's source with the constants and functions that it uses, in order."""
    lines = source.splitlines()
    parts: dict[int, ast.stmt] = {}
    named: dict[str, ast.stmt] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            named[node.name] = node
        elif isinstance(node, ast.Assign):
            named |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    todo = [named[function]]
    while todo:
        node = todo.pop()
        parts[node.lineno] = node
        used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} & named.keys()
        todo += [named[name] for name in used if named[name].lineno not in parts]
    constants, functions = [], []
    for start, node in sorted(parts.items()):
        text = "\n".join(lines[start - 1 : node.end_lineno])
        if isinstance(node, ast.FunctionDef):
            functions.append(text)
            continue
        first = start - 1
        while lines[first - 1].startswith("#:"):
            first -= 1
        said = [line.replace("#:", "#", 1) for line in lines[first : start - 1]]
        constants.append("\n".join([*said, text]))
    return "\n\n\n".join(["\n".join(constants), *functions]) + "\n"
