"""Digits made anew while a network learns: what changes, what must not, and when."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from mnist_core.experiment.config import CHOICES, TrainingConfig
from mnist_core.runs import Store
from mnist_core.tasks import task
from mnist_core.training import augmentation
from mnist_core.training.augmentation import (
    augmentation_of,
    change_strokes,
    reshape_digits,
    rewrite_digits,
)
from mnist_core.training.fit import Program
from mnist_core.training.programs import program_for
from mnist_core.training.samples import Samples
from tests.system.test_job import Job, finished, interrupted, timeless

BOTH = pytest.mark.parametrize("augment", [reshape_digits, rewrite_digits])
EACH = pytest.mark.parametrize("augment", [reshape_digits, rewrite_digits, change_strokes])
SMALL = TrainingConfig(
    architecture="softmax",
    train_size=75,  # a partial batch at the end
    validation_size=30,
    epochs=5,
    optimizer="adam",
    learning_rate=0.01,
    augmentation="handwriting",
)


@pytest.fixture
def store(lab_home: Path) -> Store:
    return Store(lab_home)


def digits(count: int) -> np.ndarray:
    """MNIST's first training images, float32 (n, 28, 28), 0 to 1."""
    return task("mnist").load().x_train[:count].astype(np.float32) / np.float32(255)


def anew(augment, images: np.ndarray, seed: tuple[int, int] = (3, 0)) -> np.ndarray:
    """Those images, varied, float32 (n, 28, 28)."""
    varied = augment(tf.constant(images[..., None]), tf.constant(seed)).numpy()
    return varied[..., 0]


@EACH
@pytest.mark.parametrize("shape", [(20, 784), (20, 28, 28, 1), (1, 784)])
def test_the_shape_and_the_kind_of_numbers_stay(augment, shape):
    images = digits(shape[0])
    varied = augment(tf.constant(images.reshape(shape)), tf.constant([3, 0]))
    assert varied.shape == shape and varied.dtype == tf.float32
    np.testing.assert_array_equal(varied.numpy().reshape(-1, 28, 28), anew(augment, images))


@EACH
@pytest.mark.parametrize("white", [1.0, 255.0])
def test_no_pixel_is_darker_than_black_or_brighter_than_before(augment, white):
    images = digits(300) * np.float32(white)
    varied = anew(augment, images)
    assert varied.min() >= 0
    assert (varied.max((1, 2)) <= images.max((1, 2)) * (1 + 1e-6)).all()
    # Its scale makes no difference but that of scale.
    np.testing.assert_allclose(varied, white * anew(augment, digits(300)), atol=1e-4 * white)


@EACH
def test_each_seed_gives_other_pictures_and_always_the_same(augment):
    images = digits(50)
    first = anew(augment, images)
    np.testing.assert_array_equal(first, anew(augment, images))
    for seed in ((4, 0), (3, 1), (3, 2), (2**31 - 1, 2**31 - 1)):
        other = anew(augment, images, seed)
        # Two draws of one number may lie close together, but not often.
        assert np.mean(np.abs(first - other).max((1, 2)) > 0.02) > 0.9, seed


@EACH
def test_each_digit_of_a_batch_is_changed_in_its_own_way(augment):
    varied = anew(augment, np.repeat(digits(1), 30, axis=0))
    assert all(np.abs(one - other).max() > 1e-4 for one, other in pairwise(varied))


@EACH
def test_an_empty_picture_stays_empty(augment):
    assert not anew(augment, np.zeros((3, 28, 28), np.float32)).any()


@BOTH
def test_with_all_amounts_at_zero_nothing_changes(augment, monkeypatch):
    for amount in ("TURN", "SLANT", "STRETCH", "SHIFT", "THICKEN", "THIN"):
        monkeypatch.setattr(augmentation, amount, 0.0)
    monkeypatch.setattr(augmentation, "SHARPEN", 1.0)
    images = digits(50)
    np.testing.assert_allclose(anew(augment, images), images, atol=1e-5)


@BOTH
def test_little_ink_is_lost_at_the_edge(augment):
    images = digits(1000)
    varied = np.concatenate([anew(augment, images, (3, step)) for step in range(4)])
    inner = varied[:, 1:-1, 1:-1].sum((1, 2))
    rim = varied.sum((1, 2)) - inner
    # A digit that is cut leaves ink on the rim. In MNIST itself there is almost none.
    assert np.mean(rim / (inner + rim)) < 0.005
    assert np.mean(rim / (inner + rim) > 0.05) < 0.02
    assert inner.min() > 0.3 * images.sum((1, 2)).min()


def bar() -> np.ndarray:
    """An upright bar, 16 pixels high and 2 wide, a thousand times."""
    picture = np.zeros((28, 28), np.float32)
    picture[6:22, 13:15] = 1
    return np.repeat(picture[None], 1000, axis=0)


