"""Which samples are learned from and which judge, as code: the run's very own.

The code draws by the same algorithms as `mnist_core.tasks.splits`, written out for the one case
that a run is: a test compares what the two draw.
"""

from __future__ import annotations

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import task
from mnist_core.transfer.code.sections import Section, Setting

DRAW = '''\
def draw(
    pool: np.ndarray, size: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw some of a pool without repetition; return them, and those that are left."""
    shuffled = generator.permutation(pool)
    return shuffled[:size], shuffled[size:]
'''

DRAW_IN_PROPORTION = '''\
def draw(
    pool: np.ndarray, labels: np.ndarray, size: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw some of a pool without repetition, each class in the share that it has in the pool.

    Returns:
        Those drawn, and those that are left.
    """
    shuffled = generator.permutation(pool)
    classes = labels[shuffled]
    # Whole samples in proportion, and one more where the remainder is largest.
    counts, remainders = np.divmod(np.bincount(classes) * size, len(pool))
    counts[np.argsort(-remainders, kind="stable")[: size - counts.sum()]] += 1
    chosen = np.zeros(len(pool), dtype=bool)
    for number, count in enumerate(counts):
        chosen[np.flatnonzero(classes == number)[:count]] = True
    return shuffled[chosen], shuffled[~chosen]
'''

SPLIT = '''\
def split({parameters}) -> tuple[np.ndarray, np.ndarray]:
    """Choose the {things} to learn from and to judge by; return their places in the data."""
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
    """Choose the {things} to learn from; return their places in the data."""
    train, _ = draw({pool}, {labels}TRAIN_SIZE, np.random.default_rng([SEED, 0]))
    return train
'''

FOLD = '''\
def split() -> tuple[np.ndarray, np.ndarray]:
    """Divide the {things} into folds: one of them judges, the others are learned from."""
    folds = np.array_split(np.random.default_rng([SEED, 3]).permutation({samples:_}), FOLDS)
    validation = folds.pop(FOLD - 1)
    return np.concatenate(folds), validation
'''

SPOIL = '''\
def make_some_wrong(labels: np.ndarray) -> np.ndarray:
    """Replace a share of labels by another class, each as likely as the next."""
    generator = np.random.default_rng([SEED, 2])
    count = round(LABEL_NOISE * len(labels))
    places = generator.permutation(len(labels))[:count]
    steps = generator.integers(1, {classes}, size=len(labels))[:count]
    wrong = labels.copy()
    wrong[places] = (wrong[places] + steps) % {classes}
    return wrong
'''


def split_settings(config: TrainingConfig, things: str) -> tuple[Setting, ...]:
    """The constants that decide who learns and who judges."""
    if config.folds:
        return (
            ("FOLDS", str(config.folds), f"equal parts of all {things}"),
            ("FOLD", str(config.fold), "which of them judges, counted from 1; the others train"),
            *_noise(config),
        )
    settings = [("TRAIN_SIZE", f"{config.train_size:_}", f"{things} to learn from")]
    if config.validation_size:
        words = f"{things} to judge by, never learned from"
        settings.append(("VALIDATION_SIZE", f"{config.validation_size:_}", words))
    return (*settings, *_noise(config))


def _noise(config: TrainingConfig) -> tuple[Setting, ...]:
    if not config.label_noise:
        return ()
    return (("LABEL_NOISE", repr(config.label_noise), "share of wrong labels"),)


def split_sections(config: TrainingConfig, things: str, pool: tuple[int, int]) -> list[Section]:
    """The steps from all samples' answers, ``y_all``, to those of the parts.

    Args:
        config: The run's settings.
        things: What one sample is, many of them.
        pool: Where validation samples come from, see `mnist_core.tasks.base.Dataset`.
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
        else f"drawn from all {samples:,}, without a common one"
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
            f"{config.train_size:,} {things} to learn from and {config.validation_size:,} to judge "
            f"by, {where}. The seed decides which: they are the run's very own."
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
            f"{config.train_size:,} {things} to learn from, drawn from {where}. None are kept "
            "apart to judge by: the number of epochs was chosen before."
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
            f"All {things} are divided into {config.folds} folds, always the same ones by the "
            f"seed. Number {config.fold} judges here and the others are learned from; another "
            "FOLD is another training of the same cross-validation."
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
            f"{round(config.label_noise * config.train_size):,} of the labels to learn from are "
            "made wrong, the same ones as in the run. A network that predicts these wrong labels "
            "has memorised them."
        ),
        steps="y_train = make_some_wrong(y_train)",
        definitions=SPOIL.format(classes=len(task(config.task).classes)),
        imports=("import numpy as np",),
    )


def _draw(config: TrainingConfig) -> str:
    return DRAW_IN_PROPORTION if _labels(config) else DRAW


def _labels(config: TrainingConfig) -> str:
    """What a call of ``draw`` has beside pool and size."""
    return "labels, " if config.sampling == "stratified" else ""


def _parameters(config: TrainingConfig) -> str:
    return "labels: np.ndarray" if config.sampling == "stratified" else ""


def _others(pool: tuple[int, int], samples: int) -> tuple[int, int]:
    """The samples beside a pool at one of the two ends."""
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
    """Lines that make ``x_train``, ``x_validation`` (if somebody judges) and ``x_test``.

    Args:
        config: The run's settings.
        code: What is done to samples, with a place for them.
    """
    parts = {"x_train": "x_all[train]"}
    if config.validation_size:
        parts["x_validation"] = "x_all[validation]"
    parts["x_test"] = "x_test"
    lines = {name: code.format(samples) for name, samples in parts.items()}
    return "\n".join(f"{name} = {done}" for name, done in lines.items() if name != done)
