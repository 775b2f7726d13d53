"""Effect of fine-tuning `reads-handwriting` on a class's drawings, measured on other people.

    python benchmarks/teach_it.py STROKES.json.gz [--home FOLDER] [--draws N] [--json]

Each draw chooses five of the writers and ten digits of each class from them, stores these like the
drawings of a class on the Draw page, and fine-tunes the preset's finished run on them. The best
model then classifies every drawing of the other writers, and MNIST's test set.

With --home, the newest finished run of the preset in that run store is used; otherwise a run is
trained first.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from numpy.typing import NDArray
from pen_strokes import read
from real_pens import Pictures, finished_run, trained

from mnist_core.inference.predict import predict
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.queue import RunQueue
from mnist_core.studies.finetune import teach
from mnist_core.training.job import train

PRESET = "reads-handwriting"
WRITERS = 5
#: Number of drawings of each digit, from all of these writers together.
DIGITS_A_CLASS = 10


@dataclass(frozen=True)
class Taught:
    """The result of one draw.

    Attributes:
        writers: The writers whose digits were used for fine-tuning.
        before: Accuracy on the other writers' drawings before, 0 to 1.
        after: Accuracy on the other writers' drawings afterwards.
        test_before: Accuracy on MNIST's test set before.
        test_after: Accuracy on MNIST's test set afterwards.
        seconds: Duration of the fine-tuning.
    """

    writers: list[int]
    before: float
    after: float
    test_before: float
    test_after: float
    seconds: float

    @property
    def error_ratio(self) -> float:
        """Error on other writers afterwards, relative to the error before."""
        return (1 - self.after) / (1 - self.before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("strokes", type=Path)
    parser.add_argument("--home", type=Path, help="home of a run store with a finished run")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print figures instead of a table")
    options = parser.parse_args()
    pictures = Pictures.of(read(options.strokes))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(options.home or folder)
        base = finished_run(store, PRESET) or trained(store, PRESET, None)
        every = [taught(store, base, pictures, draw) for draw in range(1, options.draws + 1)]
    print(json.dumps([asdict(one) for one in every], indent=1) if options.json else table(every))


def taught(store: Store, base: Run, pictures: Pictures, draw: int) -> Taught:
    """Fine-tune on one draw's drawings, and classify the other writers' drawings."""
    generator = np.random.default_rng(draw)
    writers = generator.choice(np.unique(pictures.writers), WRITERS, replace=False)
    mine = np.isin(pictures.writers, writers)
    store.drawings.remove()
    for digit in range(10):
        candidates = np.flatnonzero(mine & (pictures.labels == digit) & ~pictures.refused)
        for one in generator.permutation(candidates)[:DIGITS_A_CLASS]:
            store.drawings.add(pictures.prepared[one], digit)
    run = teach(store, base.id, name=f"{PRESET}, draw {draw}")
    lease = RunQueue(store.database).claim(run.id)
    assert lease is not None
    train(store, lease)
    run = store.get(run.id)
    if run.status is not RunStatus.FINISHED:
        sys.exit(f"draw {draw}: {run.message}")
    result = Taught(
        writers=sorted(map(int, writers)),
        before=accuracy(store, base, pictures, ~mine),
        after=accuracy(store, run, pictures, ~mine),
        test_before=float(base.test_metric or 0),
        test_after=float(run.test_metric or 0),
        seconds=round(run.active_seconds, 1),
    )
    print(f"draw {draw}: error × {result.error_ratio:.2f}", file=sys.stderr, flush=True)
    return result


def accuracy(store: Store, run: Run, pictures: Pictures, these: NDArray[np.bool_]) -> float:
    """Return a model's accuracy on some drawings; a rejected drawing counts as wrong."""
    found = [one.digit for one in predict(store, run.id, "best", pictures.prepared[these])]
    right = (np.array(found) == pictures.labels[these]) & ~pictures.refused[these]
    return float(right.mean())


def table(every: list[Taught]) -> str:
    """Return the draws and their mean, in Markdown; in percent, differences in points."""
    lines = [
        "| draw | writers | others before | after | error × | MNIST before | after | change |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for number, one in enumerate(every, 1):
        shares = (one.before, one.after, one.error_ratio / 100, one.test_before, one.test_after)
        cells = [f"{100 * share:.2f}" for share in shares]
        change = f"{100 * (one.test_after - one.test_before):+.2f}"
        names = ", ".join(map(str, one.writers))
        lines.append("| " + " | ".join([str(number), names, *cells, change]) + " |")
    ratio = np.mean([one.error_ratio for one in every])
    change = 100 * np.mean([one.test_after - one.test_before for one in every])
    lines.append(f"| mean | | | | {ratio:.2f} | | | {change:+.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
