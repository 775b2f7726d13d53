"""Predictions for photos, scans and screenshots of digits, by the network that comes with the lab.

    python benchmarks/photos.py [STROKES.json.gz] [--count N] [--kinds WORD …] [--seed S] [--json]
                                [--save FOLDER]

Real pen strokes are rendered as files of many kinds (``photo_kinds.py`` and others), which are
processed like uploads on the Draw page, and compared with the same strokes on a clean canvas.
Without a file of strokes, the thirty digits of the browser tests are used. With --save, files with
wrong predictions and rejected files are stored.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from file_kinds import ENCODED
from numpy.typing import NDArray
from pen_strokes import PenDigit, read, render
from photo_kinds import ON_PAPER
from photo_surroundings import ELSEWHERE
from several_kinds import SEVERAL

from mnist_core.drawing.digit import digit_of, read_picture
from mnist_core.errors import DrawingError
from mnist_core.examples import install, known_examples
from mnist_core.inference.predict import predict
from mnist_core.runs import Store

#: Maximum number of digits in an image of several.
MOST = 10
STROKES = Path(__file__).resolve().parents[1] / "tests/browser/pen_strokes.json"

Read = NDArray[np.uint8] | DrawingError


@dataclass
class Figures:
    """Results for one kind of image.

    Attributes:
        kind: Its name.
        several: Whether its images contain more than one digit.
        count: Number of images.
        canvas: Number of correct predictions for the same strokes on a clean canvas.
        right: Number of correct predictions.
        refused: Number of rejected images, by reason.
    """

    kind: str
    several: bool
    count: int
    canvas: int
    right: int
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def wrong(self) -> int:
        """Number of wrong predictions."""
        return self.count - self.right - self.refused.total()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("strokes", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=30, help="number of images of each kind")
    parser.add_argument("--kinds", nargs="+", help="only kinds whose names contain one of these")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--save", type=Path, help="folder for files without a correct prediction")
    options = parser.parse_args()
    digits = read(options.strokes) if options.strokes else ours()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        install(store, known_examples())
        run = next(run for run in store.examples() if run.example == "reads-handwriting")

        def digits_in(images: Sequence[NDArray[np.uint8]]) -> list[int]:
            return [one.digit for one in predict(store, run.id, "best", np.array(images))]

        every = []
        for name, kind in {**ON_PAPER, **ELSEWHERE, **ENCODED, **SEVERAL}.items():
            if options.kinds and not any(word in name for word in options.kinds):
                continue
            every.append(figures(name, kind, digits, options, digits_in))
            print(line(every[-1]), file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps([asdict(one) for one in every], indent=1))
    else:
        print(table(every))


def figures(
    name: str,
    kind: Callable,
    digits: Sequence[PenDigit],
    options: argparse.Namespace,
    digits_in: Callable[[Sequence[NDArray[np.uint8]]], list[int]],
) -> Figures:
    """Generate the images of a kind and predict their digits."""
    rng = np.random.default_rng([options.seed, zlib.crc32(name.encode())])
    chosen = [digits[place] for place in rng.permutation(len(digits))[: options.count]]
    several = name in SEVERAL
    if several:
        together = [rng.permutation(np.array(digits, object))[:MOST] for _one in chosen]
        files = [kind(rng, [digit.strokes for digit in those]) for those in together]
    else:
        files = [kind(rng, digit.strokes) for digit in chosen]
    labels = [-1 if several else digit.label for digit in chosen]
    results = [outcome(content) for content in files]
    answers = answers_to(results, digits_in)
    clean = answers_to([canvas(digit) for digit in chosen], digits_in)
    if options.save:
        keep(options.save, name, files, answers, labels)
    reasons = [one.problem for one in results if isinstance(one, DrawingError)]
    return Figures(
        name,
        several,
        len(files),
        sum(answer == label for answer, label in zip(clean, labels, strict=True)),
        sum(answer == label for answer, label in zip(answers, labels, strict=True)),
        Counter(reason.replace("{count}", "several") for reason in reasons),
    )


def ours() -> list[PenDigit]:
    """Return the thirty digits of the browser tests."""
    return [PenDigit(**one) for one in json.loads(STROKES.read_text())["digits"]]


def outcome(content: bytes) -> Read:
    try:
        return read_picture(content).image_u8
    except DrawingError as error:
        return error
    except Exception as error:  # a bug of the lab, which is counted and does not end the benchmark
        return DrawingError(f"It failed: {type(error).__name__}.", "")


def canvas(digit: PenDigit) -> Read:
    try:
        return digit_of(render(digit.strokes)).image_u8
    except DrawingError as error:
        return error


def answers_to(results: Sequence[Read], digits_in) -> list[int | None]:
    """Return the predicted digit for each image, or None if it is rejected."""
    images = [one for one in results if not isinstance(one, DrawingError)]
    found = iter(digits_in(images) if images else [])
    return [None if isinstance(one, DrawingError) else next(found) for one in results]


def keep(folder: Path, name: str, files, answers, labels) -> None:
    """Save the images without a correct prediction; the file names contain the result."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (content, answer, label) in enumerate(zip(files, answers, labels, strict=True)):
        if answer != label and (label >= 0 or answer is not None):
            (folder / f"{name} {number} is {label} read {answer}.img").write_bytes(content)


def line(one: Figures) -> str:
    """Return a row of the table, in Markdown."""
    reasons = "; ".join(f"{count} {reason}" for reason, count in one.refused.most_common())
    right = ["–", "–"] if one.several else [str(one.canvas), str(one.right)]
    cells = [one.kind, str(one.count), *right, str(one.refused.total()), str(one.wrong), reasons]
    return "| " + " | ".join(cells) + " |"


def table(every: Sequence[Figures]) -> str:
    """Return all rows, those of several digits below the others, and the sums."""
    head = [
        "| kind | pictures | right on canvas | right | refused | wrong | reasons |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    sums = []
    for several, name in ((False, "**one digit**"), (True, "**several digits**")):
        of = [one for one in every if one.several is several]
        if of:
            total = [sum(getattr(one, what) for one in of) for what in ("count", "canvas", "right")]
            sums.append(
                line(Figures(name, several, *total, sum((o.refused for o in of), Counter())))
            )
    return "\n".join([*head, *map(line, every), *sums])


if __name__ == "__main__":
    main()
