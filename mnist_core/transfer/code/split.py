"""Exported code for the split into training and validation samples: the same samples as in the run.

The code uses the algorithms of `mnist_core.tasks.splits`, written out for one run; a test compares
the samples.
"""

from __future__ import annotations

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import task
from mnist_core.transfer.code.sections import Section, Setting

DRAW = '''\
def draw(
    pool: np.ndarray, size: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw samples from a pool without replacement; return them, and the remaining samples."""
    shuffled = generator.permutation(pool)
    return shuffled[:size], shuffled[size:]
'''

DRAW_IN_PROPORTION = '''\
def draw(
    pool: np.ndarray, labels: np.ndarray, size: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw samples from a pool without replacement, with the same share of each class (stratified).

    Returns:
        The drawn samples, and the remaining samples.
    """
    shuffled = generator.permutation(pool)
    classes = labels[shuffled]
    # The integer parts of the shares, and one more for the largest remainders.
    counts, remainders = np.divmod(np.bincount(classes) * size, len(pool))
    counts[np.argsort(-remainders, kind="stable")[: size - counts.sum()]] += 1
    chosen = np.zeros(len(pool), dtype=bool)
    for number, count in enumerate(counts):
        chosen[np.flatnonzero(classes == number)[:count]] = True
    return shuffled[chosen], shuffled[~chosen]
'''

SPLIT = '''\
def split({parameters}) -> tuple[np.ndarray, np.ndarray]:
    """Choose the {things} for training and validation; return their indices in the data."""
{body}
    return train, validation
'''

SPLIT_APART = """\
    train, _ = draw({train_pool}, {labels}TRAIN_SIZE, np.random.default_rng([SEED, 0]))
    others = {validation_pool}
    validation, _ = draw(others, {labels}VALIDATION_SIZE, np.random.default_rng([SEED, 1]))"""

SPLIT_OF_ALL = """\
    train, rest = draw({everyone}, {labels}TRAIN_SIZE, np.random.default_rng([SEED, 0]))
    validation, _ = draw(rest, {labels}VALIDATION_SIZE, np.random.default_rng([SEED, 1]))"""

CHOOSE = '''\
def choose({parameters}) -> np.ndarray:
    """Choose the {things} for training; return their indices in the data."""
    train, _ = draw({pool}, {labels}TRAIN_SIZE, np.random.default_rng([SEED, 0]))
    return train
'''

FOLD = '''\
def split() -> tuple[np.ndarray, np.ndarray]:
    """Divide the {things} into folds: one is for validation, the others are for training."""
    folds = np.array_split(np.random.default_rng([SEED, 3]).permutation({samples:_}), FOLDS)
    validation = folds.pop(FOLD - 1)
    return np.concatenate(folds), validation
'''

SPOIL = '''\
def make_some_wrong(labels: np.ndarray) -> np.ndarray:
    """Replace a fraction of the labels by other classes, all with the same probability."""
    generator = np.random.default_rng([SEED, 2])
    count = round(LABEL_NOISE * len(labels))
    places = generator.permutation(len(labels))[:count]
    steps = generator.integers(1, {classes}, size=len(labels))[:count]
    wrong = labels.copy()
    wrong[places] = (wrong[places] + steps) % {classes}
    return wrong
'''


def split_settings(config: TrainingConfig, things: str) -> tuple[Setting, ...]:
    """Return the constants that determine the split."""
    if config.folds:
        return (
            ("FOLDS", str(config.folds), f"equal parts of all {things}"),
            ("FOLD", str(config.fold), "the validation fold, counted from 1; the others train"),
            *_noise(config),
        )
    settings = [("TRAIN_SIZE", f"{config.train_size:_}", f"training {things}")]
    if config.validation_size:
        words = f"validation {things}, never used for training"
        settings.append(("VALIDATION_SIZE", f"{config.validation_size:_}", words))
    return (*settings, *_noise(config))


def _noise(config: TrainingConfig) -> tuple[Setting, ...]:
    if not config.label_noise:
        return ()
    return (("LABEL_NOISE", repr(config.label_noise), "fraction of wrong labels"),)


def split_sections(config: TrainingConfig, things: str, pool: tuple[int, int]) -> list[Section]:
    """Return the steps from the targets of all samples, ``y_all``, to those of the parts.

    Args:
        config: The run's settings.
        things: What the samples are, in the plural.
        pool: Range of the validation samples, see `mnist_core.tasks.base.Dataset`.
    """
    if config.folds:
        sections = [_fold(config, things)]
    elif config.validation_size:
        sections = [_split(config, things, pool)]
    else:
        sections = [_choose(config, things, pool)]
    if config.label_noise:
        sections.append(_spoil(config))
    return sections


