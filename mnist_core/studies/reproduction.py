"""Reproduction of published results: the sources' experiments, each trained with five seeds.

A seed determines the initial weights, the order of the samples and, if there are more than needed,
the choice of samples, so the result of one training is random. Each experiment is trained with
several seeds, and a source's result counts as reproduced if it is plausible as the result of a
further run, at the precision that the source states ("88.5" is anything from 88.45 to 88.55). Its
*chance* is the probability that a further run deviates as much from our mean (a prediction interval
by Student's t distribution). If results with a chance below 1 in 20 counted as not reproduced, four
of ten such tables without an error would have one. So the threshold is divided by the ten
experiments (Bonferroni's correction), and a table without an error is accepted in 95 of 100 cases.
If a source trains and validates on the same images, chooses by the test set, or misspells a loss,
the experiment is corrected here, and the table says so. If a source does not use validation, the
network is trained on all samples and its last model is tested.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mnist_core.errors import unknown_name
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.i18n import mark
from mnist_core.studies.crossvalidation import final_config

SEEDS = 5
#: Probability that a table without an error has a result that counts as not reproduced.
LUCK = 0.05


@dataclass(frozen=True)
class Experiment:
    """One row of the table.

    Attributes:
        key: The name on the command line.
        label: The network and the measured quantity.
        figure: The source's result, in ``unit``.
        exact_to: Precision of the source's result: half its last digit.
        unit: "%" of the test set, "epoch", or the unit of a price; determines the measure.
        source: Reference for the result.
        put_right: How the experiment differs from the source, and why; or "".
        config: The configuration, with any seed.
    """

    key: str
    label: str
    figure: float
    exact_to: float
    unit: str
    source: str
    put_right: str
    config: TrainingConfig


@dataclass(frozen=True)
class Reproduced:
    """The result of one experiment.

    Attributes:
        key: The experiment's key.
        figures: Our results, one for each seed from 1 on.
        seconds: Training time of all seeds.
    """

    key: str
    figures: tuple[float, ...]
    seconds: float

    @property
    def mean(self) -> float:
        """Mean of our results."""
        return float(np.mean(self.figures))

    @property
    def low(self) -> float:
        """The lowest of our results."""
        return min(self.figures)

    @property
    def high(self) -> float:
        """The highest of our results."""
        return max(self.figures)

    @property
    def chance(self) -> float:
        """Probability that a further run is as far from our mean as the source's result."""
        known = EXPERIMENTS[self.key]
        beyond = abs(known.figure - self.mean) - known.exact_to
        if beyond <= 0:
            return 1.0
        unit = self._unit
        if not unit:
            return 0.0
        from scipy.stats import t as student  # here, since it takes half a second to import

        return 2 * float(student.sf(beyond / unit, len(self.figures) - 1))

    @property
    def spread(self) -> float:
        """Largest distance from the mean at which a result counts as reproduced."""
        if not self._unit:
            return 0.0
        from scipy.stats import t as student

        share = 1 - LUCK / len(EXPERIMENTS) / 2
        return float(student.ppf(share, len(self.figures) - 1)) * self._unit

    @property
    def within(self) -> bool:
        """Whether the source's result is plausible as a further run, at its stated precision."""
        return self.chance >= LUCK / len(EXPERIMENTS)

    @property
    def _unit(self) -> float:
        """Standard deviation of the difference between a further run and our mean."""
        count = len(self.figures)
        if count < 2:
            return 0.0
        return float(np.std(self.figures, ddof=1)) * math.sqrt(1 + 1 / count)

    def to_dict(self) -> dict[str, Any]:
        """Return the row for JSON."""
        known = EXPERIMENTS[self.key]
        return {
            **asdict(self),
            "label": known.label,
            "source": known.source,
            "source_figure": known.figure,
            "unit": known.unit,
            "mean": self.mean,
            "low": self.low,
            "high": self.high,
            "spread": self.spread,
            "chance": self.chance,
            "within": self.within,
        }


def _on_all(preset: str, **changes: Any) -> TrainingConfig:
    """Return a preset's configuration, trained on all samples without validation."""
    config = PRESETS[preset].config
    return replace(final_config(config, config.epochs), **changes)


#: The source samples from all 60,000; so does any size above the lab's own pool of 50,000.
_FROM_ALL: dict[str, Any] = {"train_size": 50_001, "validation_size": 9_999}
_WITHOUT_VALIDATION = mark("The source has no validation set, so all samples are for training.")

