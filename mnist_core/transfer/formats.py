"""Export formats, as a table that pages read without loading Keras.

A model file takes what the model takes: float32 numbers, prepared as in training. The preparation
of an image (flattening, scaling the pixels to 0–1) is not part of these formats; `input_words`
describes it next to the file. Exported code trains the run again and includes the preparation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mnist_core.errors import unknown_name
from mnist_core.i18n import mark
from mnist_core.runs import Run
from mnist_core.tasks import TASKS

#: Maximum number of characters of the run's name in a file name.
NAME_IN_FILE = 60


@dataclass(frozen=True)
class Format:
    """One export format.

    Attributes:
        key: The name of the format on the command line.
        label: A short title.
        summary: One sentence about its purpose.
        ending: The file name extension, by which other tools recognise the format.
        mime: The media type, for a browser.
        usage: Lines that use such a file, with a field ``{file}`` for its name. For a model:
            Python that turns prepared samples ``x`` into ``answers``. For code: a shell command.
        is_code: Whether the file is code that trains the run again, not a model.
    """

    key: str
    label: str
    summary: str
    ending: str
    mime: str
    usage: str
    is_code: bool = False


_ALL = (
    Format(
        key="keras",
        label=mark("Keras model"),
        summary=mark(
            "The whole network in Keras's own format, for predictions or further training with "
            "`keras.saving.load_model`."
        ),
        ending=".keras",
        mime="application/zip",
        usage="""\
import keras

model = keras.saving.load_model("{file}")
answers = model.predict(x)""",
    ),
    Format(
        key="h5",
        label=mark("Keras model, HDF5"),
        summary=mark(
            "The whole network, layers and weights, in the older format that Keras 1 and 2 wrote, "
            "for programs and courses that ask for an .h5 file."
        ),
        ending=".h5",
        mime="application/x-hdf5",
        usage="""\
import keras

model = keras.saving.load_model("{file}")
answers = model.predict(x)""",
    ),
    Format(
        key="weights",
        label=mark("Weights only"),
        summary=mark(
            "Only the weights, for a program that builds the same layers itself and then calls "
            "`load_weights`."
        ),
        ending=".weights.h5",
        mime="application/x-hdf5",
        usage="""\
model = build_model()  # the same layers, as the Python script has them
model.load_weights("{file}")
answers = model.predict(x)""",
    ),
    Format(
        key="tflite",
        label=mark("TFLite (LiteRT)"),
        summary=mark(
            "A small file for phones, a Raspberry Pi and other small computers: it predicts, but "
            "cannot be trained further."
        ),
        ending=".tflite",
        mime="application/octet-stream",
        usage="""\
from ai_edge_litert.interpreter import Interpreter  # pip install ai-edge-litert

interpreter = Interpreter("{file}")
answer = interpreter.get_signature_runner()
(answers,) = answer(input=x).values()""",
    ),
    Format(
        key="onnx",
        label=mark("ONNX"),
        summary=mark(
            "An exchange format that runs without Python or TensorFlow, in C++, Java, C# or the "
            "browser: it predicts, but cannot be trained further."
        ),
        ending=".onnx",
        mime="application/octet-stream",
        usage="""\
import onnxruntime  # pip install onnxruntime

session = onnxruntime.InferenceSession("{file}")
(answers,) = session.run(None, {{"input": x}})""",
    ),
    Format(
        key="script",
        label=mark("Python script"),
        summary=mark(
            "A standalone program in plain Keras that trains this run again: the same samples, "
            "layers and settings, with learning curves and the evaluation on the test set."
        ),
        ending=".py",
        mime="text/x-python",
        usage="python {file}",
        is_code=True,
    ),
    Format(
        key="notebook",
        label=mark("Jupyter notebook"),
        summary=mark(
            "The same program step by step, with an explanation of each step, to run and change in "
            "Jupyter."
        ),
        ending=".ipynb",
        mime="application/x-ipynb+json",
        usage="jupyter lab {file}",
        is_code=True,
    ),
)

FORMATS: dict[str, Format] = {entry.key: entry for entry in _ALL}


def format_of(key: str) -> Format:
    """Return the format with a key.

    Raises:
        ConfigError: The key is unknown; the message lists the known keys.
    """
    if key not in FORMATS:
        raise unknown_name("format", key, FORMATS)
    return FORMATS[key]


def file_name(run: Run, form: Format, checkpoint: str) -> str:
    """Return the file name for an export: the run's name in portable characters, and an extension.

    Args:
        run: The run.
        form: The format.
        checkpoint: "best" or "last"; not part of the name of a code file.
    """
    # Punctuation and spaces become hyphens; letters of every script are kept.
    plain = re.sub(r"[^\w.]+|[._-]{2,}", "-", run.name)[:NAME_IN_FILE].strip("-._") or run.id[:8]
    return plain + ("" if form.is_code else f"-{checkpoint}") + form.ending


def why_no_code(run: Run) -> str:
    """Return why no code can train a run again, in one or two sentences; "" if code can."""
    if run.imported is not None:
        return mark(
            "The model was imported from a file that does not say how it was trained, so no code "
            "can train it again."
        )
    if run.lesson is not None:
        return mark(
            "The model was fine-tuned on drawings, which are not exported, so no code can train it "
            "again. The run that it was fine-tuned from can be exported as code."
        )
    return ""


def input_words(run: Run) -> str:
    """Return one sentence about the input of a run's model file, with a field ``{shape}``."""
    kind = TASKS[run.config.task].inputs if run.config.task in TASKS else ""
    if kind == "images" and run.config.pixel_scaling == "raw":
        return mark(
            "The input is float32 numbers of shape {shape}: the 28 × 28 pixels of each image, "
            "from 0 for the background to 255 for ink."
        )
    if kind == "images":
        return mark(
            "The input is float32 numbers of shape {shape}: the 28 × 28 pixels of each image, "
            "divided by 255, so that the background is 0 and ink is 1."
        )
    if kind == "texts":
        return mark(
            "The input is float32 numbers of shape {shape}: for each text a 1 at the index of "
            "every word in it, as Keras numbers the 10,000 most frequent words, else 0."
        )
    if kind == "table" and run.imported is None:
        return mark(
            "The input is float32 numbers of shape {shape}: the columns in their order, "
            "standardised by the mean and the standard deviation of the training samples. The "
            "Python script computes both."
        )
    return mark("The input is float32 numbers of shape {shape}, prepared as in training.")


def output_words(run: Run) -> str:
    """Return one sentence about the output of a run's model file, with a field ``{unit}``.

    Returns:
        The template, or "" if the output is not known.
    """
    entry = TASKS.get(run.config.task)
    if entry is None or run.imported is not None:
        return ""
    if entry.is_number:
        return mark("The output is one number for each sample, in {unit}.")
    if len(entry.classes) == 2:
        return mark("The output is one number for each sample: the probability of class 1.")
    return mark("The output is a probability for each class, in the order of their numbers.")


def input_shape(run: Run) -> str:
    """Return the input shape of a run's model file, for any number of samples ``n``."""
    if run.imported is not None:
        sizes = run.imported["input_shape"]
    else:
        sizes = run.config.network.input_shape
    return f"(n, {', '.join(map(str, sizes))})"