def _split(config: TrainingConfig, things: str, pool: tuple[int, int]) -> Section:
    samples = task(config.task).samples
    others = _others(pool, samples)
    sides = others[1] - others[0], pool[1] - pool[0]
    apart = config.train_size <= sides[0] and config.validation_size <= sides[1]
    where = (
        f"drawn from {_place(others, samples)} and {_place(pool, samples)}"
        if apart
        else f"drawn from all {samples:,}, disjoint"
    )
    body = (SPLIT_APART if apart else SPLIT_OF_ALL).format(
        labels=_labels(config),
        train_pool=_range(others),
        validation_pool=_range(pool),
        everyone=_range((0, samples)),
    )
    return Section(
        title="The split",
        text=(
            f"{config.train_size:,} {things} for training and {config.validation_size:,} for "
            f"validation, {where}. The seed determines them: they are the samples of the run."
        ),
        steps=f"train, validation = split({'y_all' if _labels(config) else ''})\n"
        "y_train, y_validation = y_all[train], y_all[validation]",
        definitions=_draw(config)
        + "\n\n"
        + SPLIT.format(parameters=_parameters(config), things=things, body=body),
        imports=("import numpy as np",),
    )


def _choose(config: TrainingConfig, things: str, pool: tuple[int, int]) -> Section:
    samples = task(config.task).samples
    others = _others(pool, samples)
    chosen = others if config.train_size <= others[1] - others[0] else (0, samples)
    where = f"all {samples:,}" if chosen == (0, samples) else _place(chosen, samples)
    return Section(
        title="The choice",
        text=(
            f"{config.train_size:,} {things} for training, drawn from {where}. There is no "
            "validation set: the number of epochs was chosen before."
        ),
        steps=f"train = choose({'y_all' if _labels(config) else ''})\ny_train = y_all[train]",
        definitions=_draw(config)
        + "\n\n"
        + CHOOSE.format(
            parameters=_parameters(config),
            things=things,
            pool=_range(chosen),
            labels=_labels(config),
        ),
        imports=("import numpy as np",),
    )


def _fold(config: TrainingConfig, things: str) -> Section:
    return Section(
        title="The fold",
        text=(
            f"All {things} are divided into {config.folds} folds, which the seed determines. Fold "
            f"{config.fold} is for validation and the others are for training; another FOLD is "
            "another training of the same cross-validation."
        ),
        steps="train, validation = split()\n"
        "y_train, y_validation = y_all[train], y_all[validation]",
        definitions=FOLD.format(things=things, samples=task(config.task).samples),
        imports=("import numpy as np",),
    )


def _spoil(config: TrainingConfig) -> Section:
    return Section(
        title="Label noise",
        text=(
            f"{round(config.label_noise * config.train_size):,} of the training labels are made "
            "wrong, the same as in the run. A network that predicts these wrong labels has "
            "memorised them."
        ),
        steps="y_train = make_some_wrong(y_train)",
        definitions=SPOIL.format(classes=len(task(config.task).classes)),
        imports=("import numpy as np",),
    )


def _draw(config: TrainingConfig) -> str:
    return DRAW_IN_PROPORTION if _labels(config) else DRAW


def _labels(config: TrainingConfig) -> str:
    """Return the additional argument of ``draw`` for stratified sampling."""
    return "labels, " if config.sampling == "stratified" else ""


def _parameters(config: TrainingConfig) -> str:
    return "labels: np.ndarray" if config.sampling == "stratified" else ""


def _others(pool: tuple[int, int], samples: int) -> tuple[int, int]:
    """Return the samples outside a pool at one of the two ends."""
    start, end = pool
    return (end, samples) if start == 0 else (0, start)


def _range(part: tuple[int, int]) -> str:
    start, end = part
    return f"np.arange({start:_}, {end:_})" if start else f"np.arange({end:_})"


def _place(part: tuple[int, int], samples: int) -> str:
    start, end = part
    if (start, end) == (0, samples):
        return f"all {samples:,}"
    return f"the first {end:,}" if start == 0 else f"the last {end - start:,}"


def parts_steps(config: TrainingConfig, code: str) -> str:
    """Return the lines that define ``x_train``, ``x_validation`` (if there is one) and ``x_test``.

    Args:
        config: The run's settings.
        code: Code that prepares samples, with a place for them.
    """
    parts = {"x_train": "x_all[train]"}
    if config.validation_size:
        parts["x_validation"] = "x_all[validation]"
    parts["x_test"] = "x_test"
    lines = {name: code.format(samples) for name, samples in parts.items()}
    return "\n".join(f"{name} = {done}" for name, done in lines.items() if name != done)