_ALL = (
    Experiment(
        key="overfit-700",
        label=mark("700 digits, two hidden units: epoch after which the validation loss rises"),
        figure=100,
        exact_to=10,
        unit="epoch",
        source=PRESETS["overfit-700"].source,
        put_right=mark("The source may sample the same digit twice; here no digit is repeated."),
        config=PRESETS["overfit-700"].config,
    ),
    Experiment(
        key="softmax",
        label=mark("Softmax regression on raw pixels, 50 epochs: test accuracy"),
        figure=88.5,
        exact_to=0.05,
        unit="%",
        source=PRESETS["softmax"].source,
        put_right=mark(
            "The source takes its validation images from the training images by mistake; here the "
            "two sets are disjoint."
        ),
        config=replace(PRESETS["softmax"].config, **_FROM_ALL),
    ),
    Experiment(
        key="mlp-500-500",
        label=mark("Two hidden layers of 500 on raw pixels, 50 epochs: test accuracy"),
        figure=97.7,
        exact_to=0.05,
        unit="%",
        source=PRESETS["mlp-500-500"].source,
        put_right=mark("As for the softmax regression."),
        config=replace(PRESETS["mlp-500-500"].config, **_FROM_ALL),
    ),
    Experiment(
        key="tanh-200-100",
        label=mark("Tanh layers of 200 and 100, 5 epochs: test accuracy"),
        figure=97,
        exact_to=0.5,
        unit="%",
        source=mark(
            "No figure in the source; about 97 %: Y. LeCun and others, Gradient-based learning "
            "applied to document recognition (1998), layers of 300 and 100"
        ),
        put_right=_WITHOUT_VALIDATION,
        config=_on_all("tanh-200-100"),
    ),
    Experiment(
        key="mlp-512",
        label=mark("One hidden layer of 512, 5 epochs: test accuracy"),
        figure=97.8,
        exact_to=0.05,
        unit="%",
        source=mark(
            "No figure in the source; F. Chollet, Deep Learning with Python (2017), section 2.1"
        ),
        put_right=_WITHOUT_VALIDATION,
        config=_on_all("mlp-512"),
    ),
    Experiment(
        key="regularised",
        label=mark("Dropout, L2 and batch normalisation, 4 epochs: test accuracy"),
        figure=98,
        exact_to=0.5,
        unit="%",
        source=mark(
            "No figure in the source; about 98 %: Keras's own example of two layers of 512 with "
            "dropout"
        ),
        put_right=mark("The source validates on its test set; here there is no validation."),
        config=_on_all("regularised"),
    ),
    Experiment(
        key="lenet",
        label=mark("Convolutional network, 10 epochs: test accuracy"),
        figure=99,
        exact_to=0.5,
        unit="%",
        source=mark("No figure in the source; about 99 %: Keras's own convolutional example"),
        put_right="",
        config=PRESETS["lenet"].config,
    ),
    Experiment(
        key="imdb",
        label=mark("Film reviews, 4 epochs: test accuracy"),
        figure=88,
        exact_to=0.5,
        unit="%",
        source=mark(
            "No figure in the source; about 88 %: F. Chollet, Deep Learning with Python (2017), "
            "section 3.4"
        ),
        put_right="",
        config=replace(PRESETS["imdb"].config, epochs=4),
    ),
    Experiment(
        key="reuters",
        label=mark("News topics, 9 epochs: test accuracy"),
        figure=79,
        exact_to=0.5,
        unit="%",
        source=mark(
            "No figure in the source; about 79 %: F. Chollet, Deep Learning with Python (2017), "
            "section 3.5"
        ),
        put_right=mark(
            "The source misspells its loss and its test labels, so its code does not run."
        ),
        config=replace(PRESETS["reuters"].config, epochs=9),
    ),
    Experiment(
        key="boston",
        label=mark("House prices in Boston, 80 epochs on all samples: test error"),
        figure=2.5,
        exact_to=0.25,
        unit=mark("thousand dollars"),
        source=mark(
            "No figure in the source; about 2.5: F. Chollet, Deep Learning with Python (2017), "
            "section 3.6"
        ),
        put_right="",
        config=final_config(PRESETS["boston"].config, 80),
    ),
)

EXPERIMENTS: dict[str, Experiment] = {one.key: one for one in _ALL}
#: Output of ``python -m mnist_core reproduce --json`` for this version.
PUBLISHED = Path(__file__).parents[1] / "data" / "reproduction.json"


def published() -> list[dict[str, Any]]:
    """Return the results for this version as rows, in the form of :meth:`Reproduced.to_dict`.

    Returns:
        The rows; [] if the file does not exist.
    """
    if not PUBLISHED.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(PUBLISHED.read_text("utf-8"))
    return [row for row in rows if row["key"] in EXPERIMENTS]


def written(value: float, unit: str) -> str:
    """Return a result as text for a table."""
    return f"{value:.0f}" if unit == "epoch" else f"{value:.2f}"


def percent(chance: float) -> str:
    """Return a probability as text for a table."""
    return "< 1 %" if chance < 0.01 else f"{100 * chance:.0f} %"


def markdown(rows: Sequence[Reproduced]) -> str:
    """Return the table of experiments in Markdown, in English."""
    lines = [
        "| experiment | source | our mean | from … to | unit | chance | within | correction |",
        "| --- | ---: | ---: | ---: | --- | ---: | --- | --- |",
    ]
    for row in rows:
        known = EXPERIMENTS[row.key]
        mean, low, high = (written(one, known.unit) for one in (row.mean, row.low, row.high))
        within = "yes" if row.within else "no"
        lines.append(
            f"| {known.label} (`{row.key}`) | {known.figure:g} | {mean} "
            f"| {low} … {high} | {known.unit} | {percent(row.chance)} | {within} "
            f"| {known.put_right} |"
        )
    return "\n".join(lines)


def experiment(key: str) -> Experiment:
    """Return the experiment with a key.

    Raises:
        ConfigError: The key is unknown.
    """
    if key not in EXPERIMENTS:
        raise unknown_name("experiment", key, EXPERIMENTS)
    return EXPERIMENTS[key]
