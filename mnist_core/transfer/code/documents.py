"""The two forms of exported code: a Python script, and a Jupyter notebook.

Both consist of the same sections. In the script their functions come first and ``main`` tells
the story; in the notebook each section is a text and a cell.
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

#: Packages that exported code needs and the lab does not, at the versions of its tests.
NOT_OURS = {"matplotlib": "3.11.2"}

COMMAND_LINE = '''\
def file_of_data() -> Path:
    """The file that the command line names, or the usual one."""
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

# The run's settings. Change one, and see what it does.
{settings}


{definitions}


def main() -> None:
    """Train the network, and test {tested}."""
{data}{steps}


if __name__ == "__main__":
    main()
'''


def script(source: Source) -> str:
    """A run as a Python script.

    Args:
        source: What it is written from.
    """
    file = source.data.offline
    name = file_name(source.run, FORMATS["script"], "")
    head = [
        _wrapped(f"Train the run “{_plain(source.run.name)}” of MNIST Lab again."),
        _wrapped("It needs nothing of the lab but this file. Install what it needs, and run it:"),
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
        tested="what it was at its best epoch" if source.is_judged else "it at the end",
        data="    data = file_of_data()\n\n" if file else "",
        steps="\n\n".join(steps),
    )


def notebook(source: Source) -> str:
    """A run as a Jupyter notebook, whose cells have not run yet.

    Args:
        source: What it is written from.
    """
    file = source.data.offline
    head = [
        f"# {_markdown(source.run.name)}",
        "This notebook trains the run of MNIST Lab again. It needs nothing of the lab but this "
        "file, and, besides Jupyter, these packages:",
        f"```\npython -m pip install {' '.join(_packages(source))}\n```",
        f"{source.data.origin} "
        + _without_network(source, f"put a copy of `{file}` beside this notebook."),
        *_paragraphs(source),
    ]
    cells = [
        _cell("markdown", "\n\n".join(head)),
        _cell("code", _imports(source, *(("from pathlib import Path",) if file else ()))),
        _cell("markdown", "## The settings\n\nThose of the run. Change one, and see what it does."),
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


# ---- what both say


def _packages(source: Source) -> list[str]:
    return [
        f"{name}=={NOT_OURS.get(name) or importlib.metadata.version(name)}"
        for name in source.packages
    ]


def _without_network(source: Source, copy: str) -> str:
    """What to do offline: the lab's own words where a copy can be named, else Keras's folder."""
    if source.data.offline:
        return f"Without a network, {copy}"
    return f"Without a network, put {source.data.keras_files} there."


def _paragraphs(source: Source) -> list[str]:
    things = source.data.things
    kept = (
        "best.keras (the network of the best epoch)"
        if source.is_judged
        else "last.keras (the network at the end)"
    )
    paragraphs = [
        f"The {things}, their {source.data.answers} and the network's first weights are the run's "
        f"own, by its seed. The order in which the {things} come round, and whatever else is left "
        "to chance, is a new one: expect figures a little different from the run's, as between "
        "two seeds.",
        f"It leaves {kept}, curves.csv and curves.png in the folder that it runs in.",
    ]
    if figures := _figures(source.run):
        paragraphs.append(figures)
    return paragraphs


def _figures(run: Run) -> str:
    """What the lab measured, to compare."""
    if run.best is None:
        return ""
    entry = task(run.config.task)
    test = ""
    if run.test_metric is not None:
        test = f"test {run.config.metric} was {run.test_metric:.4f}"
        if entry.quantity is not None:
            test = f"test mean absolute error was {entry.quantity.in_unit(run.test_metric)}"
    if not run.config.validation_size:
        return f"In the lab, after epoch {run.epochs_done:,}, its network's {test}." if test else ""
    if not math.isfinite(run.best.val_loss):
        return ""
    words = (
        f"In the lab, epoch {run.best.epoch:,} of {run.epochs_done:,} was the best, with a "
        f"validation loss of {run.best.val_loss:.4f}"
    )
    return f"{words}; its network's {test}." if test else f"{words}."


def _settings(source: Source) -> str:
    lines = []
    for name, value, words in source.settings:
        line = f"{name} = {value}  # {words}"
        lines.append(line if len(line) <= WIDTH else f"# {words}\n{name} = {value}")
    return "\n".join(lines)


def _imports(source: Source, *more: str) -> str:
    """All import lines, in the usual order: Python's own modules, then packages."""
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
    """A name that a person gave, in a text within code, which it must not end."""
    shown = "".join(letter if letter.isprintable() else " " for letter in name)
    return shown.replace("\\", "/").replace('"', "'")


def _markdown(name: str) -> str:
    """A name that a person gave, in a notebook's text: no markup, no HTML."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~$:])", r"\\\1", html.escape(_plain(name)))
