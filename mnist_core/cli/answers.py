"""``predict --text`` and ``--row``: a model's prediction for a text or a row, explained."""

from __future__ import annotations

import argparse
import json

from mnist_core.cli.tables import print_table
from mnist_core.runs import Run, Store
from mnist_core.tasks import task

#: Number of words and classes in the printed tables; the JSON has all.
SHOWN = 10


def print_text_answer(store: Store, run: Run, options: argparse.Namespace) -> None:
    """Print the prediction for a text, and its words by their contribution.

    Raises:
        LabError: The text is invalid, or the model cannot be loaded.
    """
    from mnist_core.inference.explain_input import answer_text

    answer = answer_text(store, run.id, options.checkpoint, options.text)
    names = task(run.config.task).classes
    explained = names[answer.explained]
    if options.json:
        found = {
            "answer": names[answer.ranking[0]],
            "probabilities": {names[k]: round(answer.probabilities[k], 6) for k in answer.ranking},
            "explained": explained,
            "words": [
                {"word": one.word, "push": round(one.push, 4), "without": round(one.without, 6)}
                for one in answer.pushes
            ],
            "unknown": list(answer.unknown),
        }
        print(json.dumps(found))
        return
    print_table(
        f"{run.name}, {options.checkpoint} model",
        [
            {"answer": names[k], "probability": f"{answer.probabilities[k]:.1%}"}
            for k in answer.ranking[:SHOWN]
        ],
    )
    print_table(
        f"Words for “{explained}” (+) and against it (-)",
        [
            {"word": one.word, "push": f"{one.push:+.2f}", "without it": f"{one.without:.1%}"}
            for one in answer.pushes[:SHOWN]
        ],
    )
    if answer.unknown:
        print("unknown:", ", ".join(answer.unknown))


def print_table_answer(store: Store, run: Run, options: argparse.Namespace) -> None:
    """Print the predicted value for a row, and its columns by their contribution.

    Raises:
        LabError: The row is invalid, or the model cannot be loaded.
    """
    from mnist_core.inference.explain_input import answer_table

    answer = answer_table(store, run.id, options.checkpoint, options.row)
    entry = task(run.config.task)
    assert entry.quantity is not None  # every table task predicts a quantity
    pushes = dict(zip(entry.columns, answer.pushes, strict=True))
    if options.json:
        found = {
            "value": round(answer.value, 4),
            "unit": entry.quantity.unit,
            "ordinary": round(answer.ordinary, 4),
            "pushes": {name: round(push, 4) for name, push in pushes.items()},
        }
        print(json.dumps(found))
        return
    ranked = sorted(pushes.items(), key=lambda item: -abs(item[1]))
    print(entry.quantity.in_unit(answer.value, 1))
    print_table(
        f"{run.name}, {options.checkpoint} model",
        [{"column": name, "push": f"{push:+.2f}"} for name, push in ranked],
    )