def only(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for amount in {"TURN", "SLANT", "STRETCH", "SHIFT"} - {name}:
        monkeypatch.setattr(augmentation, amount, 0.0)


def moments(pictures: np.ndarray) -> tuple[np.ndarray, ...]:
    """Centre (x, y), then spread along x, along y, and of both together, for each picture."""
    place = np.arange(28.0)
    ink = pictures.sum((1, 2))
    x = (pictures.sum(1) * place).sum(1) / ink
    y = (pictures.sum(2) * place).sum(1) / ink
    along_x = (pictures.sum(1) * (place - x[:, None]) ** 2).sum(1) / ink
    along_y = (pictures.sum(2) * (place - y[:, None]) ** 2).sum(1) / ink
    products = (place - y[:, None])[:, :, None] * (place - x[:, None])[:, None, :]
    return x, y, along_x, along_y, (pictures * products).sum((1, 2)) / ink


@pytest.mark.parametrize("name", ["TURN", "SLANT"])
def test_a_bar_leans_to_both_sides_as_far_as_it_may(name, monkeypatch):
    only(monkeypatch, name)
    _, _, _, along_y, both = moments(anew(reshape_digits, bar()))
    degrees = np.degrees(np.arctan(both / along_y))
    most = math.degrees(getattr(augmentation, name))
    assert degrees.min() == pytest.approx(-most, abs=1.0)
    assert degrees.max() == pytest.approx(most, abs=1.0)
    assert abs(degrees.mean()) < 1


def test_a_bar_is_shifted_as_far_as_it_may_be(monkeypatch):
    only(monkeypatch, "SHIFT")
    x, y, *_ = moments(anew(reshape_digits, bar()))
    for centre in (x, y):
        assert centre.min() == pytest.approx(13.5 - augmentation.SHIFT, abs=0.05)
        assert centre.max() == pytest.approx(13.5 + augmentation.SHIFT, abs=0.05)


def test_a_bar_becomes_longer_and_shorter(monkeypatch):
    only(monkeypatch, "STRETCH")
    x, y, _, along_y, _ = moments(anew(reshape_digits, bar()))
    lengths = np.sqrt(12 * along_y) / 16
    assert lengths.min() == pytest.approx(1 / (1 + augmentation.STRETCH), abs=0.02)
    assert lengths.max() == pytest.approx(1 / (1 - augmentation.STRETCH), abs=0.02)
    np.testing.assert_allclose((x, y), 13.5, atol=0.01)


def test_strokes_become_thicker_and_thinner_and_stay_where_they_are():
    images = bar()
    images[:, 6:22, 12:16] = 1  # four pixels wide
    varied = anew(change_strokes, images)
    width = varied[:, 14].sum(1)
    assert width.min() == pytest.approx(4 - 2 * augmentation.THIN, abs=0.05)
    assert width.max() == pytest.approx(4 + 2 * augmentation.THICKEN, abs=0.05)
    x, y, *_ = moments(varied)
    np.testing.assert_allclose((x, y), 13.5, atol=0.01)


def test_a_thin_stroke_stays_as_bright_as_it_was():
    varied = anew(change_strokes, digits(300))
    np.testing.assert_allclose(varied.max((1, 2)), digits(300).max((1, 2)), rtol=1e-5)


def test_strokes_are_no_more_blurred_than_mnist_s():
    def grey(images: np.ndarray) -> float:
        """The share of ink that is neither bright nor faint."""
        return float(np.mean((images > 0.4) & (images < 0.8)) / np.mean(images > 0.1))

    images = digits(1000)
    assert grey(anew(rewrite_digits, images)) < 1.1 * grey(images)


def test_there_is_an_augmentation_for_each_choice():
    found = [augmentation_of(name) for name in CHOICES["augmentation"]]
    assert found == [None, reshape_digits, rewrite_digits]


def test_only_training_sees_varied_images_and_each_step_others():
    seen = []

    class Look(keras.layers.Layer):
        """Notes what a model is shown."""

        def call(self, x, training=False):
            tf.py_function(lambda x: seen.append((training, x.numpy())), [x], [])
            return x

    model = keras.Sequential([keras.Input((784,)), Look(), keras.layers.Dense(10, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    program = Program(model, batch_size=10, augment=rewrite_digits)
    images = digits(10).reshape(10, 784)
    samples = Samples.of(images, np.arange(10))
    program.seed.assign(3)
    order = tf.range(10)
    for _ in range(2):
        program.train(samples, order, 0, 1)
        program.evaluate_now(samples)

    assert [training for training, _ in seen] == [True, False, True, False]
    (_, first), (_, judged), (_, second), (_, again) = seen
    np.testing.assert_array_equal(judged, images)
    np.testing.assert_array_equal(again, images)
    assert not np.array_equal(first, images) and not np.array_equal(first, second)


def test_a_model_whose_images_are_varied_is_not_compiled_by_xla():
    assert not program_for(SMALL)[0].jit
    assert program_for(replace(SMALL, augmentation="none"))[0].jit


@pytest.mark.parametrize("name", ["shape", "handwriting"])
def test_the_same_configuration_trains_the_same_curve(store, name):
    config = replace(SMALL, augmentation=name)
    first, second = (timeless(store.curves(finished(store, config).id)) for _ in range(2))
    assert first == second
    plain = timeless(store.curves(finished(store, replace(config, augmentation="none")).id))
    assert plain != first


def test_a_run_that_lost_its_worker_trains_the_very_same_curve(store):
    whole = finished(store, SMALL)
    run = interrupted(store, SMALL, saved=2, seen=3)
    again = Job(store, run).join()
    assert again.attempt == 2
    assert timeless(store.curves(again.id)) == timeless(store.curves(whole.id))
    assert again.test_metric == whole.test_metric
