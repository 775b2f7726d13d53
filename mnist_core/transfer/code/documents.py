"""Exported code as a Python script or a Jupyter notebook.

Both consist of the same sections. In the script, the functions come first and ``main`` has the
steps; in the notebook, each section is a text cell and a code cell.
"""

from __future__ import annotations

import html
import importlib.metadata
import json
import math
import re
import sys
import textwrap
from typing import Any

from mnist_core.runs import Run
from mnist_core.tasks import task
from mnist_core.transfer.code.layers import WIDTH
from mnist_core.transfer.code.sections import Source
from mnist_core.transfer.formats import FORMATS, file_name

#: Packages that exported code needs and the lab does not, with the tested versions.
EXTRA_PACKAGES = {"matplotlib": "3.11.2"}

COMMAND_LINE = '''\
def file_of_data() -> Path:
    """Return the file that the command line names, or the default."""
    parser = argparse.ArgumentParser(description="Train a network of MNIST Lab again.")
    parser.add_argument("--data", type=Path, metavar="FILE", help="a copy of {file}")
    options = parser.parse_args()
    if options.data is not None and not options.data.is_file():
        parser.error(f"there is no file {{options.data}}")
    return options.data or Path("{file}")
'''

SCRIPT = '''\
"""{head}
"""

{imports}

# The run's settings. Change one, and see its effect.
{settings}


{definitions}


def main() -> None:
    """Train the network, and evaluate {tested} on the test set."""
{data}{steps}


if __name__ == "__main__":
    main()
'''


def script(source: Source) -> str:
    """Return a run as a Python script.

    Args:
        source: The content of the code.
    """
    file = source.data.offline
    name = file_name(source.run, FORMATS["script"], "")
    head = [
        _wrapped(f"Train the run “{_plain(source.run.name)}” of MNIST Lab again."),
        _wrapped("It needs only this file, not the lab. Install its packages, and run it:"),
        f"    python -m pip install {' '.join(_packages(source))}\n    python {name}",
        _wrapped(f"{source.data.origin} {_without_network(source, f'name a copy: --data {file}')}"),
        *(_wrapped(paragraph) for paragraph in _paragraphs(source)),
    ]
    definitions = [section.definitions for section in source.sections if section.definitions]
    if file:
        definitions.insert(0, COMMAND_LINE.format(file=file))
    steps = []
    for number, section in enumerate(source.sections, start=1):
        words = textwrap.fill(
            f"{number}. {section.title}. {section.text}",
            WIDTH,
            initial_indent="    # ",
            subsequent_indent="    # ",
            break_on_hyphens=False,
        )
        steps.append("\n".join([words, textwrap.indent(section.steps, "    ")]).rstrip())
    return SCRIPT.format(
        head="\n\n".join(head),
        imports=_imports(
            source, *(("import argparse", "from pathlib import Path") if file else ())
        ),
        settings=_settings(source),
        definitions="\n\n".join(definitions).rstrip(),
        tested="the model of its best epoch" if source.is_validated else "the last model",
        data="    data = file_of_data()\n\n" if file else "",
        steps="\n\n".join(steps),
    )


def notebook(source: Source) -> str:
    """Return a run as a Jupyter notebook whose cells have not been run.

    Args:
        source: The content of the code.
    """
    file = source.data.offline
    head = [
        f"# {_markdown(source.run.name)}",
        "This notebook trains the run of MNIST Lab again. It needs only this file, not the lab, "
        "and, besides Jupyter, these packages:",
        f"```\npython -m pip install {' '.join(_packages(source))}\n```",
        f"{source.data.origin} "
        + _without_network(source, f"put a copy of `{file}` beside this notebook."),
        *_paragraphs(source),
    ]
    cells = [
        _cell("markdown", "\n\n".join(head)),
        _cell("code", _imports(source, *(("from pathlib import Path",) if file else ()))),
        _cell("markdown", "## The settings\n\nThe run's settings. Change one, and see its effect."),
        _cell("code", _settings(source) + (f'\n\ndata = Path("{file}")' if file else "")),
    ]
    for number, section in enumerate(source.sections, start=1):
        cells.append(_cell("markdown", f"## {number}. {section.title}\n\n{section.text}"))
        code = [part for part in (section.definitions, section.steps) if part]
        cells.append(_cell("code", "\n\n".join(code).rstrip()))
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"cell-{number}"
    content = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {
                "name": "python",
                "version": ".".join(map(str, sys.version_info[:3])),
            },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _cell(kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    return cell if kind == "markdown" else cell | {"execution_count": None, "outputs": []}


# ---- texts of both


def _packages(source: Source) -> list[str]:
    return [
        f"{name}=={EXTRA_PACKAGES.get(name) or importlib.metadata.version(name)}"
        for name in source.packages
    ]


def _without_network(source: Source, copy: str) -> str:
    """Return what to do offline: give a copy of the file, or put Keras's files into its folder."""
    if source.data.offline:
        return f"Without a network, {copy}"
    return f"Without a network, put {source.data.keras_files} there."


def _paragraphs(source: Source) -> list[str]:
    things = source.data.things
    kept = (
        "best.keras (the model of the best epoch)"
        if source.is_validated
        else "last.keras (the last model)"
    )
    paragraphs = [
        f"The {things}, their {source.data.targets} and the initial weights are those of the run, "
        f"determined by its seed. The order of the {things} and other random numbers differ, so "
        "the results differ a little from the run's, as between two seeds.",
        f"It writes {kept}, curves.csv and curves.png to the current folder.",
    ]
    if figures := _figures(source.run):
        paragraphs.append(figures)
    return paragraphs


def _figures(run: Run) -> str:
    """Return the lab's results, for comparison."""
    if run.best is None:
        return ""
    entry = task(run.config.task)
    test = ""
    if run.test_metric is not None:
        test = f"test {run.config.metric} was {run.test_metric:.4f}"
        if entry.quantity is not None:
            test = f"test mean absolute error was {entry.quantity.in_unit(run.test_metric)}"
    if not run.config.validation_size:
        return f"In the lab, after {run.epochs_done:,} epochs, the model's {test}." if test else ""
    if not math.isfinite(run.best.val_loss):
        return ""
    words = (
        f"In the lab, epoch {run.best.epoch:,} of {run.epochs_done:,} was the best, with a "
        f"validation loss of {run.best.val_loss:.4f}"
    )
    return f"{words}; that model's {test}." if test else f"{words}."


def _settings(source: Source) -> str:
    lines = []
    for name, value, words in source.settings:
        line = f"{name} = {value}  # {words}"
        lines.append(line if len(line) <= WIDTH else f"# {words}\n{name} = {value}")
    return "\n".join(lines)


def _imports(source: Source, *more: str) -> str:
    """Return all import lines in the usual order: the standard library, then packages."""
    lines = {line for section in source.sections for line in section.imports} | set(more)

    def block(*, own: bool) -> str:
        mine = [line for line in lines if (_module(line) in sys.stdlib_module_names) is own]
        return "\n".join(sorted(mine, key=lambda line: (line.startswith("from"), line.split()[1])))

    return f"{block(own=True)}\n\n{block(own=False)}".lstrip()


def _module(line: str) -> str:
    return re.split(r"[ .]", line)[1]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _plain(name: str) -> str:
    """Return a user-given name for a string literal in code, without quotes and backslashes."""
    shown = "".join(letter if letter.isprintable() else " " for letter in name)
    return shown.replace("\\", "/").replace('"', "'")


def _markdown(name: str) -> str:
    """Return a user-given name for a notebook's text, without markup and HTML."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~$:])", r"\\\1", html.escape(_plain(name)))
