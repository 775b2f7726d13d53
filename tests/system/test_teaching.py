"""A network is taught drawings that it could not read, and forgets nothing."""

from __future__ import annotations

import secrets

import numpy as np
import pytest

from mnist_core.errors import StoreError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.inference.predict import predict
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.artifacts import LESSON
from mnist_core.runs.queue import Lease
from mnist_core.studies.crossvalidation import fold_configs
from mnist_core.studies.finetune import EPOCHS, lesson_config, teach
from mnist_core.tasks import split, task
from mnist_core.training.job import train
from mnist_core.training.lesson import Lesson, mixed

BASE = TrainingConfig(
    architecture="softmax",
    train_size=3000,
    validation_size=500,
    batch_size=64,
    epochs=5,
    optimizer="adam",
    learning_rate=0.005,
)


def handwriting(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """A hand that MNIST never saw: test digits written upside down."""
    digits = task("mnist").load()
    return digits.x_test[:count, ::-1, ::-1], digits.y_test[:count].astype(np.int64)


@pytest.fixture(scope="module")
def taught(tmp_path_factory) -> tuple[Store, Run, Run]:
    """A trained run, and one that learned upside-down digits from it."""
    store = Store(tmp_path_factory.mktemp("lab"))
    token = secrets.token_hex(16)
    base = store.create(BASE, name="base", lease_token=token)
    train(store, Lease(base.id, token))
    for image, label in zip(*handwriting(), strict=True):
        store.drawings.add(np.ascontiguousarray(image), int(label))
    run = teach(store, base.id, name="taught", lease_token=token)
    train(store, Lease(run.id, token))
    return store, store.get(base.id), store.get(run.id)


def accuracy(store: Store, run: Run, x: np.ndarray, y: np.ndarray) -> float:
    read = [found.digit for found in predict(store, run.id, "best", x)]
    return float(np.mean(np.array(read) == y))


def test_it_reads_the_new_hand_better_and_the_old_one_as_before(taught):
    store, base, run = taught
    assert run.status is RunStatus.FINISHED and run.epochs_done == EPOCHS
    digits = task("mnist").load()
    new = digits.x_test[1000:1300, ::-1, ::-1], digits.y_test[1000:1300]
    old = digits.x_test[2000:2300], digits.y_test[2000:2300]
    assert accuracy(store, run, *new) > accuracy(store, base, *new) + 0.03
    assert accuracy(store, run, *old) > accuracy(store, base, *old) - 0.1


def test_it_is_said_what_the_lesson_did(taught):
    store, base, run = taught
    lesson = run.lesson
    assert lesson is not None
    assert (lesson["base"], lesson["drawings"], lesson["kept_aside"]) == (base.id, 60, 12)
    assert lesson["before"]["test"] == pytest.approx(base.test_metric, abs=3e-4)
    assert lesson["after"]["test"] == pytest.approx(run.test_metric, abs=3e-4)
    kept = Lesson.from_bytes(store.artifacts.read(run.id, LESSON) or b"").held_out
    assert lesson["before"]["drawings"] == pytest.approx(accuracy(store, base, *kept))
    assert lesson["after"]["drawings"] == pytest.approx(accuracy(store, run, *kept))
    assert lesson["after"]["drawings"] >= lesson["before"]["drawings"]  # of twelve drawings
    assert base.lesson is None


def test_it_begins_with_what_the_network_knew(taught):
    store, base, run = taught
    first = store.curves(run.id)[0]
    # An untrained one has a loss of ln 10 = 2.3 at the least, and more with the first steps.
    assert base.best is not None and first.val_loss < 2.2


def test_drawings_that_come_later_change_no_lesson_that_is_queued(taught):
    store, base, _ = taught
    queued = teach(store, base.id, name="queued")
    store.drawings.add(np.zeros((28, 28), np.uint8), 0)
    assert len(Lesson.from_bytes(store.artifacts.read(queued.id, LESSON) or b"").training[1]) == 48
    store.drawings.remove(store.drawings.all()[-1].id)


def test_a_lesson_whose_files_are_gone_fails_with_a_reason(taught):
    store, base, _ = taught
    token = secrets.token_hex(16)
    run = teach(store, base.id, name="lost", lease_token=token)
    store.artifacts.remove(run.id, LESSON)
    train(store, Lease(run.id, token))
    ended = store.get(run.id)
    assert ended.status is RunStatus.FAILED
    assert "“lost”" in ended.message


def test_too_few_drawings_and_a_run_without_a_model_are_refused(tmp_path):
    store = Store(tmp_path)
    run = store.create(BASE)
    with pytest.raises(StoreError, match="no model yet"):
        teach(store, run.id, name="early")
    store.artifacts.write(run.id, "best.keras", b"x")
    for image, label in zip(*handwriting(9), strict=True):
        store.drawings.add(np.ascontiguousarray(image), int(label))
    with pytest.raises(StoreError) as refused:
        teach(store, run.id, name="few")
    assert refused.value.values == {"count": 9, "fewest": 10}
    assert len(store.list_runs()) == 1


def test_every_fifth_drawing_of_a_digit_is_kept_aside():
    y = np.repeat(np.arange(10), 10)[np.random.default_rng(0).permutation(100)]
    x = np.arange(100, dtype=np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)
    lesson = Lesson.of(x, y)
    assert np.bincount(lesson.held_out[1]).tolist() == [2] * 10
    assert len(lesson.training[1]) == 80
    both = np.concatenate([lesson.training[0], lesson.held_out[0]])[:, 0, 0]
    assert sorted(both) == list(range(100))


def test_a_few_drawings_are_all_taught_and_all_judged_by():
    x, y = handwriting(15)
    lesson = Lesson.of(x, y)
    np.testing.assert_array_equal(lesson.training[0], x)
    np.testing.assert_array_equal(lesson.held_out[1], y)


def test_drawings_are_a_quarter_of_the_mixture():
    part = split(task("mnist").load(), BASE).train
    x, y = handwriting(40)
    both = mixed(part, (x, y))
    np.testing.assert_array_equal(both.images_u8[: len(part.labels)], part.images_u8)
    assert (both.indices == -1).sum() == 1000
    assert len(both.labels) == 3000 + 1000
    for start in (3000, 3960):
        np.testing.assert_array_equal(both.labels[start : start + 40], y)
        np.testing.assert_array_equal(both.images_u8[start : start + 40], x)


@pytest.mark.parametrize("key", [k for k, p in PRESETS.items() if p.config.task == "mnist"])
def test_every_preset_s_network_can_be_taught(key):
    config = lesson_config(PRESETS[key].config)
    fold, *_ = fold_configs(PRESETS[key].config, 5)
    assert lesson_config(fold).folds == 0
    assert (config.architecture, config.seed) == (
        PRESETS[key].config.architecture,
        PRESETS[key].config.seed,
    )
    assert (config.epochs, config.optimizer, config.augmentation) == (EPOCHS, "adam", "handwriting")
