"""The forms in which a network leaves the lab, as a table that a page reads without Keras.

A file of a model takes what the model takes: float32 numbers, prepared as in training. What is
done to a picture before that (its pixels laid out in a row or not, scaled to 0–1 or left as they
are) is no part of any of these formats; `input_words` says it beside the file, and the exported
code does it. Code trains the run again and has the preparation in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mnist_core.errors import unknown_name
from mnist_core.i18n import mark
from mnist_core.runs import Run
from mnist_core.tasks import TASKS

#: Characters of a run's name in a file's name, at most.
NAME_IN_FILE = 60


@dataclass(frozen=True)
class Format:
    """One way out.

    Attributes:
        key: Its name on the command line.
        label: A short title.
        summary: One sentence: what it is for.
        ending: How the names of its files end; their tools go by it.
        mime: Its media type, for a browser.
        usage: Lines that use such a file, with a place for its ``{file}``: of Python for a
            model, which turn samples ``x``, prepared as in training, into ``answers``; of a
            shell for code.
        is_code: It trains the run again, instead of holding one of its models.
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
            "The whole network in Keras's own format, to use it or train it on with "
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
            "Only the numbers that were learned, for a program that builds the same layers itself "
            "and then calls `load_weights`."
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
            "A small file for phones, a Raspberry Pi and other small computers: it answers, but "
            "learns no more."
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
            "browser: it answers, but learns no more."
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
            "A program of its own in plain Keras that trains this very run again: the same "
            "samples, layers and settings, with curves and the test at its end."
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
            "The same program step by step, with a word on each step, to run and change in Jupyter."
        ),
        ending=".ipynb",
        mime="application/x-ipynb+json",
        usage="jupyter lab {file}",
        is_code=True,
    ),
)

FORMATS: dict[str, Format] = {entry.key: entry for entry in _ALL}


def format_of(key: str) -> Format:
    """Return the format of that key.

    Raises:
        ConfigError: If there is none; the message lists the known keys.
    """
    if key not in FORMATS:
        raise unknown_name("format", key, FORMATS)
    return FORMATS[key]


def file_name(run: Run, form: Format, checkpoint: str) -> str:
    """What to call a file of a run: its name as every system takes it, and the format's ending.

    Args:
        run: The run.
        form: The format.
        checkpoint: "best" or "last"; a file of code has nothing of either in its name.
    """
    # Signs and blanks become hyphens; letters of every script stay.
    plain = re.sub(r"[^\w.]+|[._-]{2,}", "-", run.name)[:NAME_IN_FILE].strip("-._") or run.id[:8]
    return plain + ("" if form.is_code else f"-{checkpoint}") + form.ending


def why_no_code(run: Run) -> str:
    """Why a run cannot be trained again by code, in one or two sentences; else nothing."""
    if run.imported is not None:
        return mark(
            "It was imported from a file, and how it was trained is not known: there is no code "
            "that trains it again."
        )
    if run.lesson is not None:
        return mark(
            "It was taught drawings, which stay in the lab: there is no code that trains it again. "
            "The run that it began with can leave as code."
        )
    return ""


def input_words(run: Run) -> str:
    """What a file of a run's model takes, in one sentence with a place for the ``shape``."""
    kind = TASKS[run.config.task].inputs if run.config.task in TASKS else ""
    if kind == "images" and run.config.pixel_scaling == "raw":
        return mark(
            "It takes float32 numbers of the shape {shape}: the 28 × 28 pixels of each picture, "
            "from 0 for the background to 255 for ink."
        )
    if kind == "images":
        return mark(
            "It takes float32 numbers of the shape {shape}: the 28 × 28 pixels of each picture, "
            "divided by 255, so that the background is 0 and ink is 1."
        )
    if kind == "texts":
        return mark(
            "It takes float32 numbers of the shape {shape}: for each text 1 at the number of every "
            "word in it, as Keras numbers the 10,000 most frequent words, else 0."
        )
    if kind == "table" and run.imported is None:
        return mark(
            "It takes float32 numbers of the shape {shape}: the columns in their order, each minus "
            "its mean and divided by its deviation among the training samples. The Python script "
            "works both out."
        )
    return mark("It takes float32 numbers of the shape {shape}, prepared as in training.")


def output_words(run: Run) -> str:
    """What a file of a run's model answers, in one sentence with a place for the ``unit``.

    Empty where nobody knows.
    """
    entry = TASKS.get(run.config.task)
    if entry is None or run.imported is not None:
        return ""
    if entry.is_number:
        return mark("It answers with one number for each sample, in {unit}.")
    if len(entry.classes) == 2:
        return mark("It answers with one number for each sample: the probability of class 1.")
    return mark("It answers with a probability for each class, in the order of their numbers.")


def input_shape(run: Run) -> str:
    """The shape of what a file of a run's model takes, any number of samples at a time."""
    if run.imported is not None:
        sizes = run.imported["input_shape"]
    else:
        sizes = run.config.network.input_shape
    return f"(n, {', '.join(map(str, sizes))})"
