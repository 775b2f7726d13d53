"""Exported code for images of 28 × 28 pixels: loading, split, pixel scaling, data augmentation.

The data augmentation is the lab's own code, from the source of `mnist_core.training.augmentation`.
"""

from __future__ import annotations

import ast
import inspect

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks.mnist import VALIDATION_POOL
from mnist_core.transfer.code.sections import DataPart, Section
from mnist_core.transfer.code.split import parts_steps, split_sections, split_settings

#: SHA-256 of the bytes of x_train, y_train, x_test and y_test, independent of the file format.
ARRAYS_SHA256 = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"

LOAD = '''\
MNIST_SHA256 = "{digest}"
KERAS_CACHE = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"), "datasets", "mnist.npz")


def load_mnist(file: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read MNIST: 60,000 images for training and validation, and 10,000 for the test.

    Args:
        file: A copy of mnist.npz; if it does not exist, Keras's copy is used, or downloaded once.

    Returns:
        Images, uint8 (n, 28, 28) from 0 (background) to 255 (ink), and their digits, int64 (n,):
        of the 60,000 first, then of the 10,000.
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

LOAD_FASHION = '''\
def load_fashion() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read Fashion-MNIST: 60,000 images for training and validation, and 10,000 for the test.

    Returns:
        Images, uint8 (n, 28, 28) from 0 (background) to 255, and their classes, int64 (n,), ten
        kinds of clothes: of the 60,000 first, then of the 10,000.
    """
    (x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    return x, y.astype(np.int64), x_test, y_test.astype(np.int64)
'''

PREPARE = '''\
def prepare(images: np.ndarray) -> np.ndarray:
    """Convert images to the network's input: float32 {shape}, from 0 to {top}."""
    return {code}
'''

NEW_EACH_TIME = '''\
def new_each_time(x: np.ndarray, y: np.ndarray) -> tf.data.Dataset:
    """Return batches in a new order each epoch, with each image augmented anew."""
    dice = tf.data.Dataset.random(seed=SEED, rerandomize_each_iteration=True).batch(2)
    batches = tf.data.Dataset.zip(in_new_order(x, y), dice)
    return batches.map(lambda batch, seed: ({function}(batch[0], seed), batch[1]))
'''


def digits_part(config: TrainingConfig, input_shape: tuple[int, ...]) -> DataPart:
    """Return the steps from MNIST to the input of a configuration's network."""
    return DataPart(
        things="digits",
        origin="Keras downloads the digits once (11 MB) and keeps them in ~/.keras/datasets.",
        offline="mnist.npz",
        settings=split_settings(config, "digits"),
        sections=(_load(), *_after_loading(config, input_shape, "digits")),
        batches=_batches(config),
    )


def clothes_part(config: TrainingConfig, input_shape: tuple[int, ...]) -> DataPart:
    """Return the steps from Fashion-MNIST to the input of a configuration's network."""
    return DataPart(
        things="clothes",
        origin="Keras downloads the clothes once (30 MB) and keeps them in ~/.keras/datasets.",
        keras_files="the four files of fashion-mnist",
        settings=split_settings(config, "clothes"),
        sections=(_load_fashion(), *_after_loading(config, input_shape, "clothes")),
        batches=_batches(config),
    )


def _batches(config: TrainingConfig) -> str:
    if config.augmentation == "none":
        return DataPart.batches
    return "new_each_time(x_train, y_train)"


def _after_loading(
    config: TrainingConfig, input_shape: tuple[int, ...], things: str
) -> list[Section]:
    sections = split_sections(config, things, VALIDATION_POOL)
    sections.append(_prepare(config, input_shape))
    if config.augmentation != "none":
        sections.append(_new_handwriting(config, things))
    return sections


def _load() -> Section:
    return Section(
        title="The digits",
        text=(
            "MNIST: 60,000 images of handwritten digits for training and validation, and 10,000 "
            "for the test, which are used once, at the end."
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


def _load_fashion() -> Section:
    return Section(
        title="The clothes",
        text=(
            "Fashion-MNIST: 60,000 images of clothes for training and validation, and 10,000 for "
            "the test, which are used once, at the end."
        ),
        steps="x_all, y_all, x_test, y_test = load_fashion()",
        definitions=LOAD_FASHION,
        imports=("import keras", "import numpy as np"),
    )


def _prepare(config: TrainingConfig, input_shape: tuple[int, ...]) -> Section:
    unit = config.pixel_scaling == "unit"
    sizes = ", ".join(map(str, input_shape))
    order = "each image's pixels in one row" if len(input_shape) == 1 else "each image as a square"
    scale = "divided by 255, from 0 to 1" if unit else "left as grey levels from 0 to 255"
    return Section(
        title="The pixels",
        text=(
            f"The network takes {order}, {scale}. Images for later predictions have to be prepared "
            "in the same way."
        ),
        steps=parts_steps(config, "prepare({})"),
        definitions=PREPARE.format(
            shape=f"(n, {sizes})",
            top=1 if unit else 255,
            code=f"images.reshape(-1, {sizes}).astype(np.float32)" + (" / 255" if unit else ""),
        ),
        imports=("import numpy as np",),
    )


def _new_handwriting(config: TrainingConfig, things: str) -> Section:
    function = {"shape": "reshape_digits", "handwriting": "rewrite_digits"}[config.augmentation]
    changed = "rotated, sheared, scaled and shifted at random"
    if config.augmentation == "handwriting":
        changed += ", and their strokes are made thicker or thinner"
    return Section(
        title="Data augmentation",
        text=(
            f"In each epoch the training {things} are {changed}. Validation and test images are "
            "not changed."
        ),
        steps="",
        definitions=_augmentation(function) + "\n\n" + NEW_EACH_TIME.format(function=function),
        imports=(
            "import math",
            *(("from collections.abc import Callable",) * (config.augmentation == "handwriting")),
            "import numpy as np",
            "import tensorflow as tf",
        ),
    )


def _augmentation(function: str) -> str:
    """Return a function of the augmentation and the constants and functions that it uses, in order.

    Importing its module loads TensorFlow.
    """
    from mnist_core.training import augmentation

    source = inspect.getsource(augmentation)
    # An imported constant becomes a constant of the exported code.
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("mnist_core.tasks"):
            own = "; ".join(
                f"{one.name} = {getattr(augmentation, one.name)!r}" for one in node.names
            )
            source = source.replace(ast.unparse(node), own)
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
        comments = [line.replace("#:", "#", 1) for line in lines[first : start - 1]]
        constants.append("\n".join([*comments, text]))
    return "\n\n\n".join(["\n".join(constants), *functions]) + "\n"
