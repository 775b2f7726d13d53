"""The sources' experiments, run as they describe, five times each: do we find what they found?

One training is one draw of luck: another seed draws other first weights, another order and, where
there are more than are needed, other samples. So each experiment is run with several seeds, and a
source's figure is reproduced if it could be one more draw like ours, as exactly as the source
states it ("88.5" is anything from 88.45 to 88.55). How often a further run would come out as far
from our mean is its *chance* (Student's t for so few runs, as for a prediction interval). Were
figures with a chance below 1 in 20 called missed, four of ten such tables would have one with
nothing wrong in it. So a tenth of that is asked of each of the ten (Bonferroni's correction), and a
table without fault is called so in 95 of 100 cases. Where a source trains
and judges on the same images, uses the test set to choose, or misspells a loss, that is put right
here, and said. Sources that choose nothing by validation train on all samples, and their last model
is tested.
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
#: How often a whole table may hold a figure that is called not reproduced by bad luck alone.
LUCK = 0.05


@dataclass(frozen=True)
class Experiment:
    """One row of the table.

    Attributes:
        key: Its name on the command line.
        label: What is trained and measured.
        figure: What the source found, in ``unit``.
        exact_to: How far off the source's figure may be as it is stated.
        unit: "%" of the test set, "epoch", or the unit of a price; it says what is measured.
        source: Whose figure it is.
        put_right: What of the source is done differently here, and why; or empty.
        config: What is trained, with any seed.
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
    """What came of one experiment.

    Attributes:
        key: The experiment's.
        figures: Ours, one for each seed from 1 on.
        seconds: Time trained, of all seeds together.
    """

    key: str
    figures: tuple[float, ...]
    seconds: float

    @property
    def mean(self) -> float:
        """Mean of our figures."""
        return float(np.mean(self.figures))

    @property
    def low(self) -> float:
        """The lowest of our figures."""
        return min(self.figures)

    @property
    def high(self) -> float:
        """The highest of our figures."""
        return max(self.figures)

    @property
    def chance(self) -> float:
        """How often, from 0 to 1, a further run would lie as far from our mean as the source's."""
        known = EXPERIMENTS[self.key]
        beyond = abs(known.figure - self.mean) - known.exact_to
        if beyond <= 0:
            return 1.0
        unit = self._unit
        if not unit:
            return 0.0
        from scipy.stats import t as student  # half a second, which no page has to spare

        return 2 * float(student.sf(beyond / unit, len(self.figures) - 1))

    @property
    def spread(self) -> float:
        """How far from the mean a figure may lie before it counts as not reproduced."""
        if not self._unit:
            return 0.0
        from scipy.stats import t as student

        share = 1 - LUCK / len(EXPERIMENTS) / 2
        return float(student.ppf(share, len(self.figures) - 1)) * self._unit

    @property
    def within(self) -> bool:
        """Whether the source's figure may be one more run like ours, as exactly as it is stated."""
        return self.chance >= LUCK / len(EXPERIMENTS)

    @property
    def _unit(self) -> float:
        """Standard deviation of how far one further run lies from the mean of ours."""
        count = len(self.figures)
        if count < 2:
            return 0.0
        return float(np.std(self.figures, ddof=1)) * math.sqrt(1 + 1 / count)

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON has it."""
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
    """A preset, trained on all samples and judged by nobody but the test set."""
    config = PRESETS[preset].config
    return replace(final_config(config, config.epochs), **changes)


#: The source draws its 50,000 from all 60,000. One more than the lab's own pool of 50,000 does too.
_FROM_ALL: dict[str, Any] = {"train_size": 50_001, "validation_size": 9_999}
_WITHOUT_JUDGE = mark("The source has no validation set, so none is kept apart here either.")

_ALL = (
    Experiment(
        key="overfit-700",
        label=mark("700 digits, two hidden units: epoch after which the validation loss rises"),
        figure=100,
        exact_to=10,
        unit="epoch",
        source=PRESETS["overfit-700"].source,
        put_right=mark("The source may draw the same digit twice; here none is."),
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
            "The source takes its validation images from the training images by mistake; here "
            "they are apart."
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
        put_right=_WITHOUT_JUDGE,
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
        put_right=_WITHOUT_JUDGE,
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
        put_right=mark("The source validates on its test set; here nobody does."),
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
            "The source misspells its loss, and its test labels: as it stands it does not run."
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
#: What ``python -m mnist_core reproduce --json`` printed when this version was made.
PUBLISHED = Path(__file__).parents[1] / "data" / "reproduction.json"


def published() -> list[dict[str, Any]]:
    """The rows that came out when this version was made, as :meth:`Reproduced.to_dict` has them.

    None where there is no such file.
    """
    if not PUBLISHED.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(PUBLISHED.read_text("utf-8"))
    return [row for row in rows if row["key"] in EXPERIMENTS]


def written(value: float, unit: str) -> str:
    """A figure as a table shows it."""
    return f"{value:.0f}" if unit == "epoch" else f"{value:.2f}"


def percent(chance: float) -> str:
    """A chance as a table shows it."""
    return "< 1 %" if chance < 0.01 else f"{100 * chance:.0f} %"


def markdown(rows: Sequence[Reproduced]) -> str:
    """The table of experiments, in English."""
    lines = [
        "| experiment | source | our mean | from … to | unit | chance | within | put right |",
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
    """Look an experiment up by its key.

    Raises:
        ConfigError: There is no such experiment.
    """
    if key not in EXPERIMENTS:
        raise unknown_name("experiment", key, EXPERIMENTS)
    return EXPERIMENTS[key]
